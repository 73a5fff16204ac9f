"""The most likely way in which a transducer writes a given target: what its log-probability is that of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.actions import Actions
from riverrun.data.rows import Ids
from riverrun.generation.search import Hypothesis, Search
from riverrun.generation.stepping import Stepper, in_batches
from riverrun.text.vocabulary import START

WIDTH = 8  # paths kept side by side


class ActionPath(NamedTuple):
    """How a transducer writes a target: its actions, the boundary symbol last, and their log-probability in nats."""

    actions: Ids
    log_probability: float


def best_paths(
    stepper: Stepper, actions: Actions, sources: Sequence[Ids], targets: Sequence[Ids]
) -> list[ActionPath]:
    """For each of N sources the most likely path to its target.

    The sum over all paths cannot be had: what a network says depends on every action before. This is the best of
    them by a beam search that allows nothing but the target. A search among all outputs that is no wider keeps no
    path to this target that this one has not.
    """
    found: dict[int, ActionPath] = {}
    batches = in_batches(sources, WIDTH)

    def search_batch(indices: list[int]) -> list[ActionPath]:
        return _search(stepper, actions, [sources[i] for i in indices], [targets[i] for i in indices])

    for indices, paths in zip(batches, stepper.side_by_side(search_batch, batches), strict=True):
        found |= dict(zip(indices, paths, strict=True))
    return [found[index] for index in range(len(sources))]


def with_best_paths(
    stepper: Stepper,
    actions: Actions,
    sources: Sequence[Ids],
    found: Sequence[Sequence[Hypothesis]],
    how: Search,
) -> list[list[Hypothesis]]:
    """Hypotheses for each of N sources, those that are finished by the most likely path to what they write."""
    rows = [
        (source, np.array(actions.written(hypothesis.ids), np.int32))
        for source, hypotheses in zip(sources, found, strict=True)
        for hypothesis in hypotheses
        if hypothesis.finished
    ]
    paths = iter(best_paths(stepper, actions, *map(list, zip(*rows, strict=True))) if rows else ())

    def best(hypothesis: Hypothesis) -> Hypothesis:
        if not hypothesis.finished:
            return hypothesis
        outputs, log = next(paths)
        return Hypothesis(tuple(outputs[:-1].tolist()), log, how.score(log, len(outputs)), finished=True)

    return [[best(hypothesis) for hypothesis in hypotheses] for hypotheses in found]


def _search(stepper: Stepper, actions: Actions, sources: list[Ids], targets: list[Ids]) -> list[ActionPath]:
    """K paths for each of B pairs, all of as many actions; at each step every path may go on in three ways or end."""
    count, width = len(sources), WIDTH
    wanted = _padded(targets)
    moves, symbols = np.array([len(s) for s in sources]), np.array([len(t) for t in targets])
    alive = np.arange(count)  # [B], the pairs still searched
    best, paths = np.full(count, -np.inf), [np.empty(0, np.int32)] * count
    scores = np.full((count, width), -np.inf)  # [B, K]; one path at first
    scores[:, 0] = 0.0
    place, written = np.zeros((2, count, width), np.int64)
    history = np.empty((count, width, 0), np.int64)
    state = stepper.select(stepper.start(sources), np.repeat(alive, width))
    outputs = np.full(count * width, START)
    while len(alive):
        logs, state = stepper.step(outputs, state)
        logs = logs.astype(np.float64).reshape(len(alive), width, -1)
        following = np.take_along_axis(wanted[alive], written, axis=1)  # [B, K]
        left, can_move = written < symbols[alive, None], place < moves[alive, None]
        ways = np.stack(  # [B, K, 4]
            [
                following,
                actions.write_and_move(following),
                np.full_like(following, actions.move),
                np.full_like(following, START),
            ],
            axis=2,
        )
        allowed = np.stack([left, left & can_move, can_move, ~left], axis=2)
        reached = np.where(allowed, scores[..., None] + np.take_along_axis(logs, ways, axis=2), -np.inf)
        ends = reached[..., 3]
        for row in np.flatnonzero(ends.max(axis=1) > best[alive]):
            rank = int(ends[row].argmax())
            best[alive[row]] = ends[row, rank]
            paths[alive[row]] = np.append(history[row, rank], START).astype(np.int32)
        going = reached[..., :3].reshape(len(alive), -1)
        chosen = np.argsort(-going, axis=1, kind="stable")[:, :width]
        parents, way = np.divmod(chosen, 3)
        scores = np.take_along_axis(going, chosen, axis=1)
        taken = np.take_along_axis(ways[..., :3].reshape(len(alive), -1), chosen, axis=1)
        place = np.take_along_axis(place, parents, axis=1) + (way > 0)
        written = np.take_along_axis(written, parents, axis=1) + (way < 2)
        written = np.minimum(written, symbols[alive, None])  # of what is no path
        history = np.concatenate(
            [np.take_along_axis(history, parents[..., None], axis=1), taken[..., None]], axis=2
        )
        keep = scores[:, 0] > best[alive]  # no path becomes more likely by going on
        rows = (np.arange(len(alive))[:, None] * width + parents)[keep]
        alive, scores, place, written, history = (
            part[keep] for part in (alive, scores, place, written, history)
        )
        state = stepper.select(state, rows.ravel())
        outputs = history[..., -1].ravel()
    return [ActionPath(path, float(log)) for path, log in zip(paths, best, strict=True)]


def _padded(targets: list[Ids]) -> NDArray[np.int64]:
    """Targets [B, T] with the boundary symbol after each."""
    padded = np.full((len(targets), max(map(len, targets)) + 1), START, np.int64)
    for row, target in enumerate(targets):
        padded[row, : len(target)] = target
    return padded
