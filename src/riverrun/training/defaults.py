"""Choosing what the user left open, from the corpus, the budget and the machine.

The figures come from sweeps on the project's kind of machine (2 cores with bf16): small chunks and high
learning rates win, because what counts in minutes is the number of updates.
"""

import math
from dataclasses import dataclass

import torch

from riverrun.config.resolved import Symbols
from riverrun.config.settings import BudgetSettings, ModelSettings, Settings, TextSettings, TrainingSettings
from riverrun.errors import InputError


@dataclass(frozen=True)
class Circumstances:
    """What defaults may depend on: training symbols N, vocabulary V, the processor."""

    symbols: int
    vocabulary: int
    device: torch.device
    fast_bf16: bool


DEFAULT_MINUTES = 3.0
SAMPLED_FROM = 3072  # symbols of a vocabulary from which the softmax is sampled
NEGATIVES = 512  # symbols that a sample has beyond the number of its targets
TIED_FROM = 32768  # symbols from which the projection shares the embedding's weights


def resolve(settings: Settings, given: Circumstances) -> Settings:
    """Settings with nothing left open but what is only known later (steps, evaluations)."""
    budget = settings.budget
    if budget == BudgetSettings():
        budget = BudgetSettings(minutes=DEFAULT_MINUTES)
    training = settings.training
    seconds = _seconds(budget, given)
    hidden = settings.model.hidden or _hidden(settings.model, seconds)
    passes = _passes(budget, given, seconds, hidden)
    model = settings.model.model_copy(
        update={
            "hidden": hidden,
            "layers": settings.model.layers or (6 if settings.model.core == "conv" else 1),
            "tied": _tied(settings.model, given.vocabulary),
            "embedding": _input_width(settings.model, hidden, given.vocabulary),
            "dropout": settings.model.dropout if settings.model.dropout is not None else _dropout(passes),
        }
    )
    chunk = training.chunk or min(32, max(1, given.symbols // 8))
    batch = training.batch or max(1, min(32, given.symbols // (chunk * 4)))
    rate = training.learning_rate or _learning_rate(training, model, batch)
    training = training.model_copy(
        update={
            "chunk": chunk,
            "batch": batch,
            "learning_rate": rate,
            "warmup": training.warmup if training.warmup is not None else 50,
            "softmax": _softmax(training, given),
            "negatives": training.negatives or NEGATIVES,
            "precision": _precision(training, hidden, given),
            "threads": training.threads or torch.get_num_threads(),
            "device": str(given.device),
        }
    )
    chosen = symbols(settings.text)
    text = settings.text.model_copy(update={"unknown": chosen.unknown, "min_count": chosen.min_count})
    return settings.model_copy(update={"text": text, "model": model, "training": training, "budget": budget})


def symbols(text: TextSettings) -> Symbols:
    """How a text becomes symbols, nothing left open.

    Words seen once or twice are better spelled: so the model has learned spelling when it meets a word that the
    training text does not have. On luxun.txt by words that took 7.65 bits per character to 7.19.
    """
    unknown = text.unknown or "spell"
    rare = 3 if unknown == "spell" and text.unit in ("word", "jieba", "clause") else 1
    most = text.max_vocabulary or (4096 if text.unit == "bpe" else 0)
    return Symbols(text.unit, text.lower, text.normalize, text.min_count or rare, unknown, most)


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


def _seconds(budget: BudgetSettings, given: Circumstances) -> float:
    """The time the budget will take, roughly, on two cores."""
    if budget.minutes is not None:
        return budget.minutes * 60
    tokens = (budget.epochs * given.symbols) if budget.epochs is not None else (budget.steps or 0) * 1024
    return tokens / 50_000


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
    match model.input:
        case "one-hot":
            return vocabulary
        case "scaled-index":
            return 1
        case "embedding":
            return model.embedding or _embedding(hidden, vocabulary)


def _tied(model: ModelSettings, vocabulary: int) -> bool:
    """Where the symbols' weights are most of a model, one matrix of them instead of two."""
    if model.tied is not None:
        return model.tied
    return model.input == "embedding" and vocabulary >= TIED_FROM


def _embedding(hidden: int, vocabulary: int) -> int:
    """Wide enough to tell V symbols apart: 64 for characters, more for words."""
    return min(hidden, 64 if vocabulary <= 256 else 128 if vocabulary <= 2048 else 256)


def _passes(budget: BudgetSettings, given: Circumstances, seconds: float, hidden: int) -> float:
    if budget.epochs is not None:
        return budget.epochs
    symbols_per_second = 60_000 * (256 / hidden) ** 1.3
    return seconds * symbols_per_second / max(1, given.symbols)


def _dropout(passes: float) -> float:
    """More for texts that are read more often."""
    for limit, share in ((1.5, 0.0), (3, 0.1), (8, 0.2), (20, 0.3), (60, 0.4)):
        if passes < limit:
            return share
    return 0.5


def _learning_rate(training: TrainingSettings, model: ModelSettings, batch: int) -> float:
    assert model.hidden is not None
    match training.optimizer:
        case "adamw" | "adam":
            base = 2e-3 if model.core == "conv" else 8e-3 * min(1.0, 384 / model.hidden)
        case "rmsprop":
            base = 2e-3
        case "sgd":
            base = 1.0
    return float(f"{base * math.sqrt(min(1.0, batch / 32)):.3g}")


def _softmax(training: TrainingSettings, given: Circumstances) -> str:
    """Sampled where most of a step would go into the logits of symbols that do not occur in it."""
    if training.softmax != "auto":
        return training.softmax
    return "sampled" if given.vocabulary >= SAMPLED_FROM else "full"


def _precision(training: TrainingSettings, hidden: int, given: Circumstances) -> str:
    if training.precision != "auto":
        return training.precision
    return "bf16" if given.fast_bf16 and hidden >= 128 else "fp32"
