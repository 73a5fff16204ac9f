"""How files become text: what settings say of it. Light, since every model has one."""

from dataclasses import dataclass
from typing import Literal, Protocol


class ReadingSettings(Protocol):
    """What settings say of how files become text."""

    @property
    def format(self) -> Literal["auto", "text"]: ...
    @property
    def line_ends(self) -> Literal["unify", "keep"]: ...
    @property
    def field(self) -> str: ...


@dataclass(frozen=True)
class Reading:
    """How files become text; as they stand, where nothing else is said.

    Attributes:
        format: ``auto``: documents, web pages and tables are read for what they are; ``text``: all as it stands.
        line_ends: ``unify``: CR LF and CR are read as LF; ``keep``: as they stand.
        field: of JSON lines, or the column of a CSV table, that is the text.
    """

    format: Literal["auto", "text"] = "text"
    line_ends: Literal["unify", "keep"] = "keep"
    field: str = "text"

    @classmethod
    def of(cls, settings: ReadingSettings) -> "Reading":
        """What settings say: those that users write or resolved ones."""
        return cls(settings.format, settings.line_ends, settings.field)
