"""The two dynamic programmes of a stochastic edit distance, compiled by numba."""

import numpy as np
from numba import njit


@njit(cache=True)
def expect(source, target, substitution, insertion, deletion, substituted, inserted, deleted):
    """Add the expected edits of one pair to the counts; returns its log-probability in nats.

    Rows are scaled to sum to one, so that long pairs do not underflow.
    """
    n, m = len(source), len(target)
    ahead = np.zeros((n + 1, m + 1))
    behind = np.zeros((n + 1, m + 1))
    scale = np.ones(n + 1)
    for i in range(n + 1):
        for j in range(m + 1):
            total = 1.0 if i == 0 and j == 0 else 0.0
            if i > 0 and j > 0:
                total += ahead[i - 1, j - 1] * substitution[source[i - 1], target[j - 1]]
            if i > 0:
                total += ahead[i - 1, j] * deletion[source[i - 1]]
            if j > 0:
                total += ahead[i, j - 1] * insertion[target[j - 1]]
            ahead[i, j] = total
        whole = ahead[i].sum()
        if whole <= 0.0:
            return -745.0
        scale[i] = whole
        ahead[i] /= whole
    if ahead[n, m] <= 0.0:
        return -745.0
    behind[n, m] = 1.0 / ahead[n, m]
    for i in range(n, -1, -1):
        for j in range(m, -1, -1):
            total = behind[i, j]
            if i < n and j < m:
                total += behind[i + 1, j + 1] * substitution[source[i], target[j]] / scale[i + 1]
            if i < n:
                total += behind[i + 1, j] * deletion[source[i]] / scale[i + 1]
            if j < m:
                total += behind[i, j + 1] * insertion[target[j]]
            behind[i, j] = total
    for i in range(n + 1):
        for j in range(m + 1):
            if i < n and j < m:
                edit = substitution[source[i], target[j]] / scale[i + 1]
                substituted[source[i], target[j]] += ahead[i, j] * edit * behind[i + 1, j + 1]
            if i < n:
                deleted[source[i]] += ahead[i, j] * deletion[source[i]] / scale[i + 1] * behind[i + 1, j]
            if j < m:
                inserted[target[j]] += ahead[i, j] * insertion[target[j]] * behind[i, j + 1]
    return np.log(scale).sum() + np.log(ahead[n, m])


@njit(cache=True)
def align(source, target, substitution, insertion, deletion):
    """Edits of the most likely path, from log-probabilities.

    Returns:
        For each edit the symbol that it writes (-1: a deletion) and whether it takes a source symbol.
    """
    n, m = len(source), len(target)
    best = np.full((n + 1, m + 1), -np.inf)
    edit = np.zeros((n + 1, m + 1), np.int8)
    best[0, 0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            if i > 0 and j > 0:
                value = best[i - 1, j - 1] + substitution[source[i - 1], target[j - 1]]
                if value > best[i, j]:
                    best[i, j], edit[i, j] = value, 0
            if i > 0:
                value = best[i - 1, j] + deletion[source[i - 1]]
                if value > best[i, j]:
                    best[i, j], edit[i, j] = value, 1
            if j > 0:
                value = best[i, j - 1] + insertion[target[j - 1]]
                if value > best[i, j]:
                    best[i, j], edit[i, j] = value, 2
    written = np.empty(n + m, np.int64)
    taken = np.empty(n + m, np.bool_)
    length = 0
    i, j = n, m
    while i > 0 or j > 0:
        taken[length] = edit[i, j] != 2
        written[length] = -1 if edit[i, j] == 1 else target[j - 1]
        i -= edit[i, j] != 2
        j -= edit[i, j] != 1
        length += 1
    return written[:length][::-1], taken[:length][::-1]
