"""Held-out pairs: their loss while a model is trained, and how many it translates without a fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from riverrun.data.pair_ids import Encoded
from riverrun.data.rows import Ids
from riverrun.data.target_lengths import TargetLengths
from riverrun.evaluation.pair_quality import Faults, TagQuality, faults, tag_quality
from riverrun.generation.beam import search
from riverrun.generation.best_paths import best_paths
from riverrun.generation.search import Search
from riverrun.models.seq2seq import Seq2Seq
from riverrun.models.stepper import TorchStepper
from riverrun.text import START, Tokenizer

TRANSLATED = 8000  # target symbols of pairs that are translated at an evaluation
SEARCHED = 4000  # of pairs whose best paths are searched for, where the model is a transducer
TOGETHER = 256  # pairs scored together
SHOWN = 3  # pairs in previews


class Compared(NamedTuple):
    """Sources, and for each the texts that are right."""

    sources: list[Ids]
    references: list[list[str]]


@dataclass(frozen=True)
class HeldOutPairs:
    """Pairs that a model does not learn from. What is measured is spread evenly over them.

    Attributes:
        source, target: the tokenizers.
        pairs: their ids.
        lengths: of the targets learned from.
        tagging: whether outputs are tags.
    """

    source: Tokenizer
    target: Tokenizer
    pairs: Encoded
    lengths: TargetLengths
    tagging: bool

    def loss(self, model: Seq2Seq, limit: int) -> tuple[float, int]:
        """Nats of about ``limit`` target symbols at most, and how many these are, ends included.

        A transducer's are those of its most likely path to each target, and of fewer symbols.
        """
        stepper = TorchStepper([model], self.target.size)
        chosen = self._spread(limit if stepper.actions is None else min(limit, SEARCHED))
        nats = -sum(self._log_probabilities(stepper, chosen))
        return nats, sum(len(self.pairs.targets[index]) + 1 for index in chosen)

    def compare(self, model: Seq2Seq) -> tuple[Faults, TagQuality | None]:
        """How well some of the sources are translated, greedily; of a tagger its tags too."""
        outputs, references = self._translate(model, self._compared.sources), self._compared.references
        unit = self.target.unit
        tags = tag_quality(outputs, references, unit) if self.tagging else None
        return faults(outputs, references, unit), tags

    def show(self, model: Seq2Seq, seed: int) -> Iterator[tuple[str, str, str]]:
        """A few sources, the same for one seed, each with its target and with the output."""
        every = len(self.pairs.sources)
        indices = np.random.default_rng(seed).choice(every, min(SHOWN, every), replace=False).tolist()
        sources = [self.pairs.sources[index] for index in indices]
        for index, source, output in zip(indices, sources, self._translate(model, sources), strict=True):
            yield self.source.decode(source), self.target.decode(self.pairs.targets[index]), output

    def _spread(self, limit: int) -> list[int]:
        """Validation pairs with at most about ``limit`` target symbols, those of like length together."""
        rows = self.pairs
        chosen = np.arange(0, len(rows.sources), max(1, -(-rows.target_symbols // limit)))
        order = np.lexsort((rows.targets.lengths[chosen], rows.sources.lengths[chosen]))
        return chosen[order].tolist()

    def _log_probabilities(self, stepper: TorchStepper, indices: list[int]) -> Iterator[float]:
        """Of the targets of validation pairs, in nats."""
        for start in range(0, len(indices), TOGETHER):
            rows = indices[start : start + TOGETHER]
            sources = [self.pairs.sources[index] for index in rows]
            targets = [self.pairs.targets[index] for index in rows]
            if stepper.actions is not None:
                yield from (log for _, log in best_paths(stepper, stepper.actions, sources, targets))
            else:
                ended = [np.append(target, START) for target in targets]
                yield from (float(logs.astype(np.float64).sum()) for logs, _ in stepper.force(sources, ended))

    @cached_property
    def _compared(self) -> Compared:
        """Validation sources that are translated at every evaluation, each with all its targets."""
        indices = self._spread(TRANSLATED)
        wanted: dict[bytes, list[str]] = {self.pairs.sources[i].tobytes(): [] for i in indices}
        for source, target in zip(self.pairs.sources, self.pairs.targets, strict=True):
            if (references := wanted.get(source.tobytes())) is not None:
                references.append(self.target.decode(target))
        return Compared([np.frombuffer(key, np.int32) for key in wanted], list(wanted.values()))

    def _translate(self, model: Seq2Seq, sources: Sequence[Ids]) -> list[str]:
        """The greedy outputs for sources."""
        stepper = TorchStepper([model], self.target.size)
        bounds = [self.lengths.outputs(len(source), stepper.actions is not None) for source in sources]
        found = search(stepper, sources, bounds, Search(beam=1))
        return [self.target.decode(stepper.written(hypotheses[0].ids)) for hypotheses in found]
