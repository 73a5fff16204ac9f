"""What a decoder is given is checked before anything uses it: compiled code would read and write past its arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import InputError
from riverrun.generation.sampling import LATEST, Sampling
from riverrun.generation.state import Position, State, Symbols

_FARTHEST = 1 << 62  # symbols written, all in all
_MOST_AT_ONCE = 1 << 24


def checked_ids(given: Sequence[int] | NDArray[np.integer], vocabulary: int) -> Symbols:
    """Ids [T] as int64; raises InputError where one is no id of a vocabulary of V symbols."""
    try:
        ids = np.asarray(given)
    except (ValueError, OverflowError):
        raise InputError("ids: give one list of whole numbers") from None
    if not ids.size and ids.ndim == 1:
        return np.empty(0, np.int64)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise InputError(f"ids: give one list of whole numbers, not {ids.dtype} of shape {ids.shape}")
    least, most = int(ids.min()), int(ids.max())
    if least < 0 or most >= vocabulary:
        raise InputError(f"{least if least < 0 else most} is no id of this model: give 0 to {vocabulary - 1}")
    return np.ascontiguousarray(ids, np.int64)


def checked_pairs(
    inputs: Sequence[int] | NDArray[np.integer], targets: Sequence[int] | NDArray[np.integer], vocabulary: int
) -> tuple[Symbols, Symbols]:
    """Inputs and targets [T] of a text to be scored, as int64."""
    symbols, goals = checked_ids(inputs, vocabulary), checked_ids(targets, vocabulary)
    if len(symbols) != len(goals):
        raise InputError(f"{len(symbols)} inputs and {len(goals)} targets: give as many")
    return symbols, goals


def check_state(state: State, initial: State, vocabulary: int) -> None:
    """Raises InputError for a state that is not of the decoder with this initial one."""
    check_parts(state, initial)
    checked_ids(state.latest, vocabulary)


def check_parts(state: State, initial: State) -> None:
    """The same, but for the ids that it remembers."""
    if not isinstance(state, State):
        raise InputError(f"{type(state).__name__} is not a state: take initial_state() or one it led to")
    if len(state.parts) != len(initial.parts) or any(
        type(part) is not np.ndarray or part.shape != like.shape or part.dtype != like.dtype
        for part, like in zip(state.parts, initial.parts, strict=True)
    ):
        shapes = ", ".join(f"float32 {list(part.shape)}" for part in initial.parts)
        raise InputError(f"a state of another model: the parts of this one's are {shapes}")
    latest = state.latest
    if type(latest) is not np.ndarray or latest.dtype != np.int64 or latest.ndim != 1 or len(latest) > LATEST:
        raise InputError(f"the latest symbols of a state are a vector of {LATEST} ids at most, int64")


def check_sequences(
    positions: Sequence[Position],
    samplings: Sequence[Sampling],
    seeds: Sequence[tuple[int, int]],
    count: int,
    initial: State,
    vocabulary: int,
) -> None:
    """Raises InputError where sequences cannot be continued by ``count`` symbols."""
    if not len(positions) == len(samplings) == len(seeds) > 0:
        raise InputError(
            f"{len(positions)} positions, {len(samplings)} samplings, {len(seeds)} seeds: give as many"
        )
    if not isinstance(count, int | np.integer) or not 0 <= count <= _MOST_AT_ONCE:
        raise InputError(f"count = {count!r}: give 0 to {_MOST_AT_ONCE} symbols at once")
    if not all(isinstance(sampling, Sampling) for sampling in samplings):
        raise InputError("samplings: give a Sampling for each sequence")
    if not all(isinstance(number, int | np.integer) for pair in seeds for number in pair):
        raise InputError("seeds: give two whole numbers for each sequence")
    for position in positions:
        if not isinstance(position, Position):
            raise InputError(f"{type(position).__name__} is not a position")
        check_parts(position.state, initial)
        if not isinstance(position.last, int | np.integer) or not 0 <= position.last < vocabulary:
            raise InputError(f"{position.last!r} is no id of this model: give 0 to {vocabulary - 1}")
        if not isinstance(position.written, int | np.integer) or not 0 <= position.written < _FARTHEST:
            raise InputError(f"written = {position.written}: give 0 or more symbols")
    remembered = np.concatenate([position.state.latest for position in positions])
    if len(remembered) and remembered.view(np.uint64).max() >= vocabulary:  # a negative one is a large one
        checked_ids(remembered, vocabulary)
