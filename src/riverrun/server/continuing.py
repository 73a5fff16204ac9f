"""What completions and chats have in common: a request's tickets, and the choices that come of them."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np

from riverrun.generation.draws import new_seed
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.house import House
from riverrun.server.passages import Likelihoods, Passage, Piece, entry_at
from riverrun.server.prompts import Prompt
from riverrun.server.refusals import Refusal
from riverrun.server.shelf import Served
from riverrun.server.tickets import Continuation, Inbox, Opened, Over, Predictions, Read, Ticket, Written
from riverrun.server.wanted import Wanted
from riverrun.text.stopping import Stops
from riverrun.writing import CONTEXT


@dataclass(frozen=True)
class ChoiceProgress:
    """What one choice gets next; ``finish`` is its finish reason, with the last piece."""

    index: int
    piece: Piece
    finish: str | None = None


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
        return sum(passage.emission.tokens for passage in self.passages)

    async def progress(self) -> AsyncIterator[list[ChoiceProgress]]:
        """What the sequences get, as it comes, or nothing for a while; index is prompt x sequences + k.

        Raises:
            Refusal: nothing was written before the time was up, or the server stops or failed.
        """
        left = len(self.passages)
        async for batch in self._inbox.batches():
            steps: list[ChoiceProgress] = []
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

    async def collected(self) -> tuple[list[Piece], list[str]]:
        """All that each sequence gets, in one piece, and why it ends."""
        pieces = [Piece() for _ in self.passages]
        finishes = ["length"] * len(pieces)
        async for steps in self.progress():
            for step in steps:
                pieces[step.index].text += step.piece.text
                pieces[step.index].entries += step.piece.entries
                finishes[step.index] = step.finish or finishes[step.index]
        return pieces, finishes

    def echo_text(self, index: int) -> str:
        """The prompt of a sequence."""
        return self._wanted.prompts[index // self._wanted.sequences].text

    def echo(self, index: int) -> Piece:
        """A sequence's prompt, with log-probabilities if they are wanted; the first has none."""
        place = index // self._wanted.sequences
        entries = [] if self._wanted.alternatives is None else self._prompt_entries(place)
        return Piece(self.echo_text(index), entries)

    def _open(self, place: int, delivery: Opened) -> list[ChoiceProgress]:
        index, prompt = place * self._wanted.sequences + delivery.sequence, self._wanted.prompts[place]
        passage = self.passages[index]
        self._first.observe(time.monotonic() - self._began)
        before = prompt.symbols[: len(prompt.symbols) - len(prompt.tail)][-CONTEXT:].tolist()
        text = self._prompts.opening(passage.decoder, before, prompt.tail, delivery.place, delivery.symbol)
        return self._step(index, passage.begin(delivery.symbol, text, delivery.predictions), delivery.last)

    def _advance(self, index: int, delivery: Written) -> list[ChoiceProgress]:
        if self._finished[index]:  # the model had not heard yet that a stop string was met
            return []
        passage = self.passages[index]
        if not passage.emission.tokens and len(delivery.symbols):
            self._first.observe(time.monotonic() - self._began)
        return self._step(index, passage.push(delivery.symbols, delivery.predictions), delivery.last)

    def _step(self, index: int, piece: Piece, last: bool) -> list[ChoiceProgress]:
        passage = self.passages[index]
        if last and not passage.emission.stopped:
            rest = passage.finish()
            piece = Piece(piece.text + rest.text, piece.entries + rest.entries)
        finish = "stop" if passage.emission.stopped else "length" if last else None
        self._finish(index, finish)
        return [ChoiceProgress(index, piece, finish)] if piece.text or piece.entries or finish else []

    def _finish(self, index: int, finish: str | None) -> None:
        if finish is None:
            return
        self._finished[index] = True
        count = self._wanted.sequences
        place = index // count
        if all(self._finished[place * count : (place + 1) * count]):
            self.tickets[place].left = True

    def _end(self, place: int, over: Over) -> list[ChoiceProgress]:
        """What was written until the time was up is an answer; nothing is none."""
        if over.reason != "deadline":
            raise over.refusal()
        count, steps = self._wanted.sequences, []
        for index in range(place * count, (place + 1) * count):
            if not self._finished[index]:
                if not self.passages[index].emission.tokens:
                    raise Refusal(
                        503, "no symbol was written within the time for one request", code="timeout"
                    )
                steps.append(ChoiceProgress(index, self.passages[index].finish(), "length"))
                self._finish(index, "length")
        warning = "the time for one request was up before all symbols were written"
        self.warnings = list(dict.fromkeys([*self.warnings, warning]))
        return steps

    def _prompt_entries(self, place: int) -> list[Likelihoods]:
        """Entries of the prompt's symbols. The first symbol's likelihood is not told, as clients expect."""
        prompt, predictions = self._wanted.prompts[place], self._predicted[place]
        skipped = 1 - (
            len(prompt.ids) - len(prompt.symbols)
        )  # without a start symbol nothing predicts the first
        places = [(piece, number) for piece in predictions for number in range(len(piece.logs))]
        decoder, offset = self._tokenizer.decoder(), 0
        entries: list[Likelihoods] = []
        for number, symbol in enumerate(prompt.symbols.tolist()):
            if number == 0:
                entries.append(Likelihoods(symbol, None, [], 0))
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
