"""Which settings matter where. One that would change nothing is refused, with the reason."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from riverrun.config.settings import Settings
from riverrun.errors import SettingsError

Kind = Literal["text", "pairs"]


class Condition(NamedTuple):
    """Settings that matter only under some values of another.

    Attributes:
        settings: dotted names.
        decider: the dotted name of the other; ``kind`` is whether a text or pairs are learned.
        values: of the other, under which they matter.
        harmless: values that are never refused, beside the defaults: what was resolved without being asked for.
    """

    settings: tuple[str, ...]
    decider: str
    values: tuple[Any, ...]
    harmless: tuple[Any, ...] = ()


CONDITIONS = (
    Condition(
        ("data.reading", "training.chunk", "training.softmax", "training.negatives"), "kind", ("text",)
    ),
    Condition(("data.window", "data.shortest", "data.stride", "data.order", "data.state"), "kind", ("text",)),
    Condition(("data.format", "data.field", "data.line_ends"), "kind", ("text",)),
    Condition(("text.unit", "training.loss", "training.preview_temperatures"), "kind", ("text",)),
    Condition(
        ("model.input", "model.features", "model.kernel", "model.initial_weights", "model.memory"),
        "kind",
        ("text",),
    ),
    Condition(
        ("data.source_unit", "data.target_unit", "data.source_normalize", "data.max_length", "data.skip_bad"),
        "kind",
        ("pairs",),
    ),
    Condition(
        ("data.source_columns", "data.target_columns", "text.subwords"),
        "kind",
        ("pairs",),
    ),
    Condition(
        (
            "model.attention",
            "model.bidirectional",
            "model.decoder_layers",
            "model.input_feeding",
            "model.members",
        ),
        "kind",
        ("pairs",),
    ),
    Condition(
        ("training.teacher_forcing", "training.teacher_forcing_epochs", "training.label_smoothing"),
        "kind",
        ("pairs",),
    ),
    Condition(
        ("data.window", "data.shortest", "data.stride", "data.order", "data.state", "training.loss"),
        "data.reading",
        ("windows",),
    ),
    Condition(("training.chunk",), "data.reading", ("lanes",)),
    Condition(("model.memory",), "data.reading", ("lanes",), ("false",)),
    Condition(("text.min_count",), "text.unit", ("char", "word", "bpe", "jieba", "clause"), (1,)),
    Condition(("text.max_vocabulary",), "text.unit", ("char", "word", "bpe", "jieba", "clause"), (0,)),
    Condition(("text.unknown",), "text.unit", ("char", "word", "jieba", "clause"), ("spell",)),
    Condition(("model.kernel",), "model.core", ("conv",)),
    Condition(("model.input_feeding",), "model.attention", (None, "dot", "additive")),
    Condition(("training.plateau_factor", "training.plateau_patience"), "training.schedule", ("plateau",)),
    Condition(("training.weight_decay",), "training.optimizer", ("adamw", "sgd")),
    Condition(("training.momentum",), "training.optimizer", ("adamw", "adam", "sgd")),
    Condition(("training.negatives",), "training.softmax", ("auto", "sampled")),
)

_FOREIGN = {"text": "only for pairs, and this is text", "pairs": "only for text, and these are pairs"}


def refuse_idle(settings: Settings, kind: Kind) -> None:
    """Raise SettingsError naming every setting that is not as by default and would change nothing."""
    faults: dict[str, str] = {}
    for name, reason in _idle(settings, kind):
        faults.setdefault(name, reason)
    reasons: dict[str, list[str]] = {}
    for name, reason in faults.items():
        reasons.setdefault(reason, []).append(name)
    if kind == "pairs" and "text.unit" in faults:
        reasons[_FOREIGN["pairs"] + "; for pairs give data.source_unit and data.target_unit"] = reasons.pop(
            _FOREIGN["pairs"]
        )
    if reasons:
        raise SettingsError("; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items()))


def _idle(settings: Settings, kind: Kind) -> Iterator[tuple[str, str]]:
    """Every setting that changes nothing, with the reason."""
    default = Settings()
    for condition in CONDITIONS:
        value = kind if condition.decider == "kind" else attrgetter(condition.decider)(settings)
        if value in condition.values:
            continue
        for name in condition.settings:
            given = attrgetter(name)(settings)
            if given != attrgetter(name)(default) and given not in condition.harmless:
                yield name, _FOREIGN[kind] if condition.decider == "kind" else _reason(condition, value)


def _reason(condition: Condition, value: Any) -> str:
    needed = " or ".join("auto" if each is None else str(each) for each in condition.values)
    return f"changes nothing under {condition.decider} = {value}; it needs {needed}"
