"""Trained translators and taggers: translate, score, evaluate, show where they look."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riverrun.bundle import Bundle, LanguageBundle, TranslatorBundle
from riverrun.bundle.copies import copy_model
from riverrun.bundle.names import TOKENIZER
from riverrun.config.resolved import TranslatorSettings
from riverrun.data.rows import Ids
from riverrun.data.target_lengths import BEFORE, TargetLengths
from riverrun.errors import InputError, ModelError
from riverrun.generation.decoder import Precision
from riverrun.generation.search import Search
from riverrun.text.normalization import Normalizer
from riverrun.trained import check_precision, warn_of_unseen
from riverrun.translated import AttentionMap, Candidate, Translation

if TYPE_CHECKING:
    from riverrun.evaluation.pair_quality import TranslationQuality
    from riverrun.generation.sampling import Sampling
    from riverrun.models.seq2seq import Seq2Seq
    from riverrun.translating import PairStepper, Translating

KINDS = ("translator", "tagger")
PRECISIONS = ("fp32", "bf16")
"""Of weights and products in decoding: bf16 is faster where the processor multiplies it, and a little coarser."""

NAMED = 60  # characters of a text that a warning names
FAR, LONG = 10, 1000  # a source is cut from so many times the longest of training on, and so many symbols


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
        check_precision(precision, PRECISIONS)
        self._bundles = [_translator(member) for member in (loaded, *others)]
        first = self._bundles[0]
        for member in self._bundles:
            if member.files[TOKENIZER] != first.files[TOKENIZER]:
                raise ModelError(
                    f"{member.path} and {first.path} have different symbols: an ensemble is trained on the "
                    "same pairs"
                )
            if _writes(member.settings) != _writes(first.settings):
                raise ModelError(
                    f"{member.path} writes {_writes(member.settings)} and {first.path} {_writes(first.settings)}: "
                    "only models of one task and kind of attention (monotone or not) can vote together"
                )
        self.settings, self.source, self.target = first.settings, first.source, first.target
        self.precision = precision

    def __repr__(self) -> str:
        shape, kind = self.settings.model, KINDS[self.tags]
        others = f" with {count} more" if (count := len(self._bundles) - 1) else ""
        return (
            f"<riverrun {kind} {str(self.path)!r}{others}: {shape.members} x {shape.core} of {shape.layers} x "
            f"{shape.hidden}, attention {shape.attention}, {self.parameters:,} weights, {self.source.size:,} symbols "
            f"by {self.source.unit} to {self.target.size:,} by {self.target.unit}>"
        )

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
        """Number of trained weights, of all models together; tied ones once."""
        return sum(member.expected.numbers for member in self._bundles)

    @property
    def tags(self) -> bool:
        """Whether it writes one symbol for each of the source's."""
        return self.settings.data.task == "tagging"

    def translate(
        self, texts: Iterable[str], *, beam: int = Search.beam, length_penalty: float = Search.length_penalty
    ) -> list[str]:
        """The best output for each text, in order; an empty text gives an empty one.

        Arguments and errors are those of :meth:`translations`.
        """
        texts = _as_list(texts)
        found = self.translating.find(self._encode(texts), Search(beam, 1, length_penalty))
        _warn_of_cut(texts, found)
        return [outputs[0].text if outputs else "" for outputs in found]

    def translations(
        self,
        texts: Iterable[str],
        *,
        beam: int = Search.beam,
        n_best: int = Search.n_best,
        length_penalty: float = Search.length_penalty,
        sampling: "Sampling | None" = None,
        seed: int = 0,
        stepper: "PairStepper | None" = None,
    ) -> list[Translation]:
        """Outputs with their scores and log-probabilities, best first; random ones in the order they were drawn.

        Args:
            texts: sources. One far longer than any in training is translated in pieces, and has one output.
            beam: hypotheses kept side by side; 1 is greedy.
            n_best: different outputs for each source, at most; a warning says where there are fewer.
            length_penalty: see :class:`riverrun.generation.search.Search`.
            sampling: draw ``n_best`` random outputs instead of searching.
            seed: of the random outputs.
            stepper: steps the networks in place of the model's own, such as one that can be interrupted.

        Raises:
            InputError: a value is out of range.
            UnknownSymbolError: a text has unseen symbols and the model's policy is ``refuse``.
        """
        texts = _as_list(texts)
        how = Search(beam if sampling is None else n_best, n_best, length_penalty)
        translating = self.translating if stepper is None else replace(self.translating, stepper=stepper)
        found = translating.find(self._encode(texts), how, sampling, seed, scored=True)
        if sampling is None:
            found = [sorted(outputs, key=lambda output: -output.score) for outputs in found]
        _warn_of_few(texts, found, n_best)
        _warn_of_cut(texts, found)
        return [Translation(text, tuple(outputs)) for text, outputs in zip(texts, found, strict=True)]

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Log-probability in nats of given targets, as :meth:`translations` gives it for its outputs."""
        pairs = list(pairs)
        self._warn_of_unseen_targets([target for _, target in pairs])
        return self.translating.score(*self._encode_pairs(pairs))

    def attention(self, pairs: Iterable[tuple[str, str]]) -> list[AttentionMap]:
        """Where the model looks in each source as it writes the given target."""
        sources, targets = self._encode_pairs(list(pairs))
        found = []
        for source, forced in zip(sources, self.translating.force(sources, targets), strict=True):
            written = [self.translating.stepper.written([output]) for output in forced.outputs.tolist()]
            read = (*(self.source.decode([symbol]) for symbol in source), "")
            found.append(AttentionMap(read, tuple(map(self.target.decode, written)), forced.weights))
        return found

    def evaluate(
        self, path: str | Path, *, beam: int = Search.beam, skip_bad: bool = False
    ) -> "TranslationQuality":
        """Compare the model's outputs with a file of pairs; any reference of a source counts.

        Raises:
            CorpusError: the file cannot be read or holds no pair.
        """
        from riverrun.data.pair_rows import Columns
        from riverrun.data.pairs import open_pairs
        from riverrun.evaluation.pair_quality import quality

        data = self.settings.data
        corpus = open_pairs((str(path),), skip_bad, Columns(data.source_columns, data.target_columns))
        corpus.warn_of_skipped()
        pairs = [(pair.source, pair.target) for pair in corpus.pairs()]
        if not pairs:
            raise InputError(f"{path} holds no pair")
        references: dict[str, dict[str, None]] = {}
        for source, target in pairs:
            references.setdefault(source, {})[self._as_compared(target)] = None
        outputs = map(self._as_compared, self.translate(references, beam=beam))
        self._warn_of_unseen_targets([target for _, target in pairs])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the same texts as above
            nats = -sum(self.score(pairs))
        tokens = sum(len(self.target.encode(target)) + 1 for _, target in pairs)
        wanted = list(map(list, references.values()))
        return quality(list(outputs), wanted, self.target.unit, nats / tokens, len(pairs), self.tags)

    def save(self, path: str | Path) -> None:
        """Copy the (first) model directory; raises OutputError if something else is there."""
        copy_model(self.path, Path(path))

    @cached_property
    def translating(self) -> "Translating":
        """The networks between the tokenizers; loads torch."""
        from riverrun.models.stepper import TorchStepper
        from riverrun.translating import Translating

        stepper = TorchStepper(self._models, self.target.size)
        longest = max(LONG, FAR * self._longest_source)
        return Translating(stepper, self.source, self.target, self.lengths, longest)

    @cached_property
    def _models(self) -> "list[Seq2Seq]":
        from riverrun.models.seq2seq import Seq2Seq
        from riverrun.models.weights import load_weights

        models = []
        for member in self._bundles:
            model = Seq2Seq(member.settings.model, self.source.size, self.target.size, self.tags).eval()
            load_weights(model, member.weights, member.path)
            models.append(model.bfloat16() if self.precision == "bf16" else model)
        return models

    @cached_property
    def _longest_source(self) -> int:
        longest = self.facts.get("longest_source", 0)
        if not isinstance(longest, int):
            raise ModelError(f"{self.path}: longest_source = {longest!r:.80} is not a number")
        return longest

    @cached_property
    def lengths(self) -> TargetLengths:
        """Of the targets in training; as version 0.1.0 supposed them where they are not kept."""
        try:
            return TargetLengths.from_dict(self.facts.get("target_lengths", BEFORE.to_dict()))
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ModelError(f"{self.path}: its target_lengths cannot be read ({error!r})") from error

    def _encode(self, texts: Sequence[str]) -> list[Ids]:
        """Ids of sources; unseen symbols and uncommon lengths are named in a warning."""
        warn_of_unseen(self.source, texts, self.settings.text.unknown, stacklevel=3)
        sources = [self.source.encode(text) if text.strip() else np.empty(0, np.int32) for text in texts]
        longest = max(range(len(sources)), key=lambda index: len(sources[index]), default=0)
        if sources and (symbols := len(sources[longest])) > 2 * self._longest_source:
            cut = symbols > max(LONG, FAR * self._longest_source)
            warnings.warn(
                f"a source of {symbols} symbols is far longer than any in training ({self._longest_source}): "
                f"{'it is translated in pieces' if cut else 'expect faults'} ({_named(texts[longest])})",
                stacklevel=3,
            )
        return sources

    def _encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> tuple[list[Ids], list[Ids]]:
        """Ids of sources and of targets.

        Raises:
            InputError: a tagger is given sides of different lengths.
        """
        sources = self._encode([source for source, _ in pairs])
        targets = [self.target.encode(target) for _, target in pairs]
        for (source, target), left, right in zip(pairs, sources, targets, strict=True):
            if self.tags and len(left) != len(right):
                raise InputError(
                    f"{source!r} has {len(left)} symbols and {target!r} {len(right)}: a tagger writes one for each"
                )
        return sources, targets

    def _warn_of_unseen_targets(self, targets: Sequence[str]) -> None:
        warn_of_unseen(self.target, targets, self.settings.text.unknown, stacklevel=3)

    def _as_compared(self, target: str) -> str:
        """An output or a reference in one normal form, the model's own if it has one, and with single blanks where
        these only separate."""
        target = self.target.normalizer(target)
        if self.target.normalizer.form == "none":
            target = Normalizer(form="NFC")(target)
        return " ".join(target.split()) if self.target.unit == "symbols" else target


def _as_list(texts: Iterable[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _named(text: str) -> str:
    return repr(text if len(text) <= NAMED else text[:NAMED] + "…")


def _warn_of_cut(texts: Sequence[str], found: Sequence[Sequence[Candidate]]) -> None:
    """Name the sources whose best output was not ended by the model."""
    cut = [
        text
        for text, outputs in zip(texts, found, strict=True)
        if outputs and not max(outputs, key=lambda output: output.score).finished
    ]
    if cut:
        warnings.warn(
            f"{len(cut)} outputs ran into the bound on their length and are not finished; the first is that of "
            f"{_named(cut[0])}",
            stacklevel=3,
        )


def _warn_of_few(texts: Sequence[str], found: Sequence[Sequence[Candidate]], wanted: int) -> None:
    """Name the sources with fewer outputs than asked for."""
    few = [(text, outputs) for text, outputs in zip(texts, found, strict=True) if 0 < len(outputs) < wanted]
    if few:
        text, outputs = few[0]
        warnings.warn(
            f"n-best = {wanted}: {len(few)} sources have fewer different outputs, the first "
            f"{len(outputs)} ({_named(text)}); a wider beam may find more",
            stacklevel=3,
        )


def _translator(loaded: Bundle) -> TranslatorBundle:
    """Raises ModelError for a language model."""
    if isinstance(loaded, LanguageBundle):
        raise ModelError(f"{loaded.path} is a language model: use riverrun generate, score or evaluate")
    return loaded


def _writes(settings: TranslatorSettings) -> str:
    """What a model's decoder writes; only like can vote with like."""
    if settings.data.task == "tagging":
        return "a tag for each symbol"
    return "moves along the source" if settings.model.attention == "monotone" else "symbols"


__all__ = ["KINDS", "TrainedTranslator", "Translation"]
