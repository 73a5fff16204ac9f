"""The loop of one translator: sources that wait are decoded together, those of like length side by side."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.data.rows import Ids as Source
from riverrun.errors import InputError
from riverrun.generation.stepping import ROWS
from riverrun.server.desk import Desk
from riverrun.server.metrics import Meters
from riverrun.server.tickets import Delivery, Ids, Over, Ticket, Translated, TranslationWanted
from riverrun.translated import Translation
from riverrun.translating import PairStepper
from riverrun.translator import TrainedTranslator

_BATCHES = 2  # taken at once, so that there are enough sources to sort by length


class Unwanted(Exception):
    """Nobody waits for the result any more."""


class Interruptible:
    """A stepper that ends a search when nobody waits for it: every step looks."""

    def __init__(self, stepper: PairStepper, wanted: Callable[[], bool]) -> None:
        self._stepper = stepper
        self._wanted = wanted
        self.end = stepper.end
        self.forbidden = stepper.forbidden
        self.actions = stepper.actions

    def start(self, sources: Sequence[Source]) -> Any:
        return self._stepper.start(sources)

    def step(self, outputs: NDArray[np.integer], state: Any) -> tuple[NDArray[np.float32], Any]:
        if not self._wanted():
            raise Unwanted
        return self._stepper.step(outputs, state)

    def select(self, state: Any, rows: Ids) -> Any:
        return self._stepper.select(state, rows)

    def side_by_side(self, make: Callable[[list[int]], Any], batches: list[list[int]]) -> Iterator[Any]:
        return self._stepper.side_by_side(make, batches)

    def force(
        self, sources: Sequence[Source], outputs: Sequence[Source]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
        return self._stepper.force(sources, outputs)

    def written(self, outputs: Iterable[int]) -> list[int]:
        return self._stepper.written(outputs)


class TranslatorLoop:
    """Owns a translator; ``run`` is the whole life of its thread."""

    def __init__(self, desk: Desk, meters: Meters) -> None:
        self._desk = desk
        self._meters = meters

    def run(self, model: TrainedTranslator) -> None:
        """Until the desk is stopped. A batch that fails is over, the loop goes on."""
        while self._desk.wait():
            tickets = self._gather()
            try:
                deliveries = self._translate(model, tickets)
            except Unwanted:
                reason = "stopping" if self._desk.stopping else "deadline"
                deliveries = [(ticket, Over(reason)) for ticket in tickets]
            except Exception as error:
                self._meters.failed(error)
                deliveries = [(ticket, Over("failed")) for ticket in tickets]
            for ticket in tickets:
                self._desk.give_back(ticket.client)
            self._desk.hand_over(deliveries)
        self._desk.leave_none()

    def _gather(self) -> list[Ticket]:
        """Sources that are searched for in the same way."""
        tickets: list[Ticket] = []
        most = 0

        def alike(ticket: Ticket) -> bool:
            return not tickets or (len(tickets) < most and _way(ticket.work) == _way(tickets[0].work))

        while ticket := self._desk.take(alike):
            tickets.append(ticket)
            self._meters.taken(ticket)
            most = _BATCHES * max(1, ROWS // _way(ticket.work)[0])
        return tickets

    def _translate(self, model: TrainedTranslator, tickets: list[Ticket]) -> list[tuple[Ticket, Delivery]]:
        if not tickets:
            return []
        (beam, n_best, length_penalty), works = (
            _way(tickets[0].work),
            [_translating(each.work) for each in tickets],
        )

        def wanted() -> bool:
            now = time.monotonic()
            return not self._desk.stopping and any(
                not ticket.left and now <= ticket.deadline for ticket in tickets
            )

        self._meters.advanced(len(tickets))
        found = model.translations(
            [work.text for work in works],
            beam=beam,
            n_best=n_best,
            length_penalty=length_penalty,
            stepper=Interruptible(model.translating.stepper, wanted),
        )
        self._meters.read(sum(work.size for work in works))
        self._meters.wrote(sum(len(output.text) for each in found for output in each.outputs))
        return [
            (ticket, Translated(_outputs(model, each, work.attention)))
            for ticket, each, work in zip(tickets, found, works, strict=True)
        ]


def _translating(work: Any) -> TranslationWanted:
    assert isinstance(work, TranslationWanted)
    return work


def _way(work: Any) -> tuple[int, int, float]:
    return work.beam, work.n_best, work.length_penalty


def _outputs(model: TrainedTranslator, translation: Translation, attention: bool) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    for output in translation.outputs:
        outputs.append(asdict(output))
        if attention:
            outputs[-1]["attention"] = _looked(model, translation.source, output.text)
    return outputs


def _looked(model: TrainedTranslator, source: str, output: str) -> dict[str, Any] | None:
    """Symbols of both sides and weights [T, S]; None where the model has none or the output does not fit."""
    try:
        (looked,) = model.attention([(source, output)])
    except InputError:
        return None
    if looked.weights is None:
        return None
    weights = np.round(looked.weights.astype(np.float64), 6).tolist()
    return {"source": list(looked.source), "output": list(looked.output), "weights": weights}
