"""Resolved settings: what models, training and decoders are given. Nothing is left open; no pydantic, no torch.

What a user writes stands in ``settings``; ``training.defaults`` and ``training.pair_defaults`` choose what was left
open, from corpus, budget and machine. A model's ``config.toml`` is one of the two records at the end of this page.
A default here is what models mean that were saved before the setting existed; 0 and "auto" mean that there is nothing
of the kind, and are not written.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from riverrun.config import ranges


@dataclass(frozen=True)
class LanguageShape:
    """A language model's network: section ``[model]``."""

    core: ranges.Core
    input: ranges.Input
    features: ranges.Features
    embedding: ranges.Width
    hidden: ranges.Width
    layers: ranges.Depth
    dropout: ranges.Dropped
    tied: bool
    kernel: ranges.Kernel
    initial_weights: Literal["torch", "keras"]
    memory: ranges.Remembering = "auto"  # what was wished; whether there is one, the model's manifest says


@dataclass(frozen=True)
class TranslatorShape:
    """A translator's or tagger's networks: section ``[model]``."""

    core: Literal["lstm", "gru"]
    embedding: ranges.Width
    hidden: ranges.Width
    layers: ranges.Depth  # of the encoder
    decoder_layers: ranges.Depth
    dropout: ranges.Dropped
    tied: bool
    attention: ranges.AttentionKind
    bidirectional: bool
    input_feeding: bool
    members: ranges.Members


@dataclass(frozen=True)
class Symbols:
    """How a text becomes symbols: section ``[text]`` of a language model."""

    unit: ranges.TextUnit
    lower: bool
    normalize: ranges.NormalForm
    unknown: ranges.UnknownPolicy
    min_count: ranges.Natural = 0  # 0: nothing is counted (bytes)
    max_vocabulary: ranges.Natural = 0  # 0: no bound


@dataclass(frozen=True)
class SideSymbols:
    """How both sides of pairs become symbols: section ``[text]`` of a translator."""

    lower: bool
    normalize: ranges.NormalForm
    min_count: ranges.Positive
    unknown: ranges.UnknownPolicy
    max_vocabulary: ranges.Natural = 0  # of a side by another unit than bpe; 0: no bound
    subwords: ranges.Natural = 0  # symbols of a side by bpe; 0: none is


@dataclass(frozen=True)
class TextReading:
    """What of a text is learned, in which order: section ``[data]`` of a language model."""

    validation: ranges.HeldOutShare | str
    reading: Literal["lanes", "windows"]
    window: ranges.Length
    stride: ranges.Positive
    order: Literal["shuffled", "as-written"]
    state: Literal["fresh", "carried"]
    shortest: ranges.Natural = 0  # 0: all windows are of one length
    format: Literal["auto", "text"] = "text"
    field: str = "text"
    line_ends: Literal["unify", "keep"] = "keep"


@dataclass(frozen=True)
class PairReading:
    """What of a file of pairs is learned: section ``[data]`` of a translator."""

    validation: ranges.HeldOutShare | str
    task: Literal["translation", "tagging"]
    source_unit: ranges.SideUnit
    target_unit: ranges.SideUnit
    source_normalize: ranges.NormalForm
    max_length: ranges.Positive
    skip_bad: bool
    source_columns: str = ""  # none: the first of two
    target_columns: str = ""


@dataclass(frozen=True)
class Fitting:
    """How weights are fitted: what every ``[training]`` section has."""

    optimizer: ranges.OptimizerName
    learning_rate: ranges.Rate
    schedule: ranges.Schedule
    warmup: ranges.Natural
    plateau_factor: Annotated[float, Gt(0), Lt(1)]
    plateau_patience: ranges.Positive
    weight_decay: Annotated[float, Ge(0), Le(10)]
    momentum: ranges.Dropped
    clip: Annotated[float, Gt(0)]
    batch: ranges.Length
    precision: ranges.TrainingPrecision
    device: str
    threads: ranges.Threads
    seed: ranges.Seed
    keep_checkpoints: Annotated[int, Ge(1), Le(1000)]
    preview_temperatures: ranges.Temperatures
    preview_length: Annotated[int, Ge(0), Le(100_000)]
    evaluate_every: ranges.Positive | Literal["auto", "epoch"] = "auto"
    checkpoint_every: ranges.Natural = 0  # 0: at each evaluation
    early_stopping: ranges.Natural = 0  # 0: never


@dataclass(frozen=True)
class LanguageLoss:
    """What a language model's loss is over: the rest of its ``[training]`` section."""

    softmax: Literal["full", "sampled"]
    loss: Literal["every", "last"]
    chunk: Annotated[int, Ge(0), Le(65536)] = 0  # 0: a text is read in windows
    negatives: Annotated[int, Ge(0), Le(1 << 24)] = 0  # 0: all symbols are in the loss


@dataclass(frozen=True)
class PairLoss:
    """How a translator is taught: the rest of its ``[training]`` section."""

    teacher_forcing: ranges.Closed
    teacher_forcing_epochs: Annotated[float, Ge(0)]
    label_smoothing: ranges.Dropped


@dataclass(frozen=True)
class Budget:
    """How long to train: section ``[budget]``, one key."""

    kind: Literal["minutes", "epochs", "steps"]
    amount: float


@dataclass(frozen=True)
class LanguageSettings:
    """All of a language model's ``config.toml``."""

    text: Symbols
    data: TextReading
    model: LanguageShape
    training: Fitting
    loss: LanguageLoss
    budget: Budget


@dataclass(frozen=True)
class TranslatorSettings:
    """All of a translator's or tagger's ``config.toml``."""

    text: SideSymbols
    data: PairReading
    model: TranslatorShape
    training: Fitting
    loss: PairLoss
    budget: Budget
