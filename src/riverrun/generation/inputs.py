"""The input of each symbol as a table: what a decoder looks up, whatever the model was shown in training."""

from typing import Any

import numpy as np

from riverrun.bundle import Weights
from riverrun.text.vocabulary import SPECIAL

TABLE = "embedding.weight"


def with_input_table(weights: Weights, model: dict[str, Any]) -> Weights:
    """Weights that hold an input vector for each symbol, [V, E].

    Args:
        weights: arrays of ``model.safetensors``.
        model: the ``[model]`` section of the settings.
    """
    symbols = len(weights["projection.bias"])
    if "projection.weight" not in weights:  # tied ones stand once
        weights = {**weights, "projection.weight": weights[TABLE]}
    match model.get("input", "embedding"):
        case "one-hot":
            return {**weights, TABLE: np.eye(symbols, dtype=np.float32)}
        case "scaled-index":
            places = np.arange(-SPECIAL, symbols - SPECIAL, dtype=np.float32) / max(1, symbols - SPECIAL)
            return {**weights, TABLE: places[:, None]}
        case _:
            return weights
