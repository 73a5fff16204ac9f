"""Bytes to characters. Text is UTF-8; what is not is named, with its place, its encoding and what converts it."""

import codecs
import shlex
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from riverrun.errors import CorpusError

Blocks = Callable[[], Iterable[bytes]]
"""Gives the bytes of a file anew at each call, in pieces."""

_LOOKED_AT = 1 << 15  # bytes before and after a fault
_SHOWN = 12  # characters before and after it
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_COMMON = (
    *("gb18030", "big5", "cp932", "euc_jis_2004", "cp949", "cp1251", "koi8_r", "cp866", "cp1252", "cp1250"),
    *("iso8859_2", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "mac_roman", "cp437", "cp850"),
)
_WIDE = ("utf_16_le", "utf_16_be")  # looked for last: almost any bytes can be read as these
_ICONV = {"euc_jis_2004": "EUC-JP", "mac_roman": "MACINTOSH", "iso8859_2": "ISO-8859-2"}
_ALIKE = 0.05  # differences of chaos and of coherence up to which guesses are as good as each other


def decode(blocks: Blocks, shown: str, file: str | None = None) -> Iterator[str]:
    """The characters of UTF-8 in pieces; a byte-order mark is dropped.

    Args:
        blocks: the bytes.
        shown: what they are called in messages.
        file: a name for the advice to use; None for a stream.

    Raises:
        CorpusError: they are no UTF-8, or hold a zero byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, first = 0, True
    for block in chain(blocks(), [b""]):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = _find(blocks, offset - pending + error.start)
            raise CorpusError(_fault(place, shown, file)) from None
        if "\x00" in text:
            raise CorpusError(_fault(_find(blocks, offset + block.find(0)), shown, file))
        if first and text:
            first, text = False, text.removeprefix("\ufeff")
        if text:
            yield text
        offset += len(block)


class Lines:
    """The lines of a stream that can be read once, decoded one at a time; a byte-order mark is dropped."""

    def __init__(self, shown: str) -> None:
        """``shown`` is what the stream is called in messages."""
        self._shown = shown
        self._before = b""
        self._offset = self._line = 0

    def text_of(self, raw: bytes) -> str:
        """The next line with its end; raises CorpusError where it is no UTF-8 or holds a zero byte."""
        self._line += 1
        try:
            text = raw.decode("utf-8-sig" if self._line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise self._fault(raw, error.start) from None
        if "\x00" in text:
            raise self._fault(raw, raw.find(0))
        self._before = (self._before + raw)[-_LOOKED_AT:]
        self._offset += len(raw)
        return text

    def _fault(self, raw: bytes, start: int) -> CorpusError:
        before, after = (self._before + raw[:start])[-_LOOKED_AT:], raw[start:][:_LOOKED_AT]
        return CorpusError(
            _fault(_Place(self._offset + start, self._line, before, after, False), self._shown, None)
        )


class _Place(NamedTuple):
    """Where bytes are no text.

    Attributes:
        offset: of the first such byte.
        line: its line, from 1.
        before, after: bytes around it; ``after`` begins with it.
        ends: the file ends with ``after``.
    """

    offset: int
    line: int
    before: bytes
    after: bytes
    ends: bool

    @property
    def whole(self) -> bytes:
        return self.before + self.after

    @property
    def aligned(self) -> bytes:
        """The same from a place that a multiple of four bytes is before."""
        return self.whole[(len(self.before) - self.offset) % 4 :]


def _fault(place: _Place, shown: str, file: str | None) -> str:
    """What is wrong at a place, and what to do."""
    offset = place.offset
    where = f"byte 0x{place.after[0]:02x} at offset {offset}, line {place.line}"
    if (wide := _wide(place)) is not None:
        return f"{shown} is not UTF-8 text but {wide}: {where}; {_conversion(wide, file)}"
    if place.after[0] == 0:
        return f"{shown} is a binary file: a zero byte near offset {offset}, line {place.line}"
    if _is_cut(place):
        keep = f"head -c {offset}"
        advice = f"{keep} {shlex.quote(file)} > {_converted(file)}" if file else keep
        return f"{shown} is UTF-8 that is cut in its last character: {where}; leave the rest of it out with {advice}"
    good, bad = _utf8_characters(place.whole)
    if good > 4 * bad:
        advice = _conversion("UTF-8", file, "iconv -c").replace("convert it", "leave them out", 1)
        return f"{shown} is UTF-8 with damaged places: {where}; restore it, or {advice}"
    if not (names := _guesses(place.aligned)):
        return f"{shown} is not text, or of an encoding that was not recognised: {where}; give text in UTF-8"
    likely, *others = map(_iconv_name, names[:3])
    seen = repr(_as_read(place, names[0])) + (f", or else {' or '.join(others)}" if others else "")
    return f"{shown} is not UTF-8 text but probably {likely} ({seen}): {where}; {_conversion(likely, file)}"


def _find(blocks: Blocks, offset: int) -> _Place:
    before, after, position, newlines, returns = b"", b"", 0, 0, 0
    for block in blocks():
        head = block[: max(0, offset - position)]
        newlines, returns = newlines + head.count(b"\n"), returns + head.count(b"\r")
        before, after = (before + head)[-_LOOKED_AT:], after + block[len(head) :]
        position += len(block)
        if len(after) > _LOOKED_AT:
            break
    return _Place(
        offset, 1 + (newlines or returns), before, after[:_LOOKED_AT], position == offset + len(after)
    )


def _wide(place: _Place) -> str | None:
    """UTF-16 or UTF-32, by the mark at the start of the file or by where the zero bytes are."""
    start = place.offset - len(place.before)
    if start == 0:
        for mark, name in _MARKS.items():
            if place.whole.startswith(mark):
                return name
    whole = place.aligned
    count = len(whole) // 4
    zeros = [whole[index : 4 * count : 4].count(0) for index in range(4)]
    if not count:
        return None
    many, few = 0.2 * count, 0.05 * count
    match [zero >= many for zero in zeros]:
        case [False, True, False, True] if max(zeros[0], zeros[2]) <= few:
            return "UTF-16LE"
        case [True, False, True, False] if max(zeros[1], zeros[3]) <= few:
            return "UTF-16BE"
        case [_, _, True, True] if zeros[0] <= few:
            return "UTF-32LE"
        case [True, True, _, _] if zeros[3] <= few:
            return "UTF-32BE"
    return None


def _is_cut(place: _Place) -> bool:
    """Whether the file ends inside a character of UTF-8, rather than with one of another encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(place.after)
    except UnicodeDecodeError:
        return False
    good, bad = _utf8_characters(place.before)
    capital = 0xC2 <= place.after[0] <= 0xDE  # in Latin encodings, and no text ends with one
    return place.ends and (good > bad or len(place.after) > 1 or capital)


def _utf8_characters(raw: bytes) -> tuple[int, int]:
    """Characters beyond ASCII that are UTF-8, and faults; the ends of the bytes may cut a character."""
    text = raw.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - faults, faults


def _guesses(raw: bytes) -> list[str]:
    """Python's names of encodings that bytes probably have, the likeliest first; others are as good a guess.

    cp1252 is more common than its kin: it comes first where none of these is clearly better.
    """
    from charset_normalizer import from_bytes

    found = list(from_bytes(raw, cp_isolation=list(_COMMON))) or list(
        from_bytes(raw, cp_isolation=list(_WIDE))
    )
    if not found:
        return []
    alike = [
        match.encoding
        for match in found
        if match.chaos - found[0].chaos < _ALIKE and found[0].coherence - match.coherence < _ALIKE
    ]
    western = raw.decode("cp1252", "replace")
    if "cp1252" in alike or western == str(found[0]):
        alike = ["cp1252", *(name for name in alike if raw.decode(name, "replace") != western)]
    return alike


def _as_read(place: _Place, name: str) -> str:
    """The text around a fault in another encoding."""
    if name in _WIDE:
        return " ".join(place.aligned.decode(name, "ignore")[:_SHOWN].split())
    before = place.before.decode(name, "ignore")[-_SHOWN:]
    after = place.after.decode(name, "ignore")[:_SHOWN]
    return " ".join((before + after).split())


def _iconv_name(name: str) -> str:
    """What iconv calls an encoding of Python's."""
    if name in _ICONV:
        return _ICONV[name]
    if name.startswith("cp125"):
        return f"WINDOWS-{name.removeprefix('cp')}"
    return name.replace("utf_16_", "utf-16").replace("_", "-").upper()


def _conversion(encoding: str, file: str | None, command: str = "iconv") -> str:
    convert = f"{command} -f {encoding} -t UTF-8"
    if file is None:
        return f"pipe it through {convert}"
    return f"convert it with {convert} {shlex.quote(file)} > {_converted(file)}"


def _converted(file: str) -> str:
    """A name for what a file is converted to: ``a.utf8.txt`` for ``a.txt``."""
    stem, dot, suffix = file.rpartition(".")
    return shlex.quote(f"{stem}.utf8.{suffix}" if dot and "/" not in suffix and stem else f"{file}.utf8")
