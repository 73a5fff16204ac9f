"""Every exception riverrun raises on purpose; the message is one line a user can act on."""

import re

_FLAG = re.compile(
    r"(?<![\w-])--([a-z]+\.[a-z]+(?:-[a-z]+)*|minutes|epochs|steps|output|resume|overwrite)(?![\w-])"
)


def visible(text: str) -> str:
    """One line in which nothing moves a terminal's cursor: line ends become spaces, control characters escapes."""
    joined = " ".join(text.splitlines())
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in joined)


class RiverrunError(Exception):
    """Something failed; the command line exits with 1. Names and texts of strangers in a message stay harmless.

    Messages name settings as flags (``--data.skip-bad``), and so does the command line; in Python, which has no
    flags, ``str`` names them as settings (``data.skip_bad``) and as arguments of ``train``.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))

    @property
    def message(self) -> str:
        """What happened, for the command line."""
        return super().__str__()

    def __str__(self) -> str:
        return _FLAG.sub(lambda flag: flag[1].replace("-", "_"), self.message)


class InputError(RiverrunError):
    """What the user gave cannot be used; the command line exits with 2."""

    exit_code = 2


class SettingsError(InputError):
    """One or more settings are unknown or out of range; all faults are in the message."""


class CorpusError(InputError):
    """A text is missing, empty, too short, not text, or has changed."""


class UnknownSymbolError(InputError):
    """A symbol is not in the vocabulary and the unknown policy is ``refuse``."""


class ModelError(InputError):
    """A model directory is missing, damaged, or of a newer format."""


class OutputError(InputError):
    """An output directory exists already or cannot be written."""


class DownloadError(RiverrunError):
    """A known text could not be downloaded."""


class TrainingError(RiverrunError):
    """Training cannot go on, such as when the loss is not a number."""
