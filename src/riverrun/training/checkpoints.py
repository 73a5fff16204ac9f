"""Checkpoints: everything a run needs to go on as if it had never stopped (law 2)."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from riverrun import bundle
from riverrun.data.batch import Cursor
from riverrun.errors import ModelError
from riverrun.models.cores import CoreState
from riverrun.models.weights import as_array, load_weights, weights_of
from riverrun.training.events import Best
from riverrun.training.optimization import Optimizer, Plateau
from riverrun.training.planning import Plan

STATE = "training.json"
TENSORS = "training.safetensors"


@dataclass
class RunState:
    """The loop's memory, apart from tensors; the loop alone changes it.

    Attributes:
        step: steps made.
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
        bundle.WEIGHTS: bundle.save_arrays(weights_of(model)),
        TENSORS: bundle.save_arrays({name: as_array(tensor) for name, tensor in tensors.items()}),
        STATE: json.dumps(asdict(state)).encode(),
    }
    path = folder / _name(state.step)
    bundle.write_directory(path, contents, facts)
    return path


def restore(
    path: Path, model: nn.Module, optimizer: Optimizer, device: torch.device
) -> tuple[RunState, CoreState]:
    """Load a checkpoint into a model and an optimiser; returns the loop's memory and the carried state.

    Raises:
        ModelError: the checkpoint is damaged or belongs to another model.
    """
    contents, _ = bundle.read_files(path, (bundle.CONFIG, bundle.WEIGHTS, TENSORS, STATE))
    weights = bundle.load_arrays(contents[bundle.WEIGHTS], path / bundle.WEIGHTS)
    tensors = {
        name: torch.from_numpy(np.array(array))
        for name, array in bundle.load_arrays(contents[TENSORS], path / TENSORS).items()
    }
    load_weights(model, weights, path)
    optimizer.load({name.removeprefix("optimizer."): tensor for name, tensor in tensors.items()})
    torch.set_rng_state(tensors["generator.cpu"])
    if "generator.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["generator.cuda"])
    carried = [tensors[f"carried.{i}"] for i in range(sum(n.startswith("carried.") for n in tensors))]
    return _state(json.loads(contents[STATE])), tuple(part.to(device) for part in carried)


def _state(document: dict[str, Any]) -> RunState:
    plan, best = document["plan"], document["best"]
    records = {
        "plan": None if plan is None else Plan(**plan),
        "best": None if best is None else Best(**best),
        "cursor": Cursor(**document["cursor"]),
        "plateau": Plateau(**document["plateau"]),
    }
    return RunState(**document | records)


def newest(
    folder: Path, warn: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
) -> Path | None:
    """The newest checkpoint that verifies; damaged ones are named through ``warn``."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        try:
            bundle.read_files(path, (bundle.CONFIG, bundle.WEIGHTS, TENSORS, STATE))
        except ModelError as error:
            warn(f"warning: checkpoint passed over: {error}")
        else:
            return path
    return None


def prune(folder: Path, keep: int, state: RunState) -> None:
    """Delete all but the latest ``keep`` checkpoints and the best one.

    Later ones than the present step are damaged ones that a resume passed over: they do not count.
    """
    present = [path for path in sorted(folder.glob("step-*")) if path.name <= _name(state.step)]
    for path in present[:-keep]:
        if state.best is None or path.name != _name(state.best.step):
            shutil.rmtree(path)


def _name(step: int) -> str:
    return f"step-{step:09d}"
