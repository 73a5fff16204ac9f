"""CR LF and CR become LF wherever a text is cut, unless they are to be kept; and that is said."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.corpus import open_corpus
from riverrun.data.formats.text import Chunk
from riverrun.data.line_ends import LineEnds
from riverrun.data.reading_settings import Reading


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


documents = st.lists(st.lists(st.text("a\r\n", max_size=4), min_size=1, max_size=4), max_size=3)


@given(documents)
def test_every_document_is_unified_wherever_it_is_cut(texts):
    chunks = [Chunk(piece, index == 0) for pieces in texts for index, piece in enumerate(pieces)]
    ends, found = LineEnds(), []
    for text, opens in ends.unified(chunks):
        assert text
        if opens:
            found.append("")
        found[-1] += text
    whole = ["".join(pieces) for pieces in texts]
    assert found == [unified(text) for text in whole if text]
    assert ends.changed == sum(text.count("\r") for text in whole)


@pytest.mark.parametrize(("text", "count"), [("a\r\nb\r\n", "2"), ("a\rb\r", "2"), ("a\r\nb\rc\n\r\n", "3")])
def test_it_is_said_how_many_were_changed(text, count, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    with pytest.warns(UserWarning, match=rf"a\.txt: {count} line ends .*--data\.line-ends keep"):
        corpus = open_corpus([path], Reading(line_ends="unify"))
    assert "".join(corpus.texts()) == unified(text)
    assert corpus.characters == len(unified(text))


def test_they_may_be_kept(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "".join(open_corpus([tmp_path / "a.txt"], Reading("auto", "keep")).texts()) == "a\r\nb\r"


def test_texts_that_differ_in_line_ends_alone_are_the_same(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r\n")
    (tmp_path / "b.txt").write_bytes(b"a\nb\n")
    with pytest.warns(UserWarning, match="line ends"):
        one = open_corpus([tmp_path / "a.txt"], Reading(line_ends="unify"))
    assert one.digest == open_corpus([tmp_path / "b.txt"], Reading(line_ends="unify")).digest
