"""One way of ending lines: CR LF and CR become LF."""

from collections.abc import Iterable, Iterator

from riverrun.data.formats.text import Chunk


class LineEnds:
    """Unifies line ends in chunks of text, wherever these are cut.

    Attributes:
        changed: how many were changed so far.
    """

    def __init__(self) -> None:
        self.changed = 0

    def unified(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The same text; a CR at the end of a chunk waits for what follows."""
        held, opening = "", False
        for text, opens in chunks:
            if held and opens:
                yield self._unified(held, opening)
                held, opening = "", False
            text, opening = held + text, opening or opens
            held = "\r" if text.endswith("\r") else ""
            if text := text.removesuffix("\r"):
                yield self._unified(text, opening)
                opening = False
        if held:
            yield self._unified(held, opening)

    def _unified(self, text: str, opens: bool) -> Chunk:
        if "\r" not in text:
            return Chunk(text, opens)
        self.changed += text.count("\r")
        return Chunk(text.replace("\r\n", "\n").replace("\r", "\n"), opens)
