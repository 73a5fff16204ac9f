"""Text as its ids are drawn: whole characters, up to a stop string, so many symbols at most."""

from collections.abc import Iterable

from riverrun.text.stopping import Stops, StopScanner
from riverrun.text.tokenizer import StreamDecoder


class Emission:
    """What one sequence writes.

    Attributes:
        tokens: symbols taken.
        stopped: whether a stop string ended it.
    """

    def __init__(self, decoder: StreamDecoder, stops: Stops, most: int | None) -> None:
        """Begin with a decoder that has read nothing, or what comes before.

        Args:
            decoder: of the tokenizer.
            stops: stop strings.
            most: symbols; None: without end.
        """
        self._decoder = decoder
        self._scanner = StopScanner(stops)
        self._most = most
        self.tokens = 0

    @property
    def stopped(self) -> bool:
        return self._scanner.stopped

    @property
    def done(self) -> bool:
        """Whether nothing more is taken."""
        return self.stopped or self.tokens == self._most

    def push(self, symbols: Iterable[int]) -> str:
        """Text that became certain with these ids."""
        text = []
        for symbol in symbols:
            if self.done:
                break
            self.tokens += 1
            text.append(self._scanner.push(self._decoder.push(symbol)))
        return "".join(text)

    def begin(self, text: str) -> str:
        """The same for the text of one symbol, of which a part stands in the prompt already."""
        self.tokens += 1
        return self._scanner.push(text)

    def finish(self) -> str:
        """What was held back; an unfinished character is left out."""
        return self._scanner.flush()
