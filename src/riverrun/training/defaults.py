"""Choosing what the user left open, from the corpus, the budget and the machine.

The figures come from sweeps on the project's kind of machine (2 cores with bf16): small chunks and high
learning rates win, because what counts in minutes is the number of updates.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import torch

from riverrun.config.ranges import TrainingPrecision
from riverrun.config.resolved import (
    Budget,
    Fitting,
    LanguageLoss,
    LanguageSettings,
    LanguageShape,
    Symbols,
    TextReading,
)
from riverrun.config.settings import (
    BudgetSettings,
    DataSettings,
    ModelSettings,
    Settings,
    TextSettings,
    TrainingSettings,
)
from riverrun.errors import InputError, SettingsError
from riverrun.training.crowding import is_crowded


@dataclass(frozen=True)
class Circumstances:
    """What defaults may depend on: training symbols N, vocabulary V, the processor, whether weights are there."""

    symbols: int
    vocabulary: int
    device: torch.device
    fast_bf16: bool
    warm: bool = False


DEFAULT_MINUTES = 3.0
SAMPLED_FROM = 3072  # symbols of a vocabulary from which the softmax is sampled
NEGATIVES = 512  # symbols that a sample has beyond the number of its targets
TIED_FROM = 32768  # symbols from which the projection shares the embedding's weights
WARM = 0.5  # of the usual learning rate, where a run starts from a model
SUBWORDS = 4096  # symbols of bpe


def resolve_symbols(text: TextSettings) -> Symbols:
    """How a text becomes symbols, nothing left open; this much is known before the text is read.

    Words seen once or twice are better spelled: so the model has learned spelling when it meets a word that the
    training text does not have. On luxun.txt by words that took 7.65 bits per character to 7.19.
    """
    unknown = text.unknown or "spell"
    rare = 3 if unknown == "spell" and text.unit in ("word", "jieba", "clause") else 1
    counted = text.unit != "byte"
    most = text.max_vocabulary
    return Symbols(
        unit=text.unit,
        lower=text.lower,
        normalize=text.normalize,
        unknown=unknown,
        min_count=(text.min_count or rare) if counted else 0,
        max_vocabulary=most if most is not None else SUBWORDS if text.unit == "bpe" else 0,
    )


def resolve_language(settings: Settings, symbols: Symbols, given: Circumstances) -> LanguageSettings:
    """Everything about a language model and its training; what is left is known only later (steps, evaluations).

    Raises:
        SettingsError: a width is asked for that the input cannot have.
    """
    training, model = settings.training, settings.model
    budget = resolve_budget(settings.budget)
    seconds = _seconds(budget, given)
    hidden = model.hidden or _hidden(model, seconds)
    shape = LanguageShape(
        core=model.core,
        input=model.input,
        features=model.features,
        embedding=_input_width(model, hidden, given.vocabulary),
        hidden=hidden,
        layers=model.layers or (6 if model.core == "conv" else 1),
        dropout=model.dropout if model.dropout is not None else _dropout(_passes(budget, given, hidden)),
        tied=_tied(model, given.vocabulary),
        kernel=model.kernel,
        initial_weights=model.initial_weights,
        memory=model.memory,
    )
    chunk = training.chunk or min(32, max(1, given.symbols // 8))
    batch = training.batch or max(1, min(32, given.symbols // (chunk * 4)))
    softmax = _softmax(training, given)
    chosen = {
        "batch": batch,
        "learning_rate": training.learning_rate or _learning_rate(training, shape, batch, given.warm),
        "warmup": training.warmup if training.warmup is not None else 50,
        "precision": _precision(training, hidden, given),
        "threads": training.threads or threads_to_begin_with(budget),
        "device": str(given.device),
    }
    loss = LanguageLoss(
        softmax=softmax,
        loss=training.loss,
        chunk=chunk if settings.data.reading == "lanes" else 0,
        negatives=(training.negatives or NEGATIVES) if softmax == "sampled" else 0,
    )
    return LanguageSettings(
        symbols, _reading(settings.data), shape, resolve_fitting(training, chosen), loss, budget
    )


def threads_to_begin_with(budget: Budget) -> int:
    """All of torch's; one where they would wait for each other, if their number can still be changed later."""
    return 1 if budget.kind == "minutes" and is_crowded() else torch.get_num_threads()


def resolve_budget(budget: BudgetSettings) -> Budget:
    """The budget that is set, or the default one."""
    if budget.epochs is not None:
        return Budget("epochs", budget.epochs)
    if budget.steps is not None:
        return Budget("steps", budget.steps)
    return Budget("minutes", budget.minutes or DEFAULT_MINUTES)


def resolve_fitting(training: TrainingSettings, chosen: Mapping[str, Any]) -> Fitting:
    """The settings of fitting as given, but for those that were chosen."""
    names = [each.name for each in fields(Fitting)]
    return Fitting(**{name: chosen.get(name, getattr(training, name)) for name in names})


def _reading(data: DataSettings) -> TextReading:
    names = [each.name for each in fields(TextReading)]
    return TextReading(**{name: getattr(data, name) for name in names})


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` takes a GPU where there is one. Raises InputError."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"training.device = {name!r} cannot be used here: {reason}; try auto or cpu"
        ) from error
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32 ones: native on the processor, or any recent GPU."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    flags = torch.cpu.get_capabilities()
    return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))


def _seconds(budget: Budget, given: Circumstances) -> float:
    """The time the budget will take, roughly, on two cores."""
    match budget.kind:
        case "minutes":
            return budget.amount * 60
        case "epochs":
            return budget.amount * given.symbols / 50_000
        case "steps":
            return budget.amount * 1024 / 50_000


def _hidden(model: ModelSettings, seconds: float) -> int:
    """Wider for longer budgets."""
    if model.core == "conv":
        return 128 if seconds < 120 else 192
    for limit, width in ((4, 128), (40, 256), (200, 384), (900, 512), (3600, 768)):
        if seconds < limit:
            return width
    return 1024


def _input_width(model: ModelSettings, hidden: int, vocabulary: int) -> int:
    """Of one symbol, as the core is shown it."""
    if model.input == "embedding":
        return model.embedding or _embedding(hidden, vocabulary)
    width = vocabulary if model.input == "one-hot" else 1
    if model.embedding not in (None, width):
        raise SettingsError(
            f"model.embedding = {model.embedding}: model.input = {model.input} is {width} wide; leave it out"
        )
    return width


def _tied(model: ModelSettings, vocabulary: int) -> bool:
    """Where the symbols' weights are most of a model, one matrix of them instead of two."""
    if model.tied is not None:
        return model.tied
    return model.input == "embedding" and vocabulary >= TIED_FROM


def _embedding(hidden: int, vocabulary: int) -> int:
    """Wide enough to tell V symbols apart: 64 for characters, more for words."""
    return min(hidden, 64 if vocabulary <= 256 else 128 if vocabulary <= 2048 else 256)


def _passes(budget: Budget, given: Circumstances, hidden: int) -> float:
    if budget.kind == "epochs":
        return budget.amount
    symbols_per_second = 60_000 * (256 / hidden) ** 1.3
    return _seconds(budget, given) * symbols_per_second / max(1, given.symbols)


def _dropout(passes: float) -> float:
    """More for texts that are read more often."""
    for limit, share in ((1.5, 0.0), (3, 0.1), (8, 0.2), (20, 0.3), (60, 0.4)):
        if passes < limit:
            return share
    return 0.5


def _learning_rate(training: TrainingSettings, shape: LanguageShape, batch: int, warm: bool) -> float:
    """Lower from weights that are there: what they know would be lost."""
    match training.optimizer:
        case "adamw" | "adam":
            base = 2e-3 if shape.core == "conv" else 8e-3 * min(1.0, 384 / shape.hidden)
        case "rmsprop":
            base = 2e-3
        case "sgd":
            base = 1.0
    base *= WARM if warm else 1
    return float(f"{base * math.sqrt(min(1.0, batch / 32)):.3g}")


def _softmax(training: TrainingSettings, given: Circumstances) -> Literal["full", "sampled"]:
    """Sampled where most of a step would go into the logits of symbols that do not occur in it."""
    if training.softmax != "auto":
        return training.softmax
    return "sampled" if given.vocabulary >= SAMPLED_FROM else "full"


def _precision(training: TrainingSettings, hidden: int, given: Circumstances) -> TrainingPrecision:
    if training.precision != "auto":
        return training.precision
    return "bf16" if given.fast_bf16 and hidden >= 128 else "fp32"
