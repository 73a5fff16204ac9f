"""Chinese words and clauses: the text survives, the units are sensible, an unfit text is named."""

import itertools
import json
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.config.resolved import SideSymbols
from riverrun.text import load_tokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.sides import train_side
from riverrun.text.splitting import split_chinese_words, split_clauses
from riverrun.text.symbols import split
from riverrun.text.tokenizer import rebuffer

SAMPLES = [
    "我在年青时候也曾经做过许多梦，后来大半忘却了。但自己也不以为可惜！\n",
    "「我在年青時候，也曾經做過許多夢……」他說：『後來大半忘卻了』。\n",
    "阿Q说Hello, world！在Linux上don't用３．１４％的ＡＢＣ、２０２０年。\r\n\r\n　　“好——”",
    "",
    "\n\n \u3000\n",
]
mixed = st.text(st.sampled_from("我在年青時候，。！？「」 　\n\rabc'’-3.A𠀀\ud800é"), max_size=40)


@pytest.mark.parametrize("split", [split_chinese_words, split_clauses])
@given(text=st.one_of(mixed, st.text(max_size=30)))
@settings(max_examples=100, deadline=None)
def test_the_units_joined_are_the_text(split, text):
    assert "".join(split(text)) == text


@pytest.mark.parametrize("unit", ["jieba", "clause"])
def test_round_trip_and_reload(unit):
    text = "".join(SAMPLES)
    tokenizer = tiny.tokenizer([text], unit=unit)
    again = load_tokenizer(json.dumps(tokenizer.to_dict()))
    for sample in SAMPLES:
        assert again.decode(tokenizer.encode(sample)) == sample


@pytest.mark.parametrize("unit", ["jieba", "clause"])
@given(text=st.text(st.sampled_from("".join(SAMPLES)), max_size=40))
@settings(max_examples=100, deadline=None)
def test_what_was_never_seen_is_spelled(unit, text):
    tokenizer = tiny.tokenizer(SAMPLES, unit=unit, min_count=2)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert not tokenizer.unseen(text)


def test_units():
    units = split_chinese_words("我在年青时候做过许多梦，Hello world")
    assert {"我", "年青", "许多", "，", "Hello", " ", "world"} <= set(units)
    assert split_clauses("他说：好的，走吧。\n再见") == [
        "他说",
        "：",
        "好的",
        "，",
        "走吧",
        "。",
        "\n",
        "再见",
    ]
    assert split_clauses("don't go, well-known A") == ["don't go", ",", " well-known A"]


@pytest.mark.parametrize("unit", ["jieba", "clause"])
@given(text=mixed, cuts=st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=100, deadline=None)
def test_cuts_between_chunks_change_no_unit(unit, text, cuts):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    chunks = [text[a:b] for a, b in itertools.pairwise(places)]
    pieces = rebuffer(chunks, unit, Normalizer())
    assert [symbol for piece in pieces for symbol in split(unit, piece)] == split(unit, text)


def test_a_side_of_pairs_may_be_chinese_words():
    side = train_side("jieba", SAMPLES, "none", SideSymbols(False, "none", 1, "unknown"))
    assert len(side.encode(SAMPLES[0])) == len(split_chinese_words(SAMPLES[0]))
    assert side.decode(side.encode(SAMPLES[0])) == SAMPLES[0]


def test_an_unfit_text_is_allowed_and_named():
    with pytest.warns(UserWarning, match="the text has no Chinese"):
        tiny.tokenizer(["only English here"], unit="jieba")
    with pytest.warns(UserWarning, match="the text has no punctuation"):
        tiny.tokenizer(["没有标点"], unit="clause")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny.tokenizer(SAMPLES, unit="jieba")
        tiny.tokenizer(SAMPLES, unit="clause")
