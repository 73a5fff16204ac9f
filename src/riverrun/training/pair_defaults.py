"""Choosing what the user left open for translators and taggers.

The figures come from grapheme-to-phoneme, date, addition and translation runs on two cores; the development
sets alone decided. What a budget allows beyond some thirty passes goes into more networks that vote, because by
then a single one only learns the training pairs by heart; each of them has a thread of its own. A small network
alone gets one thread: its matrices are too small for two, and waiting for a second thread costs much where other
programs run.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from riverrun.config.settings import BudgetSettings, Settings
from riverrun.errors import SettingsError
from riverrun.text.sides import resolve_sides
from riverrun.training.defaults import DEFAULT_MINUTES, Circumstances

NARROW, WIDE = 128, 256  # hidden units
WIDE_FROM = 1.5  # passes, on all threads by the rough count below, from which soft attention is wide
MOST_MEMBERS = 8
PASSES = 30  # epochs of one network; what the budget allows beyond them goes into more networks
ENOUGH = 10  # epochs after which a second network helps more than a faster first one
WORDS = {"word", "jieba", "bpe"}  # units of sentences, whose order differs between languages
ALIGNED = 0.25  # share of the target's entropy the aligner must explain for a monotone decoder


@dataclass(frozen=True)
class PairCircumstances:
    """What defaults may depend on: training pairs N, symbols of a pair, the processor."""

    pairs: int
    symbols_per_pair: float
    machine: Circumstances


def choose_attention(settings: Settings, information: Callable[[], float]) -> str:
    """How the decoder sees the source; ``information``, what aligning tells, is asked for only if that decides.

    Raises SettingsError for combinations that mean nothing.
    """
    model, training = settings.model, settings.training
    if model.core == "conv":
        raise SettingsError("model.core = 'conv': encoders and decoders are lstm or gru")
    feeds_back = training.teacher_forcing < 1
    if model.attention == "monotone" and feeds_back:
        raise SettingsError(
            "training.teacher_forcing below 1 needs model.attention none, dot or additive: a monotone decoder "
            "learns from aligned targets"
        )
    if settings.data.task == "tagging":
        if model.attention not in (None, "none") or feeds_back:
            raise SettingsError(
                "tagging reads each output at its own symbol: leave out model.attention and training.teacher_forcing"
            )
        return "none"
    if model.attention is not None:
        return model.attention
    spelled = not WORDS & {settings.data.source_unit, settings.data.target_unit}
    return "monotone" if spelled and not feeds_back and information() >= ALIGNED else "additive"


def resolve(settings: Settings, attention: str, given: PairCircumstances) -> Settings:
    """Settings with nothing left open but what is only known later (steps, evaluations)."""
    budget = settings.budget
    if budget == BudgetSettings():
        budget = BudgetSettings(minutes=DEFAULT_MINUTES)
    training, model = settings.training, settings.model
    batch = training.batch or max(1, min(64, given.pairs // 8))
    threads = training.threads or torch.get_num_threads()
    hidden = model.hidden or (WIDE if _suits_wide(attention, budget, given, batch, threads) else NARROW)
    passes = _passes(budget, given, hidden, batch)
    members = model.members or (_members(passes, threads) if budget.minutes else 1)
    if budget.minutes:
        passes *= min(1, threads / members)  # of each network
    updates = {
        "attention": attention,
        "hidden": hidden,
        "embedding": model.embedding or max(1, hidden // 2),
        "layers": model.layers or (2 if attention == "monotone" else 1),
        "decoder_layers": model.decoder_layers or 1,
        "tied": bool(model.tied),
        "dropout": model.dropout if model.dropout is not None else _dropout(passes),
        "members": members,
    }
    smoothing = training.label_smoothing
    if smoothing is None:
        smoothing = 0.0 if settings.data.task == "tagging" else 0.1
    elif smoothing and settings.data.task == "tagging":
        raise SettingsError("training.label_smoothing: tagging takes none, as its length is given")
    chosen = {
        "batch": batch,
        "label_smoothing": smoothing,
        "learning_rate": training.learning_rate or _learning_rate(settings, hidden),
        "warmup": training.warmup if training.warmup is not None else 100,
        "precision": _precision(settings, hidden, given.machine),
        "threads": training.threads or (1 if members == 1 and hidden < WIDE else threads),
        "device": str(given.machine.device),
    }
    return settings.model_copy(
        update={
            "text": resolve_sides(settings.text),
            "model": model.model_copy(update=updates),
            "training": training.model_copy(update=chosen),
            "budget": budget,
        }
    )


def _suits_wide(
    attention: str, budget: BudgetSettings, given: PairCircumstances, batch: int, threads: int
) -> bool:
    """Whether soft attention has the time that a wide network needs; with less a narrow one learns more."""
    if attention not in ("dot", "additive"):
        return False
    passes = _passes(budget, given, WIDE, batch)
    return passes * threads >= WIDE_FROM if budget.minutes else passes >= 1


def _passes(budget: BudgetSettings, given: PairCircumstances, hidden: int, batch: int) -> float:
    """Epochs of one network alone that the budget allows, roughly."""
    if budget.epochs is not None:
        return budget.epochs
    if budget.steps is not None:
        return budget.steps * batch / given.pairs
    assert budget.minutes is not None
    symbols_per_second = 12_000 * (NARROW / hidden) ** 1.3
    return budget.minutes * 60 * symbols_per_second / given.symbols_per_pair / given.pairs


def _members(passes: float, threads: int) -> int:
    """Networks that can make ``PASSES`` each; two where the second thread would otherwise idle."""
    free = 2 if threads > 1 and passes >= ENOUGH else 1
    return max(free, min(MOST_MEMBERS, round(passes * threads / PASSES)))


def _dropout(passes: float) -> float:
    """More for pairs that are read more often."""
    for limit, share in ((3, 0.1), (8, 0.2), (15, 0.3)):
        if passes < limit:
            return share
    return 0.4


def _learning_rate(settings: Settings, hidden: int) -> float:
    match settings.training.optimizer:
        case "adamw" | "adam":
            return float(f"{4e-3 * min(1.0, 192 / hidden):.3g}")
        case "rmsprop":
            return 1e-3
        case "sgd":
            return 1.0


def _precision(settings: Settings, hidden: int, machine: Circumstances) -> str:
    if settings.training.precision != "auto":
        return settings.training.precision
    return "bf16" if machine.fast_bf16 and hidden >= NARROW else "fp32"
