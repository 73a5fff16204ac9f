"""How several threads do one task: each its share of the rows, all waiting for each other where they must."""

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.vectors import add_atomically, compiled, give_way

_PATIENCE = 2000  # looks at the others before letting the system run something else


@compiled
def share(task, count, unit):
    """This thread's part of ``count`` things that come in units: the first and one after the last."""
    units = (count + unit - 1) // unit
    low = units * task[at.RANK] // task[at.RANKS] * unit
    high = units * (task[at.RANK] + 1) // task[at.RANKS] * unit
    return low, min(high, count)


@compiled
def meet(task):
    """Wait until every thread of the task is here, and sees what the others have written."""
    ranks = task[at.RANKS]
    if ranks == 1:
        return
    arrived = add_atomically(task[at.MEETING], 1)
    everyone = (arrived + ranks - 1) // ranks * ranks
    looks = 0
    while add_atomically(task[at.MEETING], 0) < everyone:
        looks += 1
        if looks > _PATIENCE:
            give_way()
