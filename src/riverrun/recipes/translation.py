"""The tutorials' encoder-decoders: sums, English to Chinese, English to French; and ours with attention."""

import math
import tempfile
import warnings
from pathlib import Path

from riverrun.data.held_out import spread
from riverrun.recipes.recipe import Experiment, Figures, Point, Recipe
from riverrun.recipes.run_results import last_weights, pairs_of

PUBLISHED = {
    "data.source_unit": "char",
    "data.target_unit": "char",
    "data.validation": 0.2,
    "model.core": "lstm",
    "model.attention": "none",
    "model.bidirectional": False,
    "model.hidden": 256,
    "model.layers": 1,
    "model.decoder_layers": 1,
    "model.dropout": 0,
    "training.optimizer": "rmsprop",
    "training.learning_rate": 0.001,
    "training.schedule": "constant",
    "training.warmup": 0,
    "training.clip": 1e6,
    "training.batch": 64,
    "training.label_smoothing": 0,
    "training.evaluate_every": 500,
}

EPOCHS = 30  # of the published 100, for every published variant
COMPARED = 1000  # training sentences that are translated at most, and held-out ones


def memory(folder: Path) -> Figures:
    """Greedy translations of sentences it was trained on and of held-out ones, by the last weights.

    A sentence with several translations is right with any of them.
    """
    model, figures = last_weights(folder), {}
    for name, pairs in zip(("training", "held-out"), pairs_of(folder), strict=True):
        lines = (f"{s}\t{t}\n" for s, targets in spread(pairs, COMPARED).items() for t in targets)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "pairs.tsv"
            path.write_text("".join(lines), encoding="utf-8")
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "never seen in training")  # rare words: what is measured
                warnings.filterwarnings("ignore", r"\d+ outputs ran into")
                found = model.evaluate(path, beam=1)
        figures |= {
            f"exact match on {name} pairs": found.exact_match,
            f"BLEU of {name} pairs": math.nan if found.bleu is None else found.bleu,
            f"chrF of {name} pairs": found.chrf,
        }
    return figures


_TRANSLATED = ("exact match on training pairs", "exact match on held-out pairs")
_QUALITY = tuple(map(Point, (*_TRANSLATED, "BLEU of held-out pairs", "chrF of held-out pairs")))


def _translator(name: str, title: str, word: str) -> Recipe:
    words = {"data.source_unit": "word", "data.target_unit": word}
    published = (
        ("published", {}, "LSTM(256), characters, teacher forcing"),
        ("gru", {"model.core": "gru"}, "the same with GRU"),
        ("words", words, "the same on words; those that no training pair has cannot be written"),
        ("no-teacher-forcing", {"training.teacher_forcing": 0.0}, "the decoder reads its own output"),
    )
    variants = [
        (variant, PUBLISHED | changes, EPOCHS, f"{note}; {EPOCHS} of the published 100 epochs")
        for variant, changes, note in published
    ]
    ours = ("attention", {"data.validation": 0.2}, 10, "our defaults: attention, both directions, dropout")
    return Recipe(
        name,
        title,
        "F. Chollet, A ten-minute introduction to sequence-to-sequence learning in Keras, blog.keras.io, 2017",
        "LSTM(256) reads the sentence and hands its last state to another that writes the translation; the 10,000 "
        "shortest pairs, RMSprop at 0.001, batch 64, a fifth held out. The tutorial trains for 100 epochs and shows "
        "translations of sentences it was trained on. Here the same network also translates sentences that it never "
        f"saw. At most {COMPARED:,} of each, greedily, by the weights after the last epoch; a sentence is right if its "
        "translation is, to the last character, one that the file has for it. "
        f"The published variants run for {EPOCHS} epochs, so that each takes minutes; --epochs 100 is the "
        "tutorial's budget. "
        "A symbol goes in through an embedding, which is a one-hot vector times a matrix.",
        tuple(
            Experiment(
                variant, f"{name}.tsv", settings, epochs, None, _QUALITY, 1, memory, note, lines=10_000
            )
            for variant, settings, epochs, note in (*variants, ours)
        ),
        compared=_TRANSLATED,
    )


ENGLISH_CHINESE = _translator("eng-cmn", "English to Chinese, character by character", "jieba")
ENGLISH_FRENCH = _translator("eng-fra", "English to French, character by character", "word")

_SUMS = {
    "data.validation": 0.1,
    "model.hidden": 128,
    "training.optimizer": "adam",
    "training.batch": 128,
    "training.evaluate_every": 700,
}
_RIGHT = (Point("exact match", 0.99, 0.01), Point("symbol error rate"))

ADDITION = Recipe(
    name="addition",
    title="sums of 3-digit numbers, written as text",
    citation=(
        "Smerity, addition_rnn.py, Keras examples, 2015; the equal-length form: F. Chollet, A ten-minute "
        "introduction to sequence-to-sequence learning in Keras, blog.keras.io, 2017, 'the trivial case'"
    ),
    about=(
        "50,000 different sums, a tenth held out, LSTM(128), Adam at 0.001, batch 128. The published 99% after 100 "
        "epochs is Keras' accuracy, the share of right characters, the padding counted too; ours is the share of "
        "held-out sums without a fault, which is stricter. In the equal-length form every symbol of the padded "
        "question gets one of the padded sum (' 12+345' and '    357' are equally long). The tutorial calls that "
        "trivial where target[t] can be made from input[..t]: in a sum it cannot, because the first digit "
        "depends on the last ones, so the LSTM reads in both directions."
    ),
    experiments=(
        Experiment(
            "encoder-decoder",
            "addition-3-reversed",
            PUBLISHED | _SUMS,
            30,
            points=_RIGHT,
            note="no attention, the question backwards, as published; 30 of the published 100 epochs are enough",
        ),
        Experiment(
            "equal-length",
            "addition-3-equal",
            PUBLISHED | _SUMS | {"data.task": "tagging", "model.bidirectional": True, "model.layers": 2},
            15,
            points=_RIGHT,
            note="one output for each symbol of the padded question; two layers, in both directions",
        ),
        Experiment(
            "attention",
            "addition-3-reversed",
            {"data.validation": 0.1},
            5,
            points=(Point("exact match"), Point("symbol error rate")),
            note="our defaults: attention, both directions, dropout",
        ),
    ),
    compared=("exact match",),
)
