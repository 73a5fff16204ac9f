"""What a decoder looks up, whatever the model was shown in training: an input vector for each symbol."""

import numpy as np

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.text.vocabulary import SPECIAL

TABLE = "embedding.weight"
PROJECTION = "projection.weight"


def with_tables(weights: Weights, shape: LanguageShape) -> Weights:
    """Weights that hold the input vectors of all symbols, [V, E], and the projection, which tied ones share.

    Args:
        weights: arrays of ``model.safetensors``.
        shape: of the network.
    """
    symbols = len(weights["projection.bias"])
    match shape.input:
        case "embedding":
            return {PROJECTION: weights[TABLE], **weights} if shape.tied else weights
        case "one-hot":
            return {**weights, TABLE: np.eye(symbols, dtype=np.float32)}
        case "scaled-index":
            places = np.arange(-SPECIAL, symbols - SPECIAL, dtype=np.float32) / max(1, symbols - SPECIAL)
            return {**weights, TABLE: places[:, None]}
