"""A language model loaded from its directory: what it writes, and how likely a text is to it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack, get_args

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import LanguageBundle
from riverrun.bundle.copies import copy_model
from riverrun.data.reading_settings import Reading
from riverrun.errors import InputError
from riverrun.evaluation.likelihood import Likelihood
from riverrun.evaluation.scoring import LineScores, Score, Scorer, TokenScore
from riverrun.generation.decoder import Decoder, NetworkDecoder, Precision, build_decoder
from riverrun.generation.draws import new_seed
from riverrun.generation.sampling import Sampling, SamplingOptions, taking_settings
from riverrun.generation.state import Scores
from riverrun.text import Tokenizer
from riverrun.text.emission import Emission
from riverrun.text.given import check_text, stop_texts
from riverrun.text.permitted import permitted_by
from riverrun.text.stopping import Stops
from riverrun.trained import check_precision, warn_of_unseen
from riverrun.writing import Prompts, Writer, check_writing

__all__ = ["LineScores", "Sample", "Score", "TokenScore", "TrainedLanguageModel"]

PRECISIONS = get_args(Precision)


@dataclass(frozen=True)
class Sample:
    """One generated text.

    Attributes:
        prompt: what it continues.
        text: what was written, without the prompt and the stop string.
        tokens: symbols drawn.
        finish_reason: ``length`` or ``stop``.
        seconds: wall time.
    """

    prompt: str
    text: str
    tokens: int
    finish_reason: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class TrainedLanguageModel:
    """A language model loaded from its directory: generates, streams and scores without torch."""

    def __init__(self, loaded: LanguageBundle, precision: Precision = "fp32") -> None:
        """Take what was read from a directory.

        Args:
            loaded: the model.
            precision: of the matrices in generation and scoring.

        Raises:
            InputError: an unknown precision.
        """
        check_precision(precision, PRECISIONS)
        self._bundle = loaded
        self.precision: Precision = precision
        self.tokenizer: Tokenizer = loaded.tokenizer
        self.settings = loaded.settings

    def __repr__(self) -> str:
        shape = self.settings.model
        return (
            f"<riverrun language model {str(self.path)!r}: {shape.core} of {shape.layers} x {shape.hidden}, "
            f"{self.parameters:,} weights, {self.tokenizer.size:,} symbols by {self.tokenizer.unit}>"
        )

    @property
    def path(self) -> Path:
        """The model directory."""
        return self._bundle.path

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says: steps, held-out figures, corpus."""
        return self._bundle.facts

    @property
    def parameters(self) -> int:
        """Number of trained weights; a matrix that is embedding and projection counts once."""
        return self._bundle.expected.numbers

    @property
    def reading(self) -> Reading:
        """How files become text for this model: as they did for its training."""
        return Reading.of(self.settings.data)

    @cached_property
    def scorer(self) -> Scorer:
        """Scores texts, each from the start state or in consecutive pieces."""
        return Scorer(self.decoder, self.tokenizer)

    @cached_property
    def decoder(self) -> Decoder:
        """What runs the model over symbols."""
        return self.decoder_with(1.0)

    @cached_property
    def network(self) -> NetworkDecoder:
        """The same without the memory."""
        rules = permitted_by(self.tokenizer)
        return build_decoder(self._bundle.weights, self.settings.model, self.precision, rules)

    def decoder_with(self, memory: float) -> Decoder:
        """The same with a share of the memory, 0 to 1; a model that has none takes any."""
        if self._bundle.remembered is None or memory == 0:
            return self.network
        from riverrun.generation.remembering import RememberingDecoder

        rules = permitted_by(self.tokenizer)
        return RememberingDecoder(self.network, self._bundle.remembered, memory, rules)

    @taking_settings
    def generate(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        memory: float = 1.0,
        **sampling: Unpack[SamplingOptions],
    ) -> str:
        """Continue a prompt; returns what was written.

        Args:
            prompt: the text to go on from.
            length: symbols to write at most.
            seed: the same seed gives the same text; None: another one each time.
            stop: a text, or several: writing ends before any of them.
            memory: share of what the model remembers word for word, 0 to 1, if it has a memory.
            sampling: the fields of :class:`riverrun.generation.sampling.Sampling`.

        Raises:
            InputError: a value is of another type or out of range.
            UnknownSymbolError: the prompt has unseen symbols and the model's policy is ``refuse``.
        """
        return self.samples(prompt, length, seed=seed, stop=stop, memory=memory, **sampling)[0].text

    @taking_settings
    def stream(
        self,
        prompt: str = "",
        length: int | None = None,
        *,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        memory: float = 1.0,
        **sampling: Unpack[SamplingOptions],
    ) -> Iterator[str]:
        """The same, piece by piece as it is written; without a length it ends at a stop text alone."""
        return self._shown(*self._write(prompt, length, 1, seed, stop, memory, Sampling(**sampling)))

    @staticmethod
    def _shown(emissions: list[Emission], pieces: Iterator[list[str]]) -> Iterator[str]:
        yield from (text for (text,) in pieces if text)
        if rest := emissions[0].finish():
            yield rest

    @taking_settings
    def samples(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        n: int = 1,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        memory: float = 1.0,
        **sampling: Unpack[SamplingOptions],
    ) -> list[Sample]:
        """Several continuations of one prompt; sample k depends on the seed and k, not on ``n``."""
        if length is None:
            raise InputError("length = None: give 0 or more symbols; stream writes without end")
        started = time.perf_counter()
        emissions, pieces = self._write(prompt, length, n, seed, stop, memory, Sampling(**sampling))
        texts = [""] * n
        for new in pieces:
            texts = [text + more for text, more in zip(texts, new, strict=True)]
        seconds = time.perf_counter() - started
        return [
            Sample(prompt, text + each.finish(), each.tokens, "stop" if each.stopped else "length", seconds)
            for text, each in zip(texts, emissions, strict=True)
        ]

    def _write(
        self,
        prompt: str,
        length: int | None,
        n: int,
        seed: int | None,
        stop: str | Sequence[str],
        memory: float,
        sampling: Sampling,
    ) -> tuple[list[Emission], Iterator[list[str]]]:
        """N sequences, and what each of them has written since the last time, until all are done."""
        check_writing(prompt, length, n, seed, memory)
        writer = Writer(self.decoder_with(memory), self.tokenizer, self.prompts)
        chosen, stops = new_seed() if seed is None else seed, Stops(stop_texts(stop))
        ids = self._encode(prompt).tolist()
        voices = writer.voices(ids, [(chosen, k) for k in range(n)], sampling, stops, length)
        return [voice.emission for voice in voices], writer.write(voices, sampling, chosen, length)

    @cached_property
    def prompts(self) -> Prompts:
        """How this model reads prompts."""
        # A model of windows, which are cut from the middle of a text, has not met the start symbol.
        return Prompts(self.tokenizer, self.settings.data.reading == "lanes")

    def adapting(self) -> Scorer:
        """Scores texts and goes on learning from them: each piece after it was scored. This model stays as it is.

        Texts that one such scorer is given are read one after the other, each better for those before.
        """
        from riverrun.evaluation.adapting import Adapter  # needs torch

        return Scorer(Adapter(self._bundle), self.tokenizer)

    def adapt(
        self, sources: str | Path | Sequence[str | Path], output: str | Path, *, overwrite: bool = False
    ) -> Likelihood:
        """Read texts once, each piece scored before it is learned from, and write the new model.

        Args:
            sources: files, directories, globs, known texts or ``-``, read in this order.
            output: the new model's directory.
            overwrite: replace a model that is there.

        Returns:
            How well the texts were predicted on the way.

        Raises:
            CorpusError: they cannot be read.
            InputError: nothing of them is in the vocabulary.
            OutputError: something is there, or it cannot be written.
        """
        from riverrun.adapted import check_output, read_on, write_adapted  # needs torch
        from riverrun.data.corpus import open_corpus

        check_output(Path(output), overwrite)
        given = [sources] if isinstance(sources, str | Path) else list(sources)
        corpus = open_corpus(given, self.reading)
        found, reached = read_on(self._bundle, corpus.texts())
        write_adapted(reached, found, corpus, Path(output))
        return found

    def adapted_to(self, text: str) -> "TrainedLanguageModel":
        """The model that this one becomes by reading a text; raises InputError for an empty one."""
        from riverrun.adapted import read_on  # needs torch

        return TrainedLanguageModel(read_on(self._bundle, [text])[1], self.precision)

    def score(self, text: str, *, adapt: bool = False) -> Score:
        """Surprisal of every token of a text, and the sums.

        Args:
            text: as it stands.
            adapt: go on learning from it, each piece after it was scored.

        Raises:
            InputError: the text is empty.
            UnknownSymbolError: under the policy ``refuse``.
        """
        return (self.adapting() if adapt else self.scorer).score(text)

    def score_lines(self, texts: Iterable[str]) -> LineScores:
        """Surprisal of many texts, each by itself from the start state, as arrays.

        What a text gets does not depend on the others. Texts are scored as they stand: to learn how likely a line is
        to end where it does, give it with its newline.
        """
        return self.scorer.lines(texts)

    def as_score(self, text: str, ids: NDArray[np.int32], scores: Sequence[Scores]) -> Score:
        """What a decoder's scores of a text's ids [T], in pieces, say of the text."""
        return self.scorer.as_score(text, ids, scores)

    def evaluate(self, source: str | Path, *, adapt: bool = False) -> Likelihood:
        """Likelihood of a file, directory, glob or ``-``, read in pieces; with ``adapt`` each of them is learned from
        after it was scored.

        Raises:
            CorpusError: it cannot be read, or nothing of it is in the vocabulary.
        """
        from riverrun.data.corpus import open_corpus

        corpus = open_corpus([source], self.reading)
        result = (self.adapting() if adapt else self.scorer).likelihood(corpus.texts())
        if not result.tokens:
            raise InputError(f"{source}: no symbol of the model's vocabulary is in the text")
        return result

    def save(self, path: str | Path) -> None:
        """Copy the model directory; raises OutputError if something else is there."""
        copy_model(self.path, Path(path))

    def _encode(self, text: str):
        """Ids of a text; unseen symbols are named in a warning."""
        check_text(text)
        ids = self.tokenizer.encode(text)
        warn_of_unseen(self.tokenizer, [text], self.settings.text.unknown, stacklevel=3)
        return ids
