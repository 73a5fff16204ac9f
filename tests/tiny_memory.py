"""Ids and memories that are quick to make."""

import numpy as np

import tiny
from riverrun.memory.gate import fit, network_odds
from riverrun.memory.learning import learn_memory
from riverrun.memory.memory import Memory
from riverrun.memory.stored import Remembered, symbol_texts
from riverrun.text import START
from riverrun.text.pieces import pieces_of

TEXT = tiny.text(400)
TOKENIZER = tiny.tokenizer([TEXT])
SYMBOLS = TOKENIZER.size
PIECES = pieces_of(TOKENIZER)


def ids(words: int, seed: int) -> np.ndarray:
    return TOKENIZER.encode(tiny.text(words, seed)).astype(np.int64)


def memory(words: int = 400, seed: int = 0) -> Memory:
    return learn_memory(ids(words, seed), symbol_texts(PIECES), START)


def remembered(words: int = 400) -> Remembered:
    """A memory with a gate that was fitted beside a network that knows nothing."""
    kept, other = memory(words), ids(60, 1)
    opinions = kept.opinions(np.concatenate([[START], other]), 1)
    blank = np.zeros((len(other), SYMBOLS), np.float32)
    return Remembered(kept, fit(network_odds(blank, other, kept), opinions, kept))
