"""Chinese prose by words, by clauses and by characters."""

from riverrun.recipes.recipe import Experiment, Point, Recipe

SOURCE = "luxun.txt"
_CITATION = "LSTM text generation on Lu Xun's prose: Chinese versions of the Keras example of 2015"
_POINTS = (Point("bits per character"),)

PUBLISHED = {
    "text.unit": "jieba",
    "model.embedding": 256,
    "model.hidden": 256,
    "model.layers": 1,
    "training.optimizer": "adam",
    "training.learning_rate": 0.001,
    "training.schedule": "plateau",
    "training.plateau_factor": 0.5,
    "training.plateau_patience": 1,
    "training.early_stopping": 3,
    "training.evaluate_every": "epoch",
    "training.preview_length": 60,
}

_ABOUT = (
    "Embedding(256), LSTM(256), the weights with the best held-out loss are kept, the learning rate is halved on a "
    "plateau, and training stops after three evaluations without improvement. The published code sets a learning "
    "rate of 0.1, a hundred times what is usual, and moves its generation window by one character though its units "
    "are words, so that the model reads what it never saw; here the rate is 0.001 and a step is a unit. "
)

WORDS = Recipe(
    "luxun-words",
    "Lu Xun by Chinese words",
    _CITATION,
    _ABOUT,
    (Experiment("words", SOURCE, PUBLISHED, epochs=20, points=_POINTS),),
)

CLAUSES = Recipe(
    "luxun-clauses",
    "Lu Xun by clauses between punctuation marks",
    _CITATION,
    _ABOUT
    + "Most clauses occur once, so most held-out clauses were never seen and are read as <unknown>: the bits "
    "per character of this unit count an unseen clause as cheap, and cannot be compared with those of others.",
    (Experiment("clauses", SOURCE, PUBLISHED | {"text.unit": "clause"}, epochs=20, points=_POINTS),),
)

UNITS = Recipe(
    "luxun",
    "our defaults for Chinese: characters beside words",
    "riverrun's defaults",
    "The same text and time; bits per character, so that the units can be compared. Words that were not in the "
    "training text are read as <unknown>, which flatters the larger unit.",
    tuple(
        Experiment(unit, SOURCE, {"text.unit": unit}, minutes=2, points=_POINTS) for unit in ("char", "jieba")
    ),
)
