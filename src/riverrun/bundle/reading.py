"""How a model comes in: the manifest first, then each file as the manifest lists it, checked before it is used.

What a stranger may have changed is refused by a ModelError of one line: links, pipes and devices, other lengths and
checksums, settings out of range, tokenizers that are none, arrays that settings and symbols do not ask for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from riverrun.bundle import weight_file as arrays
from riverrun.bundle.manifest import LONGEST_MANIFEST, Facts, Listed, NewerFormat, parse_manifest
from riverrun.bundle.names import CHECKPOINTS, CONFIG, MANIFEST, MEMORY, TOKENIZER, WEIGHTS
from riverrun.bundle.saving import reason, set_aside
from riverrun.config.arrays import Arrays, language_arrays, translator_arrays
from riverrun.config.resolved import LanguageSettings, TranslatorSettings
from riverrun.config.written import read_language_settings, read_translator_settings
from riverrun.errors import ModelError, SettingsError
from riverrun.files import incoming
from riverrun.text import Tokenizer
from riverrun.text.pieces import pieces_of
from riverrun.text.saved import load_tokenizer, sides_from_json

if TYPE_CHECKING:
    from riverrun.memory.stored import Remembered

LONGEST_CONFIG = 1 << 16
LONGEST_TOKENIZER = 1 << 26
"""Bytes of these files, at most. How long the weights may be follows from settings and symbols."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class LanguageBundle:
    """A language model as it was saved, checked.

    Attributes:
        path: the directory.
        facts: what its manifest says of it.
        files: ``config.toml`` and ``tokenizer.json`` as they were read.
        settings: what the first says.
        tokenizer: what the second says.
        expected: names and shapes of its arrays.
        weights: these arrays by name, float32; tied ones under each of their names.
        remembered: the memory that stands beside the network, if there is one.
    """

    path: Path
    facts: Facts
    files: dict[str, bytes]
    settings: LanguageSettings
    tokenizer: Tokenizer
    expected: Arrays
    weights: arrays.Weights
    remembered: "Remembered | None" = None


@dataclass(frozen=True)
class TranslatorBundle:
    """The same of a translator or tagger, with a tokenizer for each side."""

    path: Path
    facts: Facts
    files: dict[str, bytes]
    settings: TranslatorSettings
    source: Tokenizer
    target: Tokenizer
    expected: Arrays
    weights: arrays.Weights


Bundle = LanguageBundle | TranslatorBundle


class BundleReader:
    """Reads the files of one model directory.

    Attributes:
        path: the directory.
        manifest: what it says.
    """

    def __init__(self, path: Path) -> None:
        """Read the manifest; raises ModelError."""
        if not path.is_dir():
            raise ModelError(f"{path}: no such model directory")
        self.path = path
        try:
            self.manifest = parse_manifest(incoming.read(path / MANIFEST, LONGEST_MANIFEST))
        except FileNotFoundError:
            raise ModelError(f"{path} is not a finished model: it has no {MANIFEST}{_advice(path)}") from None
        except NewerFormat as error:
            raise ModelError(f"{path} has {error}") from None
        except OSError as error:
            raise ModelError(f"{path / MANIFEST} cannot be read: {reason(error)}{_advice(path)}") from error
        except ValueError as error:
            raise ModelError(f"{path / MANIFEST} is damaged: {error}{_advice(path)}") from error

    def file(self, name: str, most: int | None = None) -> bytes:
        """A file as the manifest lists it, of ``most`` bytes at most if there is a bound; raises ModelError."""
        path, listed = self.path / name, self.manifest.files.get(name)
        if listed is None:
            raise ModelError(f"{path} is damaged: the manifest does not list it{_advice(self.path)}")
        if most is not None and listed.size > most:
            raise ModelError(f"{path} has {listed.size} bytes; in such a model it has {most} at most")
        try:
            return self._found(name, listed)
        except FileNotFoundError:
            raise ModelError(f"{self.path}: {name} is missing{_advice(self.path)}") from None
        except OSError as error:
            raise ModelError(f"{path} is damaged: {reason(error)}{_advice(self.path)}") from error

    def parsed(self, name: str, content: bytes, parser: Callable[[str], Found]) -> Found:
        """What a parser makes of a file's text; a fault that it raises names the file."""
        try:
            return parser(content.decode("utf-8"))
        except ModelError as error:  # which names the file already
            raise ModelError(f"{self.path}: {error}") from error
        except (ValueError, SettingsError) as error:
            raise ModelError(f"{self.path / name}: {error}") from error

    def unpacked(self, name: str, content: bytes) -> dict[str, NDArray[Any]]:
        """The arrays in a safetensors file; raises ModelError."""
        try:
            return arrays.unpack_arrays(content)
        except ValueError as error:
            raise ModelError(f"{self.path / name}: {error}") from error

    def _found(self, name: str, listed: Listed) -> bytes:
        """The file of that name, or what a publishing that was cut short left beside it; raises OSError."""
        try:
            return _verified(self.path / name, listed)
        except OSError:
            beside = set_aside(self.path, name, listed)
            if not beside.exists():
                raise
            return _verified(beside, listed)


def consistently(path: Path, read: Callable[[BundleReader], Found]) -> Found:
    """What ``read`` makes of a model directory; again, where the model was replaced meanwhile.

    Raises:
        ModelError: it is missing or damaged, or what ``read`` raises.
    """
    while True:
        reader = BundleReader(path)
        try:
            return read(reader)
        except ModelError:
            if BundleReader(path).manifest == reader.manifest:
                raise


def read_bundle(path: Path) -> Bundle:
    """Read a model, all of it checked.

    Raises:
        ModelError: a file is missing, damaged or of a newer format, or they do not go together.
    """
    return consistently(path, bundle_of)


def read_facts(path: Path) -> Facts:
    """What the manifest says of a model; raises ModelError."""
    return BundleReader(path).manifest.facts


def bundle_of(reader: BundleReader) -> Bundle:
    """The model in a reader's directory; raises ModelError."""
    path, facts = reader.path, reader.manifest.facts
    config, symbols = reader.file(CONFIG, LONGEST_CONFIG), reader.file(TOKENIZER, LONGEST_TOKENIZER)
    files = {CONFIG: config, TOKENIZER: symbols}
    if facts["kind"] == "language model":
        settings = reader.parsed(CONFIG, config, read_language_settings)
        tokenizer = reader.parsed(TOKENIZER, symbols, load_tokenizer)
        if tokenizer.unit != settings.text.unit:
            raise _mismatch(path, f"one says {settings.text.unit}, the other {tokenizer.unit}")
        expected = reader.parsed(CONFIG, config, lambda _: language_arrays(settings.model, tokenizer.size))
        weights, remembered = _weights(reader, expected), _remembered(reader, tokenizer)
        return LanguageBundle(path, facts, files, settings, tokenizer, expected, weights, remembered)
    settings = reader.parsed(CONFIG, config, read_translator_settings)
    source, target = reader.parsed(TOKENIZER, symbols, sides_from_json)
    units, data = (source.unit, target.unit), settings.data
    if units != (data.source_unit, data.target_unit):
        raise _mismatch(
            path, f"one says {data.source_unit} to {data.target_unit}, the other {' to '.join(units)}"
        )
    if (facts["kind"] == "tagger") != (data.task == "tagging"):
        raise _mismatch(path, f"{facts['kind']} and {data.task}")
    tagging = data.task == "tagging"
    expected = translator_arrays(settings.model, source.size, target.size, tagging)
    return TranslatorBundle(
        path, facts, files, settings, source, target, expected, _weights(reader, expected)
    )


def _weights(reader: BundleReader, expected: Arrays) -> arrays.Weights:
    content = reader.file(WEIGHTS, arrays.longest(expected))
    try:
        return arrays.read(content, expected)
    except arrays.OtherModel as error:
        raise _mismatch(reader.path, str(error)) from error
    except ValueError as error:
        raise ModelError(f"{reader.path / WEIGHTS}: {error}") from error


def _remembered(reader: BundleReader, tokenizer: Tokenizer) -> "Remembered | None":
    """The memory, where the manifest lists one."""
    if MEMORY not in reader.manifest.files:
        return None
    from riverrun.memory.stored import LONGEST, from_arrays  # which other models do without

    content = reader.file(MEMORY, LONGEST)
    try:
        return from_arrays(reader.unpacked(MEMORY, content), pieces_of(tokenizer))
    except ValueError as error:
        raise ModelError(f"{reader.path / MEMORY} is no memory of this model: {error}") from error


def _mismatch(path: Path, why: str) -> ModelError:
    return ModelError(f"{path}: its settings, tokenizer and weights are of different models ({why})")


def _verified(path: Path, listed: Listed) -> bytes:
    content = incoming.read(path, listed.size, listed.size)
    if Listed.of(content) != listed:
        raise OSError(0, "its checksum is not the manifest's")
    return content


def _advice(path: Path) -> str:
    folder = path / CHECKPOINTS
    if folder.is_dir() and any(folder.iterdir()):
        return f"; its checkpoints may be whole: load one of {folder}, or train with --resume"
    return ""
