"""Texts in a field of JSON lines and in a column of CSV; what is not there is named with what is."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.corpus import open_corpus
from riverrun.data.formats.tables import lines, texts_of_csv
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

AUTO = Reading("auto", "unify")


def write(path, content):
    path.write_bytes(content.encode())
    return path


def documents(path, reading=AUTO):
    chunks = list(open_corpus([path], reading).chunks())
    assert all(chunk.opens_document for chunk in chunks)
    return [chunk.text for chunk in chunks]


def test_every_object_of_json_lines_is_a_document(tmp_path):
    rows = [{"text": "one\ntwo", "id": 1}, {"text": None}, {"text": ""}, {"text": "é\n"}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    assert documents(path) == ["one\ntwo\n", "é\n"]


def test_another_field_is_chosen(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"body": "here", "text": "there"}\n')
    assert documents(path, Reading("auto", "unify", "body")) == ["here\n"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"body": "x", "id": 1}',
            r"line 2: there is no field text but body, id: choose one by data\.field",
        ),
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: not an object"),
        ('{"text": 5}', "line 2: the field text holds no text but 5"),
        ('{"text": "\\ud800"}', "line 2: half a character"),
        ("[" * 100_000, "line 2: not JSON"),
    ],
)
def test_a_bad_line_is_named(line, said, tmp_path):
    path = write(tmp_path / "a.jsonl", f'{{"text": "good"}}\n{line}\n')
    with pytest.raises(CorpusError, match=said):
        open_corpus([path], AUTO)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_column_of_a_table(delimiter, tmp_path):
    rows = [["id", "text"], ["1", 'a "quoted" text'], ["2", "two\nlines"], ["3", ""], ["4", "a, b; c"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path = write(tmp_path / "a.csv", "\ufeff" + buffer.getvalue())
    assert documents(path) == ['a "quoted" text\n', "two\nlines\n", "a, b; c\n"]


def test_the_only_column_needs_no_name(tmp_path):
    assert documents(write(tmp_path / "a.csv", "name\nanna\nbert\n")) == ["anna\n", "bert\n"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,name\n1,x\n", r"there is no column text but id, name: choose one by data\.field"),
        ("id,text\n1\n", "line 2: a row of 1 columns, not 2"),
        ('id,text\n1,"x\n2,y\n', "not CSV"),
        ("id,text\n", "holds no text"),
    ],
)
def test_a_bad_table_is_named(content, said, tmp_path):
    with pytest.raises(CorpusError, match=said):
        open_corpus([write(tmp_path / "a.csv", content)], AUTO)


def test_a_table_may_be_learned_as_it_stands(tmp_path):
    path = write(tmp_path / "a.csv", "id,text\n1,x\n")
    assert "".join(open_corpus([path], Reading("text", "unify")).texts()) == "id,text\n1,x\n"


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\x00", codec="utf-8"), min_size=1), min_size=1),
    st.data(),
)
def test_any_table_comes_back_wherever_it_is_cut(texts, data):
    buffer = io.StringIO()
    rows = [["a", "text"], *(["x", text] for text in texts)]
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    whole = buffer.getvalue()
    cut = data.draw(st.integers(0, len(whole)))
    found = list(texts_of_csv([whole[:cut], whole[cut:]], "text", "x"))
    assert found == [text if text.endswith("\n") else f"{text}\n" for text in texts]


@given(st.text("ab\n\r", max_size=30), st.integers(0, 30))
def test_lines_do_not_depend_on_where_a_text_is_cut(text, cut):
    expected = [line.removesuffix("\r") for line in text.split("\n")]
    if not text.split("\n")[-1]:
        expected.pop()
    assert list(lines([text[:cut], text[cut:]])) == expected
