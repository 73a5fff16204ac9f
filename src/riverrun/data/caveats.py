"""What a held-out figure is worth: what of the text is left out, what of it was learned."""

import warnings

from riverrun.data.held_out import TextSplit
from riverrun.data.ids import IdFile
from riverrun.data.repeats import Repeats, repeats

FEW = 10  # lines that tell nothing of how many are repeated
MANY = 0.15  # share of characters in repeated lines that decides a figure


def warn(split: TextSplit, held_out: IdFile) -> Repeats:
    """Say in warnings what makes the held-out figure worth less than it looks; returns what of it was learned."""
    if not held_out.counts.tells_every_character:
        warnings.warn(
            f"held-out text: {held_out.counts.caveat}; no figure a character is given (--text.unknown spell "
            "counts them)",
            stacklevel=2,
        )
    leaked = repeats(split.held_out.texts(), split.training.texts())
    if decides(leaked):
        warnings.warn(
            f"{leaked.repeated_lines:,} of {leaked.lines:,} held-out lines ({leaked.share:.0%}) are in the training "
            "text too, so held-out figures are too good; leave equal lines out, for example with "
            "awk '!seen[$0]++' TEXT",
            stacklevel=2,
        )
    return leaked


def decides(leaked: Repeats) -> bool:
    """Whether so much of the held-out text was learned that its figure says little of other text."""
    return leaked.lines >= FEW and leaked.share_of_characters >= MANY
