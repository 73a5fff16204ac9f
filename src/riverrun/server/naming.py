"""A name of its own for every symbol: what stands among log-probabilities."""

from riverrun.text import START, UNKNOWN, Tokenizer
from riverrun.text.vocabulary import REPLACEMENT

START_NAME = "<|start|>"
"""The start symbol, which no text holds; alone it can be tokenized, so that programs can put it before a prompt."""


def names_of(tokenizer: Tokenizer) -> list[str]:
    """Names [V], all different: the symbol's text, or ``<|id|>`` where that is part of a character or not alone."""
    names = ["<|unknown|>", START_NAME]
    assert (UNKNOWN, START) == (0, 1)
    taken = set(names)
    for symbol in range(len(names), tokenizer.size):
        name = tokenizer.decode([symbol])
        if not name or REPLACEMENT in name or name in taken:
            name = f"<|{symbol}|>"
            while name in taken:
                name = f"<{name}>"
        taken.add(name)
        names.append(name)
    return names
