"""From pairs of texts to ids: a tokenizer for each side, and what they make of the pairs."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from riverrun.config.resolved import PairReading, SideSymbols
from riverrun.data.held_out import NOTHING, PairSplit
from riverrun.data.pairs import Pair
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
        return int(self.targets.ends[-1]) if len(self.targets) else 0


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
        Encoded(Rows(), Rows())
        if data.validation == NOTHING
        else _encode(split.held_out, source, target, data, name, "validation"),
    )


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
