"""Threads that do a task together: all jobs run, and one that fails says so."""

import pytest

from riverrun.generation.compiled.pace import in_threads


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_job_runs(count):
    done = []
    in_threads([lambda k=k: done.append(k) for k in range(count)])
    assert sorted(done) == list(range(count))


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_job_that_fails_says_so_when_all_have_ended(failing):
    done = []

    def job(k):
        if k == failing:
            raise MemoryError("no room")
        done.append(k)

    with pytest.raises(MemoryError, match="no room"):
        in_threads([lambda k=k: job(k) for k in range(3)])
    assert len(done) == 2
