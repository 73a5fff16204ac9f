"""The directory of a run: claimed by one process, noted in, gone on with, published.

A model that was published there before stays whole and current until the new one is published; what belongs to the
old run (its checkpoints, its journal) waits in a hidden directory until then.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riverrun.bundle import read_bundle
from riverrun.bundle.manifest import Listed
from riverrun.bundle.names import CARD, CHECKPOINTS, CONFIG, MANIFEST, OURS, RECORDS, REQUEST, WEIGHTS
from riverrun.bundle.saving import finish, reason, telling_of_faults, write_files
from riverrun.bundle.weight_file import pack_arrays
from riverrun.config.building import build_settings, flatten
from riverrun.config.settings import Settings
from riverrun.errors import OutputError, SettingsError
from riverrun.files import incoming, json_text, outgoing
from riverrun.files.locks import Lock
from riverrun.training import checkpoints
from riverrun.training.checkpoints import Checkpoint
from riverrun.training.journal import Journal
from riverrun.training.model_card import model_card

REPLACED = ".replaced"
LONGEST_NOTE = 1 << 24  # bytes

_OF_A_RUN = (*RECORDS, CHECKPOINTS)
_LEFT_OVER = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}(\.part)?")


@dataclass(frozen=True)
class RunNote:
    """What was asked for when a run began.

    Attributes:
        inputs: the texts, as absolute paths where they are files.
        digest: of all that is read.
        settings: as given, before defaults are chosen.
        base: the directory of the model that it started from, as an absolute path.
        held_out: the file that is held out, as an absolute path; None where none is.
    """

    inputs: tuple[str, ...]
    digest: str
    settings: Settings
    base: Path | None = None
    held_out: str | None = None


class RunDirectory:
    """One run's directory.

    As a context it is held by this process alone, as soon as it is there; and once a run is in it, an OutputError
    that leaves the context says what there is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / CHECKPOINTS
        self._lock: Lock | None = None
        self._ours = False

    def __enter__(self) -> "RunDirectory":
        """Raises OutputError where another process holds it."""
        if self.path.is_dir():
            self._hold()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if self._ours and isinstance(error, OutputError):
            raise OutputError(f"{error.message}; {self._what_there_is()}") from error

    def check(self, overwrite: bool) -> None:
        """Raise OutputError unless a new run may begin here: where nothing is, or with ``overwrite`` a run."""
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path} exists and is not a directory; choose another --output")
        present = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        if all(_is_empty(self.path / name) for name in present):
            return
        if not overwrite:
            raise OutputError(
                f"{self.path} exists already; go on with it by --resume, replace it by --overwrite, "
                "or choose another --output"
            )
        if foreign := sorted(name for name in present if name not in OURS and not name.startswith(".")):
            raise OutputError(
                f"{self.path} holds files that are not of a model ({', '.join(foreign[:3])}): not overwritten"
            )
        self._refuse_links()

    def claim(self, note: RunNote, overwrite: bool) -> None:
        """Begin a run: note what was asked for, so that one killed from here on can be resumed.

        Raises:
            OutputError: another process was faster, or it cannot be written.
        """
        with telling_of_faults(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._hold()
            self.check(overwrite)
            self._ours = True
            self._sweep()
            self._put_aside()
            self.checkpoints.mkdir()
            self.write_note(note)
            outgoing.sync_directory(self.path)

    def write_note(self, note: RunNote) -> None:
        """Keep what is asked for; raises OutputError."""
        document = {
            "inputs": [_absolute(item) for item in note.inputs],
            "digest": note.digest,
            "settings": note.settings.model_dump(mode="json"),
        }
        if note.base is not None:
            document["base"] = str(note.base.resolve())
        if note.held_out is not None:
            document["held_out"] = _absolute(note.held_out)
        with telling_of_faults(self.path):
            outgoing.write(self.path / REQUEST, json.dumps(document, indent=1).encode())

    def resume(self) -> RunNote:
        """What was asked for when the run began that shall go on; raises OutputError."""
        note = self.note()
        self._refuse_links()
        self._ours = True
        with telling_of_faults(self.path):
            self._sweep()
        return note

    def newest_checkpoint(self) -> Checkpoint | None:
        """Where the run can go on; None: at its beginning. Damaged ones are named in a warning."""
        return checkpoints.newest(self.checkpoints)

    def journal(self, begun: Checkpoint | None) -> Journal:
        """The journal, cut back to where the run goes on; raises OutputError."""
        return Journal(self.path, -1 if begun is None else begun.state.step)

    def publish(
        self,
        step: int,
        files: Mapping[str, bytes],
        facts: Mapping[str, Any],
        samples: Sequence[Mapping[str, Any]],
    ) -> None:
        """Make the weights of a checkpoint the model: the last act of a run.

        Args:
            step: of the checkpoint.
            files: of the model beside the weights, as the run that ends here was set.
            facts: what the manifest shall say of the model.
            samples: of the run; those of that step are shown on the model's card.

        Raises:
            OutputError: it cannot be written; what was the model before still is.
            ModelError: the checkpoint is damaged.
        """
        best = read_bundle(self.checkpoints / checkpoints.step_name(step))
        weights = pack_arrays({name: best.weights[name] for name in best.expected.shapes})
        facts = {**facts, "weights_sha256": Listed.of(weights).sha256}
        shown = [sample for sample in samples if sample["step"] == step]
        card = model_card(self.path.name, facts, files[CONFIG].decode("utf-8"), shown)
        write_files(self.path, {**files, WEIGHTS: weights, CARD: card.encode("utf-8", "replace")}, facts)
        with suppress(OSError):
            outgoing.remove(self.path / REPLACED)

    def _what_there_is(self) -> str:
        """What is left after a fault, in words."""
        found = []
        if (self.path / MANIFEST).exists():
            found.append("the model that was there still is")
        if (self.path / REPLACED).exists():
            found.append(f"what belongs to the run before is in {self.path / REPLACED}")
        if steps := checkpoints.list_steps(self.checkpoints):
            found.append(
                f"this run is saved up to step {checkpoints.step_of(steps[-1])}: --resume goes on from there"
            )
        else:
            found.append("nothing of this run is saved")
        return "; ".join(found)

    def note(self) -> RunNote:
        """What was asked for when the run began; raises OutputError."""
        path = self.path / REQUEST
        try:
            document = json_text.parse(incoming.read(path, LONGEST_NOTE).decode("utf-8"))
            inputs = json_text.texts(json_text.field(document, "inputs", list), "inputs")
            digest = json_text.field(document, "digest", str)
            settings = build_settings(flatten(json_text.field(document, "settings", dict)))
            base = Path(json_text.field(document, "base", str)) if "base" in document else None
            held_out = json_text.field(document, "held_out", str) if "held_out" in document else None
            return RunNote(inputs, digest, settings, base, held_out)
        except FileNotFoundError:
            raise OutputError(
                f"{self.path} holds no run to resume (no {REQUEST}); leave out --resume"
            ) from None
        except SettingsError as error:
            raise OutputError(
                f"{self.path} was begun by another version of riverrun, which alone can go on with it, or {REQUEST} "
                f"is damaged ({error.message:.200}); train anew with --overwrite"
            ) from None
        except OSError as error:
            said = reason(error)
        except ValueError as error:
            said = str(error)
        raise OutputError(f"{path} cannot be read ({said}); train anew with --overwrite")

    def _hold(self) -> None:
        if self._lock is not None:
            return
        try:
            self._lock = Lock(self.path)
        except BlockingIOError:
            raise OutputError(
                f"another run is writing into {self.path}: wait for its end, or choose another --output"
            ) from None
        except OSError:  # no locks on this system, or a directory that cannot be written, which is said later
            return

    def _refuse_links(self) -> None:
        for name in (*OURS, REPLACED):
            if (self.path / name).is_symlink():
                raise OutputError(
                    f"{self.path / name} is a link, through which nothing is written: remove it"
                )

    def _sweep(self) -> None:
        """Delete what was left by runs that were killed while they wrote."""
        finish(self.path)
        for folder in (self.path, self.checkpoints):
            for path in folder.iterdir() if folder.is_dir() else ():
                left = _LEFT_OVER.fullmatch(path.name)
                if left and (left["name"] in OURS or checkpoints.is_step(left["name"])):
                    outgoing.remove(path)

    def _put_aside(self) -> None:
        """Hide what is of an earlier run, but for its model; of several, the first, whose the model is."""
        aside, old = self.path / REPLACED, [self.path / name for name in _OF_A_RUN]
        if not aside.exists() and any(path.exists() for path in old):
            aside.mkdir()
            for path in old:
                if path.exists():
                    path.rename(aside / path.name)
        for path in old:
            outgoing.remove(path)


def _is_empty(path: Path) -> bool:
    """Whether nothing but directories is there; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return False
    return all(map(_is_empty, path.iterdir()))


def _absolute(item: str) -> str:
    return str(Path(item).resolve()) if Path(item).exists() else item
