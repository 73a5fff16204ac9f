"""From pairs of texts to ids: units and tokenizers."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from riverrun.config.settings import Settings
from riverrun.data.held_out import PairSplit
from riverrun.data.pairs import Pair
from riverrun.data.rows import Rows
from riverrun.errors import CorpusError
from riverrun.text.normalization import Normalizer
from riverrun.text.sides import choose_normal_form, choose_unit, train_side
from riverrun.text.tokenizer import Tokenizer

Pairs = Callable[[], Iterator[Pair]]


class Encoded(NamedTuple):
    """N pairs as ids, end symbols left out."""

    sources: Rows
    targets: Rows


@dataclass(frozen=True)
class PairIds:
    """All that training needs of a corpus of pairs.

    Attributes:
        source, target: the tokenizers.
        training, validation: the pairs.
        settings: with units and normal form chosen.
    """

    source: Tokenizer
    target: Tokenizer
    training: Encoded
    validation: Encoded
    settings: Settings


def encode_pairs(split: PairSplit, settings: Settings) -> PairIds:
    """Choose units, build tokenizers and encode.

    Raises:
        CorpusError: there are bad lines, too few pairs, or sides of different lengths under tagging.
    """
    corpus, training = split.corpus, split.training
    settings = _choose(settings, training)
    corpus.warn_of_skipped()
    data, text = settings.data, settings.text
    assert data.source_unit is not None
    assert data.target_unit is not None
    assert data.source_normalize is not None
    source = train_side(
        data.source_unit,
        lambda: (pair.source for pair in training()),
        Normalizer(text.lower, data.source_normalize),
        settings,
    )
    target = train_side(
        data.target_unit,
        lambda: (pair.target for pair in training()),
        Normalizer(text.lower, text.normalize),
        settings,
    )
    return PairIds(
        source,
        target,
        _encode(training, source, target, settings, corpus.corpus.name, "training"),
        _encode(split.held_out, source, target, settings, corpus.corpus.name, "validation"),
        settings,
    )


def _choose(settings: Settings, training: Pairs) -> Settings:
    """Units and the source's normal form, from the first training pairs."""
    data = settings.data
    source_unit = data.source_unit or choose_unit(pair.source for pair in training())
    fallback = settings.text.normalize
    if source_unit == "char" and fallback == "none":
        fallback = choose_normal_form(pair.source for pair in training())
    chosen = {
        "task": "translation" if data.task == "auto" else data.task,
        "source_unit": source_unit,
        "target_unit": data.target_unit or choose_unit(pair.target for pair in training()),
        "source_normalize": data.source_normalize or ("none" if data.task == "tagging" else fallback),
    }
    return settings.model_copy(update={"data": data.model_copy(update=chosen)})


def _encode(
    pairs: Pairs, source: Tokenizer, target: Tokenizer, settings: Settings, name: str, part: str
) -> Encoded:
    """Ids of pairs; over-long ones are left out, and under tagging sides must be equally long."""
    data = settings.data
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
