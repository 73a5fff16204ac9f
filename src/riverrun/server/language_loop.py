"""The loop of one language model: reads prompts and advances all running sequences together, slice by slice.

Between slices new sequences join and finished ones leave. Draws depend on seed, sequence and position only, so the
slices and the neighbours change nothing of what anybody gets.
"""

import time
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from riverrun.generation.choice import choose
from riverrun.generation.decoder import Decoder
from riverrun.generation.draws import uniform
from riverrun.generation.healing import TailReading, heal
from riverrun.generation.state import Position, State
from riverrun.server.desk import Desk
from riverrun.server.metrics import Meters
from riverrun.server.predicting import LOGITS, predict, predictions_of
from riverrun.server.rhythm import Rhythm
from riverrun.server.tickets import (
    Continuation,
    Delivery,
    Ids,
    Opened,
    Over,
    Predictions,
    Read,
    Scored,
    Scoring,
    Ticket,
    Written,
)
from riverrun.text.permitted import NEVER, Permitted, condition_after

SLICE = 0.05  # seconds that sequences are advanced before anybody can join or leave
FIRST = 0.005  # the same while somebody waits for a first symbol
READING = 0.01  # seconds of reading between two slices of writing
_SHORT = 8  # symbols that are not worth a slice of their own
_BIASED = 64  # steps of all sequences with biases together between two slices: they go one by one


@dataclass(eq=False)
class SequenceReader:
    """A prompt that is being read, or a text that is being scored.

    Attributes:
        done: symbols that were fed to the model.
        before_tail: the state when a prompt's head was.
    """

    ticket: Ticket
    state: State
    before_tail: State
    done: int = 0

    @property
    def goal(self) -> int:
        """Symbols to be fed; the last one of all is not, since what follows it is still to be asked."""
        work = self.ticket.work
        assert isinstance(work, Continuation | Scoring)
        return work.head if isinstance(work, Continuation) and not work.predicted else len(work.ids) - 1


@dataclass(eq=False)
class SequenceWriter:
    """A sequence that is being written.

    Attributes:
        left: symbols still to write; below 0 where the slice that was its last went on for the others.
    """

    ticket: Ticket
    work: Continuation
    number: int
    position: Position
    left: int


class LanguageLoop:
    """Owns a decoder; ``run`` is the whole life of its thread."""

    def __init__(self, desk: Desk, meters: Meters, permitted: Permitted) -> None:
        """Serve the tickets of a desk with a model that writes what is permitted."""
        self._desk = desk
        self._permitted = permitted
        self._allowed = permitted != NEVER
        self._meters = meters
        self._rhythm = Rhythm()
        self._readers: deque[SequenceReader] = deque()
        self._writers: list[SequenceWriter] = []

    def run(self, decoder: Decoder) -> None:
        """Until the desk is stopped. A turn that fails ends what was in progress, not the loop."""
        while (self._readers or self._writers) or self._desk.wait():
            if self._desk.stopping:
                break
            try:
                self._turn(decoder)
            except Exception as error:
                self._meters.failed(error)
                self._end_all("failed")
        self._end_all("stopping")
        self._desk.leave_none()

    def _turn(self, decoder: Decoder) -> None:
        """Let go, let in, read a little, write a slice."""
        self._let_go()
        while ticket := self._desk.take():
            self._meters.taken(ticket)
            self._readers.append(SequenceReader(ticket, decoder.initial_state(), decoder.initial_state()))
        self._desk.hand_over(self._read(decoder))
        self._desk.hand_over(self._write(decoder))

    def _let_go(self) -> None:
        """Those whose client has left or whose time is up."""
        now, over = time.monotonic(), set()

        def stays(ticket: Ticket) -> bool:
            if not ticket.left and now > ticket.deadline:
                over.add(ticket)
            return not ticket.left and now <= ticket.deadline

        for reader in [reader for reader in self._readers if not stays(reader.ticket)]:
            self._readers.remove(reader)
            self._desk.give_back(reader.ticket.client, reader.ticket.work.sequences)
        for writer in [writer for writer in self._writers if not stays(writer.ticket)]:
            self._writers.remove(writer)
            self._desk.give_back(writer.ticket.client)
        self._desk.hand_over([(ticket, Over("deadline")) for ticket in over])

    def _end_all(self, reason: str) -> None:
        tickets = {reader.ticket: reader.ticket.work.sequences for reader in self._readers}
        for writer in self._writers:
            tickets[writer.ticket] = tickets.get(writer.ticket, 0) + 1
        self._readers.clear()
        self._writers.clear()
        for ticket, places in tickets.items():
            self._desk.give_back(ticket.client, places)
        over = Over("failed" if reason == "failed" else "stopping")
        self._desk.hand_over([(ticket, over) for ticket in tickets])

    def _read(self, decoder: Decoder) -> list[tuple[Ticket, Delivery]]:
        """A piece of each prompt in turn, until the time for reading is up."""
        deliveries: list[tuple[Ticket, Delivery]] = []
        until = time.monotonic() + (READING if self._writers else SLICE)
        while self._readers and time.monotonic() < until:
            reader = self._readers.popleft()
            work = reader.ticket.work
            if reader.done < reader.goal:
                deliveries += self._read_piece(decoder, reader)
            if reader.done < reader.goal:
                self._readers.append(reader)
            elif isinstance(work, Continuation):
                deliveries += self._begin_writing(decoder, reader, work)
            else:
                self._desk.give_back(reader.ticket.client, work.sequences)
        return deliveries

    def _read_piece(self, decoder: Decoder, reader: SequenceReader) -> list[tuple[Ticket, Delivery]]:
        """Read on; where a prompt's head ends, the state is kept."""
        work, began = reader.ticket.work, time.monotonic()
        assert isinstance(work, Continuation | Scoring)
        predicted = isinstance(work, Continuation) and work.predicted
        kind = "score" if isinstance(work, Scoring) else "predict" if predicted else "feed"
        size = self._rhythm.count(kind, READING)
        if predicted:
            size = min(size, max(1, LOGITS // decoder.vocabulary))
        head = work.head if isinstance(work, Continuation) else reader.goal
        end = min(reader.done + size, head if reader.done < head else reader.goal)
        inputs, symbols = work.ids[reader.done : end], work.ids[reader.done + 1 : end + 1]
        last, delivery = end == reader.goal, None
        if isinstance(work, Scoring):
            scores, reader.state = decoder.score(inputs, symbols, reader.state)
            delivery = Scored(scores.surprisal, scores.correct, last)
        elif predicted:
            predictions, reader.state = predict(
                decoder, inputs, symbols, reader.state, work.alternatives or 0
            )
            delivery = Read(predictions)
        else:
            reader.state = decoder.feed(inputs, reader.state)
        self._rhythm.took(kind, len(inputs), time.monotonic() - began)
        self._meters.read(len(inputs))
        reader.done = end
        if end <= head:
            reader.before_tail = reader.state
        return [] if delivery is None else [(reader.ticket, delivery)]

    def _begin_writing(
        self, decoder: Decoder, reader: SequenceReader, work: Continuation
    ) -> list[tuple[Ticket, Delivery]]:
        """All sequences begin where the prompt ends, or with a symbol that goes on after it; those of no length have
        ended already."""
        if not work.length:
            self._desk.give_back(reader.ticket.client, work.sequences)
            nothing = np.empty(0, np.int64)
            return [(reader.ticket, Written(k, nothing, None, True)) for k in range(work.sequences)]
        position = Position(reader.before_tail, int(work.ids[work.head]))
        readings = [TailReading(position, 0, None)] * work.sequences
        if len(work.tail):
            seeds = [(work.seed, k) for k in range(work.sequences)]
            readings = heal(decoder, position, work.tail, work.longer, work.sampling, seeds)
        deliveries: list[tuple[Ticket, Delivery]] = []
        for k, reading in enumerate(readings):
            writer = SequenceWriter(reader.ticket, work, k, reading.position, work.length)
            if reading.symbol is not None:
                deliveries.append(self._opened(decoder, writer, position, reading.place, reading.symbol))
            if writer.left:
                self._writers.append(writer)
        return deliveries

    def _opened(
        self, decoder: Decoder, writer: SequenceWriter, before: Position, place: int, symbol: int
    ) -> tuple[Ticket, Delivery]:
        """The first symbol of a sequence that was read as going on from the prompt's tail."""
        work, predictions = writer.work, None
        if work.alternatives is not None:
            read = [*work.tail[:place], symbol]
            inputs = np.array([before.last, *read[:-1]], np.int64)
            every, _ = predict(decoder, inputs, np.array(read), before.state, work.alternatives)
            predictions = Predictions(every.logs[-1:], every.symbols[-1:], every.symbol_logs[-1:])
        writer.left -= 1
        if not writer.left:
            self._desk.give_back(writer.ticket.client)
        self._meters.wrote(1)
        return writer.ticket, Opened(writer.number, place, symbol, predictions, not writer.left)

    def _write(self, decoder: Decoder) -> list[tuple[Ticket, Delivery]]:
        """A slice of every running sequence."""
        if not self._writers:
            return []
        self._meters.advanced(len(self._writers))
        plain = [writer for writer in self._writers if not writer.work.biases]
        biased = [writer for writer in self._writers if writer.work.biases]
        deliveries: list[tuple[Ticket, Delivery]] = self._write_together(decoder, plain) if plain else []
        for writer in biased:
            count = min(writer.left, max(1, _BIASED // len(biased)))
            symbols, predictions = self._write_biased(decoder, writer, count)
            deliveries.append(self._written(writer, symbols, predictions))
        self._writers = [writer for writer in self._writers if writer.left > 0]
        return deliveries

    def _write_together(
        self, decoder: Decoder, writers: list[SequenceWriter]
    ) -> list[tuple[Ticket, Delivery]]:
        told = sum(writer.work.alternatives is not None for writer in writers)
        kind = ("write", len(writers).bit_length(), told.bit_length())
        count, began = self._slice(decoder, writers, kind, told > 0), time.monotonic()
        before = [writer.position for writer in writers]
        samplings = [writer.work.sampling for writer in writers]
        seeds = [(writer.work.seed, writer.number) for writer in writers]
        written, after = decoder.write(before, samplings, seeds, count)
        deliveries: list[tuple[Ticket, Delivery]] = []
        for k, writer in enumerate(writers):
            symbols, predictions = written[k, : writer.left], None
            if writer.work.alternatives is not None:
                inputs = np.concatenate([[before[k].last], symbols[:-1]])
                predictions, _ = predict(decoder, inputs, symbols, before[k].state, writer.work.alternatives)
            writer.position = after[k]
            deliveries.append(self._written(writer, symbols, predictions))
        self._rhythm.took(kind, count, time.monotonic() - began)
        return deliveries

    def _slice(self, decoder: Decoder, writers: list[SequenceWriter], kind: object, told: bool) -> int:
        """Symbols of the next slice; short while somebody waits for a first one, and where somebody is done soon."""
        fresh = any(writer.left == writer.work.length for writer in writers)
        count = self._rhythm.count(kind, FIRST) if fresh else max(_SHORT, self._rhythm.count(kind, SLICE))
        if told:
            count = min(count, max(_SHORT, LOGITS // decoder.vocabulary))
        left = [writer.left for writer in writers]
        return min(count, max(min(left), _SHORT), max(left))

    def _written(
        self, writer: SequenceWriter, symbols: Ids, predictions: Predictions | None
    ) -> tuple[Ticket, Delivery]:
        writer.left -= len(symbols)
        last = writer.left <= 0
        if last:
            self._desk.give_back(writer.ticket.client)
        self._meters.wrote(len(symbols))
        return writer.ticket, Written(writer.number, symbols, predictions, last)

    def _write_biased(
        self, decoder: Decoder, writer: SequenceWriter, count: int
    ) -> tuple[Ids, Predictions | None]:
        """A sequence some of whose logits are changed before each choice: symbol by symbol, as it is defined."""
        work, position = writer.work, writer.position
        biased = np.array(list(work.biases), np.int64)
        biases = np.array(list(work.biases.values()), np.float32)
        symbols, rows = np.empty(count, np.int64), []
        for t in range(count):
            logits, (state,) = decoder.logits([position])
            rows.append(logits)
            changed = logits[0].copy()
            changed[biased] += biases
            draw, recent = uniform(work.seed, writer.number, position.written), position.recent
            allowed = self._allowed[condition_after(self._permitted, recent)]
            symbols[t] = symbol = choose(changed, recent, work.sampling, draw, allowed)
            position = replace(position, state=state, last=symbol, written=position.written + 1)
        writer.position = position
        if work.alternatives is None:
            return symbols, None
        return symbols, predictions_of(np.concatenate(rows), symbols, work.alternatives)
