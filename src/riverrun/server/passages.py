"""The text of one sequence as it is written: whole characters, up to a stop string, with its log-probabilities."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from riverrun.server.tickets import Ids, Predictions
from riverrun.text import Tokenizer
from riverrun.text.emission import Emission
from riverrun.text.stopping import Stops
from riverrun.text.tokenizer import StreamDecoder


class Likelihoods(NamedTuple):
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
    entries: list[Likelihoods] = field(default_factory=list)


class Counted:
    """A stream decoder that knows how many characters it has given."""

    def __init__(self, decoder: StreamDecoder) -> None:
        self._decoder = decoder
        self.characters = 0

    def push(self, symbol: int) -> str:
        text = self._decoder.push(symbol)
        self.characters += len(text)
        return text

    def flush(self) -> str:
        return self._decoder.flush()


class Passage:
    """One sequence.

    Attributes:
        decoder: of its text.
        emission: what of the text is certain, whether a stop string was met, and how many symbols were drawn.
        logs, told: sum and number of the log-probabilities seen.
    """

    def __init__(self, tokenizer: Tokenizer, stops: Stops) -> None:
        self.decoder = Counted(tokenizer.decoder())
        self.emission = Emission(self.decoder, stops, None)
        self._shown = 0  # characters
        self._held: deque[Likelihoods] = deque()
        self.logs, self.told = 0.0, 0

    def begin(self, symbol: int, text: str, predictions: Predictions | None) -> Piece:
        """The text of a first symbol, of which a part stands in the prompt; ``decoder`` has read it already."""
        if predictions is not None:
            self._hold(symbol, 0, predictions, 0)
        self.decoder.characters = len(text)
        return self._show(self.emission.begin(text))

    def push(self, symbols: Ids, predictions: Predictions | None) -> Piece:
        """What becomes certain with these symbols [T]."""
        if predictions is None:
            return Piece(self.emission.push(symbols.tolist()))
        text = ""
        for place, symbol in enumerate(symbols.tolist()):
            if self.emission.stopped:
                break
            self._hold(symbol, place, predictions, self.decoder.characters)
            text += self.emission.push((symbol,))
        return self._show(text)

    def finish(self) -> Piece:
        """What was held back, when nothing more comes; an unfinished character is left out, as everywhere."""
        if self.emission.stopped:
            return Piece()
        piece = self._show(self.emission.finish())
        piece.entries += self._held
        self._held.clear()
        return piece

    @property
    def mean_log(self) -> float:
        """By which the best of several is chosen."""
        return self.logs / self.told if self.told else 0.0

    def _hold(self, symbol: int, place: int, predictions: Predictions, offset: int) -> None:
        self.logs += float(predictions.logs[place])
        self.told += 1
        self._held.append(entry_at(symbol, place, predictions, offset))

    def _show(self, text: str) -> Piece:
        """The text with the entries of all symbols that begin in what is shown so far."""
        self._shown += len(text)
        entries = []
        while self._held and self._held[0].offset < self._shown:
            entries.append(self._held.popleft())
        return Piece(text, entries)


def entry_at(symbol: int, place: int, predictions: Predictions, offset: int) -> Likelihoods:
    """The entry of a symbol at a place of predictions."""
    others = zip(predictions.symbols[place].tolist(), predictions.symbol_logs[place].tolist(), strict=True)
    return Likelihoods(symbol, float(predictions.logs[place]), list(others), offset)
