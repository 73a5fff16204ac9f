"""Trained translators and taggers: translate, score, evaluate, show where they look."""

import shutil
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from riverrun import bundle
from riverrun.errors import InputError, ModelError, OutputError
from riverrun.generation.search import Hypothesis, Search, Stepper
from riverrun.text import Tokenizer
from riverrun.text.sides import sides_from_json
from riverrun.text.symbols import describe
from riverrun.text.vocabulary import START

if TYPE_CHECKING:
    from riverrun.evaluation.translation import TranslationQuality
    from riverrun.generation.sampling import Sampling
    from riverrun.models.seq2seq import Seq2Seq
    from riverrun.models.stepper import TorchStepper

KINDS = ("translator", "tagger")
Precision = Literal["fp32", "bf16"]
"""Of weights and products in decoding: bf16 is faster where the processor multiplies it, and a little coarser."""

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Output:
    """One translation and its log-probability in nats."""

    text: str
    log_probability: float


@dataclass(frozen=True)
class Translation:
    """A source and what it was translated to, best first."""

    source: str
    outputs: tuple[Output, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Attention:
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

    def __init__(self, loaded: bundle.Bundle, *others: bundle.Bundle, precision: Precision = "fp32") -> None:
        """Load a model, and others that vote with it; they must have the same symbols.

        Args:
            loaded: the model.
            others: models that vote with it.
            precision: in which all of them compute.

        Raises:
            ModelError: a directory does not hold a translator, or the models do not go together.
            InputError: an unknown precision.
        """
        if precision not in get_args(Precision):
            raise InputError(f"precision = {precision!r}: give one of {', '.join(get_args(Precision))}")
        for member in (loaded, *others):
            if member.facts.get("kind") not in KINDS:
                kind = member.facts.get("kind", "model")
                raise ModelError(f"{member.path} is a {kind}: use riverrun generate, score or evaluate")
            if member.tokenizer != loaded.tokenizer:
                raise ModelError(
                    f"{member.path} and {loaded.path} have different symbols: an ensemble is trained on the "
                    "same pairs"
                )
            if _writes(member) != _writes(loaded):
                raise ModelError(
                    f"{member.path} writes {_writes(member)} and {loaded.path} {_writes(loaded)}: only models of one "
                    "task and kind of attention (monotone or not) can vote together"
                )
        self._bundles = (loaded, *others)
        self.precision = precision
        self.source, self.target = sides_from_json(loaded.tokenizer)
        self.settings: dict[str, Any] = tomllib.loads(loaded.config)

    @property
    def path(self) -> Path:
        """The (first) model directory."""
        return self._bundles[0].path

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says: steps, held-out figures, pairs."""
        return self._bundles[0].facts

    @property
    def parameters(self) -> int:
        """Number of trained weights, of all models together."""
        return sum(
            array.size
            for member in self._bundles
            for name, array in member.weights.items()
            if name.startswith("members.")
        )

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
        beam: int = 4,
        n_best: int = 1,
        length_penalty: float = 0.6,
        sampling: "Sampling | None" = None,
        seed: int = 0,
        stepper: Stepper | None = None,
    ) -> list[Translation]:
        """Outputs with their log-probabilities, best first; random ones in the order they were drawn.

        Args:
            texts: sources.
            beam: hypotheses kept side by side; 1 is greedy.
            n_best: different outputs for each source, at most.
            length_penalty: see :class:`riverrun.generation.search.Search`.
            sampling: draw ``n_best`` random outputs instead of searching.
            seed: of the random outputs.
            stepper: steps the networks in place of :attr:`stepper`, such as one that can be interrupted.

        Raises:
            InputError: a value is out of range.
            UnknownSymbolError: a text has unseen symbols and the model's policy is ``refuse``.
        """
        from riverrun.generation.beam import sample, search

        texts = [texts] if isinstance(texts, str) else list(texts)
        how = (
            Search(beam, n_best, length_penalty)
            if sampling is None
            else Search(n_best, n_best, length_penalty)
        )
        sources = self._encode(texts)
        filled = [index for index, source in enumerate(sources) if len(source)]
        chosen, stepper = [sources[index] for index in filled], stepper or self.stepper
        found = (
            search(stepper, chosen, how)
            if sampling is None
            else sample(stepper, chosen, sampling, seed, n_best)
        )
        outputs: list[tuple[Output, ...]] = [()] * len(texts)
        for index, hypotheses in zip(filled, found, strict=True):
            outputs[index] = self._different(hypotheses, n_best, keep_equal=sampling is not None)
        return [Translation(text, each) for text, each in zip(texts, outputs, strict=True)]

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Log-probability in nats of given targets.

        For a monotone decoder it is that of the target's most likely alignment, a lower bound.
        """
        pairs = list(pairs)
        self._warn_of_unseen(self.target, [target for _, target in pairs])
        return [float(logs.sum()) for logs, _ in self._force(pairs)]

    def attention(self, pairs: Iterable[tuple[str, str]]) -> list[Attention]:
        """Where the model looks in each source as it writes the given target."""
        pairs = list(pairs)
        found = []
        for (source, target), (_, weights) in zip(pairs, self._force(pairs), strict=True):
            (read,), (ids,) = self._encode([source]), self._outputs([(source, target)])
            size = self.target.size
            written = [self.target.decode([output % size]) if output < 2 * size else "" for output in ids]
            found.append(Attention((*(self.source.decode([i]) for i in read), ""), tuple(written), weights))
        return found

    def evaluate(self, path: str | Path, *, beam: int = 4, skip_bad: bool = False) -> "TranslationQuality":
        """Compare the model's outputs with a file of pairs; any reference of a source counts.

        Raises:
            CorpusError: the file cannot be read or holds no pair.
        """
        from riverrun.data.pairs import open_pairs
        from riverrun.evaluation.translation import quality

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
        target = Path(path)
        if target.exists() and any(target.iterdir()):
            raise OutputError(f"{target} exists already; choose another name")
        shutil.copytree(self.path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checkpoints"))

    @cached_property
    def stepper(self) -> "TorchStepper":
        """The networks, ready to be stepped."""
        from riverrun.models.stepper import TorchStepper

        return TorchStepper(self._models, self.target.size)

    @cached_property
    def _models(self) -> "list[Seq2Seq]":
        import torch

        from riverrun.config import from_toml  # needs pydantic, which a language model does without
        from riverrun.models.seq2seq import Seq2Seq

        models = []
        for member in self._bundles:
            settings = from_toml(member.config)
            model = Seq2Seq(
                settings.model, self.source.size, self.target.size, settings.data.task == "tagging"
            ).eval()
            try:
                model.load_state_dict({name: torch.tensor(array) for name, array in member.weights.items()})
            except RuntimeError as error:
                reason = str(error).splitlines()[0]
                raise ModelError(f"{member.path}: its weights do not fit its settings ({reason})") from error
            if self.precision == "bf16":
                model.members.bfloat16()
            models.append(model)
        return models

    def _different(self, hypotheses: list[Hypothesis], most: int, keep_equal: bool) -> tuple[Output, ...]:
        """Texts of hypotheses; of those that say the same (by other alignments) the best."""
        from riverrun.models.stepper import written

        outputs: dict[object, Output] = {}
        for number, hypothesis in enumerate(hypotheses):
            text = self.target.decode(written(hypothesis.ids, self.target.size))
            outputs.setdefault(number if keep_equal else text, Output(text, hypothesis.log_probability))
        return tuple(outputs.values())[:most]

    def _encode(self, texts: Sequence[str]) -> list[Ids]:
        """Ids of sources; unseen symbols and uncommon lengths are named in a warning."""
        self._warn_of_unseen(self.source, texts)
        sources = [self.source.encode(text) if text.strip() else np.empty(0, np.int32) for text in texts]
        longest, known = max(map(len, sources), default=0), self.facts.get("longest_source", 0)
        if longest > 2 * known:
            warnings.warn(
                f"a source of {longest} symbols is far longer than any in training ({known}): expect faults",
                stacklevel=4,
            )
        return sources

    def _warn_of_unseen(self, side: Tokenizer, texts: Sequence[str]) -> None:
        if self.settings["text"]["unknown"] == "refuse":  # encoding will name them
            return
        unseen: Counter[str] = Counter()
        for text in texts:
            if text.strip():
                unseen.update(side.unseen(text))
        if unseen:
            action = "left out" if self.settings["text"]["unknown"] == "skip" else "read as <unknown>"
            warnings.warn(f"never seen in training and {action}: {describe(unseen)}", stacklevel=5)

    def _outputs(self, pairs: Sequence[tuple[str, str]]) -> list[Ids]:
        """What the decoder writes for given targets, the end symbol last.

        Raises:
            InputError: a tagger is given sides of different lengths.
        """
        aligner = self._models[0].aligner()
        outputs = []
        for source, target in pairs:
            ids = self.target.encode(target)
            if self.facts["kind"] == "tagger" and len(ids) != (length := len(self.source.encode(source))):
                raise InputError(
                    f"{source!r} has {length} symbols and {target!r} {len(ids)}: a tagger writes one for each"
                )
            if aligner is not None:
                outputs.append(aligner.actions(self.source.encode(source), ids))
            else:
                outputs.append(np.append(ids, START).astype(np.int32))
        return outputs

    def _force(self, pairs: Sequence[tuple[str, str]], batch: int = 64):
        """Log-probabilities and attention of given targets, in order."""
        sources, outputs = self._encode([source for source, _ in pairs]), self._outputs(pairs)
        order = sorted(range(len(pairs)), key=lambda index: (len(sources[index]), len(outputs[index])))
        found: dict[int, Any] = {}
        for start in range(0, len(order), batch):
            indices = order[start : start + batch]
            scored = self.stepper.force([sources[i] for i in indices], [outputs[i] for i in indices])
            found |= dict(zip(indices, scored, strict=True))
        return [found[index] for index in range(len(pairs))]


def _writes(member: bundle.Bundle) -> str:
    """What a model's decoder writes; only like can vote with like."""
    if member.facts["kind"] == "tagger":
        return "a tag for each symbol"
    monotone = tomllib.loads(member.config)["model"].get("attention") == "monotone"
    return "moves along the source" if monotone else "symbols"


__all__ = ["KINDS", "Attention", "Output", "Precision", "TrainedTranslator", "Translation"]
