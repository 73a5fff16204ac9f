"""Choosing what the user left open for translators and taggers.

The figures come from grapheme-to-phoneme, date, addition and translation runs on two cores; the development
sets alone decided. What a budget allows beyond some thirty passes goes into more networks that vote, because by
then a single one only learns the training pairs by heart; each of them has a thread of its own. A small network
alone gets one thread: its matrices are too small for two, and waiting for a second thread costs much where other
programs run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch

from riverrun.bundle import TranslatorBundle
from riverrun.config.ranges import AttentionKind, NormalForm, TrainingPrecision
from riverrun.config.resolved import (
    Budget,
    PairLoss,
    PairReading,
    SideSymbols,
    TranslatorSettings,
    TranslatorShape,
)
from riverrun.config.settings import ModelSettings, Settings, TextSettings, TrainingSettings
from riverrun.data.pair_ids import Pairs
from riverrun.errors import SettingsError
from riverrun.text.sides import choose_tagged_unit, choose_unit, compact_form, written_form
from riverrun.training.defaults import SUBWORDS, resolve_budget, resolve_fitting, threads_to_begin_with

NARROW, WIDE = 128, 256  # hidden units
WIDE_FROM = 1.5  # passes, on all threads by the rough count below, from which soft attention is wide
MOST_MEMBERS = 8
PASSES = 30  # epochs of one network; what the budget allows beyond them goes into more networks
ENOUGH = 10  # epochs after which a second network helps more than a faster first one
WORDS = {"word", "jieba", "bpe"}  # units of sentences, whose order differs between languages
ALIGNED = 0.25  # share of the target's entropy the aligner must explain for a monotone decoder
WARMUP = 100


@dataclass(frozen=True)
class PairCircumstances:
    """What defaults may depend on: training pairs N, symbols of a pair, the processor."""

    pairs: int
    symbols_per_pair: float
    device: torch.device
    fast_bf16: bool


def choose_reading(settings: Settings, training: Pairs) -> tuple[SideSymbols, PairReading]:
    """Units and normal forms, from the first training pairs."""
    data = settings.data
    tagging = data.task == "tagging"
    unit = choose_tagged_unit if tagging else choose_unit
    source_unit = data.source_unit or unit(pair.source for pair in training())
    target_unit = data.target_unit or unit(pair.target for pair in training())
    target_form = settings.text.normalize
    if target_form == "none":
        target_form = written_form(pair.target for pair in training())
    source_form = data.source_normalize or settings.text.normalize
    if data.source_normalize is None and source_form == "none":
        source_form = written_form(pair.source for pair in training())
        if source_unit == "char" and not tagging:
            source_form = compact_form((pair.source for pair in training()), source_form)
    reading = PairReading(
        validation=data.validation,
        task="tagging" if tagging else "translation",
        source_unit=source_unit,
        target_unit=target_unit,
        source_normalize=source_form,
        max_length=data.max_length,
        skip_bad=data.skip_bad,
        source_columns=data.source_columns,
        target_columns=data.target_columns,
    )
    return _symbols(settings.text, "bpe" in (source_unit, target_unit), target_form), reading


def _symbols(text: TextSettings, by_subwords: bool, form: NormalForm) -> SideSymbols:
    """All units of the training pairs are symbols, and others unknown; targets are brought into ``form``."""
    return SideSymbols(
        lower=text.lower,
        normalize=form,
        min_count=text.min_count or 1,
        unknown=text.unknown or "unknown",
        max_vocabulary=text.max_vocabulary or 0,
        subwords=(text.subwords or text.max_vocabulary or SUBWORDS) if by_subwords else 0,
    )


def reading_of_base(settings: Settings, base: TranslatorBundle) -> PairReading:
    """Units and normal forms of the model that is gone on from; the rest as set. Raises SettingsError for others."""
    data, before = settings.data, base.settings.data
    asked = {name: getattr(data, name) for name in ("source_unit", "target_unit", "source_normalize")}
    others = {name: value for name, value in asked.items() if value not in (None, getattr(before, name))}
    if others or (data.task == "tagging") != (before.task == "tagging"):
        said = ", ".join(f"{name} {getattr(before, name)}" for name in others or ("task",))
        raise SettingsError(
            f"{base.path}, which the run starts from, has {said}: leave the setting out, or --from"
        )
    return replace(
        before,
        validation=data.validation,
        max_length=data.max_length,
        skip_bad=data.skip_bad,
        source_columns=data.source_columns,
        target_columns=data.target_columns,
    )


def choose_attention(
    settings: Settings, reading: PairReading, information: Callable[[], float]
) -> AttentionKind:
    """How the decoder sees the source; ``information``, what aligning tells, is asked for only if that decides.

    Raises SettingsError for combinations that mean nothing.
    """
    model, training = settings.model, settings.training
    feeds_back = training.teacher_forcing < 1
    if model.attention == "monotone" and feeds_back:
        raise SettingsError(
            "training.teacher_forcing below 1 needs model.attention none, dot or additive: a monotone decoder "
            "learns from aligned targets"
        )
    if reading.task == "tagging":
        if model.attention not in (None, "none") or feeds_back:
            raise SettingsError(
                "tagging reads each output at its own symbol: leave out model.attention and training.teacher_forcing"
            )
        return "none"
    if model.attention is not None:
        return model.attention
    spelled = not WORDS & {reading.source_unit, reading.target_unit}
    return "monotone" if spelled and not feeds_back and information() >= ALIGNED else "additive"


def resolve_translator(
    settings: Settings,
    text: SideSymbols,
    reading: PairReading,
    attention: AttentionKind,
    given: PairCircumstances,
) -> TranslatorSettings:
    """All that was left open. Raises SettingsError for what means nothing among pairs."""
    training, model, budget = settings.training, settings.model, resolve_budget(settings.budget)
    batch = training.batch or max(1, min(64, given.pairs // 8))
    threads = training.threads or torch.get_num_threads()
    hidden = model.hidden or (WIDE if _suits_wide(attention, budget, given, batch, threads) else NARROW)
    passes = _passes(budget, given, hidden, batch)
    in_minutes = budget.kind == "minutes"
    members = model.members or (_members(passes, threads) if in_minutes else 1)
    if in_minutes:
        passes *= min(1, threads / members)  # of each network
    shape = TranslatorShape(
        core=_core(model),
        embedding=model.embedding or max(1, hidden // 2),
        hidden=hidden,
        layers=model.layers or (2 if attention == "monotone" else 1),
        decoder_layers=model.decoder_layers or 1,
        dropout=model.dropout if model.dropout is not None else _dropout(passes),
        tied=bool(model.tied),
        attention=attention,
        bidirectional=model.bidirectional,
        input_feeding=model.input_feeding,
        members=members,
    )
    chosen = {
        "batch": batch,
        "learning_rate": training.learning_rate or _learning_rate(training, hidden),
        "warmup": training.warmup if training.warmup is not None else WARMUP,
        "precision": _precision(training, hidden, given),
        "threads": training.threads or _threads(budget, members, hidden),
        "device": str(given.device),
    }
    loss = PairLoss(
        training.teacher_forcing, training.teacher_forcing_epochs, _label_smoothing(training, reading)
    )
    return TranslatorSettings(text, reading, shape, resolve_fitting(training, chosen), loss, budget)


def _core(model: ModelSettings) -> Literal["lstm", "gru"]:
    if model.core == "conv":
        raise SettingsError("model.core = 'conv': encoders and decoders are lstm or gru")
    return model.core


def _label_smoothing(training: TrainingSettings, reading: PairReading) -> float:
    if reading.task != "tagging":
        return 0.1 if training.label_smoothing is None else training.label_smoothing
    if training.label_smoothing:
        raise SettingsError("training.label_smoothing: tagging takes none, as its length is given")
    return 0.0


def _suits_wide(
    attention: AttentionKind, budget: Budget, given: PairCircumstances, batch: int, threads: int
) -> bool:
    """Whether soft attention has the time that a wide network needs; with less a narrow one learns more."""
    if attention not in ("dot", "additive"):
        return False
    passes = _passes(budget, given, WIDE, batch)
    return passes * threads >= WIDE_FROM if budget.kind == "minutes" else passes >= 1


def _passes(budget: Budget, given: PairCircumstances, hidden: int, batch: int) -> float:
    """Epochs of one network alone that the budget allows, roughly."""
    match budget.kind:
        case "epochs":
            return budget.amount
        case "steps":
            return budget.amount * batch / given.pairs
        case "minutes":
            symbols_per_second = 12_000 * (NARROW / hidden) ** 1.3
            return budget.amount * 60 * symbols_per_second / given.symbols_per_pair / given.pairs


def _threads(budget: Budget, members: int, hidden: int) -> int:
    """One for each of several networks; one for a narrow one, whose products are too small to be shared."""
    if members > 1:
        return torch.get_num_threads()
    return 1 if hidden < WIDE else threads_to_begin_with(budget)


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


def _learning_rate(training: TrainingSettings, hidden: int) -> float:
    match training.optimizer:
        case "adamw" | "adam":
            return float(f"{4e-3 * min(1.0, 192 / hidden):.3g}")
        case "rmsprop":
            return 1e-3
        case "sgd":
            return 1.0


def _precision(training: TrainingSettings, hidden: int, given: PairCircumstances) -> TrainingPrecision:
    if training.precision != "auto":
        return training.precision
    return "bf16" if given.fast_bf16 and hidden >= NARROW else "fp32"
