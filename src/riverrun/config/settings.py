"""Every setting a user can make: name, unit, range, default. Nothing else stands here.

A setting of ``None`` means *auto*: it is chosen from the corpus, the budget and the machine by
``riverrun.training.defaults`` and then saved, so a model's ``config.toml`` holds no ``None`` that mattered.
Precedence: command-line flag, then ``--config`` file, then the default on this page.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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


Share = Annotated[float, Field(gt=0, lt=1)]
Temperatures = Annotated[
    tuple[Annotated[float, Field(ge=0, le=100)], ...], BeforeValidator(_split_commas), Field(max_length=16)
]


Unit = Literal["byte", "char", "word", "bpe", "jieba", "symbols"]


class Section(BaseModel):
    """Base of all sections: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class TextSettings(Section):
    """How text becomes symbols."""

    unit: Literal["byte", "char", "word", "bpe", "jieba", "clause"] = Field(
        default="char",
        description="text: the symbol: byte, char (Unicode code point), word, bpe (byte-level subwords), "
        "jieba (Chinese words), or clause (between punctuation marks)",
    )
    lower: bool = Field(default=False, description="lower-case the text first")
    normalize: Literal["none", "NFC", "NFD", "NFKC", "NFKD"] = Field(
        default="none", description="Unicode normalisation applied first"
    )
    min_count: int | None = Field(
        default=None,
        ge=1,
        description="units rarer than this in the training text are outside the vocabulary; auto: 1, and 3 where "
        "they are spelled",
    )
    max_vocabulary: int | None = Field(
        default=None, ge=3, description="most symbols kept, by frequency; auto: no bound (bpe: 4096)"
    )
    unknown: Literal["spell", "unknown", "skip", "refuse"] | None = Field(
        default=None,
        description="a unit outside the vocabulary is spelled in characters, becomes <unknown> (as characters "
        "do), is dropped, or is an error; auto: spell (pairs: unknown)",
    )


class DataSettings(Section):
    """What is trained on and what is held out."""

    validation: Annotated[Share | str, BeforeValidator(_read_number)] = Field(
        default=0.1, description="share held out (the text's end, or random sources of pairs), or a file"
    )
    reading: Literal["lanes", "windows"] = Field(
        default="lanes",
        description="text: lanes: it is read once a pass, state carried on; windows: overlapping pieces of it",
    )
    window: int = Field(default=40, ge=1, le=65536, description="windows: symbols in one")
    shortest: int | None = Field(
        default=None,
        ge=1,
        description="windows: symbols in the shortest, lengths being random; auto: all of one length",
    )
    stride: int = Field(
        default=1, ge=1, description="windows: symbols from the start of one to that of the next"
    )
    order: Literal["shuffled", "as-written"] = Field(
        default="shuffled", description="windows: their order in a pass"
    )
    state: Literal["fresh", "carried"] = Field(
        default="fresh",
        description="windows: the state a window is read from; carried needs order as-written",
    )
    task: Literal["auto", "language", "translation", "tagging"] = Field(
        default="auto",
        description="what is learned; auto: pairs (.tsv, .jsonl) are translated, text is continued",
    )
    source_unit: Unit | None = Field(
        default=None,
        description="pairs: byte, char, word, bpe, jieba, or symbols (split at spaces); auto: by the text",
    )
    target_unit: Unit | None = Field(default=None, description="pairs: the same for the target side")
    source_normalize: Literal["none", "NFC", "NFD", "NFKC", "NFKD"] | None = Field(
        default=None,
        description="pairs: Unicode normalisation; auto: NFD where it halves the characters (Hangul)",
    )
    max_length: int = Field(
        default=512, ge=1, description="pairs: longer sources or targets are left out, in symbols"
    )
    source_columns: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="",
        description="pairs: columns that are the source: numbers from 1, names in a header or keys of JSON; several "
        "with commas between are joined; auto: the first of two",
    )
    target_columns: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="", description="pairs: the same for the target side"
    )
    skip_bad: bool = Field(
        default=False, description="pairs: bad lines are left out and counted, not refused"
    )


class ModelSettings(Section):
    """The shape of the network."""

    core: Literal["lstm", "gru", "conv"] = Field(
        default="lstm", description="recurrent core, or causal convolution"
    )
    input: Literal["embedding", "one-hot", "scaled-index"] = Field(
        default="embedding",
        description="text: what the core is shown of a symbol; scaled-index: its place, 0 to 1",
    )
    features: int = Field(
        default=1, ge=1, le=1024, description="text: latest symbols shown side by side at each step"
    )
    embedding: int | None = Field(default=None, ge=1, le=65536, description="width E of a symbol's embedding")
    hidden: int | None = Field(default=None, ge=1, le=65536, description="width H of the core")
    layers: int | None = Field(
        default=None, ge=1, le=64, description="depth L of the core; auto: 1 (conv: 6)"
    )
    dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="share of non-recurrent activations dropped (Zaremba et al. 2014)",
    )
    tied: bool | None = Field(
        default=None,
        description="projection shares the embedding's weights (Press & Wolf 2017); auto: in language models of a "
        "large vocabulary",
    )
    kernel: int = Field(default=3, ge=2, le=64, description="conv: symbols seen by one layer's kernel")
    initial_weights: Literal["torch", "keras"] = Field(
        default="torch",
        description="text: how matrices are drawn; keras: as Keras draws them, for published results",
    )
    attention: Literal["none", "dot", "additive", "monotone"] | None = Field(
        default=None,
        description="pairs: how the decoder sees the source; auto: monotone where sides align, else additive",
    )
    bidirectional: bool = Field(default=True, description="pairs: the encoder reads the source both ways")
    decoder_layers: int | None = Field(
        default=None, ge=1, le=64, description="pairs: depth of the decoder; auto: 1"
    )
    input_feeding: bool = Field(
        default=False, description="pairs: the decoder reads its last context (Luong et al. 2015)"
    )
    members: int | None = Field(
        default=None, ge=1, le=100, description="pairs: networks trained side by side and averaged; auto: 1"
    )


class TrainingSettings(Section):
    """How the network is fitted."""

    optimizer: Literal["adamw", "adam", "rmsprop", "sgd"] = Field(default="adamw", description="update rule")
    learning_rate: float | None = Field(default=None, gt=0, le=100, description="peak learning rate")
    schedule: Literal["cosine", "constant", "plateau"] = Field(
        default="cosine",
        description="learning rate after warm-up: cosine to zero, constant, or reduced on a plateau",
    )
    warmup: int | None = Field(default=None, ge=0, description="steps of linear warm-up")
    plateau_factor: float = Field(
        default=0.5, gt=0, lt=1, description="plateau: the rate is multiplied by this"
    )
    plateau_patience: int = Field(
        default=2, ge=1, description="plateau: evaluations without improvement before that"
    )
    weight_decay: float = Field(default=0.01, ge=0, le=10, description="decoupled decay of weight matrices")
    momentum: float = Field(
        default=0.9, ge=0, lt=1, description="momentum of sgd, first beta of adam and adamw"
    )
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")
    batch: int | None = Field(default=None, ge=1, le=65536, description="parallel lanes B of text")
    chunk: int | None = Field(
        default=None,
        ge=1,
        le=65536,
        description="symbols T between updates (truncated back-propagation through time)",
    )
    teacher_forcing: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="pairs: share of inputs that are the truth and not the model's own output",
    )
    teacher_forcing_epochs: float = Field(
        default=0.0, ge=0, description="pairs: epochs over which that share falls from 1 (Bengio et al. 2015)"
    )
    label_smoothing: float | None = Field(
        default=None, ge=0, lt=1, description="pairs: share of probability spread over all symbols; auto: 0.1"
    )
    softmax: Literal["auto", "full", "sampled"] = Field(
        default="auto",
        description="text: the training loss is over all symbols, or over a sample of a large vocabulary",
    )
    negatives: int | None = Field(
        default=None, ge=1, le=1 << 24, description="sampled softmax: symbols drawn at each step; auto: 2048"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto", description="of matrix products in training"
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")
    threads: int | None = Field(default=None, ge=1, le=1024, description="CPU threads; auto: one a core")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of initial weights, dropout and order of data")
    loss: Literal["every", "last"] = Field(
        default="every", description="windows: every symbol is predicted, or only the one after the window"
    )
    evaluate_every: Annotated[int, Field(ge=1)] | Literal["epoch"] | None = Field(
        default=None, description="steps between held-out evaluations, or epoch"
    )
    checkpoint_every: int | None = Field(
        default=None, ge=1, description="steps between checkpoints; auto: at each evaluation"
    )
    keep_checkpoints: int = Field(
        default=2, ge=1, le=1000, description="latest checkpoints kept, beside the best"
    )
    early_stopping: int | None = Field(
        default=None, ge=1, description="stop after this many evaluations without improvement; auto: never"
    )
    preview_temperatures: Temperatures = Field(
        default=(0.2, 0.5, 1.0, 1.2), description="temperatures of the samples written after each evaluation"
    )
    preview_length: int = Field(default=120, ge=0, le=100_000, description="symbols in each preview")


class BudgetSettings(Section):
    """How long to train: exactly one is set; minutes are turned into steps soon after the start."""

    minutes: float | None = Field(default=None, gt=0, le=1e6, description="wall time of the whole command")
    epochs: float | None = Field(default=None, gt=0, le=1e9, description="passes over the training text")
    steps: int | None = Field(default=None, gt=0, le=10**12, description="updates of the weights")


class Settings(Section):
    """All sections together: what ``config.toml`` holds."""

    text: TextSettings = TextSettings()
    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    budget: BudgetSettings = BudgetSettings()
