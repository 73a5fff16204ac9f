"""What is learned from and what is held out: of a text its end or a file, of pairs random sources or a file."""

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.pairs import Pair, PairCorpus, open_pairs
from riverrun.errors import CorpusError

NOTHING = "none"
"""What is held out where all of a text shall be learned."""


@dataclass(frozen=True)
class Stretch:
    """The characters ``start`` to ``stop`` of a corpus."""

    corpus: Corpus
    start: int
    stop: int

    @property
    def characters(self) -> int:
        return self.stop - self.start

    def texts(self) -> Iterator[str]:
        """The text in pieces, in order."""
        return self.corpus.texts(self.start, self.stop)


@dataclass(frozen=True)
class TextSplit:
    """Both parts of a text; its files are opened once, so that each may be a stream.

    Attributes:
        training, held_out: the parts.
        digest: of all that is read, in hexadecimal.
    """

    training: Stretch
    held_out: Stretch
    digest: str

    @property
    def learned(self) -> Corpus:
        """All files learned from."""
        return self.training.corpus

    @property
    def file(self) -> Corpus | None:
        """What is held out, where it is a file of its own."""
        return None if self.held_out.corpus is self.training.corpus else self.held_out.corpus


def split_text(corpus: Corpus, validation: float | str) -> TextSplit:
    """Hold out the last ``validation`` of the characters, a file of that name, read as the text is, or nothing.

    Raises:
        CorpusError: a part would be empty, or the file cannot be read.
    """
    if validation == NOTHING:
        whole, nothing = (Stretch(corpus, start, corpus.characters) for start in (0, corpus.characters))
        return TextSplit(whole, nothing, corpus.digest)
    if isinstance(validation, str):
        other = open_corpus([validation], corpus.reading)
        return TextSplit(
            Stretch(corpus, 0, corpus.characters),
            Stretch(other, 0, other.characters),
            corpus.digest + other.digest,
        )
    cut = int(corpus.characters * (1 - validation))
    if cut == 0 or cut == corpus.characters:
        raise CorpusError(
            f"{corpus.name} has {corpus.characters} characters: too few to hold out {validation:g} of them; "
            "give more text, or a file with --data.validation"
        )
    return TextSplit(Stretch(corpus, 0, cut), Stretch(corpus, cut, corpus.characters), corpus.digest)


@dataclass(frozen=True)
class Familiar:
    """What a model knows of a text that belonged to its training.

    Attributes:
        learned: characters from the start on that it has learned from.
        chose: the rest of the text was looked at to choose the weights.
    """

    learned: int
    chose: bool


def familiar(corpus: Corpus, facts: Mapping[str, Any], validation: float | str) -> Familiar | None:
    """What a model knows of a text, by what its manifest says; None for a text of which that says nothing.

    Args:
        corpus: the text.
        facts: of the model; ``corpus`` and ``held_out`` have the checksums of what it was trained on and judged by.
        validation: what was held out: the share of its training text, or a file.
    """
    if corpus.digest == facts.get("corpus", {}).get("sha256"):
        if isinstance(validation, str):
            return Familiar(corpus.characters, False)
        return Familiar(split_text(corpus, validation).training.stop, True)
    if corpus.digest == facts.get("adapted", {}).get("sha256"):
        return Familiar(corpus.characters, False)
    if corpus.digest == facts.get("held_out", {}).get("sha256"):
        return Familiar(0, True)
    return None


@dataclass(frozen=True)
class PairSplit:
    """Both parts of a corpus of pairs; no source is in both.

    Attributes:
        corpus: all pairs learned from.
        training, held_out: give the pairs of a part anew at each call.
        digest: of all that is read, in hexadecimal.
        file: what is held out, where that is a file.
    """

    corpus: PairCorpus
    training: Callable[[], Iterator[Pair]]
    held_out: Callable[[], Iterator[Pair]]
    digest: str
    file: Corpus | None = None

    @property
    def learned(self) -> Corpus:
        """All files learned from."""
        return self.corpus.corpus


def split_pairs(corpus: PairCorpus, validation: float | str, seed: int) -> PairSplit:
    """Hold out a random share of the sources, the pairs of a file, or none. Bad lines are treated as the corpus' are.

    Raises:
        CorpusError: a part would be empty, or a line is no pair and such lines are not left out.

    Warns of training pairs that are left out because their sources are in the file.
    """
    if validation == NOTHING:
        return PairSplit(corpus, corpus.pairs, lambda: iter(()), corpus.corpus.digest)
    if not isinstance(validation, str):
        out = _held_out_sources(corpus, validation, seed)
        return PairSplit(corpus, _where(corpus, ~out), _where(corpus, out), corpus.corpus.digest)
    other = open_pairs((validation,), corpus.skip_bad, corpus.columns)
    known = {pair.source for pair in other.pairs()}
    if not known:
        raise CorpusError(f"{other.corpus.name} holds no pair to validate with")
    learned = np.fromiter((pair.source not in known for pair in corpus.pairs()), np.bool_)
    if not learned.any():
        raise CorpusError(f"{corpus.corpus.name} holds no pair to learn from")
    if not learned.all():
        warnings.warn(
            f"{(~learned).sum()} training pairs left out: their sources are also in {other.corpus.name}",
            stacklevel=2,
        )
    digest = corpus.corpus.digest + other.corpus.digest
    return PairSplit(corpus, _where(corpus, learned), other.pairs, digest, other.corpus)


def spread(pairs: Iterable[Pair], most: int) -> dict[str, list[str]]:
    """About ``most`` different sources, evenly spread, each with all its targets."""
    targets: dict[str, list[str]] = {}
    for pair in pairs:
        targets.setdefault(pair.source, []).append(pair.target)
    chosen = list(targets)[:: max(1, -(-len(targets) // most))]
    return {source: targets[source] for source in chosen}


def _held_out_sources(pairs: PairCorpus, share: float, seed: int) -> NDArray[np.bool_]:
    """For each pair [N] whether it is held out: a random share of the distinct sources, by a seeded hash.

    All pairs of one source fall on the same side, so that no training source is met again in validation.
    """
    key = str(seed).encode()
    hashes = np.fromiter(
        (
            int.from_bytes(hashlib.blake2b(pair.source.encode(), digest_size=8, key=key).digest()[:7])
            for pair in pairs.pairs()
        ),
        np.int64,
    )
    distinct = np.unique(hashes)
    if len(distinct) < 2:
        raise CorpusError(
            f"{pairs.corpus.name} has {len(distinct)} different sources: at least two are needed, one to learn "
            "from and one to hold out; give more pairs, or a file with --data.validation"
        )
    count = min(len(distinct) - 1, max(1, round(share * len(distinct))))
    return hashes <= distinct[count - 1]


def _where(corpus: PairCorpus, mask: NDArray[np.bool_]) -> Callable[[], Iterator[Pair]]:
    return lambda: (pair for pair, kept in zip(corpus.pairs(), mask, strict=True) if kept)
