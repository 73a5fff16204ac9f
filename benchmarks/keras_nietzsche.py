"""The published Keras example of character generation, run as it is but for a held-out tenth.

LSTM(128) over windows of 60 characters every 3, one-hot, RMSprop at 0.01, batch 128 (F. Chollet, Deep Learning
with Python, section 8.1). Prints one JSON line an epoch: seconds so far, held-out nats per character.

    python keras_nietzsche.py nietzsche.txt EPOCHS
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np

WINDOW, STRIDE, BATCH = 60, 3, 128


def windows(ids, vocabulary, stride):
    starts = range(0, len(ids) - WINDOW, stride)
    x = np.zeros((len(starts), WINDOW, vocabulary), bool)
    y = np.zeros((len(starts), vocabulary), bool)
    for row, start in enumerate(starts):
        x[row, np.arange(WINDOW), ids[start : start + WINDOW]] = True
        y[row, ids[start + WINDOW]] = True
    return x, y


def main() -> None:
    path, epochs = sys.argv[1], int(sys.argv[2])
    text = Path(path).read_text(encoding="utf-8").lower()
    characters = sorted(set(text))
    index = {character: i for i, character in enumerate(characters)}
    ids = np.array([index[character] for character in text])
    cut = int(len(ids) * 0.9)
    started = time.perf_counter()
    x, y = windows(ids[:cut], len(characters), STRIDE)
    model = keras.Sequential(
        [
            keras.Input((WINDOW, len(characters))),
            keras.layers.LSTM(128),
            keras.layers.Dense(len(characters), activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(learning_rate=0.01))
    held_out = windows(ids[cut:], len(characters), STRIDE)
    seconds = time.perf_counter() - started
    for epoch in range(epochs):
        begun = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        seconds += time.perf_counter() - begun  # scoring the held-out part is not counted
        loss = float(model.evaluate(*held_out, batch_size=512, verbose=0))
        print(json.dumps({"epoch": epoch + 1, "seconds": seconds, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
