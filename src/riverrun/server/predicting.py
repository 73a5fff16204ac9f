"""Log-probabilities of symbols and of what else was likely, from a decoder's logits."""

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.decoder import Decoder
from riverrun.generation.state import State
from riverrun.server.tickets import Ids, Predictions

LOGITS = 1 << 19  # of one call
_DIGITS = 7  # after the point
_LOWEST = -9999.0  # in place of a log-probability that JSON has no word for


def predict(
    decoder: Decoder, inputs: Ids, symbols: Ids, state: State, alternatives: int
) -> tuple[Predictions, State]:
    """Predictions of symbols [T] after inputs [T], and the state after the last input."""
    size = max(1, LOGITS // decoder.vocabulary)
    parts = []
    for start in range(0, len(inputs), size):
        logits, state = decoder.predict(inputs[start : start + size], state)
        parts.append(predictions_of(logits, symbols[start : start + size], alternatives))
    if len(parts) == 1:
        return parts[0], state
    return Predictions(*(np.concatenate(each) for each in zip(*parts, strict=True))), state


def predictions_of(logits: NDArray[np.float32], symbols: Ids, alternatives: int) -> Predictions:
    """Log-softmax of logits [T, V], without temperature, of symbols [T] and of the most likely ones."""
    values = logits.astype(np.float64)
    values -= values.max(axis=1, keepdims=True)
    values -= np.log(np.exp(values).sum(axis=1, keepdims=True))
    values = np.nan_to_num(values, nan=_LOWEST, neginf=_LOWEST, posinf=0.0).round(_DIGITS)
    count = min(alternatives, values.shape[1])
    best = np.empty((len(values), 0), np.int64)
    if count:
        best = np.argpartition(-values, count - 1, axis=1)[:, :count]
        best.sort(axis=1)  # equal ones in the order of their ids
        order = np.argsort(-np.take_along_axis(values, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
    rows = np.arange(len(values))
    return Predictions(values[rows, symbols], best, np.take_along_axis(values, best, axis=1))
