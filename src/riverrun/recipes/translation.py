"""The tutorials' encoder-decoder: sums, English to Chinese, English to French; and ours with attention."""

from riverrun.recipes.recipe import Experiment, Point, Recipe

_SEQ2SEQ = (
    "F. Chollet, A ten-minute introduction to sequence-to-sequence learning in Keras, blog.keras.io, 2017"
)

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
    "training.weight_decay": 0,
    "training.clip": 1e6,
    "training.batch": 64,
    "training.label_smoothing": 0,
}
_WORDS = {"data.source_unit": "word", "data.target_unit": "word"}
_EXACT = (Point("exact match"), Point("symbol error rate"))


def _translator(name: str, title: str) -> Recipe:
    source = f"{name}.tsv"
    variants = {
        "published": ({}, 100, "LSTM(256), characters, teacher forcing"),
        "gru": ({"model.core": "gru"}, 100, "the same with GRU"),
        "words": (_WORDS, 100, "the same on words with embeddings"),
        "no-teacher-forcing": ({"training.teacher_forcing": 0.0}, 100, "the decoder reads its own output"),
    }
    ours = Experiment(
        "attention", source, {"data.validation": 0.2}, 30, points=_EXACT, lines=10_000, note="our defaults"
    )
    return Recipe(
        name,
        title,
        _SEQ2SEQ,
        "Characters, LSTM(256), the 10,000 shortest pairs, RMSprop, batch 64, teacher forcing, a fifth held out. "
        "The tutorial shows translations of sentences it was trained on; here the figure is the share of held-out "
        "sentences that are translated without a fault. "
        "A character goes in through an embedding, which is a one-hot vector times a matrix.",
        (
            *(
                Experiment(
                    variant, source, PUBLISHED | changes, epochs, points=_EXACT, lines=10_000, note=note
                )
                for variant, (changes, epochs, note) in variants.items()
            ),
            ours,
        ),
    )


ENGLISH_CHINESE = _translator("eng-cmn", "English to Chinese, character by character")
ENGLISH_FRENCH = _translator("eng-fra", "English to French, character by character")

ADDITION = Recipe(
    "addition",
    "sums of 3-digit numbers, digits reversed",
    "Keras examples, addition_rnn.py, 2015 (after I. Sutskever et al., 2014; W. Zaremba & I. Sutskever, 2014)",
    "Encoder-decoder LSTM(128), 50,000 sums of three digits, the source reversed. The example reaches 99% of held-out "
    "sums within 100 epochs.",
    (
        Experiment(
            "encoder-decoder",
            "addition-3-reversed",
            PUBLISHED
            | {
                "data.validation": 0.1,
                "model.hidden": 128,
                "training.optimizer": "adam",
                "training.batch": 128,
            },
            epochs=100,
            points=(Point("exact match", 0.99, 0.02), Point("symbol error rate")),
        ),
        Experiment("attention", "addition-3-reversed", {"data.validation": 0.1}, 10, points=_EXACT),
    ),
)
