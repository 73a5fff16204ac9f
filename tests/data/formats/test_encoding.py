"""What is no UTF-8 is named with its place, its encoding and the command that converts it; the command works."""

import shlex
import shutil
import subprocess

import pytest

from riverrun.data.corpus import open_corpus
from riverrun.data.formats.encoding import decode
from riverrun.errors import CorpusError

ENGLISH = "He said “it’s a naïve café” — and left. The rest is plain English, as books have it.\n"
FRENCH = "Le café était fermé, et la façade du théâtre brûlait déjà. Où est-il allé ?\n"
GERMAN = "Über den Wolken muß die Freiheit wohl grenzenlos sein. Größe ist schön.\n"
CHINESE = "我在年青时候也曾经做过许多梦，后来大半忘却了，但自己也并不以为可惜。\n"
TRADITIONAL = "我在年青時候也曾經做過許多夢，後來大半忘卻了，但自己也並不以為可惜。\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"
KOREAN = "나는 고양이다. 이름은 아직 없다. 어디서 태어났는지 도무지 짐작이 가지 않는다.\n"
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая по-своему.\n"
POLISH = "Zażółć gęślą jaźń. Litwo, Ojczyzno moja! ty jesteś jak zdrowie.\n"

ENCODINGS = [
    (ENGLISH, "cp1252", "WINDOWS-1252"),
    (FRENCH, "latin-1", "WINDOWS-1252"),
    (GERMAN, "cp1252", "WINDOWS-1252"),
    ("plain text with one café\n", "cp1252", "WINDOWS-1252"),
    (CHINESE, "gb18030", "GB18030"),
    (CHINESE, "gbk", "GB18030"),
    (TRADITIONAL, "big5", "BIG5"),
    (JAPANESE, "cp932", "CP932"),
    (KOREAN, "cp949", "CP949"),
    (RUSSIAN, "cp1251", "WINDOWS-1251"),
    (RUSSIAN, "koi8-r", "KOI8-R"),
    (POLISH, "cp1250", "WINDOWS-1250"),
    (ENGLISH, "utf-16", "UTF-16"),
    (ENGLISH, "utf-16-le", "UTF-16LE"),
    (ENGLISH, "utf-16-be", "UTF-16BE"),
    (CHINESE, "utf-16", "UTF-16"),
    (ENGLISH, "utf-32", "UTF-32"),
    (ENGLISH, "utf-32-le", "UTF-32LE"),
]


def complaint(raw: bytes, file: str | None = "book.txt") -> str:
    with pytest.raises(CorpusError) as caught:
        list(decode(lambda: [raw], "book.txt", file))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("text", "encoding", "name"), ENCODINGS)
def test_the_encoding_is_recognised_and_its_conversion_works(text, encoding, name, tmp_path):
    path = tmp_path / "a book.txt"
    path.write_bytes((text * 5).encode(encoding))
    with pytest.raises(CorpusError) as caught:
        open_corpus([path])
    said = str(caught.value)
    assert f"{name}" in said
    advice = said[said.index("iconv -f") :]
    assert advice == f"iconv -f {name} -t UTF-8 '{path}' > '{tmp_path / 'a book.utf8.txt'}'"
    if shutil.which("iconv"):
        subprocess.run(advice, shell=True, check=True)
        converted = shlex.split(advice)[-1]
        assert "".join(open_corpus([converted]).texts()) == text * 5


def test_the_place_is_named_by_byte_and_line():
    raw = b"one\ntwo\n\nfour \xe9t\xe9 here\n"
    assert "byte 0xe9 at offset 14, line 4" in complaint(raw)
    assert "line 1" in complaint(b"\xe9t\xe9")
    assert "line 3" in complaint(b"one\rtwo\rcaf\xe9\r")  # as on old Macs


def test_what_the_text_would_read_as_is_shown():
    assert "('un café noir'" in complaint("un café noir".encode("latin-1"))


@pytest.mark.parametrize("text", ["naïve " * 9 + "café", "河は流れる", "plain until the last é", "🏞️🏞"])
def test_utf8_that_is_cut_at_its_end_is_called_so(text, tmp_path):
    raw = text.encode()
    for missing in range(1, len(text[-1].encode())):
        path = tmp_path / "cut.txt"
        path.write_bytes(raw[:-missing])
        whole = len(text[:-1].encode())
        with pytest.raises(
            CorpusError, match=rf"UTF-8 that is cut .* offset {whole}, line 1.*head -c {whole} "
        ):
            open_corpus([path])


def test_utf8_with_faults_is_no_other_encoding():
    said = complaint(("naïve, déjà vu " * 20).encode() + b"one \xe9 and on " + "é".encode() * 20)
    assert "UTF-8 with damaged places" in said
    assert "iconv -c -f UTF-8 -t UTF-8 book.txt > book.utf8.txt" in said


def test_what_comes_from_a_stream_is_converted_in_one():
    assert complaint(FRENCH.encode("latin-1"), None).endswith(
        "; pipe it through iconv -f WINDOWS-1252 -t UTF-8"
    )
    assert complaint("une cafétière é".encode()[:-1], None).endswith(
        "; leave the rest of it out with head -c 16"
    )


def test_zero_bytes_that_are_not_of_wide_characters_make_a_binary_file():
    assert "is a binary file: a zero byte near offset 6, line 2" in complaint(b"abc\nde\x00f")


def test_a_place_far_into_a_file_is_found(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"a line of text\n" * 700_000 + "trop tard, été\n".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"offset 10500011, line 700001;.*iconv -f WINDOWS-1252"):
        open_corpus([path])
