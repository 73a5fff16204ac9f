"""The published Keras addition example: an LSTM reads the padded sum, another writes the padded answer.

One layer of 128, one-hot, Adam, batch 32, a tenth held out (keras.io, "Sequence to sequence learning for
performing number addition"). Prints one JSON line an epoch: seconds so far, exact match on held-out sums.

    python keras_addition.py pairs.tsv EPOCHS
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np

SYMBOLS = "0123456789+ "


def one_hot(texts, width):
    ids = np.array([[SYMBOLS.index(symbol) for symbol in text.ljust(width)] for text in texts])
    return np.eye(len(SYMBOLS), dtype=np.float32)[ids]


def main() -> None:
    rows = [line.split("\t") for line in Path(sys.argv[1]).read_text().splitlines()]
    read, write = max(len(source) for source, _ in rows), max(len(target) for _, target in rows)
    x, y = one_hot([source for source, _ in rows], read), one_hot([target for _, target in rows], write)
    cut = len(rows) - len(rows) // 10
    model = keras.Sequential(
        [
            keras.Input((read, len(SYMBOLS))),
            keras.layers.LSTM(128),
            keras.layers.RepeatVector(write),
            keras.layers.LSTM(128, return_sequences=True),
            keras.layers.Dense(len(SYMBOLS), activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    seconds = 0.0
    for epoch in range(int(sys.argv[2])):
        begun = time.perf_counter()
        model.fit(x[:cut], y[:cut], batch_size=32, verbose=0)
        seconds += time.perf_counter() - begun
        guessed = model.predict(x[cut:], batch_size=512, verbose=0).argmax(-1)
        exact = float((guessed == y[cut:].argmax(-1)).all(-1).mean())
        print(json.dumps({"epoch": epoch + 1, "seconds": seconds, "exact_match": exact}), flush=True)
        if exact >= 0.99:
            return


if __name__ == "__main__":
    main()
