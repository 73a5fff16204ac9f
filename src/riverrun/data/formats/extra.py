"""The text of PDFs and rich text, by libraries that come with the extra ``documents``."""

import re

from riverrun.errors import CorpusError

_HYPHEN = re.compile(r"[\x02\ufffe]\n?")  # PDFium's mark for a hyphen that ends a line, and only there
_CODE_PAGE = re.compile(rb"\\ansicpg(\d+)")


def text_of_pdf(raw: bytes, shown: str) -> str:
    """The text of the pages in order, line by line as printed, words joined that hyphens cut at the end of a line."""
    try:
        import pypdfium2
    except ImportError:
        raise _missing(shown, "a PDF", "save it as .txt") from None
    try:
        document = pypdfium2.PdfDocument(raw)
        pages = [page.get_textpage().get_text_range() for page in document]
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise CorpusError(f"{shown} is a PDF that is encrypted: save it without a password") from error
        raise CorpusError(f"{shown} is a PDF that is damaged: {error}") from error
    lines = "\n".join(page.replace("\r\n", "\n").rstrip("\n") for page in pages)
    text = _HYPHEN.sub("", lines)
    if not text.strip():
        raise CorpusError(
            f"{shown} is a PDF of pictures: it holds no text; recognise its letters first (OCR)"
        )
    return f"{text}\n"


def text_of_rtf(raw: bytes, shown: str) -> str:
    """The text of rich text, without pictures, headers and notes."""
    try:
        from striprtf.striprtf import rtf_to_text
    except ImportError:
        raise _missing(shown, "rich text", "save it as .txt") from None
    page = _CODE_PAGE.search(raw[:1024])
    try:
        text = rtf_to_text(raw.decode("latin-1"), encoding=f"cp{page[1].decode()}" if page else "cp1252")
    except (LookupError, ValueError, OverflowError) as error:
        raise CorpusError(f"{shown} is rich text that is damaged: {error}") from error
    # Characters beyond U+FFFF are written as two halves.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _missing(shown: str, name: str, otherwise: str) -> CorpusError:
    return CorpusError(
        f"{shown} is {name}, which needs the extra documents: pip install 'riverrun[documents]'; or {otherwise}"
    )
