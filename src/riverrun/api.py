"""What ``import riverrun`` offers: train, load, and the trained models.

One trained model may be used by several threads at once, and gives each of them what it would give it alone. Training
sets torch's threads and random numbers for the whole process: train one model at a time in each.
"""

import atexit
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riverrun import bundle
from riverrun.errors import ModelError
from riverrun.generation.decoder import Precision
from riverrun.language_model import Sample, Score, TokenScore, TrainedLanguageModel

if TYPE_CHECKING:
    from riverrun.training.events import Event
    from riverrun.translator import TrainedTranslator


def load(
    path: str | Path, *others: str | Path, precision: Precision = "fp32"
) -> "TrainedLanguageModel | TrainedTranslator":
    """Load and verify a model directory; translators may be given others that vote with them.

    Args:
        path: the directory.
        others: of further translators.
        precision: fp32 or bf16; of a language model int8 too.

    Raises:
        ModelError: it is missing, damaged, of a newer format, or the models do not go together.
        InputError: an unknown precision.
    """
    loaded = _read(path)
    if isinstance(loaded, bundle.TranslatorBundle) or others:
        return _translator(loaded, *map(_read, others), precision=precision)
    return TrainedLanguageModel(loaded, precision)


def load_language_model(path: str | Path, precision: Precision = "fp32") -> TrainedLanguageModel:
    """Load a language model; raises ModelError as :func:`load` does, and for a translator."""
    loaded = _read(path)
    if isinstance(loaded, bundle.TranslatorBundle):
        raise ModelError(f"{path} is a {loaded.facts['kind']}: use riverrun translate or evaluate")
    return TrainedLanguageModel(loaded, precision)


def load_translator(
    path: str | Path, *others: str | Path, precision: Precision = "fp32"
) -> "TrainedTranslator":
    """Load a translator or tagger; raises ModelError as :func:`load` does, and for a language model."""
    return _translator(_read(path), *map(_read, others), precision=precision)


def _translator(*loaded: bundle.Bundle, precision: Precision) -> "TrainedTranslator":
    from riverrun.translator import TrainedTranslator  # which language models do without

    return TrainedTranslator(*loaded, precision=precision)


def _read(path: str | Path) -> bundle.Bundle:
    return bundle.read_bundle(Path(path))


def train(
    corpus: str | Path | Sequence[str | Path],
    *,
    output: str | Path | None = None,
    minutes: float | None = None,
    epochs: float | None = None,
    steps: int | None = None,
    settings: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    base: str | Path | None = None,
    progress: bool = True,
    on_event: "Callable[[Event], object] | None" = None,
) -> "TrainedLanguageModel | TrainedTranslator":
    """Train a model on texts or pairs and load it.

    Args:
        corpus: files, directories, globs, or names of known texts; files of pairs make a translator.
        output: the model directory; without it, a temporary one that ``save`` copies from.
        minutes, epochs, steps: the budget; at most one. Without any: three minutes.
        settings: dotted settings such as ``{"model.hidden": 256}``; see ``riverrun.config``.
        resume: go on with the run in ``output``.
        overwrite: replace the model in ``output``.
        base: a model directory to start from: its weights, symbols and shape.
        progress: show on stderr how it goes.
        on_event: is given each of the :data:`riverrun.training.events.Event` as it happens; it cannot change the run,
            but what it raises ends it.

    Raises:
        RiverrunError: see :func:`riverrun.training.run.run`.
    """
    from riverrun.config.building import build_settings
    from riverrun.progress.following import follow
    from riverrun.training.clock import Clock
    from riverrun.training.run import Request, run

    clock = Clock()
    budget = {"budget.minutes": minutes, "budget.epochs": epochs, "budget.steps": steps}
    given = {name: value for name, value in budget.items() if value is not None}
    inputs = [corpus] if isinstance(corpus, str | Path) else corpus
    if output is None:
        holder = tempfile.TemporaryDirectory(prefix="riverrun-")
        output = Path(holder.name) / "model"
        atexit.register(holder.cleanup)
    request = Request(
        tuple(str(item) for item in inputs),
        Path(output),
        build_settings(settings or {}, given),
        resume,
        overwrite,
        None if base is None else Path(base),
    )
    follow(run(request, clock), request.output, progress=progress, on_event=on_event)
    return load(request.output)


__all__ = [
    "Sample",
    "Score",
    "TokenScore",
    "TrainedLanguageModel",
    "load",
    "load_language_model",
    "load_translator",
    "train",
]
