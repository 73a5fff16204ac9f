"""The next letter of the alphabet: six ways to show a letter to an LSTM."""

import itertools
import random
from pathlib import Path

from riverrun.recipes.recipe import Experiment, Figures, Point, Recipe

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
RANDOM_LETTERS = "".join(random.Random(0).sample(ALPHABET, len(ALPHABET)))
START_AT = "K"

_PUBLISHED = {
    "data.reading": "windows",
    "data.window": 1,
    "data.validation": "training text",
    "model.core": "lstm",
    "model.input": "scaled-index",
    "model.initial_weights": "keras",
    "model.hidden": 32,
    "model.layers": 1,
    "model.dropout": 0,
    "training.loss": "last",
    "training.optimizer": "adam",
    "training.learning_rate": 0.001,
    "training.schedule": "constant",
    "training.warmup": 0,
    "training.clip": 1e6,
    "training.batch": 1,
    "training.precision": "fp32",
    "training.threads": 1,
    "training.evaluate_every": 1000,
    "training.preview_length": 0,
}
_WHOLE_BATCH = {"model.hidden": 16, "training.batch": 25, "data.order": "as-written"}


def predictions(folder: Path, letters: str) -> str:
    """The letter after each of the letters, read one after the other from the initial state."""
    from riverrun.api import load_language_model
    from riverrun.generation.sampling import Sampling
    from riverrun.generation.state import Position

    model = load_language_model(folder)
    state, found = model.decoder.initial_state(), []
    for symbol in model.tokenizer.encode(letters).tolist():
        position, greedy = Position(state, symbol), Sampling(temperature=0)
        written, (after,) = model.decoder.write([position], [greedy], [(0, 0)], 1)
        found.append(int(written[0, 0]))
        state = after.state
    return model.tokenizer.decode(found)


def accuracy(folder: Path, letters: str, text: str = ALPHABET) -> float:
    """Share of next letters that are predicted when the letters are read in one go."""
    followed = dict(itertools.pairwise(text))
    found = predictions(folder, letters)
    return sum(a == followed[b] for a, b in zip(found, letters, strict=True)) / len(letters)


def letters_alone(folder: Path) -> Figures:
    """Every letter from the initial state: what no carried state can help."""
    return {"accuracy, every letter alone": sum(accuracy(folder, x) for x in ALPHABET[:-1]) / 25}


def cold_start(folder: Path) -> Figures:
    """In order from A, and begun cold at a letter in the middle."""
    rest = ALPHABET[ALPHABET.index(START_AT) : -1]
    return {
        "accuracy, in order from A": accuracy(folder, ALPHABET[:-1]),
        f"accuracy, cold start at {START_AT}": accuracy(folder, rest),
        **letters_alone(folder),
    }


def _experiment(
    name, published, tolerance, note, *changes, epochs=500, source=ALPHABET, measure=None, more=()
):
    settings = dict(_PUBLISHED)
    for change in changes:
        settings |= change
    points = (Point("accuracy", published, tolerance), *(Point(figure) for figure in more))
    return Experiment(name, source, settings, epochs, None, points, 5, measure, note)


RECIPE = Recipe(
    name="alphabet",
    title="predict the next letter of the alphabet, in seven framings",
    citation=(
        "J. Brownlee, Understanding Stateful LSTM Recurrent Neural Networks in Python with Keras, "
        "machinelearningmastery.com, 2016"
    ),
    about=(
        "LSTM(32), Adam, batch 1, 500 epochs; a letter is its index scaled to 0..1; accuracy is that on the "
        "training pairs. The tutorial gives one run; we give the mean of five seeds, with weights that begin as "
        "those of Keras do. On one-to-one and window the tutorial's own code (benchmarks/keras_alphabet.py, ten "
        "and eight seeds) gives 83.6% ± 2.3 and 85.9% ± 2.0, so its 80.00% and 82.61% are low draws of that (its "
        "edition of 2019 has 84.00% and 86.96%). The tolerance of one-to-one is two of these standard deviations; "
        "window has none, because 82.61% is not what the published code usually gives: all five seeds here have "
        "86.96%. Every 1,000 steps the weights are kept if their loss is the best so far, so that a late spike of "
        "the loss, which Adam with batch 1 has now and then, does not decide. "
        "The tutorial credits the 100% of whole-batch to state that the LSTM keeps within the batch. The letters "
        "of a batch share no state: each is read from zeros, and a permutation of the batch changes nothing. What "
        "changes is the optimisation: 5,000 exact gradients of all pairs together, where batch 1 has 500 noisy "
        "passes. The figure 'every letter alone' shows it: the trained network, shown one letter from the initial "
        "state, answers as well. In stateful the state is really carried and reset each pass: it is right in "
        "order from A, and lost when started cold in the middle, because it has learned to count and not to read. "
        "Variable-length cannot be met in minutes: the tutorial makes 500,000 updates, one piece each."
    ),
    experiments=(
        _experiment("one-to-one", 0.80, 0.045, "one letter, one step"),
        _experiment(
            "window", 0.8261, None, "three letters as three features of one step", {"model.features": 3}
        ),
        _experiment("time-steps", 1.0, 0.03, "three letters as three steps", {"data.window": 3}),
        _experiment(
            "whole-batch",
            1.0,
            0.03,
            "one letter, LSTM(16), all pairs in one batch in order, 5,000 epochs",
            _WHOLE_BATCH,
            epochs=5000,
            measure=letters_alone,
            more=("accuracy, every letter alone",),
        ),
        _experiment(
            "whole-batch-random",
            1.0,
            0.03,
            "the same on 26 letters in random order",
            _WHOLE_BATCH,
            epochs=5000,
            source=RANDOM_LETTERS,
        ),
        _experiment(
            "stateful",
            1.0,
            0.03,
            "LSTM(50), state carried from letter to letter, 300 epochs",
            {"model.hidden": 50, "data.order": "as-written", "data.state": "carried"},
            epochs=300,
            measure=cold_start,
            more=(
                "accuracy, in order from A",
                f"accuracy, cold start at {START_AT}",
                "accuracy, every letter alone",
            ),
        ),
        _experiment(
            "variable-length",
            0.989,
            None,
            "pieces of 1 to 5 letters, padded and masked: from all letters at once, rate 0.01, 2,500 updates",
            {
                "data.window": 5,
                "data.shortest": 1,
                "training.batch": 25,
                "training.learning_rate": 0.01,
            },
            epochs=2500,
        ),
    ),
    side_by_side=True,
)
