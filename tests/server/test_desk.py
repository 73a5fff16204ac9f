"""The waiting line: bounded, fair, and forgetful of who has left."""

import asyncio
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.server import tickets
from riverrun.server.desk import Desk, Full
from riverrun.server.tickets import Over, Scoring, Ticket


class Box:
    """An inbox without an event loop."""

    def __init__(self) -> None:
        self.arrived: list[object] = []

    def put(self, place: int, delivery: object) -> None:
        self.arrived.append(delivery)


class Loop:
    """An event loop that does everything at once."""

    def call_soon_threadsafe(self, work) -> None:
        work()


def ticket(client: str, sequences: int = 1, seconds: float = 60.0) -> Ticket:
    work = Scoring(np.array([1, 2]), sequences)
    return Ticket(work, client, Box(), time.monotonic() + seconds)  # type: ignore[arg-type]


def desk(places: int = 8, waiting: int = 20) -> Desk:
    made = Desk(places, waiting)
    made.belong_to(Loop())  # type: ignore[arg-type]
    return made


def test_all_or_none_are_let_in():
    line = desk(waiting=3)
    line.submit([ticket("a"), ticket("a")])
    with pytest.raises(Full):
        line.submit([ticket("b"), ticket("b")])
    assert line.waiting == 2
    line.submit([ticket("b")])


def test_who_holds_least_is_next():
    line = desk()
    line.submit([ticket("greedy") for _ in range(6)])
    line.submit([ticket("modest")])
    taken = [line.take() for _ in range(3)]
    assert [each.client for each in taken if each] == ["greedy", "modest", "greedy"]


def test_one_client_never_holds_every_place():
    line = desk(places=8)
    line.submit([ticket("greedy") for _ in range(12)])
    taken = []
    while each := line.take():
        taken.append(each)
    assert len(taken) == 6
    line.submit([ticket("late")])
    late = line.take()
    assert late is not None
    assert late.client == "late"
    line.give_back("greedy")
    assert line.take() is not None


def test_much_work_is_not_passed_by_for_ever():
    line = desk(places=8)
    line.submit([ticket("a", 5)])
    assert line.take() is not None
    line.submit([ticket("b", 8)])
    line.submit([ticket("c", 1)])
    assert line.take() is None
    line.give_back("a", 5)
    taken = line.take()
    assert taken is not None
    assert taken.client == "b"


def test_who_has_left_is_forgotten_and_who_is_late_is_told():
    line = desk()
    gone, late, here = ticket("a"), ticket("a", seconds=-1), ticket("a")
    gone.left = True
    line.submit([gone, late, here])
    assert line.take() is here
    assert line.waiting == 0
    assert late.inbox.arrived == [Over("deadline")]  # type: ignore[attr-defined]
    assert gone.inbox.arrived == []  # type: ignore[attr-defined]


def test_stopping_tells_those_who_wait():
    line = desk()
    waiting = ticket("a")
    line.submit([waiting])
    assert line.wait()
    line.stop()
    assert not line.wait()
    line.leave_none()
    assert waiting.inbox.arrived == [Over("stopping")]  # type: ignore[attr-defined]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 8), st.booleans()), max_size=60))
def test_places_are_never_exceeded_and_nobody_is_lost(steps):
    """Random arrivals and departures: everybody is served in the end."""
    line, held, arrived, served = desk(places=8, waiting=1000), [], 0, 0
    for client, sequences, leaves in steps:
        line.submit([ticket(client, sequences)])
        arrived += 1
        while each := line.take():
            held.append(each)
            served += 1
        assert sum(each.work.sequences for each in held) <= 8
        if leaves and held:
            each = held.pop(0)
            line.give_back(each.client, each.work.sequences)
    while held or line.waiting:
        while each := line.take():
            held.append(each)
            served += 1
        each = held.pop(0)
        line.give_back(each.client, each.work.sequences)
    assert served == arrived


def test_a_request_is_woken_where_nothing_comes(monkeypatch):
    """So that a connection can be kept alive."""
    monkeypatch.setattr(tickets, "HEARTBEAT", 0.01)

    async def wait() -> list[list]:
        inbox, found = tickets.Inbox(), []
        async for batch in inbox.batches():
            found.append(batch)
            inbox.put(3, Over("stopping"))
            if len(found) == 2:
                return found
        return found

    assert asyncio.run(wait()) == [[], [(3, Over("stopping"))]]
