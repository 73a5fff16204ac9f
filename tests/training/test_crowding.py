"""Several threads are not begun with where other programs would make them wait for each other."""

import pytest
import torch

from riverrun.config.resolved import Budget
from riverrun.training import crowding, defaults
from riverrun.training.crowding import is_crowded


@pytest.mark.parametrize(
    ("together", "expected"), [((100, 0.01), False), ((100, 0.03), True), ((40, 0.09), True)]
)
def test_it_is_crowded_where_several_threads_take_longer_or_do_not_end(monkeypatch, together, expected):
    answers = iter([(100, 0.02), (10, 0.001), together])
    threads = []

    def products(*_, **__):
        threads.append(torch.get_num_threads())
        return next(answers)

    monkeypatch.setattr(crowding, "_products", products)
    before = torch.get_num_threads()
    assert is_crowded(threads=2) is expected
    assert threads == [1, 2, 2]
    assert torch.get_num_threads() == before


def test_one_thread_is_never_crowded():
    assert not is_crowded(threads=1)


def test_products_end_by_time_and_by_number():
    left, right = torch.ones(2, 2), torch.ones(2, 2)
    made, passed = crowding._products(left, right, 60, most=30)
    assert made == 30
    assert passed < 60
    assert crowding._products(left, right, 0.01, most=None)[1] >= 0.01


@pytest.mark.parametrize(("kind", "threads"), [("minutes", 1), ("steps", 2)])
def test_a_crowded_run_begins_with_one_thread_where_the_number_can_change_later(monkeypatch, kind, threads):
    monkeypatch.setattr(defaults, "is_crowded", lambda: True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert defaults.threads_to_begin_with(Budget(kind, 3)) == threads
