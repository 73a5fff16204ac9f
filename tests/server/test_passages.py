"""The text of a sequence: the same whatever the slices, with a log-probability for each symbol that is shown."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riverrun.server.naming import names_of
from riverrun.server.passages import Passage
from riverrun.server.tickets import Predictions
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.stopping import Stops
from riverrun.text.symbols import SymbolTokenizer
from riverrun.text.vocabulary import Vocabulary

TEXTS = st.text("abé€\U0001f600\n", max_size=30)
BYTES = ByteTokenizer(Normalizer())


def predictions(count: int) -> Predictions:
    return Predictions(-np.arange(count, dtype=float), np.zeros((count, 0), np.int64), np.zeros((count, 0)))


def play(
    symbols: np.ndarray, cuts: list[int], stops: list[str], told: bool
) -> tuple[str, list[int], Passage]:
    """Text and offsets of a passage that comes in pieces."""
    passage, text, offsets = Passage(BYTES, Stops(stops)), "", []
    bounds = sorted({0, *(cut % (len(symbols) + 1) for cut in cuts), len(symbols)})
    for start, end in itertools.pairwise(bounds):
        piece = passage.push(symbols[start:end], predictions(end - start) if told else None)
        text += piece.text
        offsets += [entry.offset for entry in piece.entries]
        if passage.emission.stopped:
            break
    rest = passage.finish()
    return text + rest.text, offsets + [entry.offset for entry in rest.entries], passage


@given(
    TEXTS,
    st.lists(st.integers(0, 100), max_size=5),
    st.lists(st.text("abé", min_size=1, max_size=3), max_size=3),
)
def test_slices_do_not_matter(text, cuts, stops):
    symbols = BYTES.encode(text).astype(np.int64)
    whole = play(symbols, [], stops, True)
    pieces = play(symbols, cuts, stops, True)
    silent = play(symbols, cuts, stops, False)
    assert whole[:2] == pieces[:2]
    assert whole[0] == silent[0]
    assert whole[2].emission.tokens == pieces[2].emission.tokens == silent[2].emission.tokens
    assert not any(stop in whole[0] for stop in stops)


@given(TEXTS, st.lists(st.integers(0, 100), max_size=5))
def test_every_symbol_is_told_where_nothing_stops(text, cuts):
    symbols = BYTES.encode(text).astype(np.int64)
    shown, offsets, passage = play(symbols, cuts, [], True)
    assert shown == text
    assert len(offsets) == passage.emission.tokens == len(symbols)
    assert offsets == sorted(offsets)


def test_a_character_cut_in_half_is_held_back():
    passage = Passage(BYTES, Stops([]))
    first, second = BYTES.encode("é").astype(np.int64)
    assert passage.push(np.array([first]), None).text == ""
    assert passage.push(np.array([second]), None).text == "é"
    assert passage.push(np.array([first]), None).text == ""
    assert passage.finish().text == ""


def test_names_are_all_different():
    names = names_of(BYTES)
    assert len(set(names)) == BYTES.size
    assert names[2 + ord("a")] == "a"
    assert names[2 + 0xC3] == "<|197|>"
    awkward = Vocabulary(("<|start|>", "a", "<|3|>", "\ufffd", "<<|2|>>", "<|2|>"))
    names = names_of(SymbolTokenizer("word", awkward, "unknown", Normalizer()))
    assert len(set(names)) == awkward.size
