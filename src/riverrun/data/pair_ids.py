"""From pairs of texts to ids: the split into training and validation, tokenizers."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.config.resolved import PairReading, SideSymbols
from riverrun.data.pairs import Pair, PairCorpus, held_out, open_pairs
from riverrun.data.rows import Rows
from riverrun.errors import CorpusError
from riverrun.text.sides import train_side
from riverrun.text.tokenizer import Tokenizer

NAMED = 5  # lines that are named where they are left out
Pairs = Callable[[], Iterator[Pair]]


class Encoded(NamedTuple):
    """N pairs as ids, end symbols left out."""

    sources: Rows
    targets: Rows

    @property
    def target_symbols(self) -> int:
        """Of all targets together."""
        return int(self.targets.ends[-1])


class Parts(NamedTuple):
    """The pairs of a corpus to learn from and to validate with, each read as often as asked, and its name."""

    training: Pairs
    validation: Pairs
    name: str


@dataclass(frozen=True)
class PairIds:
    """All that training needs of a corpus of pairs: a tokenizer for each side, and the pairs."""

    source: Tokenizer
    target: Tokenizer
    training: Encoded
    validation: Encoded


def split_pairs(corpus: PairCorpus, validation: float | str, seed: int) -> Parts:
    """Training and validation pairs; no source is on both sides.

    Args:
        corpus: all pairs.
        validation: the share of its sources held out, or another file of pairs.
        seed: of the draw of that share.

    Raises:
        CorpusError: there are bad lines, or too few pairs.
    """
    name = corpus.corpus.name
    if not isinstance(validation, str):
        mask = held_out(corpus, validation, seed)
        return Parts(_where(corpus, ~mask), _where(corpus, mask), name)
    other = open_pairs((validation,), corpus.skip_bad, corpus.columns)
    known = {pair.source for pair in other.pairs()}
    if not known:
        raise CorpusError(f"{validation} holds no pair to validate with")
    mask = np.fromiter((pair.source not in known for pair in corpus.pairs()), np.bool_)
    if not mask.all():
        warnings.warn(
            f"{(~mask).sum()} training pairs left out: their sources are also in {validation}", stacklevel=2
        )
    if not mask.any():
        raise CorpusError(f"{name} holds no pair to learn from")
    return Parts(_where(corpus, mask), other.pairs, name)


def encode_pairs(parts: Parts, text: SideSymbols, data: PairReading) -> PairIds:
    """Build tokenizers and encode.

    Raises:
        CorpusError: no symbol or no pair is left, or sides are of different lengths under tagging.
    """
    source = train_side(
        data.source_unit,
        lambda: (pair.source for pair in parts.training()),
        data.source_normalize,
        text,
    )
    target = train_side(
        data.target_unit, lambda: (pair.target for pair in parts.training()), text.normalize, text
    )
    return PairIds(
        source,
        target,
        _encode(parts.training, source, target, data, parts.name, "training"),
        _encode(parts.validation, source, target, data, parts.name, "validation"),
    )


def _where(corpus: PairCorpus, mask: NDArray[np.bool_]) -> Pairs:
    return lambda: (pair for pair, kept in zip(corpus.pairs(), mask, strict=True) if kept)


def _encode(
    pairs: Pairs, source: Tokenizer, target: Tokenizer, data: PairReading, name: str, part: str
) -> Encoded:
    """Ids of pairs; over-long ones are left out, and under tagging sides must be equally long."""
    sources, targets = Rows(), Rows()
    too_long = f"more than {data.max_length} symbols (--data.max-length)"
    skipped: dict[str, list[int]] = {too_long: [], "of unequal length": [], "no symbol is left of a side": []}
    for pair in pairs():
        left, right = source.encode(pair.source), target.encode(pair.target)
        if data.task == "tagging" and len(left) != len(right):
            if not data.skip_bad:
                raise CorpusError(
                    f"{name}, line {pair.line}: {len(left)} source symbols ({_split_into(data.source_unit)}) and "
                    f"{len(right)} target symbols ({_split_into(data.target_unit)}); tagging needs one for each: mend "
                    "it, choose --data.source-unit and --data.target-unit, or leave such lines out by --data.skip-bad"
                )
            skipped["of unequal length"].append(pair.line)
        elif max(len(left), len(right)) > data.max_length:
            skipped[too_long].append(pair.line)
        elif len(left) and len(right):
            sources.append(left)
            targets.append(right)
        else:
            skipped["no symbol is left of a side"].append(pair.line)
    for reason, lines in skipped.items():
        if lines:
            named = ", ".join(map(str, lines[:NAMED])) + (", …" if len(lines) > NAMED else "")
            warnings.warn(
                f"{name}: {len(lines)} {part} pairs left out: {reason}: lines {named}", stacklevel=3
            )
    if not len(sources):
        raise CorpusError(f"{name}: no {part} pair is left")
    return Encoded(sources, targets)


def _split_into(unit: str) -> str:
    return "split at spaces" if unit == "symbols" else f"{unit}s"
