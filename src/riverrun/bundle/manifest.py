"""The manifest: the files of a model with their sizes and checksums, and what is known of the model."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from riverrun.files import json_text

FORMAT = 2
"""1 was version 0.1.0, which stored tied weights twice."""

MOST_ANCESTORS = 1000

LONGEST_MANIFEST = 1 << 20
"""Bytes of a manifest, at most."""

KINDS = ("language model", "translator", "tagger")

Scalar = str | int | float | bool | None
Facts = dict[str, Any]
"""What is known of a model, by name: numbers, texts, and groups of these by name; of ``lineage`` a list of groups."""

_LONGEST_TEXT = 1 << 16


class NewerFormat(ValueError):
    """The manifest is of a later version of riverrun."""


@dataclass(frozen=True)
class Listed:
    """A file of a model: its length in bytes, and its sha256 in hexadecimal."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> "Listed":
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class Manifest:
    """What a ``manifest.json`` says."""

    version: int
    facts: Facts
    files: dict[str, Listed]

    def to_json(self) -> bytes:
        """The document, with a checksum of its own."""
        files = {name: {"size": each.size, "sha256": each.sha256} for name, each in self.files.items()}
        document = {"format": self.version, "facts": self.facts, "files": files}
        return _as_written(document | {"sha256": _digest(document)})


def manifest_of(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Manifest:
    """The manifest of files."""
    return Manifest(FORMAT, dict(facts), {name: Listed.of(content) for name, content in files.items()})


def parse_manifest(raw: bytes) -> Manifest:
    """Read and check a manifest.

    Raises:
        NewerFormat: it is of a newer version.
        ValueError: it is damaged, or its checksum is wrong.
    """
    document = json_text.parse(raw.decode("utf-8"))
    version = json_text.field(document, "format", int)
    if version > FORMAT:
        raise NewerFormat(
            f"model format {version}; this version of riverrun reads up to {FORMAT}: upgrade riverrun"
        )
    facts, listed = (json_text.field(document, name, dict) for name in ("facts", "files"))
    if set(document) != {"format", "facts", "files"}:  # one written by hand may go without a checksum
        claimed = json_text.field(document, "sha256", str)
        whole = raw == _as_written(document)  # another last digit of a number may stand for the same number
        document = {name: value for name, value in document.items() if name != "sha256"}
        if not (whole and claimed == _digest(document)):
            raise ValueError("its checksum is wrong")
    files = {}
    for name, about in listed.items():
        found = Listed(json_text.field(about, "size", int), json_text.field(about, "sha256", str))
        if found.size < 0:
            raise ValueError(f"{name} has {found.size} bytes")
        files[name] = found
    return Manifest(version, _checked(facts), files)


def _as_written(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _checked(facts: Facts) -> Facts:
    """Facts of known types; figures that are no finite numbers, as 0.1.0 wrote of what was not measured, are left
    out. Raises ValueError."""
    facts = dict(facts)
    ancestors = facts.pop("lineage", None)
    kept = _group(facts)
    if ancestors is not None:
        kept["lineage"] = _ancestors(ancestors)
    if kept.get("kind") not in KINDS:
        raise ValueError(f"its kind is none of {', '.join(KINDS)}")
    for name, kind in _KNOWN.items():
        if name in kept:
            json_text.field(kept, name, kind)
    for text in ("corpus", "adapted"):
        for name, kind in _OF_CORPUS.items():
            if name in kept.get(text, {}):
                json_text.field(kept[text], name, kind)
    return kept


def _ancestors(found: Any) -> list[Facts]:
    """The models that a model comes from, oldest first; raises ValueError."""
    if (
        not isinstance(found, list)
        or len(found) > MOST_ANCESTORS
        or not all(isinstance(a, dict) for a in found)
    ):
        raise ValueError(f"its lineage is not a list of at most {MOST_ANCESTORS} models")
    kept = [_group(ancestor, inner=True) for ancestor in found]
    for ancestor in kept:
        for name, kind in _OF_ANCESTOR.items():
            if name in ancestor:
                json_text.field(ancestor, name, kind)
    return kept


def _group(facts: Facts, inner: bool = False) -> Facts:
    """Numbers, texts and groups of these; raises ValueError for others."""
    kept: Facts = {}
    for name, value in facts.items():
        if isinstance(value, dict) and not inner:
            kept[name] = _group(value, inner=True)
        elif not (value is None or isinstance(value, str | int | float)):
            raise ValueError(f"what it says of {name:.40} is neither a number nor a text")
        elif isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise ValueError(f"what it says of {name:.40} has {len(value)} characters")
        elif not isinstance(value, float) or math.isfinite(value):
            kept[name] = value
    return kept


_KNOWN: dict[str, type] = {
    "unit": str,
    "corpus": dict,
    "adapted": dict,
    "steps": int,
    "best_step": int,
    "reason": str,
    "seconds": float,
    "weights_sha256": str,
    "longest_source": int,
}
_OF_ANCESTOR: dict[str, type] = {
    "name": str,
    "weights_sha256": str,
    "corpus": str,
    "corpus_sha256": str,
    "characters": int,
}
_OF_CORPUS: dict[str, type] = {"name": str, "characters": int, "sha256": str}
