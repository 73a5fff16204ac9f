"""A language model loaded from its directory: what it writes, and how likely a text is to it."""

import itertools
import shutil
import time
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun import bundle
from riverrun.data.reading import Reading
from riverrun.errors import InputError, ModelError, OutputError
from riverrun.evaluation.likelihood import Likelihood
from riverrun.evaluation.scoring import LineScores, Score, Scorer, TokenScore
from riverrun.generation.decoder import Decoder, build_decoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin, stream
from riverrun.text import Tokenizer, load_tokenizer
from riverrun.text.stopping import StopScanner
from riverrun.text.symbols import describe

__all__ = ["LineScores", "Sample", "Score", "TokenScore", "TrainedLanguageModel", "new_seed"]


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

    def __init__(self, loaded: bundle.Bundle) -> None:
        self._bundle = loaded
        self.tokenizer: Tokenizer = load_tokenizer(loaded.tokenizer)
        self.settings: dict[str, Any] = tomllib.loads(loaded.config)
        projection = loaded.weights.get("projection.bias")
        if projection is None or len(projection) != self.tokenizer.size:
            raise ModelError(f"{loaded.path}: its tokenizer and its weights are of different models")

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
        """Number of trained weights."""
        return sum(array.size for array in self._bundle.weights.values())

    @property
    def _opens_document(self) -> bool:
        """Whether the model knows the start symbol; windows are cut from the middle of a text."""
        return self.settings["data"].get("reading") != "windows"

    @property
    def reading(self) -> Reading:
        """How files become text for this model: as they did for its training."""
        return Reading.of_saved(self.settings["data"])

    @cached_property
    def scorer(self) -> Scorer:
        """Scores texts, each from the start state or in consecutive pieces."""
        return Scorer(self.decoder, self.tokenizer)

    @cached_property
    def decoder(self) -> Decoder:
        return build_decoder(self._bundle.weights, self.settings["model"])

    def generate(self, prompt: str = "", length: int = 400, **options: Any) -> str:
        """Continue a prompt by ``length`` symbols; returns what was written.

        Args:
            prompt: the text to go on from.
            length: symbols to write at most.
            options: ``seed``, ``stop`` and the fields of :class:`riverrun.generation.sampling.Sampling`.

        Raises:
            InputError: a value is out of range.
            UnknownSymbolError: the prompt has unseen symbols and the model's policy is ``refuse``.
        """
        return self.samples(prompt, length, **options)[0].text

    def stream(
        self,
        prompt: str = "",
        length: int | None = None,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        **sampling: Any,
    ) -> Iterator[str]:
        """The same, piece by piece as it is written; without a length it never ends."""
        return self._pieces_of(self._blocks(prompt, length, 1, seed, Sampling(**sampling)), stop)

    def _pieces_of(self, blocks: Iterator[NDArray[np.int64]], stop: Sequence[str]) -> Iterator[str]:
        """The text of blocks [1, T], up to a stop string."""
        scanner = StopScanner(stop)
        decoder = self.tokenizer.decoder()
        for block in blocks:
            text = scanner.push("".join(map(decoder.push, block[0].tolist())))
            if text:
                yield text
            if scanner.stopped:
                return
        rest = scanner.push(decoder.flush()) + scanner.flush()
        if rest:
            yield rest

    def samples(
        self,
        prompt: str = "",
        length: int = 400,
        *,
        n: int = 1,
        seed: int | None = None,
        stop: Sequence[str] = (),
        **sampling: Any,
    ) -> list[Sample]:
        """Several continuations of one prompt; sample k depends on the seed and k, not on ``n``."""
        if n < 1:
            raise InputError(f"n = {n}: give 1 or more samples")
        started = time.perf_counter()
        scanners = [StopScanner(stop) for _ in range(n)]
        decoders = [self.tokenizer.decoder() for _ in range(n)]
        texts, tokens = [""] * n, [0] * n
        for block in self._blocks(prompt, length, n, seed, Sampling(**sampling)):
            for k, symbol in itertools.product(range(n), range(block.shape[1])):
                if not scanners[k].stopped:
                    tokens[k] += 1
                    texts[k] += scanners[k].push(decoders[k].push(int(block[k, symbol])))
            if all(scanner.stopped for scanner in scanners):
                break
        seconds = time.perf_counter() - started
        for k, scanner in enumerate(scanners):
            if not scanner.stopped:
                texts[k] += scanner.push(decoders[k].flush()) + scanner.flush()
        return [
            Sample(prompt, texts[k], tokens[k], "stop" if scanners[k].stopped else "length", seconds)
            for k in range(n)
        ]

    def score(self, text: str) -> Score:
        """Surprisal of every token of a text, and the sums.

        Raises:
            InputError: the text is empty.
            UnknownSymbolError: under the policy ``refuse``.
        """
        return self.scorer.score(text)

    def score_lines(self, texts: Iterable[str]) -> LineScores:
        """Surprisal of many texts, each by itself from the start state, as arrays.

        What a text gets does not depend on the others. Texts are scored as they stand: to learn how likely a line is
        to end where it does, give it with its newline.
        """
        return self.scorer.lines(texts)

    def evaluate(self, source: str | Path) -> Likelihood:
        """Likelihood of a file, directory, glob or ``-``, read in pieces.

        Raises:
            CorpusError: it cannot be read, or nothing of it is in the vocabulary.
        """
        from riverrun.data.corpus import open_corpus

        corpus = open_corpus([source], self.reading)
        result = self.scorer.likelihood(corpus.texts())
        if not result.tokens:
            raise InputError(f"{source}: no symbol of the model's vocabulary is in the text")
        return result

    def save(self, path: str | Path) -> None:
        """Copy the model directory; raises OutputError if something else is there."""
        target = Path(path)
        try:
            if target.exists() and (not target.is_dir() or any(target.iterdir())):
                raise OutputError(f"{target} exists already; choose another name")
            keep = shutil.ignore_patterns("checkpoints")
            shutil.copytree(self.path, target, dirs_exist_ok=True, ignore=keep)
        except (OSError, shutil.Error) as error:
            raise OutputError(f"{target} cannot be written: {error}") from error

    def _blocks(self, prompt: str, length: int | None, n: int, seed: int | None, sampling: Sampling):
        if length is not None and length < 0:
            raise InputError(f"length = {length}: give 0 or more symbols")
        start = begin(self.decoder, self._encode(prompt), sampling, self._opens_document)
        chosen = new_seed() if seed is None else seed
        return stream(self.decoder, [start] * n, sampling, chosen, length)

    def _encode(self, text: str):
        """Ids of a text; unseen symbols are named in a warning."""
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"what was given is not text: {error.reason} at character {error.start}"
            ) from None
        ids = self.tokenizer.encode(text)
        if unseen := self.tokenizer.unseen(text):
            action = "left out" if self.settings["text"]["unknown"] == "skip" else "read as <unknown>"
            warnings.warn(f"never seen in training and {action}: {describe(unseen)}", stacklevel=3)
        return ids


def new_seed() -> int:
    """A seed nobody chose."""
    import secrets

    return secrets.randbits(48)
