"""What completions and chats have in common: a checked request, its tickets, and the choices that come of it."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np

from riverrun.errors import InputError
from riverrun.generation.sampling import Sampling
from riverrun.language_model import TrainedLanguageModel, new_seed
from riverrun.server.house import House
from riverrun.server.limits import Limits
from riverrun.server.passages import Entry, Passage, Piece, entry_at
from riverrun.server.prompts import Prompt
from riverrun.server.refusals import Refusal
from riverrun.server.schema import Writing
from riverrun.server.shelf import Served
from riverrun.server.tickets import Continuation, Inbox, Opened, Over, Predictions, Read, Ticket, Written
from riverrun.text.stopping import Stops
from riverrun.writing import CONTEXT

LENGTH = 400  # symbols, as for ``riverrun generate``
SAMPLING = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "repetition_penalty",
    "repetition_window",
    "uniform",
]


@dataclass(frozen=True)
class Wanted:
    """A request that has been checked against the server's limits.

    Attributes:
        length: symbols of each sequence.
        shown, sequences: sequences of each prompt that are shown, and that are written for it.
        alternatives: see :class:`Continuation`.
        echo: whether the prompts are shown too.
    """

    prompts: list[Prompt]
    length: int
    shown: int
    sequences: int
    alternatives: int | None
    echo: bool
    sampling: Sampling
    stops: list[str]
    seed: int | None
    biases: dict[int, float]

    @property
    def warnings(self) -> list[str]:
        """What is to be said about the prompts, each thing once."""
        return list(dict.fromkeys(prompt.warning for prompt in self.prompts if prompt.warning))


@dataclass(frozen=True)
class Progress:
    """What one choice gets next; ``finish`` is its finish reason, with the last piece."""

    index: int
    piece: Piece
    finish: str | None = None


def sampling_of(asked: Writing) -> Sampling:
    """The settings that were given over those of ``riverrun generate``; raises Refusal."""
    given = {name: value for name in SAMPLING if (value := getattr(asked, name)) is not None}
    try:
        return Sampling(**given)
    except InputError as error:
        raise Refusal(400, str(error)) from None


def check_size(
    limits: Limits,
    prompts: int,
    asked: Writing,
    most_tokens: int | None,
    best_of: int | None,
    logprobs: int | None,
) -> int:
    """Refuse what is too much before anything is computed; returns the length of each sequence."""
    length = min(LENGTH, limits.tokens) if most_tokens is None else most_tokens
    sequences = prompts * max(asked.n or 1, best_of or 1)
    if length > limits.tokens:
        raise Refusal(400, f"max_tokens = {length}: this server writes at most {limits.tokens}", "max_tokens")
    if sequences > limits.choices:
        message = f"prompts x max(n, best_of) = {sequences}: this server takes at most {limits.choices}"
        raise Refusal(400, message, "n")
    if sequences * length > limits.symbols:
        message = (
            f"prompts x max(n, best_of) x max_tokens = {sequences * length}: "
            f"this server writes at most {limits.symbols} symbols for one request"
        )
        raise Refusal(400, message, "max_tokens")
    if logprobs is not None and logprobs > limits.logprobs:
        raise Refusal(400, f"logprobs = {logprobs}: this server gives at most {limits.logprobs}", "logprobs")
    return length


def check_positions(wanted: Wanted, limits: Limits) -> None:
    """Refuse answers that would be too large: symbols echoed, and log-probabilities told."""
    echoed = wanted.shown * sum(len(prompt.symbols) for prompt in wanted.prompts) if wanted.echo else 0
    positions = echoed
    if wanted.alternatives is not None:
        written = len(wanted.prompts) * wanted.shown * wanted.length
        positions += (echoed + written) * (wanted.alternatives + 1)
    if positions > limits.positions:
        message = (
            f"{positions} symbols echoed or told with their alternatives: this server gives at most "
            f"{limits.positions} for one request"
        )
        raise Refusal(400, message, "logprobs" if wanted.alternatives is not None else "echo")


def check_biases(biases: dict[int, float], served: Served) -> None:
    """Raises Refusal for a symbol outside the vocabulary."""
    assert isinstance(served.model, TrainedLanguageModel)
    size = served.model.tokenizer.size
    for symbol in biases:
        if symbol >= size:
            raise Refusal(
                400, f"logit_bias: there is no symbol {symbol}; ids go from 0 to {size - 1}", "logit_bias"
            )


class Continuing:
    """A request on its way: tickets for its prompts, a passage for each of its sequences."""

    def __init__(self, house: House, served: Served, wanted: Wanted, client: str) -> None:
        """Let its prompts wait for the model; raises Refusal if too many do."""
        assert isinstance(served.model, TrainedLanguageModel)
        self._served, self._wanted = served, wanted
        self._tokenizer, self._prompts = served.model.tokenizer, served.model.prompts
        self._began = time.monotonic()
        self._inbox = Inbox()
        self._first = house.metrics.first.labels(served.name)
        deadline = self._began + house.limits.seconds
        self.tickets = [
            Ticket(_continuation(wanted, prompt), client, self._inbox, deadline, place)
            for place, prompt in enumerate(wanted.prompts)
        ]
        count = wanted.sequences * len(wanted.prompts)
        stops = Stops(wanted.stops)
        self.passages = [Passage(self._tokenizer, stops) for _ in range(count)]
        self._predicted: list[list[Predictions]] = [[] for _ in wanted.prompts]
        self._finished = [False] * count
        self.warnings = wanted.warnings
        house.submit(served, self.tickets)

    @property
    def prompt_tokens(self) -> int:
        return sum(len(prompt.symbols) for prompt in self._wanted.prompts)

    @property
    def written_tokens(self) -> int:
        return sum(passage.tokens for passage in self.passages)

    async def progress(self) -> AsyncIterator[list[Progress]]:
        """What the sequences get, as it comes, or nothing for a while; index is prompt x sequences + k.

        Raises:
            Refusal: nothing was written before the time was up, or the server stops or failed.
        """
        left = len(self.passages)
        async for batch in self._inbox.batches():
            steps: list[Progress] = []
            for place, delivery in batch:
                if isinstance(delivery, Read):
                    self._predicted[place].append(delivery.predictions)
                elif isinstance(delivery, Opened):
                    steps += self._open(place, delivery)
                elif isinstance(delivery, Written):
                    steps += self._advance(place * self._wanted.sequences + delivery.sequence, delivery)
                elif isinstance(delivery, Over):
                    steps += self._end(place, delivery)
            left -= sum(step.finish is not None for step in steps)
            if steps or not batch:
                yield steps
            if not left:
                return

    def echo_text(self, index: int) -> str:
        """The prompt of a sequence."""
        return self._wanted.prompts[index // self._wanted.sequences].text

    def echo(self, index: int) -> Piece:
        """A sequence's prompt, with log-probabilities if they are wanted; the first has none."""
        place = index // self._wanted.sequences
        entries = [] if self._wanted.alternatives is None else self._prompt_entries(place)
        return Piece(self.echo_text(index), entries)

    def _open(self, place: int, delivery: Opened) -> list[Progress]:
        index, prompt = place * self._wanted.sequences + delivery.sequence, self._wanted.prompts[place]
        passage = self.passages[index]
        self._first.observe(time.monotonic() - self._began)
        before = prompt.symbols[: len(prompt.symbols) - len(prompt.tail)][-CONTEXT:].tolist()
        text = self._prompts.opening(passage.decoder, before, prompt.tail, delivery.place, delivery.symbol)
        return self._step(index, passage.begin(delivery.symbol, text, delivery.predictions), delivery.last)

    def _advance(self, index: int, delivery: Written) -> list[Progress]:
        if self._finished[index]:  # the model had not heard yet that a stop string was met
            return []
        passage = self.passages[index]
        if not passage.tokens and len(delivery.symbols):
            self._first.observe(time.monotonic() - self._began)
        return self._step(index, passage.push(delivery.symbols, delivery.predictions), delivery.last)

    def _step(self, index: int, piece: Piece, last: bool) -> list[Progress]:
        passage = self.passages[index]
        if last and not passage.stopped:
            rest = passage.finish()
            piece = Piece(piece.text + rest.text, piece.entries + rest.entries)
        finish = "stop" if passage.stopped else "length" if last else None
        self._finish(index, finish)
        return [Progress(index, piece, finish)] if piece.text or piece.entries or finish else []

    def _finish(self, index: int, finish: str | None) -> None:
        if finish is None:
            return
        self._finished[index] = True
        count = self._wanted.sequences
        place = index // count
        if all(self._finished[place * count : (place + 1) * count]):
            self.tickets[place].left = True

    def _end(self, place: int, over: Over) -> list[Progress]:
        """What was written until the time was up is an answer; nothing is none."""
        if over.reason == "failed":
            raise Refusal(500, "the server failed; its log says where")
        if over.reason == "stopping":
            raise Refusal(503, "the server is stopping", code="stopping")
        count, steps = self._wanted.sequences, []
        for index in range(place * count, (place + 1) * count):
            if not self._finished[index]:
                if not self.passages[index].tokens:
                    raise Refusal(
                        503, "no symbol was written within the time for one request", code="timeout"
                    )
                steps.append(Progress(index, self.passages[index].finish(), "length"))
                self._finish(index, "length")
        warning = "the time for one request was up before all symbols were written"
        self.warnings = list(dict.fromkeys([*self.warnings, warning]))
        return steps

    def _prompt_entries(self, place: int) -> list[Entry]:
        """Entries of the prompt's symbols. The first symbol's likelihood is not told, as clients expect."""
        prompt, predictions = self._wanted.prompts[place], self._predicted[place]
        skipped = 1 - (
            len(prompt.ids) - len(prompt.symbols)
        )  # without a start symbol nothing predicts the first
        places = [(piece, number) for piece in predictions for number in range(len(piece.logs))]
        decoder, offset = self._tokenizer.decoder(), 0
        entries: list[Entry] = []
        for number, symbol in enumerate(prompt.symbols.tolist()):
            if number == 0:
                entries.append(Entry(symbol, None, [], 0))
            else:
                piece, row = places[number - skipped]
                entries.append(entry_at(symbol, row, piece, offset))
            offset += len(decoder.push(symbol))
        return entries


def _continuation(wanted: Wanted, prompt: Prompt) -> Continuation:
    alternatives = wanted.alternatives
    if alternatives is None and wanted.sequences > wanted.shown:
        alternatives = 0  # the best are chosen by their log-probabilities
    return Continuation(
        ids=prompt.ids,
        sequences=wanted.sequences,
        length=wanted.length,
        sampling=wanted.sampling,
        seed=new_seed() if wanted.seed is None else wanted.seed,
        biases=wanted.biases,
        alternatives=alternatives,
        predicted=wanted.echo and wanted.alternatives is not None,
        tail=() if wanted.biases else prompt.tail,  # who changes the chances of symbols thinks in symbols
        longer=() if wanted.biases else prompt.longer,
    )


def ranked(passages: Sequence[Passage], shown: int) -> list[int]:
    """Places of the sequences that are shown: all in their order, or the best by mean log-probability."""
    if shown == len(passages):
        return list(range(shown))
    means = np.array([passage.mean_log for passage in passages])
    return np.argsort(-means, kind="stable")[:shown].tolist()


__all__ = ["LENGTH", "Continuing", "Progress", "Wanted", "check_biases", "check_positions", "check_size"]
