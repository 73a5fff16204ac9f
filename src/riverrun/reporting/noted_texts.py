"""The texts that a model's own records name. A stranger may have written these: only what can be a text is opened.

Devices, pipes, standard input, patterns, directories and links are not; nor is what is far longer than the text.
"""

import os
import stat
import warnings
from pathlib import Path

from riverrun.bundle.manifest import Facts
from riverrun.bundle.names import REQUEST
from riverrun.data.builtin_pairs import parse_task
from riverrun.data.corpus import AS_IT_STANDS, Corpus, open_corpus
from riverrun.data.held_out import NOTHING, Stretch, TextSplit, split_text
from riverrun.data.library import BUILT_IN, DOWNLOADS
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError
from riverrun.files import incoming, json_text

GONE = "The file that was held out is not where it was, or has changed, or is no plain file."

LONGEST_NOTE = 1 << 24  # bytes
_BYTES_A_CHARACTER = 64  # at most, with the markup around it
_AT_LEAST = 1 << 20  # bytes that are always read


def noted_inputs(folder: Path) -> tuple[str, ...]:
    """What a model was trained on, as its ``request.json`` says; nothing where that is not known."""
    try:
        return json_text.texts(json_text.field(_note(folder), "inputs", list), "inputs")
    except (OSError, ValueError):
        return ()


def noted_validation(folder: Path, validation: float | str) -> float | str:
    """What was held out, by a model's settings; a file under the path that ``request.json`` has for it."""
    if not isinstance(validation, str) or validation == NOTHING:
        return validation
    try:
        return json_text.field(_note(folder), "held_out", str)
    except (OSError, ValueError):
        return validation


def _note(folder: Path) -> object:
    return json_text.parse(incoming.read(folder / REQUEST, LONGEST_NOTE).decode("utf-8"))


def training_corpus(folder: Path, facts: Facts, reading: Reading = AS_IT_STANDS) -> Corpus | None:
    """The text that a model was trained on; None where it is not as it was, or may not be opened."""
    return _as_it_was(noted_inputs(folder), facts.get("corpus", {}), reading)


def noted_split(
    corpus: Corpus, facts: Facts, validation: float | str, reading: Reading = AS_IT_STANDS
) -> TextSplit | None:
    """Both parts of a model's training text; None where a file was held out that is not as it was."""
    if not isinstance(validation, str) or validation == NOTHING:
        return split_text(corpus, validation)
    if (other := held_out_corpus(validation, facts, reading)) is None:
        return None
    whole, held_out = Stretch(corpus, 0, corpus.characters), Stretch(other, 0, other.characters)
    return TextSplit(whole, held_out, corpus.digest + other.digest)


def held_out_corpus(validation: str, facts: Facts, reading: Reading = AS_IT_STANDS) -> Corpus | None:
    """The file that was held out, by a model's settings; None as above."""
    return _as_it_was((validation,), facts.get("held_out", {}), reading)


def _as_it_was(inputs: tuple[str, ...], about: Facts, reading: Reading) -> Corpus | None:
    """The texts of some inputs, where they have the checksum that the manifest gives."""
    characters, sha256 = about.get("characters"), about.get("sha256")
    if not inputs or not isinstance(characters, int) or not isinstance(sha256, str):
        return None
    if not all(may_be_opened(item, characters) for item in inputs):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said when it was trained
            corpus = open_corpus(inputs, reading)
    except CorpusError:
        return None
    return corpus if corpus.digest == sha256 else None


def may_be_opened(item: str, characters: int) -> bool:
    """Whether a name is that of a known text, or of a regular file that may hold so many characters."""
    if item in BUILT_IN or item in DOWNLOADS or parse_task(item) is not None:
        return not os.path.lexists(item)
    try:
        status = os.lstat(item)
    except (OSError, ValueError):
        return False
    longest = _BYTES_A_CHARACTER * characters + _AT_LEAST
    return os.path.isabs(item) and stat.S_ISREG(status.st_mode) and status.st_size <= longest
