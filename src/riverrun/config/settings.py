"""Every setting a user can make: name, unit, range, default. Nothing else stands here.

A setting of ``None`` or ``"auto"`` is chosen from the corpus, the budget and the machine by
``riverrun.training.defaults`` and then saved (whether there is a memory is decided by what it brings): a model's
``config.toml`` holds ``resolved`` settings, and may be given as a ``--config`` file again.
Precedence: command-line flag, then ``--config`` file, then the default on this page.
Where a setting changes nothing (by other settings, or among texts or pairs) stands in ``conditions``.
"""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from riverrun.config.ranges import (
    AttentionKind,
    Closed,
    Core,
    Depth,
    Dropped,
    Features,
    HeldOutShare,
    Input,
    Kernel,
    Length,
    Members,
    Natural,
    NormalForm,
    OptimizerName,
    Positive,
    Rate,
    Remembering,
    Schedule,
    Seed,
    SideUnit,
    Temperatures,
    TextUnit,
    Threads,
    TrainingPrecision,
    UnknownPolicy,
    Width,
)


def _split_commas(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _read_number(value: Any) -> Any:
    """A number where the text is one: a share out of range is not taken for the name of a file."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _as_text(value: Any) -> Any:
    """The number of a column is as good as its text, and auto is none."""
    return "" if value is None else str(value) if isinstance(value, int) else value


def _as_word(value: Any) -> Any:
    """TOML's true and false as the words that they are on a command line."""
    return str(value).lower() if isinstance(value, bool) else value


class Section(BaseModel):
    """Base of all sections: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class TextSettings(Section):
    """How text becomes symbols."""

    unit: TextUnit = Field(
        default="char",
        description="the symbol: byte, char (Unicode code point), word, bpe (byte-level subwords), "
        "jieba (Chinese words), or clause (between punctuation marks)",
    )
    lower: bool = Field(default=False, description="lower-case the text first")
    normalize: NormalForm = Field(default="none", description="Unicode normalisation applied first")
    min_count: Positive | None = Field(
        default=None,
        description="units rarer than this in the training text are outside the vocabulary; auto: 1, and 3 where "
        "they are spelled",
    )
    max_vocabulary: Annotated[int, Ge(3)] | Literal[0] | None = Field(
        default=None, description="most symbols kept, by frequency; 0: no bound; auto: 0 (bpe: 4096)"
    )
    subwords: Annotated[int, Ge(3)] | None = Field(
        default=None, description="symbols of a side by bpe; auto: text.max_vocabulary, or 4096"
    )
    unknown: UnknownPolicy | None = Field(
        default=None,
        description="a unit outside the vocabulary is spelled in characters, becomes <unknown> (as characters "
        "do), is dropped, or is an error; auto: spell (pairs: unknown)",
    )


class DataSettings(Section):
    """What is trained on and what is held out."""

    validation: Annotated[HeldOutShare | str, BeforeValidator(_read_number)] = Field(
        default=0.1,
        description="share held out (the text's end, or random sources of pairs), a file, or none: all is learned and "
        "nothing measured (a file of that name: ./none)",
    )
    format: Literal["auto", "text"] = Field(
        default="auto",
        description="auto: web pages, documents and tables are read for what they are; text: files as they stand",
    )
    field: str = Field(
        default="text", description="field of JSON lines, or column of a CSV table, that is learned"
    )
    line_ends: Literal["unify", "keep"] = Field(
        default="unify", description="CR LF and CR are read as LF, or kept as they stand"
    )
    reading: Literal["lanes", "windows"] = Field(
        default="lanes",
        description="lanes: the text is read once a pass, state carried on; windows: overlapping pieces of it",
    )
    window: Length = Field(default=40, description="symbols in a window")
    shortest: Natural = Field(
        default=0, description="symbols in the shortest window, lengths being random; 0: all of one length"
    )
    stride: Positive = Field(default=1, description="symbols from the start of a window to that of the next")
    order: Literal["shuffled", "as-written"] = Field(
        default="shuffled", description="order of windows in a pass"
    )
    state: Literal["fresh", "carried"] = Field(
        default="fresh",
        description="the state a window is read from; carried needs order as-written",
    )
    task: Literal["auto", "language", "translation", "tagging"] = Field(
        default="auto",
        description="what is learned; auto: pairs (.tsv, .jsonl) are translated, text is continued",
    )
    source_unit: SideUnit | None = Field(
        default=None,
        description="byte, char, word, bpe, jieba, or symbols (split at spaces); auto: by the text",
    )
    target_unit: SideUnit | None = Field(default=None, description="the same for the target side")
    source_normalize: NormalForm | None = Field(
        default=None,
        description="Unicode normalisation of sources; auto: NFD where it halves the characters (Hangul)",
    )
    max_length: Positive = Field(
        default=512, description="longer sources or targets are left out, in symbols"
    )
    source_columns: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="",
        description="columns that are the source: numbers from 1, names in a header or keys of JSON; several "
        "with commas between are joined; auto: the first of two",
    )
    target_columns: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="", description="the same for the target side"
    )
    skip_bad: bool = Field(default=False, description="bad lines are left out and counted, not refused")


class ModelSettings(Section):
    """The shape of the network."""

    core: Core = Field(default="lstm", description="recurrent core, or causal convolution")
    input: Input = Field(
        default="embedding",
        description="what the core is shown of a symbol; scaled-index: its place, 0 to 1",
    )
    features: Features = Field(default=1, description="latest symbols shown side by side at each step")
    embedding: Width | None = Field(default=None, description="width E of a symbol's embedding")
    hidden: Width | None = Field(default=None, description="width H of the core")
    layers: Depth | None = Field(default=None, description="depth L of the core; auto: 1 (conv: 6)")
    dropout: Dropped | None = Field(
        default=None, description="share of non-recurrent activations dropped (Zaremba et al. 2014)"
    )
    tied: bool | None = Field(
        default=None,
        description="projection shares the embedding's weights (Press & Wolf 2017); auto: in language models of a "
        "large vocabulary",
    )
    kernel: Kernel = Field(default=3, description="symbols seen by one layer's kernel")
    initial_weights: Literal["torch", "keras"] = Field(
        default="torch",
        description="how matrices are drawn; keras: as Keras draws them, for published results",
    )
    memory: Annotated[Remembering, BeforeValidator(_as_word)] = Field(
        default="auto",
        description="whether what was read is kept word for word beside the network; auto: where that helps",
    )
    attention: AttentionKind | None = Field(
        default=None,
        description="how the decoder sees the source; auto: monotone where sides align, else additive",
    )
    bidirectional: bool = Field(default=True, description="the encoder reads the source both ways")
    decoder_layers: Depth | None = Field(default=None, description="depth of the decoder; auto: 1")
    input_feeding: bool = Field(
        default=False, description="the decoder reads its last context (Luong et al. 2015)"
    )
    members: Members | None = Field(
        default=None, description="networks trained side by side and averaged; auto: by the budget"
    )


class TrainingSettings(Section):
    """How the network is fitted."""

    optimizer: OptimizerName = Field(default="adamw", description="update rule")
    learning_rate: Rate | None = Field(default=None, description="peak learning rate")
    schedule: Schedule = Field(
        default="cosine",
        description="learning rate after warm-up: cosine to zero, constant, or reduced on a plateau",
    )
    warmup: Natural | None = Field(default=None, description="steps of linear warm-up")
    plateau_factor: Annotated[float, Gt(0), Lt(1)] = Field(
        default=0.5, description="on a plateau the rate is multiplied by this"
    )
    plateau_patience: Positive = Field(default=2, description="evaluations without improvement before that")
    weight_decay: Annotated[float, Ge(0), Le(10)] = Field(
        default=0.01, description="decoupled decay of weight matrices"
    )
    momentum: Dropped = Field(default=0.9, description="momentum of sgd, first beta of adam and adamw")
    clip: Annotated[float, Gt(0)] = Field(default=1.0, description="largest norm of the gradient")
    batch: Length | None = Field(default=None, description="parallel lanes B of text, or pairs")
    chunk: Length | None = Field(
        default=None,
        description="symbols T between updates (truncated back-propagation through time)",
    )
    teacher_forcing: Closed = Field(
        default=1.0, description="share of inputs that are the truth and not the model's own output"
    )
    teacher_forcing_epochs: Annotated[float, Ge(0)] = Field(
        default=0.0, description="epochs over which that share falls from 1 (Bengio et al. 2015)"
    )
    label_smoothing: Dropped | None = Field(
        default=None, description="share of probability spread over all symbols; auto: 0.1"
    )
    softmax: Literal["auto", "full", "sampled"] = Field(
        default="auto",
        description="the training loss is over all symbols, or over a sample of a large vocabulary",
    )
    negatives: Annotated[int, Ge(1), Le(1 << 24)] | None = Field(
        default=None, description="symbols that a sample has beyond its targets; auto: 512"
    )
    precision: Literal["auto"] | TrainingPrecision = Field(
        default="auto", description="of matrix products in training"
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")
    threads: Threads | None = Field(default=None, description="CPU threads; auto: one a core")
    seed: Seed = Field(default=0, description="of initial weights, dropout and order of data")
    loss: Literal["every", "last"] = Field(
        default="every", description="every symbol of a window is predicted, or only the one after it"
    )
    evaluate_every: Positive | Literal["auto", "epoch"] = Field(
        default="auto", description="steps between held-out evaluations, or epoch"
    )
    checkpoint_every: Natural = Field(
        default=0, description="steps between checkpoints; 0: at each evaluation"
    )
    keep_checkpoints: Annotated[int, Ge(1), Le(1000)] = Field(
        default=2, description="latest checkpoints kept, beside the best"
    )
    early_stopping: Natural = Field(
        default=0, description="stop after this many evaluations without improvement; 0: never"
    )
    preview_temperatures: Annotated[Temperatures, BeforeValidator(_split_commas)] = Field(
        default=(0.2, 0.5, 1.0, 1.2), description="temperatures of the samples written after each evaluation"
    )
    preview_length: Annotated[int, Ge(0), Le(100_000)] = Field(
        default=120, description="symbols in each preview"
    )


class BudgetSettings(Section):
    """How long to train: at most one is set; minutes are turned into steps soon after the start."""

    minutes: Annotated[float, Gt(0), Le(1e6)] | None = Field(
        default=None, description="wall time of the whole command"
    )
    epochs: Annotated[float, Gt(0), Le(1e9)] | None = Field(
        default=None, description="passes over the training text"
    )
    steps: Annotated[int, Gt(0), Le(10**12)] | None = Field(
        default=None, description="updates of the weights"
    )


class Settings(Section):
    """All sections together."""

    text: TextSettings = TextSettings()
    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    budget: BudgetSettings = BudgetSettings()
