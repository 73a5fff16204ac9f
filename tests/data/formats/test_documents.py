"""Documents made by the real libraries give the text that they hold; broken and locked ones are named."""

import zipfile

import docx
import odfdo
import pytest
from ebooklib import epub
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from riverrun.data.corpus import open_corpus, read_text
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

AUTO = Reading("auto", "unify")
CHAPTERS = {"One": "It was a naïve age & we called it ours.", "Two": "河は<i>流れ</i>る", "Three": "The end."}


def book(path, chapters=CHAPTERS):
    made = epub.EpubBook()
    made.set_title("A book")
    made.set_language("en")
    pages = []
    for name, text in chapters.items():
        page = epub.EpubHtml(title=name, file_name=f"text/{name} page.xhtml", lang="en")
        page.content = f"<h1>{name}</h1><p>{text.replace('&', '&amp;')}</p>"
        made.add_item(page)
        pages.append(page)
    made.toc = pages
    made.add_item(epub.EpubNav())
    made.add_item(epub.EpubNcx())
    made.spine = ["nav", *pages]
    epub.write_epub(str(path), made)
    return path


def word(path):
    made = docx.Document()
    made.add_heading("Title", 1)
    paragraph = made.add_paragraph("One ")
    paragraph.add_run("bold").bold = True
    paragraph.add_run("\tand a tab\nand a line")
    table = made.add_table(rows=2, cols=2)
    for place, text in enumerate("abcd"):
        table.cell(place // 2, place % 2).text = text
    made.add_paragraph("河は流れる")
    made.sections[0].header.paragraphs[0].text = "a header"
    made.save(str(path))
    return path


def writer(path):
    made = odfdo.Document("text")
    made.body.clear()
    made.body.append(odfdo.Header(1, "Title"))
    paragraph = odfdo.Paragraph("One  two\tthree\nfour")
    paragraph.insert_note(after="One", note_id="n1", citation="1", body="a note")
    made.body.append(paragraph)
    made.body.append(odfdo.List(["a", "b"]))
    table = odfdo.Table("T", width=2, height=1)
    table.set_value("A1", "x")
    table.set_value("B1", "y")
    made.body.append(table)
    made.save(str(path))
    return path


def portable(path, *pages, **options):
    canvas = Canvas(str(path), **options)
    for page in pages:
        for number, line in enumerate(page):
            canvas.drawString(72, 700 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def rewritten(path, replaced):
    """A zip archive with some members replaced, or left out where they are None."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | replaced).items():
            if content is not None:
                archive.writestr(name, content)
    return path


def test_the_chapters_of_a_book_in_order_without_its_table_of_contents(tmp_path):
    text = read_text(str(book(tmp_path / "a book.epub")), AUTO)
    assert text == (
        "One\n\nIt was a naïve age & we called it ours.\n\nTwo\n\n河は流れる\n\nThree\n\nThe end.\n"
    )


def test_a_word_document(tmp_path):
    text = read_text(str(word(tmp_path / "a.docx")), AUTO)
    assert text == "Title\nOne bold\tand a tab\nand a line\na\tb\nc\td\n河は流れる\n"


def test_changes_that_were_tracked_in_a_word_document(tmp_path):
    path = tmp_path / "a.docx"
    made = docx.Document()
    made.add_paragraph("HERE")
    made.save(str(path))
    with zipfile.ZipFile(path) as archive:
        body = archive.read("word/document.xml").decode()
    run = "<w:r><w:t>HERE</w:t></w:r>"
    assert run in body
    changed = '<w:ins w:id="1" w:author="a"><w:r><w:t>new</w:t></w:r></w:ins>' + (
        '<w:del w:id="2" w:author="a"><w:r><w:delText>old</w:delText></w:r></w:del>'
    )
    rewritten(path, {"word/document.xml": body.replace(run, changed)})
    assert read_text(str(path), AUTO) == "new\n"


def test_an_opendocument_text(tmp_path):
    text = read_text(str(writer(tmp_path / "a.odt")), AUTO)
    assert text == "Title\nOne  two\tthree\nfour\na\nb\nx\ty\n"


def test_the_pages_of_a_pdf_with_words_joined_that_a_hyphen_cut(tmp_path):
    path = portable(tmp_path / "a.pdf", ["A naïve café", "is hyphen-", "ated here"], ["Page two"])
    assert read_text(str(path), AUTO) == "A naïve café\nis hyphenated here\nPage two\n"


def test_rich_text(tmp_path):
    path = tmp_path / "a.rtf"
    path.write_bytes(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}}\f0 Caf\'e9 \b bold\b0\par \u27827? "
        rb"\u-10179?\u-8704?{\pict\pngblip 89504e47}}"
    )
    assert read_text(str(path), AUTO).split() == ["Café", "bold", "河", "😀"]


def test_documents_are_known_by_their_first_bytes(tmp_path):
    book(tmp_path / "a.epub").rename(tmp_path / "book")
    portable(tmp_path / "a.pdf", ["printed"]).rename(tmp_path / "print.txt")
    (tmp_path / "page.txt").write_text("<!DOCTYPE html><p>a page")
    assert read_text(str(tmp_path / "book"), AUTO).startswith("One\n\nIt was")
    assert read_text(str(tmp_path / "print.txt"), AUTO) == "printed\n"
    assert read_text(str(tmp_path / "page.txt"), AUTO) == "a page\n"


def test_what_is_read_twice_is_the_same(tmp_path):
    corpus = open_corpus([book(tmp_path / "a.epub")], AUTO)
    assert "".join(corpus.texts()) == "".join(corpus.texts())
    assert corpus.digest == open_corpus([tmp_path / "a.epub"], AUTO).digest


PAGE = "EPUB/text/One page.xhtml"
DAMAGED = {
    "no zip.epub": (lambda path: path.write_text("no zip"), "not an EPUB book, whatever its name says"),
    "no zip.docx": (lambda path: path.write_text("no zip"), "not a Word document, whatever its name says"),
    "no pdf.pdf": (lambda path: path.write_text("no pdf"), "not a PDF, whatever its name says"),
    "cut.epub": (
        lambda path: path.write_bytes(book(path).read_bytes()[:900]),
        "an EPUB book that is damaged",
    ),
    "cut.pdf": (lambda path: path.write_bytes(b"%PDF-1.4 and no more"), "a PDF that is damaged"),
    "empty.epub": (lambda path: rewritten(book(path, {"One": ""}), {PAGE: b"<p/>"}), "holds no text"),
    "empty.docx": (lambda path: docx.Document().save(str(path)), "holds no text"),
    "pictures.pdf": (lambda path: portable(path, []), "a PDF of pictures"),
    "locked.pdf": (
        lambda path: portable(path, ["x"], encrypt=StandardEncryption("pw")),
        "a PDF that is encrypted",
    ),
    "locked.epub": (
        lambda path: rewritten(
            book(path),
            {
                "META-INF/encryption.xml": '<e xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:CipherReference '
                'URI="EPUB/text/One%20page.xhtml"/></e>'
            },
        ),
        "an EPUB book that is encrypted",
    ),
    "locked.docx": (
        lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        "a Word document of before 2007, or one that is encrypted",
    ),
    "torn.epub": (
        lambda path: rewritten(book(path), {"EPUB/content.opf": None}),
        "it has no EPUB/content.opf",
    ),
    "torn.docx": (lambda path: rewritten(word(path), {"word/document.xml": b"<w:"}), "word/document.xml"),
    "table.xlsx": (
        lambda path: rewritten(word(path), {"xl/a": b"", "word/document.xml": None}),
        "save it as .csv",
    ),
    "many.zip": (lambda path: zipfile.ZipFile(path, "w").writestr("a.txt", "text"), "unpack it \\(unzip"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_read_is_named_with_the_reason(name, tmp_path):
    make, said = DAMAGED[name]
    make(tmp_path / name)
    with pytest.raises(CorpusError, match=said) as caught:
        open_corpus([tmp_path / name], AUTO)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pairs_and_texts_as_they_stand_are_not_made_of_documents(tmp_path):
    with pytest.raises(CorpusError, match=r"is an EPUB book, not text as it stands: .*riverrun data show"):
        open_corpus([book(tmp_path / "a.epub")])


def test_a_missing_library_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypdfium2", None)
    with pytest.raises(CorpusError, match=r"pip install 'riverrun\[documents\]'"):
        open_corpus([portable(tmp_path / "a.pdf", ["x"])], AUTO)
