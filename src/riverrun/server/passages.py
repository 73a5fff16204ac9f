"""The text of one sequence as it is written: whole characters, up to a stop string, with its log-probabilities."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from riverrun.server.tickets import Ids, Predictions
from riverrun.text import Tokenizer
from riverrun.text.stopping import StopScanner


class Entry(NamedTuple):
    """One symbol among the log-probabilities.

    Attributes:
        symbol: its id.
        log: its log-probability in nats; None before anything is known.
        others: the most likely symbols with theirs, best first.
        offset: characters before it.
    """

    symbol: int
    log: float | None
    others: list[tuple[int, float]]
    offset: int


@dataclass
class Piece:
    """What can be shown next."""

    text: str = ""
    entries: list[Entry] = field(default_factory=list)


class Passage:
    """One sequence.

    Attributes:
        tokens: symbols drawn, those of the stop string included.
        stopped: a stop string was met.
        logs, told: sum and number of the log-probabilities seen.
    """

    def __init__(self, tokenizer: Tokenizer, stops: list[str]) -> None:
        self._decoder = tokenizer.decoder()
        self._scanner = StopScanner(stops)
        self._quick = not any(stops)
        self._decoded = self._shown = 0  # characters
        self._held: deque[Entry] = deque()
        self.tokens = 0
        self.logs, self.told = 0.0, 0

    @property
    def stopped(self) -> bool:
        return self._scanner.stopped

    def push(self, symbols: Ids, predictions: Predictions | None) -> Piece:
        """What becomes certain with these symbols [T]."""
        if self._quick and predictions is None:
            self.tokens += len(symbols)
            return Piece("".join(map(self._decoder.push, symbols.tolist())))
        text = ""
        for place, symbol in enumerate(symbols.tolist()):
            if self.stopped:
                break
            self.tokens += 1
            if predictions is not None:
                self._hold(symbol, place, predictions)
            part = self._decoder.push(symbol)
            self._decoded += len(part)
            text += self._scanner.push(part)
        return self._show(text)

    def finish(self) -> Piece:
        """What was held back, when nothing more comes."""
        if self.stopped:
            return Piece()
        text = self._scanner.push(self._decoder.flush()) + self._scanner.flush()
        piece = self._show(text)
        if not self.stopped:
            piece.entries += self._held
            self._held.clear()
        return piece

    @property
    def mean_log(self) -> float:
        """By which the best of several is chosen."""
        return self.logs / self.told if self.told else 0.0

    def _hold(self, symbol: int, place: int, predictions: Predictions) -> None:
        entry = entry_at(symbol, place, predictions, self._decoded)
        assert entry.log is not None
        self.logs += entry.log
        self.told += 1
        self._held.append(entry)

    def _show(self, text: str) -> Piece:
        """The text with the entries of all symbols that begin in what is shown so far."""
        self._shown += len(text)
        entries = []
        while self._held and self._held[0].offset < self._shown:
            entries.append(self._held.popleft())
        return Piece(text, entries)


def entry_at(symbol: int, place: int, predictions: Predictions, offset: int) -> Entry:
    """The entry of a symbol at a place of predictions."""
    others = zip(predictions.symbols[place].tolist(), predictions.symbol_logs[place].tolist(), strict=True)
    return Entry(symbol, float(predictions.logs[place]), list(others), offset)
