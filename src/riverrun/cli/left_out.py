"""What of a model other programs do not get, said before they get it."""

import sys
from collections.abc import Iterable
from pathlib import Path


def say_of_memory(models: Iterable[Path]) -> None:
    """Say on stderr that the memory is left out of what is given away, for each model that has one."""
    from riverrun.bundle import read_facts

    for path in models:
        if "memory" in read_facts(path):
            print(
                f"{path}: its memory is left out; this is the network alone, as with --memory 0",
                file=sys.stderr,
            )
