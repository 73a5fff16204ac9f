"""Cutting a source that is far longer than any in training into pieces that are not."""

from collections.abc import Iterator

import numpy as np

from riverrun.data.rows import Ids


def pieces(source: Ids, blanks: Ids, most: int) -> Iterator[Ids]:
    """Pieces of a source [S], each of at most ``most`` symbols, cut at its last blank if it has one, else anywhere.

    Blanks at the ends of pieces are left out, and so are pieces of nothing else.
    """
    is_blank = np.isin(source, blanks)
    start = 0
    while start < len(source):
        stop = start + most
        if stop < len(source) and len(places := np.flatnonzero(is_blank[start + 1 : stop + 1])):
            stop = start + 1 + int(places[-1])
        kept = np.flatnonzero(~is_blank[start:stop])
        if len(kept):
            yield source[start + kept[0] : start + kept[-1] + 1]
        start = stop
