"""Trained translators and taggers: translate, score, evaluate, show where they look."""

import tomllib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Bundle
from riverrun.config.resolved import TranslatorSettings, TranslatorShape
from riverrun.config.written import read_translator_settings, to_toml
from riverrun.data.rows import Ids
from riverrun.errors import InputError, ModelError
from riverrun.generation.search import Hypothesis, Search
from riverrun.text.sides import sides_from_json
from riverrun.text.vocabulary import START
from riverrun.trained import (
    Precision,
    check_precision,
    count_weights,
    save_copy,
    settings_of,
    warn_of_unseen,
)

if TYPE_CHECKING:
    from riverrun.evaluation.pair_quality import TranslationQuality
    from riverrun.generation.sampling import Sampling
    from riverrun.models.seq2seq import Seq2Seq
    from riverrun.models.stepper import TorchStepper

KINDS = ("translator", "tagger")
BATCH = 64  # pairs scored together


@dataclass(frozen=True)
class Candidate:
    """One output for a source.

    Attributes:
        text: the output.
        log_probability: in nats; of a transducer that of its most likely path to this output.
        score: the same, normalised for length: what outputs are ranked by.
    """

    text: str
    log_probability: float
    score: float


@dataclass(frozen=True)
class Translation:
    """A source and what it was translated to, best first."""

    source: str
    outputs: tuple[Candidate, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class AttentionMap:
    """Where in the source each symbol of an output was read.

    Attributes:
        source, output: symbols as text; the end of the source is the empty text, as is an output of nothing.
        weights: [T, S], rows sum to one; None for a model without attention.
    """

    source: tuple[str, ...]
    output: tuple[str, ...]
    weights: NDArray[np.float32] | None


class TrainedTranslator:
    """A sequence-to-sequence model loaded from its directory; several can be decoded together."""

    def __init__(self, loaded: Bundle, *others: Bundle, precision: Precision = "fp32") -> None:
        """Load a model, and others that vote with it; they must have the same symbols.

        Args:
            loaded: the model.
            others: models that vote with it.
            precision: in which all of them compute.

        Raises:
            ModelError: a directory does not hold a translator, or the models do not go together.
            InputError: an unknown precision.
        """
        check_precision(precision)
        self._bundles = (loaded, *others)
        for member in self._bundles:
            if member.facts.get("kind") not in KINDS:
                kind = member.facts.get("kind", "model")
                raise ModelError(f"{member.path} is a {kind}: use riverrun generate, score or evaluate")
            if member.tokenizer != loaded.tokenizer:
                raise ModelError(
                    f"{member.path} and {loaded.path} have different symbols: an ensemble is trained on the "
                    "same pairs"
                )
        every = [settings_of(member, read_translator_settings) for member in self._bundles]
        self.settings: TranslatorSettings = every[0]
        for member, settings in zip(self._bundles, every, strict=True):
            if _writes(settings) != _writes(self.settings):
                raise ModelError(
                    f"{member.path} writes {_writes(settings)} and {loaded.path} {_writes(self.settings)}: only models "
                    "of one task and kind of attention (monotone or not) can vote together"
                )
        self._shapes = [settings.model for settings in every]
        self.precision = precision
        self.source, self.target = sides_from_json(loaded.tokenizer)

    @property
    def path(self) -> Path:
        """The (first) model directory."""
        return self._bundles[0].path

    @property
    def sections(self) -> dict[str, dict[str, Any]]:
        """The settings as ``config.toml`` has them: values by section and name."""
        return tomllib.loads(to_toml(self.settings))

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says: steps, held-out figures, pairs."""
        return self._bundles[0].facts

    @property
    def parameters(self) -> int:
        """Number of trained weights, of all models together; tied ones once."""
        return sum(map(_count, self._bundles, self._shapes))

    def translate(self, texts: Iterable[str], **options: Any) -> list[str]:
        """The best output for each text, in order; an empty text gives an empty one.

        Args:
            texts: sources.
            options: as for :meth:`translations`.
        """
        found = self.translations(texts, **options)
        return [each.outputs[0].text if each.outputs else "" for each in found]

    def translations(
        self,
        texts: Iterable[str],
        *,
        beam: int = Search.beam,
        n_best: int = Search.n_best,
        length_penalty: float = Search.length_penalty,
        sampling: "Sampling | None" = None,
        seed: int = 0,
    ) -> list[Translation]:
        """Outputs with their log-probabilities, best first; random ones in the order they were drawn.

        Args:
            texts: sources.
            beam: hypotheses kept side by side; 1 is greedy.
            n_best: different outputs for each source, at most.
            length_penalty: see :class:`riverrun.generation.search.Search`.
            sampling: draw ``n_best`` random outputs instead of searching.
            seed: of the random outputs.

        Raises:
            InputError: a value is out of range.
            UnknownSymbolError: a text has unseen symbols and the model's policy is ``refuse``.
        """
        from riverrun.generation.beam import sample, search

        texts = [texts] if isinstance(texts, str) else list(texts)
        how = Search(beam if sampling is None else n_best, n_best, length_penalty)
        sources = self._encode(texts)
        filled = [index for index, source in enumerate(sources) if len(source)]
        chosen = [sources[index] for index in filled]
        found = (
            search(self.stepper, chosen, how)
            if sampling is None
            else sample(self.stepper, chosen, sampling, seed, n_best)
        )
        outputs: list[tuple[Candidate, ...]] = [()] * len(texts)
        for index, hypotheses in zip(filled, found, strict=True):
            outputs[index] = self._different(hypotheses, n_best, keep_equal=sampling is not None)
        return [Translation(text, each) for text, each in zip(texts, outputs, strict=True)]

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Log-probability in nats of given targets; of a transducer that of its most likely path to each."""
        pairs = list(pairs)
        self._warn_of_unseen_targets(target for _, target in pairs)
        return [float(logs.sum()) for logs, _ in self._force(pairs)]

    def attention(self, pairs: Iterable[tuple[str, str]]) -> list[AttentionMap]:
        """Where the model looks in each source as it writes the given target."""
        pairs = list(pairs)
        sources = self._encode([source for source, _ in pairs])
        outputs = self._outputs(pairs, sources)
        found = []
        for read, ids, (_, weights) in zip(sources, outputs, self._forced(sources, outputs), strict=True):
            written = tuple(self.target.decode(self.stepper.written([output])) for output in ids)
            found.append(AttentionMap((*(self.source.decode([i]) for i in read), ""), written, weights))
        return found

    def evaluate(
        self, path: str | Path, *, beam: int = Search.beam, skip_bad: bool = False
    ) -> "TranslationQuality":
        """Compare the model's outputs with a file of pairs; any reference of a source counts.

        Raises:
            CorpusError: the file cannot be read or holds no pair.
        """
        from riverrun.data.pairs import open_pairs
        from riverrun.evaluation.pair_quality import quality

        references: dict[str, list[str]] = {}
        pairs: list[tuple[str, str]] = []
        corpus = open_pairs((str(path),), skip_bad)
        corpus.warn_of_skipped()
        for pair in corpus.pairs():
            wanted = self.target.normalizer(pair.target)
            if self.target.unit == "symbols":
                wanted = " ".join(wanted.split())
            references.setdefault(pair.source, []).append(wanted)
            pairs.append((pair.source, pair.target))
        if not pairs:
            raise InputError(f"{path} holds no pair")
        outputs = self.translate(references, beam=beam)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the same sources as above
            nats = -sum(self.score(pairs))
        tokens = sum(len(self.target.encode(target)) + 1 for _, target in pairs)
        different = [list(dict.fromkeys(wanted)) for wanted in references.values()]
        return quality(outputs, different, self.target.unit, nats / tokens, len(pairs))

    def save(self, path: str | Path) -> None:
        """Copy the (first) model directory; raises OutputError if something else is there."""
        save_copy(self.path, path)

    @cached_property
    def stepper(self) -> "TorchStepper":
        """The networks, ready to be stepped."""
        from riverrun.models.stepper import TorchStepper

        return TorchStepper(self._models, self.target.size)

    @cached_property
    def _models(self) -> "list[Seq2Seq]":
        from riverrun.models.seq2seq import Seq2Seq
        from riverrun.models.weights import load_weights

        models = []
        for member, shape in zip(self._bundles, self._shapes, strict=True):
            tagging = self.settings.data.task == "tagging"
            model = Seq2Seq(shape, self.source.size, self.target.size, tagging).eval()
            # Version 0.1.0 kept beside the networks what training pairs were aligned by.
            weights = {name: array for name, array in member.weights.items() if name.startswith("members.")}
            load_weights(model, weights, member.path)
            models.append(model.bfloat16() if self.precision == "bf16" else model)
        return models

    def _different(self, hypotheses: list[Hypothesis], most: int, keep_equal: bool) -> tuple[Candidate, ...]:
        """Texts of hypotheses; of those that say the same (by other alignments) the best."""
        outputs: dict[object, Candidate] = {}
        for number, hypothesis in enumerate(hypotheses):
            text = self.target.decode(self.stepper.written(hypothesis.ids))
            candidate = Candidate(text, hypothesis.log_probability, hypothesis.score)
            outputs.setdefault(number if keep_equal else text, candidate)
        return tuple(outputs.values())[:most]

    def _encode(self, texts: Sequence[str]) -> list[Ids]:
        """Ids of sources; unseen symbols and uncommon lengths are named in a warning."""
        warn_of_unseen(self.source, texts, self.settings.text.unknown, stacklevel=4)
        sources = [self.source.encode(text) if text.strip() else np.empty(0, np.int32) for text in texts]
        longest, known = max(map(len, sources), default=0), self.facts.get("longest_source", 0)
        if longest > 2 * known:
            warnings.warn(
                f"a source of {longest} symbols is far longer than any in training ({known}): expect faults",
                stacklevel=4,
            )
        return sources

    def _warn_of_unseen_targets(self, texts: Iterable[str]) -> None:
        warn_of_unseen(self.target, texts, self.settings.text.unknown, stacklevel=4)

    def _outputs(self, pairs: Sequence[tuple[str, str]], sources: Sequence[Ids]) -> list[Ids]:
        """What the decoder writes for given targets, the end symbol last.

        Raises:
            InputError: a tagger is given sides of different lengths.
        """
        from riverrun.generation.best_paths import best_paths

        targets = [self.target.encode(target) for _, target in pairs]
        if self.settings.data.task == "tagging":
            for (source, target), left, right in zip(pairs, sources, targets, strict=True):
                if len(left) != len(right):
                    raise InputError(
                        f"{source!r} has {len(left)} symbols and {target!r} {len(right)}: a tagger writes one for each"
                    )
        if self.stepper.actions is not None:
            return best_paths(self.stepper, self.stepper.actions, sources, targets)
        return [np.append(target, START).astype(np.int32) for target in targets]

    def _force(
        self, pairs: Sequence[tuple[str, str]]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
        """Log-probabilities and attention of given targets, in order."""
        sources = self._encode([source for source, _ in pairs])
        return self._forced(sources, self._outputs(pairs, sources))

    def _forced(
        self, sources: Sequence[Ids], outputs: Sequence[Ids]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
        order = sorted(range(len(sources)), key=lambda index: (len(sources[index]), len(outputs[index])))
        found: dict[int, Any] = {}
        for start in range(0, len(order), BATCH):
            indices = order[start : start + BATCH]
            scored = self.stepper.force([sources[i] for i in indices], [outputs[i] for i in indices])
            found |= dict(zip(indices, scored, strict=True))
        return [found[index] for index in range(len(sources))]


def _count(member: Bundle, shape: TranslatorShape) -> int:
    """Weights of a model. Where they are tied, version 0.1.0 wrote the projection of outputs beside the embedding."""

    def counted(name: str) -> bool:
        embedding = name.replace(".output.projection.", ".embedding.")
        twice = shape.tied and embedding != name and embedding in member.weights
        return name.startswith("members.") and not twice

    return count_weights(member.weights, counted)


def _writes(settings: TranslatorSettings) -> str:
    """What a model's decoder writes; only like can vote with like."""
    if settings.data.task == "tagging":
        return "a tag for each symbol"
    return "moves along the source" if settings.model.attention == "monotone" else "symbols"


__all__ = ["KINDS", "AttentionMap", "Candidate", "Precision", "TrainedTranslator", "Translation"]
