"""Optional clean-up of text before it is cut into symbols."""

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True)
class Normalizer:
    """Lower-casing, then a Unicode normal form (Unicode Standard Annex 15)."""

    lower: bool = False
    form: str = "none"

    def __call__(self, text: str) -> str:
        if self.lower:
            text = text.lower()
        if self.form != "none":
            text = unicodedata.normalize(cast(Literal["NFC", "NFD", "NFKC", "NFKD"], self.form), text)
        return text

    @property
    def depends_on_context(self) -> bool:
        """True where a character's result may depend on its neighbours (final sigma, combining marks)."""
        return self.lower or self.form != "none"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
