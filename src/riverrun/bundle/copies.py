"""A model copied: what is whole and ours, and nothing that lies or is linked beside it."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from riverrun.bundle.manifest import Listed
from riverrun.bundle.names import CARD, MANIFEST, MEMORY, RECORDS, WEIGHTS
from riverrun.bundle.reading import BundleReader, bundle_of, consistently
from riverrun.bundle.saving import telling_of_faults
from riverrun.errors import OutputError
from riverrun.files import incoming, outgoing

_LONGEST = 1 << 28  # bytes of what the manifest need not list: card and records


def copy_model(source: Path, target: Path) -> None:
    """Copy a model directory without its checkpoints.

    Raises:
        OutputError: something else is there, or it cannot be written.
        ModelError: the model is damaged.
    """
    with telling_of_faults(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise OutputError(f"{target} exists already; choose another name")
        outgoing.write_directory(target, consistently(source, _files))


def _files(reader: BundleReader) -> dict[str, bytes]:
    found = bundle_of(reader).files | {WEIGHTS: reader.file(WEIGHTS)}
    if MEMORY in reader.manifest.files:
        found[MEMORY] = reader.file(MEMORY)
    for name in (CARD, *RECORDS):
        with suppress(OSError):  # a link, a device, or not there
            found[name] = incoming.read(reader.path / name, _LONGEST)
    listed = {name: Listed.of(content) for name, content in found.items()}
    return found | {MANIFEST: replace(reader.manifest, files=listed).to_json()}
