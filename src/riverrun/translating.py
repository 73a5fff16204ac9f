"""From ids of sources to outputs as text: searched for, drawn, or given and scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.data.rows import Ids
from riverrun.data.target_lengths import TargetLengths
from riverrun.generation.beam import sample, search
from riverrun.generation.best_paths import best_paths, with_best_paths
from riverrun.generation.long_sources import pieces
from riverrun.generation.search import MOST, Hypothesis, Search
from riverrun.generation.stepping import Stepper
from riverrun.text import Tokenizer
from riverrun.text.vocabulary import SPECIAL, START
from riverrun.translated import Candidate

if TYPE_CHECKING:
    from riverrun.data.actions import Actions
    from riverrun.generation.sampling import Sampling


class PairStepper(Stepper, Protocol):
    """A stepper that tells too what its outputs mean, and what it says of given ones."""

    actions: "Actions | None"

    def force(
        self, sources: Sequence[Ids], outputs: Sequence[Ids]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
        """See :class:`riverrun.models.stepper.TorchStepper`, here as below."""
        ...

    def written(self, outputs: Iterable[int]) -> list[int]: ...


WIDEST = 4  # times the beam that was asked for, where it holds too few different outputs


class Forced(NamedTuple):
    """What a model says of a given output.

    Attributes:
        outputs: ids or actions [T], the end symbol last.
        log_probabilities: [T], in nats.
        weights: [T, S], where in the source each looked; None without attention.
    """

    outputs: Ids
    log_probabilities: NDArray[np.float32]
    weights: NDArray[np.float32] | None


@dataclass(frozen=True)
class Translating:
    """Networks between two tokenizers.

    Attributes:
        stepper: the networks.
        source, target: the tokenizers.
        lengths: of targets, in training.
        longest: symbols of a source that is translated as a whole; longer ones are in pieces.
    """

    stepper: PairStepper
    source: Tokenizer
    target: Tokenizer
    lengths: TargetLengths
    longest: int

    def find(
        self,
        sources: Sequence[Ids],
        how: Search,
        sampling: "Sampling | None" = None,
        seed: int = 0,
        scored: bool = False,
    ) -> list[list[Candidate]]:
        """For each source its outputs: different ones, best first, or random ones. None for an empty source.

        Args:
            sources: ids.
            how: the search; of random outputs ``n_best`` are drawn.
            sampling: how they are drawn.
            seed: of them.
            scored: log-probabilities are those that :meth:`score` gives. (A search may have come upon an output of
                a transducer by a path that is not its best.)
        """
        found: list[list[Candidate]] = [[] for _ in sources]

        def hypotheses(some: list[Ids]) -> list[list[Hypothesis]]:
            return self._hypotheses(some, how, sampling, seed, scored)

        whole = [i for i, source in enumerate(sources) if 0 < len(source) <= self.longest]
        for index, outputs in zip(whole, hypotheses([sources[i] for i in whole]), strict=True):
            found[index] = [self._candidate(hypothesis) for hypothesis in outputs]
        for index, source in enumerate(sources):
            if len(source) > self.longest:
                cut = list(pieces(source, self._blanks, self.longest))
                found[index] = [self._joined([outputs[0] for outputs in hypotheses(cut)], how)]
        return found

    def score(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[float]:
        """Log-probabilities in nats of given targets, the end included; of a transducer those of its best paths."""
        if self.stepper.actions is not None:
            paths = best_paths(self.stepper, self.stepper.actions, sources, targets)
            return [path.log_probability for path in paths]
        return [float(forced.log_probabilities.sum()) for forced in self.force(sources, targets)]

    def force(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[Forced]:
        """What the model says of given targets, in order."""
        if self.stepper.actions is not None:
            paths = best_paths(self.stepper, self.stepper.actions, sources, targets)
            outputs = [path.actions for path in paths]
        else:
            outputs = [np.append(target, START).astype(np.int32) for target in targets]
        return [
            Forced(ids, *said)
            for ids, said in zip(outputs, self.stepper.force(sources, outputs), strict=True)
        ]

    def _hypotheses(
        self, sources: list[Ids], how: Search, sampling: "Sampling | None", seed: int, scored: bool
    ) -> list[list[Hypothesis]]:
        actions = self.stepper.actions
        if sampling is not None:
            found = sample(self.stepper, sources, self._bounds(sources), sampling, seed, how)
        else:
            found = self._different(sources, how)
        if scored and actions is not None:
            return with_best_paths(self.stepper, actions, sources, found, how)
        return found

    def _different(self, sources: list[Ids], how: Search) -> list[list[Hypothesis]]:
        """For each source ``how.n_best`` hypotheses that do not say the same by other moves or other pieces of words.

        Where a beam holds fewer, wider ones add to them.
        """
        best: list[dict[str, Hypothesis]] = [{} for _ in sources]
        few, beam = list(range(len(sources))), how.beam
        while few and beam <= min(MOST, WIDEST * how.beam):
            chosen = [sources[index] for index in few]
            found = search(self.stepper, chosen, self._bounds(chosen), replace(how, beam=beam))
            for index, hypotheses in zip(few, found, strict=True):
                for hypothesis in hypotheses:
                    best[index].setdefault(self._candidate(hypothesis).text, hypothesis)
            few, beam = [index for index in few if len(best[index]) < how.n_best], 2 * beam
        return [list(each.values())[: how.n_best] for each in best]

    def _bounds(self, sources: list[Ids]) -> list[int]:
        moves = self.stepper.actions is not None
        return [self.lengths.outputs(len(source), moves) for source in sources]

    def _candidate(self, hypothesis: Hypothesis) -> Candidate:
        text = self.target.decode(self.stepper.written(hypothesis.ids))
        return Candidate(text, hypothesis.log_probability, hypothesis.score, hypothesis.finished)

    def _joined(self, parts: list[Hypothesis], how: Search) -> Candidate:
        """One output from those of pieces."""
        log = sum(part.log_probability for part in parts)
        text = " ".join(self._candidate(part).text for part in parts)
        score = how.score(log, sum(len(part.ids) + 1 for part in parts))
        return Candidate(text, log, score, all(part.finished for part in parts))

    @cached_property
    def _blanks(self) -> Ids:
        """Ids of the source that are nothing but blanks."""
        ids = range(SPECIAL, self.source.size)
        return np.array([i for i in ids if not self.source.decode([i]).strip()], np.int32)
