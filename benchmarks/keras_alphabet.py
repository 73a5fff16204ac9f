"""The alphabet tutorial's own networks in Keras, several seeds: what one published run of them says.

LSTM(32) on one letter, on three letters as features of one step, or on three steps; Adam, batch 1, 500 epochs
(J. Brownlee, Understanding Stateful LSTM Recurrent Neural Networks in Python with Keras). Prints one JSON line a
run. ``--hard`` has the gates of Keras 1 and 2, a sigmoid of straight lines.

    python keras_alphabet.py one-to-one|window|time-steps SEEDS [--hard]
"""

import json
import sys

import keras
import numpy as np
from keras import ops

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHAPES = {"one-to-one": (1, 1), "window": (1, 3), "time-steps": (3, 1)}  # steps, features


def pairs(letters, shape):
    starts = range(len(ALPHABET) - letters)
    seen = [range(start, start + letters) for start in starts]
    x = np.reshape(seen, (len(starts), *shape)).astype("float32") / len(ALPHABET)
    return x, keras.utils.to_categorical([start + letters for start in starts])


def hard_sigmoid(values):
    return ops.clip(0.2 * values + 0.5, 0, 1)


def accuracy(x, y, seed, gates) -> float:
    keras.utils.set_random_seed(seed)
    lstm = keras.layers.LSTM(32, recurrent_activation=gates, unroll=True)  # unrolled it is faster
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), lstm, keras.layers.Dense(y.shape[1], activation="softmax")]
    )
    model.compile("adam", "categorical_crossentropy", ["accuracy"], steps_per_execution=len(x))
    model.fit(x, y, epochs=500, batch_size=1, verbose=0)
    return float(model.evaluate(x, y, batch_size=1, verbose=0)[1])


def main() -> None:
    framing, seeds = sys.argv[1], int(sys.argv[2])
    gates = hard_sigmoid if "--hard" in sys.argv else "sigmoid"
    shape = SHAPES[framing]
    x, y = pairs(max(shape), shape)
    for seed in range(seeds):
        print(
            json.dumps({"framing": framing, "seed": seed, "accuracy": accuracy(x, y, seed, gates)}),
            flush=True,
        )


if __name__ == "__main__":
    main()
