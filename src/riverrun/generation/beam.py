"""Greedy search, beam search and sampling over a stepper, for many sources at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.data.rows import Ids
from riverrun.generation.choice import choose
from riverrun.generation.draws import uniform
from riverrun.generation.sampling import Sampling
from riverrun.generation.search import Hypothesis, Search
from riverrun.generation.stepping import Stepper, in_batches
from riverrun.text.vocabulary import START

Array = NDArray[Any]


def search(
    stepper: Stepper, sources: Sequence[Ids], bounds: Sequence[int], how: Search
) -> list[list[Hypothesis]]:
    """The best hypotheses for each of N sources, best first; the order of results is that of the sources.

    Args:
        stepper: the model.
        sources: their ids.
        bounds: [N], outputs written at most for each.
        how: the settings.
    """
    found: list[list[Hypothesis]] = [[] for _ in sources]
    batches = in_batches(sources, how.beam)

    def search_batch(indices: list[int]) -> list[list[Hypothesis]]:
        return _search_batch(stepper, [sources[i] for i in indices], [bounds[i] for i in indices], how)

    for indices, results in zip(batches, stepper.side_by_side(search_batch, batches), strict=True):
        for index, hypotheses in zip(indices, results, strict=True):
            found[index] = hypotheses[: max(how.n_best, how.beam)]
    return found


def _search_batch(
    stepper: Stepper, sources: list[Ids], bounds: list[int], how: Search
) -> list[list[Hypothesis]]:
    """Beam search (K hypotheses for each of B sources). With K = 1 it is greedy search.

    A source is done when K hypotheses have ended and no living one scores better than they, or at its bound, where
    the living ones compete as they are. Sources that are done leave the batch.
    """
    width, most = how.beam, np.array(bounds)
    ended: list[list[Hypothesis]] = [[] for _ in sources]
    to_beat = np.full(len(sources), -np.inf)  # score of the K-th best that ended; -inf while there are fewer
    alive = np.arange(len(sources))  # [B], the sources still searched
    scores = np.full((len(sources), width), -np.inf)  # [B, K] log-probabilities; one hypothesis at first
    scores[:, 0] = 0.0
    history = np.empty((len(sources), width, 0), np.int64)  # [B, K, T]
    state = stepper.select(stepper.start(sources), np.repeat(alive, width))
    outputs = np.full(len(sources) * width, START)
    while len(alive):
        logs, state = stepper.step(outputs, state)
        logs = np.where(stepper.forbidden, -np.inf, logs.astype(np.float64)).reshape(len(alive), width, -1)
        scores, parents, symbols = _best(scores, logs, 2 * width)
        history = np.take_along_axis(history, parents[..., None], axis=1)
        history = np.concatenate([history, symbols[..., None]], axis=2)
        length = history.shape[2]
        ending = symbols == stepper.end
        for place, rank in np.argwhere(ending[:, :width] & np.isfinite(scores[:, :width])):
            ids, log = tuple(history[place, rank, :-1].tolist()), float(scores[place, rank])
            source = alive[place]
            ended[source].append(Hypothesis(ids, log, how.score(log, length), finished=True))
            if len(ended[source]) >= width:
                to_beat[source] = sorted(each.score for each in ended[source])[-width]
        # The best K that go on, in their order.
        going = np.argsort(ending, axis=1, kind="stable")[:, :width]
        scores = np.where(ending, -np.inf, scores)
        scores, parents, history = (
            np.take_along_axis(scores, going, axis=1),
            np.take_along_axis(parents, going, axis=1),
            np.take_along_axis(history, going[..., None], axis=1),
        )
        # A living hypothesis is judged as if it ended now. In greedy search the first to end is the last.
        hopeful = np.isneginf(to_beat[alive]) | (
            (width > 1) & (how.score(scores[:, 0], length) > to_beat[alive])
        )
        hopeful &= np.isfinite(scores[:, 0])
        keep = hopeful & (length < most[alive])
        for place in np.flatnonzero(hopeful & ~keep):
            ended[alive[place]] += _unfinished(history[place], scores[place], how)
        rows = (np.arange(len(alive))[:, None] * width + parents)[keep]
        alive, scores, history = alive[keep], scores[keep], history[keep]
        state = stepper.select(state, rows.ravel())
        outputs = history[..., -1].ravel()
    return [sorted(hypotheses, key=lambda hypothesis: -hypothesis.score) for hypotheses in ended]


def _best(scores: Array, logs: Array, count: int) -> tuple[Array, Array, Array]:
    """The best continuations of each source, best first.

    Args:
        scores: [B, K]
        logs: [B, K, V]
        count: how many; fewer where there are not so many.

    Returns:
        Scores, parents (0 to K - 1) and symbols, each [B, count].
    """
    outputs = logs.shape[2]
    total = (scores[..., None] + logs).reshape(len(scores), -1)
    count = min(count, total.shape[1])
    some = np.argpartition(-total, count - 1, axis=1)[:, :count]
    some.sort(axis=1)  # equal scores in the order of their ids, however the partition left them
    order = np.argsort(-np.take_along_axis(total, some, axis=1), axis=1, kind="stable")
    chosen = np.take_along_axis(some, order, axis=1)
    if short := 2 * scores.shape[1] - count:  # pad, so that K hypotheses are always there
        chosen = np.concatenate([chosen, np.repeat(chosen[:, -1:], short, axis=1)], axis=1)
    best = np.take_along_axis(total, chosen, axis=1)
    best[:, count:] = -np.inf
    return best, chosen // outputs, chosen % outputs


def _unfinished(history: Array, scores: Array, how: Search) -> list[Hypothesis]:
    return [
        Hypothesis(tuple(ids.tolist()), float(log), how.score(float(log), len(ids)), finished=False)
        for ids, log in zip(history, scores, strict=True)
        if np.isfinite(log)
    ]


def sample(
    stepper: Stepper,
    sources: Sequence[Ids],
    bounds: Sequence[int],
    sampling: Sampling,
    seed: int,
    how: Search,
) -> list[list[Hypothesis]]:
    """``how.n_best`` random outputs for each source; each depends on the seed, its source's place and its number."""
    found: list[list[Hypothesis]] = [[] for _ in sources]
    count = how.n_best
    for indices in in_batches(sources, count):
        rows = np.repeat(np.arange(len(indices)), count)
        state = stepper.select(stepper.start([sources[index] for index in indices]), rows)
        most = np.array([bounds[index] for index in indices])[rows]
        written: list[list[int]] = [[] for _ in rows]
        logs_of = np.zeros(len(rows))
        ended = np.zeros(len(rows), bool)
        outputs = np.full(len(rows), START)
        while len(going := np.flatnonzero(~ended & (np.array([len(ids) for ids in written]) < most))):
            logs, state = stepper.step(outputs, state)
            logs = np.where(stepper.forbidden, -np.inf, logs.astype(np.float64))
            for row in going.tolist():
                sequence = indices[row // count] * count + row % count
                draw = uniform(seed, sequence, len(written[row]))
                symbol = choose(logs[row], written[row], sampling, draw, ~stepper.forbidden)
                logs_of[row] += logs[row, symbol]
                outputs[row] = symbol
                ended[row] = symbol == stepper.end
                if not ended[row]:
                    written[row].append(symbol)
        for row, ids in enumerate(written):
            log, finished = float(logs_of[row]), bool(ended[row])
            score = how.score(log, len(ids) + finished)
            found[indices[row // count]].append(Hypothesis(tuple(ids), log, score, finished))
    return found
