"""Texts known by name: one that ships inside Python, and public ones that pooch downloads."""

import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from riverrun.data import cache
from riverrun.errors import DownloadError, InputError
from riverrun.files import incoming


@dataclass(frozen=True)
class KnownText:
    """A public text: where it is and what it is.

    Attributes:
        url: of the file, or of a zip archive.
        hash: sha256 of what the address sends, or ``sha1:...``; None where that changes from time to time.
        filename: in the cache.
        about: one line.
        member: the name of the file in the archive; None where there is none.
    """

    url: str
    hash: str | None
    filename: str
    about: str
    member: str | None = None


LONGEST_MEMBER = 1 << 30  # bytes that a file in an archive unpacks to
BUILT_IN = {"python-docs": "the language reference that ships inside Python (pydoc_data.topics)"}

DOWNLOADS = {
    "tinyshakespeare": KnownText(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        "tinyshakespeare.txt",
        "plays of Shakespeare, 1.1 MB, the text of char-rnn and nanoGPT (public domain)",
    ),
    "nietzsche": KnownText(
        "https://s3.amazonaws.com/text-datasets/nietzsche.txt",
        "8f140bcac6986db4b7930f9573ec18a74e10ad6084e31a13303cc654025ec33b",
        "nietzsche.txt",
        "English Nietzsche, 0.6 MB, the text of the Keras examples (public domain)",
    ),
    "eng-fra": KnownText(
        "http://d2l-data.s3-accelerate.amazonaws.com/fra-eng.zip",
        "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5",
        "eng-fra.tsv",
        "English and French sentences of Tatoeba, shortest first, as in Dive into Deep Learning (CC-BY 2.0)",
        "fra.txt",
    ),
    "eng-cmn": KnownText(
        "https://www.manythings.org/anki/cmn-eng.zip",
        None,
        "eng-cmn.tsv",
        "English and Chinese sentences of Tatoeba, shortest first; its content grows (CC-BY 2.0)",
        "cmn.txt",
    ),
}


def built_in_text(name: str) -> Path:
    """Write a built-in text to the cache and return its path."""
    assert name == "python-docs"
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[key].strip("\n") for key in sorted(topics)) + "\n"
    content, path = text.encode("utf-8"), cache.find("texts", "python-docs.txt")
    if path is None or not _holds(path, content):
        path = cache.keep("texts", "python-docs.txt", content)
    return path


def _holds(path: Path, content: bytes) -> bool:
    try:
        return incoming.read(path, len(content)) == content
    except OSError:
        return False


def downloaded(name: str) -> Path | None:
    """The file of a known text that was downloaded before, else None."""
    known = DOWNLOADS.get(name)
    return cache.find("texts", known.filename) if known else None


def download(name: str) -> Path:
    """Fetch a known text into the cache, checking its hash.

    Raises:
        InputError: the name is not known.
        DownloadError: no network, or the content is not what is expected.

    Warns where the content cannot be checked because it changes from time to time.
    """
    if name in BUILT_IN:
        return built_in_text(name)
    if name not in DOWNLOADS:
        known = ", ".join([*BUILT_IN, *DOWNLOADS])
        raise InputError(f"no text is called {name}; known are {known}")
    if (path := downloaded(name)) is not None:
        return path
    known = DOWNLOADS[name]
    try:
        received = _fetch(known)
    except ValueError as error:
        raise DownloadError(f"{name}: what {known.url} sent is not the expected text ({error})") from error
    except Exception as error:  # requests' own errors: pooch passes them through, and requests loads late
        raise DownloadError(
            f"{name}: {known.url} cannot be fetched; without a network, or where the server refuses programs, "
            "give the text as a file instead"
        ) from error
    if known.hash is None:
        warnings.warn(
            f"{name}: what {known.url} sends changes from time to time and was not checked; figures of "
            "another version differ a little",
            stacklevel=2,
        )
    return received


def _fetch(known: KnownText) -> Path:
    """Download into the cache; of an archive, the member alone is kept. Raises ValueError for other content."""
    import pooch

    pooch.get_logger().setLevel("ERROR")
    folder = cache.writable("texts")
    fname = known.filename if known.member is None else f"{known.filename}.zip"
    sender = pooch.HTTPDownloader(headers={"User-Agent": "riverrun"})  # some servers refuse libraries' names
    received = Path(pooch.retrieve(known.url, known.hash, fname, folder, downloader=sender))  # pyright: ignore[reportArgumentType]
    if known.member is None:
        return received
    try:
        return cache.keep("texts", known.filename, _member(received, known.member))
    finally:
        received.unlink()


def _member(archive: Path, name: str) -> bytes:
    """The file of that name in whatever folder of a zip archive; raises ValueError."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                if PurePosixPath(member.filename).name == name:
                    if member.file_size > LONGEST_MEMBER:
                        raise ValueError(f"{name} unpacks to {member.file_size} bytes")
                    with opened.open(member) as stream:
                        return stream.read(LONGEST_MEMBER)
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
    raise ValueError(f"no {name} in the archive")
