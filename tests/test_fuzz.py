"""A few of the cases that benchmarks/fuzz_inputs.py makes by the thousand, and those that once failed."""

import signal
import threading

import pytest

import fuzz_cases

ONCE_FAILED: tuple[int, ...] = (17, 106)  # a flood: an argument of 3,000 characters was said again whole
SOME = range(1000, 1060)


@pytest.fixture
def alarm():
    """Interrupts a case that hangs, where the system has such a signal."""
    if not hasattr(signal, "SIGALRM"):
        yield lambda seconds: None
        return

    def ring(number, frame):
        if threading.current_thread() is threading.main_thread():
            raise fuzz_cases.Hang

    before = signal.signal(signal.SIGALRM, ring)
    yield signal.alarm
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_what_people_give_is_read_or_refused_in_one_line(
    trained, translated, tmp_path, monkeypatch, own_cache, alarm
):
    monkeypatch.setattr("warnings.showwarning", None)  # each command sets its own
    monkeypatch.chdir(tmp_path)
    faults = []
    for case in (*ONCE_FAILED, *SOME):
        folder = tmp_path / str(case)
        folder.mkdir()
        monkeypatch.chdir(folder)
        alarm(60)  # far above ten seconds: here the machine is shared, and hangs alone are looked for
        fault = fuzz_cases.run_case(case, folder, trained, translated)
        alarm(0)
        if fault is not None and not fault.what.endswith(" s"):
            faults.append(fault)
    assert not faults
