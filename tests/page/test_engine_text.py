"""The page's tokenizers do what ours do, for any text."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny
from page_engine import Engine
from riverrun.config.resolved import SideSymbols
from riverrun.text import Tokenizer
from riverrun.text.sides import train_side
from riverrun.text.splitting import split_clauses, split_words

several = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

KNOWN = (
    "The river's End: naïve café, Σίσυφος ΟΔΥΣΣΕΥΣ; 漢字かな交じり文、中文。\tit’s 42 and ½ ... don't\n\n" * 3
)
FAMILIAR = st.text(st.sampled_from(sorted(set(KNOWN + "xqß́\u00a0\x1c\u2028\U0001f600\ufeff"))), max_size=60)
ANY = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=40)


@pytest.fixture(scope="module")
def engine():
    running = Engine()
    yield running
    running.close()


TOKENIZERS: dict[str, Tokenizer] = {
    name: tiny.tokenizer([KNOWN], **chosen)
    for name, chosen in {
        "char": {},
        "char, lower, NFKC": {"lower": True, "normalize": "NFKC"},
        "char, skip": {"unknown": "skip"},
        "byte, NFD": {"unit": "byte", "normalize": "NFD"},
        "bpe": {"unit": "bpe", "max_vocabulary": 300},
        "word, spelled": {"unit": "word", "min_count": 3},
        "word, unknown": {"unit": "word", "unknown": "unknown", "min_count": 2, "max_vocabulary": 20},
        "clause": {"unit": "clause", "min_count": 1},
    }.items()
}


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=FAMILIAR | ANY)
@several
def test_the_same_symbols(engine, name, text):
    tokenizer = TOKENIZERS[name]
    (found,) = engine("tokenize", document=tokenizer.to_dict(), texts=[text])
    ids = tokenizer.encode(text).tolist()
    assert found["ids"] == ids
    assert found["text"] == tokenizer.decode(ids)
    assert "".join(found["pieces"]) == found["text"]
    assert dict(map(tuple, found["unseen"])) == tokenizer.unseen(text)


@given(text=FAMILIAR | ANY)
@several
def test_the_same_symbols_between_blanks(engine, text):
    tokenizer = train_side("symbols", [KNOWN], "none", SideSymbols(False, "none", 1, "unknown"))
    (found,) = engine("tokenize", document=tokenizer.to_dict(), texts=[text])
    ids = tokenizer.encode(text).tolist()
    assert (found["ids"], found["text"]) == (ids, tokenizer.decode(ids))
    assert "".join(found["pieces"]) == found["text"]


@pytest.mark.parametrize("name", ["byte, NFD", "bpe", "char", "word, spelled"])
@given(data=st.data())
@several
def test_any_ids_as_text(engine, name, data):
    """Also bytes that are no characters: a stream gives the same text, and never half of one."""
    tokenizer = TOKENIZERS[name]
    ids = data.draw(st.lists(st.integers(0, tokenizer.size - 1), max_size=30))
    found = engine("detokenize", document=tokenizer.to_dict(), ids=ids)
    assert found["text"] == tokenizer.decode(ids)
    decoder = tokenizer.decoder()
    assert "".join(found["pieces"]) == "".join(map(decoder.push, ids)) + decoder.flush()


def test_every_character_is_of_the_same_kind(engine):
    """Letters, marks, digits, blanks, punctuation: of all that Python knows, cut in the same places."""
    points = [
        point for point in range(0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Co", "Cs")
    ]
    for unit, split in (("word", split_words), ("clause", split_clauses)):
        for start in range(0, len(points), 30_000):
            text = "\n".join(f"a{chr(point)}b1{chr(point)} " for point in points[start : start + 30_000])
            assert engine("split", unit=unit, text=text, known=[]) == split(text)


def test_chinese_is_cut_by_the_longest_known_words(engine):
    found = engine(
        "split", unit="jieba", text="我来到北京清华大学, ok 了", known=["北京", "清华", "清华大学", "大学"]
    )
    assert found == ["我", "来", "到", "北京", "清华大学", ",", " ", "ok", " ", "了"]
