"""Encoded text: integer ids in a file in the cache, read in pieces and never held whole."""

import hashlib
import json
import os
import tempfile
import weakref
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riverrun.data.cache import cache_directory
from riverrun.data.corpus import Corpus
from riverrun.data.positional import open_to_read, read_at
from riverrun.errors import CorpusError
from riverrun.text import START, Tokenizer
from riverrun.text.counting import Counts, count
from riverrun.text.tokenizer import rebuffer

_FORM = 2  # of what is kept beside the ids


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

    @property
    def characters(self) -> int:
        return self.counts.characters

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
        descriptor = open_to_read(self.path)
        weakref.finalize(self, os.close, descriptor)
        return descriptor


def encode_corpus(corpus: Corpus, tokenizer: Tokenizer, start: int = 0, stop: int | None = None) -> IdFile:
    """Encode the characters ``start:stop`` of a corpus, or find them already encoded.

    The file's name is a hash of content, tokenizer and range. It is written under a temporary name and
    renamed, so two processes may do the same work at once.

    Raises:
        UnknownSymbolError: under the policy ``refuse``.
        CorpusError: nothing is left after encoding, or the cache cannot be written.
    """
    identity = json.dumps([_FORM, corpus.digest, tokenizer.to_dict(), start, stop], sort_keys=True)
    key = hashlib.sha256(identity.encode()).hexdigest()[:32]
    path = cache_directory() / "ids" / f"{key}.bin"
    about = path.with_suffix(".json")
    try:
        if not about.exists():
            _encode(corpus, tokenizer, start, stop, path, about)
        facts = json.loads(about.read_text(encoding="utf-8"))
        found = IdFile(path, facts["length"], facts["width"], Counts(**facts["counts"]))
        if path.stat().st_size != found.length * found.width:
            raise ValueError("its length is wrong")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorpusError(
            f"encoded text in the cache ({path.parent}): {error}; run riverrun data clean, "
            "or set RIVERRUN_CACHE to a directory with room"
        ) from error
    if not found.length:
        raise CorpusError(f"{corpus.name}: no symbol of the vocabulary is in the text")
    return found


def _encode(
    corpus: Corpus, tokenizer: Tokenizer, start: int, stop: int | None, path: Path, about: Path
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    width = 1 if tokenizer.size <= 1 << 8 else 2 if tokenizer.size <= 1 << 16 else 4
    dtype = f"<u{width}"
    length, counts = 0, Counts()
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            for document in _documents(corpus, start, stop):
                if length:
                    stream.write(np.array([START], dtype).tobytes())
                    length += 1
                for piece in rebuffer(document, tokenizer.unit, tokenizer.normalizer):
                    ids = tokenizer.encode(piece)
                    stream.write(ids.astype(dtype).tobytes())
                    length += len(ids)
                    counts += count(tokenizer, piece, ids)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    facts = {"length": length, "width": width, "counts": asdict(counts)}
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as stream:
        json.dump(facts, stream)
    os.replace(stream.name, about)


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
