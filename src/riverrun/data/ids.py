"""Encoded text: integer ids in a file in the cache, read in pieces and never held whole."""

import hashlib
import json
import os
import weakref
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riverrun.data import cache
from riverrun.data.corpus import Corpus
from riverrun.data.positional import read_at
from riverrun.errors import CorpusError
from riverrun.files import incoming, json_text, records
from riverrun.text import START, Tokenizer
from riverrun.text.counting import Counts, count
from riverrun.text.tokenizer import rebuffer

_FORM = 3  # of what is kept
_VERIFIED_AT_ONCE = 1 << 20  # ids
_LONGEST_FACTS = 1 << 16  # bytes


@dataclass(frozen=True)
class IdFile:
    """Ids of a stretch of text; documents after the first are preceded by the start symbol.

    Attributes:
        path: raw little-endian unsigned integers.
        length: number of ids N.
        width: bytes of one id.
        counts: of the text that they stand for, without the start symbols between documents.
    """

    path: Path
    length: int
    width: int
    counts: Counts

    @classmethod
    def empty(cls) -> "IdFile":
        """Of no text: there is no file."""
        return cls(Path(), 0, 1, Counts())

    @property
    def symbols_per_character(self) -> float | None:
        """Ids for each character; None where symbols do not tell every character, so that no figure can be given."""
        return self.length / self.counts.characters if self.counts.tells_every_character else None

    def read(self, start: int, stop: int) -> NDArray[np.int64]:
        """Ids [stop - start] from positions ``start`` to ``stop``.

        Reads through the page cache rather than a mapping, so that resident memory does not grow as
        training walks over a large file.
        """
        raw = read_at(self._descriptor, (stop - start) * self.width, start * self.width)
        return np.frombuffer(raw, f"<u{self.width}").astype(np.int64)

    @cached_property
    def _descriptor(self) -> int:
        """Stays open, so that cleaning the cache does not disturb a run; closed with the object."""
        descriptor = incoming.descriptor_of(self.path)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def holds(self, sha256: str, symbols: int) -> bool:
        """Whether its content has that checksum, and all ids are of so many symbols. Read in pieces."""
        digest, place = hashlib.sha256(), 0
        if os.fstat(self._descriptor).st_size != self.length * self.width:
            return False
        while place < self.length:
            raw = read_at(self._descriptor, _VERIFIED_AT_ONCE * self.width, place * self.width)
            if not raw or np.frombuffer(raw, f"<u{self.width}").max() >= symbols:
                return False
            digest.update(raw)
            place += len(raw) // self.width
        return digest.hexdigest() == sha256


def encode_corpus(corpus: Corpus, tokenizer: Tokenizer, start: int = 0, stop: int | None = None) -> IdFile:
    """Encode the characters ``start:stop`` of a corpus, or find them already encoded.

    The file's name is a hash of content, tokenizer and range. It is written under a temporary name and
    renamed, so two processes may do the same work at once. One that is damaged, or another user's, counts as none.

    Raises:
        UnknownSymbolError: under the policy ``refuse``.
        CorpusError: nothing is left after encoding, or the cache cannot be written.
    """
    identity = json.dumps([_FORM, corpus.digest, tokenizer.to_dict(), start, stop], sort_keys=True)
    key = hashlib.sha256(identity.encode()).hexdigest()[:32]
    found = _kept(key, tokenizer.size)
    if found is None:
        try:
            _encode(corpus, tokenizer, start, stop, key)
        except OSError as error:
            raise CorpusError(
                f"encoded text in the cache ({cache.writable('ids')}): {error.strerror}; run riverrun data clean, "
                "or set RIVERRUN_CACHE to a directory with room"
            ) from error
        found = _kept(key, tokenizer.size)
        if found is None:
            raise CorpusError(
                f"encoded text in the cache ({cache.writable('ids')}) changes while it is written"
            )
    if not found.length:
        raise CorpusError(f"{corpus.name}: no symbol of the vocabulary is in the text")
    return found


@dataclass(frozen=True)
class _Facts:
    """What is noted beside a file of ids; see :class:`IdFile`."""

    length: int
    width: int
    counts: Counts
    sha256: str


def _kept(key: str, symbols: int) -> IdFile | None:
    """An entry of the cache that is there, whole, and of this user."""
    path, about = cache.find("ids", f"{key}.bin"), cache.find("ids", f"{key}.json")
    if path is None or about is None:
        return None
    try:
        facts = records.read(_Facts, json_text.parse(incoming.read(about, _LONGEST_FACTS).decode("utf-8")))
        if facts.width != _width(symbols) or facts.length < 0:
            return None
        found = IdFile(path, facts.length, facts.width, facts.counts)
        return found if found.holds(facts.sha256, symbols) else None
    except (OSError, ValueError):
        return None


def _width(symbols: int) -> int:
    """Bytes of an id."""
    return 1 if symbols <= 1 << 8 else 2 if symbols <= 1 << 16 else 4


def _encode(corpus: Corpus, tokenizer: Tokenizer, start: int, stop: int | None, key: str) -> None:
    width = _width(tokenizer.size)
    dtype = f"<u{width}"
    length, counts = 0, Counts()
    digest = hashlib.sha256()
    with cache.writing("ids", f"{key}.bin") as stream:

        def write(ids: NDArray[np.integer]) -> None:
            nonlocal length
            raw = ids.astype(dtype).tobytes()
            stream.write(raw)
            digest.update(raw)
            length += len(ids)

        for document in _documents(corpus, start, stop):
            if length:
                write(np.array([START]))
            for piece in rebuffer(document, tokenizer.unit, tokenizer.normalizer):
                ids = tokenizer.encode(piece)
                write(ids)
                counts += count(tokenizer, piece, ids)
    facts = _Facts(length, width, counts, digest.hexdigest())
    cache.keep("ids", f"{key}.json", json.dumps(asdict(facts)).encode())


def _documents(corpus: Corpus, start: int, stop: int | None):
    """Each document as an iterable of its pieces, consumed in order."""
    chunks = corpus.chunks(start, stop)
    pending = next(chunks, None)

    def pieces():
        nonlocal pending
        first = True
        while pending is not None and (first or not pending.opens_document):
            first = False
            text = pending.text
            pending = next(chunks, None)
            yield text

    while pending is not None:
        yield pieces()
