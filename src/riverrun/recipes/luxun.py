"""Chinese prose by words, by clauses and by characters."""

from pathlib import Path

from riverrun.bundle import read_facts
from riverrun.recipes.recipe import Experiment, Figures, Point, Recipe

SOURCE = "luxun.txt"
_CITATION = "LSTM text generation on Lu Xun's prose: Chinese versions of the Keras example of 2015"
_POINTS = (Point("bits per character"), Point("nats per token"), Point("unknown share"))

PUBLISHED = {
    "text.unit": "jieba",
    "text.min_count": 1,
    "model.embedding": 256,
    "model.hidden": 256,
    "model.layers": 1,
    "model.dropout": 0,
    "model.tied": False,
    "training.optimizer": "adam",
    "training.learning_rate": 0.001,
    "training.schedule": "plateau",
    "training.warmup": 0,
    "training.plateau_factor": 0.5,
    "training.plateau_patience": 1,
    "training.early_stopping": 3,
    "training.evaluate_every": "epoch",
    "training.preview_length": 60,
}
CLAUSES_PUBLISHED = PUBLISHED | {"text.unit": "clause"}

_ABOUT = (
    "Embedding(256), LSTM(256), the weights with the best held-out loss are kept, the learning rate is halved on a "
    "plateau, and training stops after three evaluations without improvement. The published code sets a learning "
    "rate of 0.1 for Adam, a hundred times its usual one; here the rate is 0.001, and a line shows what 0.1 does. It "
    "also moves the window that it generates from by one character, though its units are longer: of such windows of "
    "this text 32% begin inside a word and 6% with a unit that the text does not have, of clauses 69% and 54%. Here "
    "generation goes on from unit to unit. "
    "The last tenth is held out. Units that the training part does not have are spelled in characters, so that "
    "bits per character mean the same for every unit; only characters that it does not have are read as <unknown>, "
    "under every unit the same ones, and 'unknown share' is how many of the symbols these are. "
)


def unknown_share(folder: Path) -> Figures:
    """Share of held-out symbols outside the vocabulary."""
    facts = read_facts(folder)
    return {"unknown share": float(facts.get("validation_unknown_share", 0.0))}


def _experiment(name: str, settings: dict, note: str = "") -> Experiment:
    return Experiment(name, SOURCE, settings, epochs=20, points=_POINTS, measure=unknown_share, note=note)


def _experiments(settings: dict, unit: str) -> tuple[Experiment, ...]:
    """As published, at the published rate, and with rare units spelled."""
    spelled = {name: value for name, value in settings.items() if name != "text.min_count"}
    note = f"{unit} seen once or twice are spelled in characters in training too, as is our default"
    return (
        _experiment("as-published", settings),
        _experiment(
            "learning-rate-0.1", settings | {"training.learning_rate": 0.1}, "the published learning rate"
        ),
        _experiment("rare-spelled", spelled, note),
    )


WORDS = Recipe(
    "luxun-words",
    "Lu Xun by Chinese words",
    _CITATION,
    _ABOUT,
    _experiments(PUBLISHED, "words"),
)

CLAUSES = Recipe(
    "luxun-clauses",
    "Lu Xun by clauses between punctuation marks",
    _CITATION,
    _ABOUT
    + "Most clauses occur once: a model of clauses has nothing to learn from, and held-out text is spelled.",
    _experiments(CLAUSES_PUBLISHED, "clauses"),
)

UNITS = Recipe(
    "luxun",
    "our defaults for Chinese: characters beside words",
    "riverrun's defaults",
    "The same text and time; bits per character, so that the units can be compared: a word that the training text "
    "has less than three times is spelled in characters.",
    tuple(
        Experiment(unit, SOURCE, {"text.unit": unit}, minutes=2, points=_POINTS, measure=unknown_share)
        for unit in ("char", "jieba")
    ),
)
