"""The generation loop of the published Keras example (``lstm_text_generation``), as it is.

LSTM(128) over a one-hot window of 60 characters, ``predict`` on the whole window for every character. The
weights are random: speed does not depend on them. Prints characters a second; the first ones, in which the
backend compiles, are not counted.

    KERAS_BACKEND=tensorflow python keras_generation.py SECONDS
"""

import sys
import time

import keras
import numpy as np

WINDOW, VOCABULARY = 60, 58


def sample(predictions, temperature=1.0):
    """Helper of the example: draw an index from an array of probabilities."""
    predictions = np.asarray(predictions).astype("float64")
    predictions = np.log(predictions) / temperature
    exponentials = np.exp(predictions)
    predictions = exponentials / np.sum(exponentials)
    return np.argmax(np.random.multinomial(1, predictions, 1))


def main() -> None:
    seconds = float(sys.argv[1])
    model = keras.Sequential(
        [
            keras.Input((WINDOW, VOCABULARY)),
            keras.layers.LSTM(128),
            keras.layers.Dense(VOCABULARY, activation="softmax"),
        ]
    )
    text = [place % VOCABULARY for place in range(WINDOW)]
    count, begun = 0, time.perf_counter()
    while True:
        x = np.zeros((1, WINDOW, VOCABULARY))
        for place, symbol in enumerate(text):
            x[0, place, symbol] = 1.0
        text = [*text[1:], int(sample(model.predict(x, verbose=0)[0], 0.5))]
        count += 1
        if count == 5:
            counted, begun = 0, time.perf_counter()
        if count > 5:
            counted = count - 5
            if time.perf_counter() - begun > seconds:
                print(counted / (time.perf_counter() - begun))
                return


if __name__ == "__main__":
    main()
