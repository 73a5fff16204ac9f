"""Texts known by name: one that ships inside Python, and public ones that pooch downloads."""

from dataclasses import dataclass
from pathlib import Path

from riverrun.data.cache import cache_directory, write_atomically
from riverrun.errors import DownloadError, InputError


@dataclass(frozen=True)
class KnownText:
    """A public text: where it is, its sha256 and what it is."""

    url: str
    sha256: str
    filename: str
    about: str


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
}


def built_in_text(name: str) -> Path:
    """Write a built-in text to the cache and return its path."""
    assert name == "python-docs"
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[key].strip("\n") for key in sorted(topics)) + "\n"
    path = cache_directory() / "texts" / "python-docs.txt"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text.encode("utf-8"))
    return path


def downloaded(name: str) -> Path | None:
    """The file of a known text that was downloaded before, else None."""
    known = DOWNLOADS.get(name)
    path = cache_directory() / "texts" / known.filename if known else None
    return path if path is not None and path.exists() else None


def download(name: str) -> Path:
    """Fetch a known text into the cache, checking its sha256.

    Raises:
        InputError: the name is not known.
        DownloadError: no network, or the content is not what is expected.
    """
    if name in BUILT_IN:
        return built_in_text(name)
    if name not in DOWNLOADS:
        known = ", ".join([*BUILT_IN, *DOWNLOADS])
        raise InputError(f"no text is called {name}; known are {known}")
    if (path := downloaded(name)) is not None:
        return path
    import pooch

    pooch.get_logger().setLevel("ERROR")
    known = DOWNLOADS[name]
    folder = cache_directory() / "texts"
    try:
        return Path(
            pooch.retrieve(known.url, known_hash=known.sha256, fname=known.filename, path=str(folder))
        )
    except ValueError as error:
        raise DownloadError(f"{name}: what {known.url} sent is not the expected text ({error})") from error
    except Exception as error:  # requests' own errors: pooch passes them through, and requests loads late
        raise DownloadError(
            f"{name}: {known.url} cannot be reached; without a network, give the text as a file instead"
        ) from error
