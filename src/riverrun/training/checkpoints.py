"""Checkpoints: everything a run needs to go on as if it had never stopped (law 2)."""

import json
import re
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from riverrun.bundle import weight_file as arrays
from riverrun.bundle.manifest import FORMAT
from riverrun.bundle.names import WEIGHTS
from riverrun.bundle.reading import Bundle, BundleReader, bundle_of, consistently
from riverrun.bundle.saving import write_model_directory
from riverrun.data.batch import Cursor
from riverrun.errors import ModelError
from riverrun.files import json_text, outgoing, records
from riverrun.models.cores import CoreState
from riverrun.models.weights import as_array, load_weights, weights_of
from riverrun.training.events import Best
from riverrun.training.optimization import Optimizer, Plateau
from riverrun.training.planning import Plan
from riverrun.training.task import Task

STATE = "training.json"
TENSORS = "training.safetensors"
LONGEST_STATE = 1 << 20  # bytes

_STEP = re.compile(r"step-\d{9,}")


class OlderFormatError(ModelError):
    """A checkpoint of an earlier version, whose run only that version can go on with."""


@dataclass
class RunState:
    """The loop's memory, apart from tensors; once it runs, the loop alone changes it.

    Attributes:
        step: steps made; a batch each, so that they tell the cursor too.
        plan: what is fixed of the run; None until that is known.
        cursor: where the next batch is read.
        plateau: memory of the plateau schedule.
        best: the best evaluation so far; None before the first.
        evaluated_at: the step of the latest evaluation.
        waited: evaluations since the best one.
        loss_sum, loss_tokens: training loss since the last progress event.
        seconds: wall time spent so far.
    """

    step: int = 0
    plan: Plan | None = None
    cursor: Cursor = Cursor()
    plateau: Plateau = Plateau()
    best: Best | None = None
    evaluated_at: int = 0
    waited: int = 0
    loss_sum: float = 0.0
    loss_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it was read, all of it checked once.

    Attributes:
        model: the model that it holds; its settings are those of the run.
        tensors: of optimiser and generators, and the carried state.
        state: the loop's memory.
    """

    model: Bundle
    tensors: dict[str, NDArray[Any]]
    state: RunState


def save(
    folder: Path,
    state: RunState,
    model: nn.Module,
    optimizer: Optimizer,
    carried: CoreState,
    files: dict[str, bytes],
    facts: dict[str, Any],
) -> Path:
    """Write ``folder/step-N``, a model directory of its own; raises OutputError."""
    tensors: dict[str, Tensor] = {"generator.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["generator.cuda"] = torch.cuda.get_rng_state()
    tensors |= {f"carried.{index}": part for index, part in enumerate(carried)}
    tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer.tensors().items()}
    contents = {
        **files,
        WEIGHTS: arrays.pack_arrays(weights_of(model)),
        TENSORS: arrays.pack_arrays({name: as_array(tensor) for name, tensor in tensors.items()}),
        STATE: json.dumps(asdict(state)).encode(),
    }
    path = folder / step_name(state.step)
    write_model_directory(path, contents, facts)
    return path


def read(path: Path) -> Checkpoint:
    """Read and check a checkpoint; raises ModelError."""

    def parts(reader: BundleReader) -> Checkpoint:
        if reader.manifest.version < FORMAT:
            raise OlderFormatError(
                f"{path} is of an earlier version of riverrun, which alone can go on with its run"
            )
        tensors, state = reader.file(TENSORS), reader.file(STATE, LONGEST_STATE)
        found = reader.parsed(STATE, state, lambda text: records.read(RunState, json_text.parse(text)))
        if found.step != step_of(path):
            raise ModelError(f"{path / STATE} is of step {found.step}")
        return Checkpoint(bundle_of(reader), reader.unpacked(TENSORS, tensors), found)

    return consistently(path, parts)


def restore(checkpoint: Checkpoint, task: Task, optimizer: Optimizer) -> tuple[RunState, CoreState]:
    """Load a checkpoint into a task's model and an optimiser, and the random generators.

    Args:
        checkpoint: of the run.
        task, optimizer: freshly made from the checkpoint's settings.

    Returns:
        The loop's memory and the carried state, on the model's device.

    Raises:
        ModelError: the checkpoint belongs to another run.
    """
    path, model, carried = checkpoint.model.path, task.model, task.initial_carried()
    state, device = checkpoint.state, next(model.parameters()).device
    if state.cursor.batches_read(task.steps_per_epoch) != state.step:
        raise ModelError(f"{path / STATE}: step {state.step} does not stand at {state.cursor}")
    wanted = {f"optimizer.{name}": tensor for name, tensor in optimizer.tensors().items()}
    wanted |= {f"carried.{index}": part for index, part in enumerate(carried)}
    wanted["generator.cpu"] = torch.get_rng_state()
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in checkpoint.tensors.items()}
    for name, like in wanted.items():
        found = tensors.get(name)
        if found is None or (found.dtype, found.shape) != (like.dtype, like.shape):
            raise ModelError(f"{path / TENSORS}: {name} is not as the run's settings want it")
    load_weights(model, checkpoint.model.weights, path)
    optimizer.load({name.removeprefix("optimizer."): tensor for name, tensor in tensors.items()})
    torch.set_rng_state(tensors["generator.cpu"])
    if "generator.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["generator.cuda"])
    parts = (tensors[f"carried.{index}"] for index in range(len(carried)))
    return state, tuple(part.to(device) for part in parts)


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that verifies; damaged ones are named in a warning.

    Raises:
        OlderFormatError: the run was begun by an earlier version.
    """
    for path in reversed(list_steps(folder)):
        try:
            return read(path)
        except OlderFormatError:
            raise
        except ModelError as error:
            warnings.warn(f"checkpoint passed over: {error}", stacklevel=2)
    return None


def prune(folder: Path, keep: int, state: RunState) -> None:
    """Delete all but the latest ``keep`` checkpoints and the best one.

    Later ones than the present step are damaged ones that a resume passed over: they do not count.
    """
    present = [path for path in list_steps(folder) if path.name <= step_name(state.step)]
    for path in present[:-keep]:
        if state.best is None or path.name != step_name(state.best.step):
            outgoing.remove(path)


def list_steps(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first, damaged ones too."""
    return sorted(path for path in folder.glob("step-*") if is_step(path.name) and not path.is_symlink())


def step_name(step: int) -> str:
    """The name of a checkpoint's directory."""
    return f"step-{step:09d}"


def step_of(path: Path) -> int:
    """The inverse."""
    return int(path.name.removeprefix("step-"))


def is_step(name: str) -> bool:
    """Whether a directory of that name is a checkpoint's."""
    return _STEP.fullmatch(name) is not None
