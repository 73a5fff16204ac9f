"""From pairs of texts to ids: a tokenizer for each side, and what they make of the pairs."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from riverrun.config.resolved import PairReading, SideSymbols
from riverrun.data.held_out import PairSplit
from riverrun.data.pairs import Pair
from riverrun.data.rows import Rows
from riverrun.errors import CorpusError
from riverrun.text.sides import train_side
from riverrun.text.tokenizer import Tokenizer

Pairs = Callable[[], Iterator[Pair]]


class Encoded(NamedTuple):
    """N pairs as ids, end symbols left out."""

    sources: Rows
    targets: Rows

    @property
    def target_symbols(self) -> int:
        """Of all targets together."""
        return int(self.targets.ends[-1])


@dataclass(frozen=True)
class PairIds:
    """All that training needs of a corpus of pairs: a tokenizer for each side, and the pairs."""

    source: Tokenizer
    target: Tokenizer
    training: Encoded
    validation: Encoded


def encode_pairs(
    split: PairSplit,
    text: SideSymbols,
    data: PairReading,
    tokenizers: tuple[Tokenizer, Tokenizer] | None = None,
) -> PairIds:
    """Build the two tokenizers, if they are not given, and encode.

    Raises:
        CorpusError: no symbol or no pair is left, or sides are of different lengths under tagging.
    """
    source, target = tokenizers or (
        train_side(data.source_unit, (p.source for p in split.training()), data.source_normalize, text),
        train_side(data.target_unit, (p.target for p in split.training()), text.normalize, text),
    )
    name = split.learned.name
    return PairIds(
        source,
        target,
        _encode(split.training, source, target, data, name, "training"),
        _encode(split.held_out, source, target, data, name, "validation"),
    )


def _encode(
    pairs: Pairs, source: Tokenizer, target: Tokenizer, data: PairReading, name: str, part: str
) -> Encoded:
    """Ids of pairs; over-long ones are left out, and under tagging sides must be equally long."""
    sources, targets = Rows(), Rows()
    too_long = f"more than {data.max_length} symbols (--data.max-length)"
    skipped = {too_long: 0, "of unequal length": 0}
    for pair in pairs():
        left, right = source.encode(pair.source), target.encode(pair.target)
        if data.task == "tagging" and len(left) != len(right):
            if not data.skip_bad:
                raise CorpusError(
                    f"{name}, line {pair.line}: {len(left)} source and {len(right)} target symbols; tagging "
                    "needs one for each; mend it, or leave such lines out by --data.skip-bad"
                )
            skipped["of unequal length"] += 1
        elif max(len(left), len(right)) > data.max_length:
            skipped[too_long] += 1
        elif len(left) and len(right):
            sources.append(left)
            targets.append(right)
    for reason, count in skipped.items():
        if count:
            warnings.warn(f"{name}: {count} {part} pairs left out: {reason}", stacklevel=3)
    if not len(sources):
        raise CorpusError(f"{name}: no {part} pair is left")
    return Encoded(sources, targets)
