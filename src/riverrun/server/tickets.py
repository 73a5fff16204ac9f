"""What passes between the requests (in the event loop) and the models (each in a thread of its own).

A ticket goes in, deliveries come out. Only ``left`` is written by one side while the other reads it.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.sampling import Sampling
from riverrun.server.refusals import Refusal

Ids = NDArray[np.int64]

HEARTBEAT = 15.0  # seconds without a delivery after which a request is woken all the same


@dataclass(frozen=True)
class Continuation:
    """A prompt to be read and continued.

    Attributes:
        ids: [T], what is read, at least one symbol.
        tail, longer: its last symbols, and what may stand in their places: an
            :class:`riverrun.text.overhang.Overhang`.
        sequences: how many continuations are written.
        length: symbols of each.
        seed: of the draws; sequence k is drawn as sample k of ``riverrun generate``.
        biases: what is added to the logits of symbols.
        alternatives: how many are told of each written symbol; None: no log-probabilities.
        predicted: whether the prompt's symbols are told the same way.
    """

    ids: Ids
    sequences: int
    length: int
    sampling: Sampling
    seed: int
    biases: Mapping[int, float] = field(default_factory=dict)
    alternatives: int | None = None
    predicted: bool = False
    tail: Sequence[int] = ()
    longer: Sequence[Ids] = ()

    @property
    def head(self) -> int:
        """Symbols that are fed to the model before the tail can be read otherwise."""
        return len(self.ids) - 1 - len(self.tail)


@dataclass(frozen=True)
class Scoring:
    """A text whose symbols [T] are scored; the first only stands before the others."""

    ids: Ids
    sequences: int = 1  # what it takes of the places in a batch


@dataclass(frozen=True)
class TranslationWanted:
    """A source to be translated.

    Attributes:
        text: the source.
        beam, n_best, length_penalty: see :class:`riverrun.generation.search.Search`.
        attention: whether it is told where each output was read.
        size: symbols of the source.
    """

    text: str
    beam: int
    n_best: int
    length_penalty: float
    attention: bool
    size: int
    sequences: int = 1


class Predictions(NamedTuple):
    """What a model expected at T positions.

    Attributes:
        logs: [T], log-probability in nats of the symbol that stands there.
        symbols: [T, K], the most likely ones, best first.
        symbol_logs: [T, K], their log-probabilities.
    """

    logs: NDArray[np.float64]
    symbols: NDArray[np.int64]
    symbol_logs: NDArray[np.float64]


class Read(NamedTuple):
    """A piece of the prompt was read: predictions of its symbols."""

    predictions: Predictions


class Opened(NamedTuple):
    """Sequence k begins with a symbol that stands in place of the prompt's tail from a place of it on."""

    sequence: int
    place: int
    symbol: int
    predictions: Predictions | None
    last: bool


class Scored(NamedTuple):
    """A piece of a text was scored: surprisal [T] in nats, and whether each symbol was the most likely one."""

    surprisal: NDArray[np.float64]
    correct: NDArray[np.bool_]
    last: bool


class Written(NamedTuple):
    """Sequence k goes on with symbols [T]; ``last`` with the last of them."""

    sequence: int
    symbols: Ids
    predictions: Predictions | None
    last: bool


class Translated(NamedTuple):
    """A source's outputs, best first, each with its score and perhaps where it was read."""

    outputs: list[dict[str, Any]]


class Over(NamedTuple):
    """Nothing more comes: the time is up, the server stops, or the model's loop failed."""

    reason: Literal["deadline", "stopping", "failed"]

    def refusal(self) -> Refusal:
        """What is answered where nothing can be shown."""
        match self.reason:
            case "failed":
                return Refusal(500, "the server failed; its log says where")
            case "stopping":
                return Refusal(503, "the server is stopping", code=self.reason)
            case "deadline":
                return Refusal(503, "the time for one request was up", code=self.reason)


Work = Continuation | Scoring | TranslationWanted
Delivery = Read | Opened | Scored | Written | Translated | Over


class Inbox:
    """Where the deliveries for one request arrive; belongs to the event loop."""

    def __init__(self) -> None:
        self._arrived: deque[tuple[int, Delivery]] = deque()
        self._event = asyncio.Event()

    def put(self, place: int, delivery: Delivery) -> None:
        self._arrived.append((place, delivery))
        self._event.set()

    async def batches(self) -> AsyncIterator[list[tuple[int, Delivery]]]:
        """What has arrived since the last look, with the ticket's place in its request; never ends by itself.

        A batch is empty where nothing has come for a while.
        """
        loop = asyncio.get_running_loop()
        while True:
            timer = loop.call_later(HEARTBEAT, self._event.set)
            await self._event.wait()
            timer.cancel()
            self._event.clear()
            batch = list(self._arrived)
            self._arrived.clear()
            yield batch

    async def deliveries(self) -> AsyncIterator[tuple[int, Delivery]]:
        """Each by itself; raises Refusal where one says that nothing more comes."""
        async for batch in self.batches():
            for place, delivery in batch:
                if isinstance(delivery, Over):
                    raise delivery.refusal()
                yield place, delivery


@dataclass(eq=False)
class Ticket:
    """One piece of work, who asked for it, and where the results go.

    Attributes:
        client: who asked; work is shared out fairly between clients.
        place: its place in the request.
        deadline: on the monotonic clock.
        left: nobody waits for it any more.
    """

    work: Work
    client: str
    inbox: Inbox
    deadline: float
    place: int = 0
    left: bool = False
    joined: float = field(default_factory=time.monotonic)
