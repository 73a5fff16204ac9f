"""A model's weights as arrays by name: what a model file holds, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from riverrun.errors import ModelError


def weights_of(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Arrays by name, which may share the model's memory. What is tied stands once, under the name it has first."""
    tensors = model.state_dict(keep_vars=True)
    return {name: as_array(tensors[name]) for name, first in _first_names(tensors).items() if name == first}


def load_weights(model: nn.Module, weights: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Copy arrays into a model. Version 0.1.0 wrote what is tied under each of its names: that is read too.

    Raises:
        ModelError: names or shapes differ; ``path`` is named.
    """
    found = dict(weights)
    for name, first in _first_names(model.state_dict(keep_vars=True)).items():
        if name not in found and first in found:
            found[name] = found[first]
    try:
        model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in found.items()})
    except (RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: its weights do not fit its settings ({reason:.200})") from error


def as_array(tensor: Tensor) -> NDArray[Any]:
    """A tensor as a numpy array; the two may share memory."""
    return tensor.detach().cpu().contiguous().numpy()


def _first_names(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """For each name the first one of the same tensor."""
    first: dict[int, str] = {}
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors.items()}
