"""Running a recipe: every experiment with every seed, through the same doors as a user's own training."""

import itertools
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from riverrun.bundle.names import METRICS
from riverrun.data.builtin_pairs import task_file
from riverrun.data.library import DOWNLOADS, downloaded
from riverrun.errors import CorpusError, InputError, OutputError
from riverrun.files import outgoing
from riverrun.recipes.recipe import Experiment, Figures, Outcome, Recipe

MOST = 1e9  # epochs or seeds


class Job(NamedTuple):
    """One run of an experiment."""

    recipe: str
    experiment: int
    seed: int
    epochs: float | None
    folder: Path
    data: Path


def run(
    recipe: Recipe,
    folder: Path,
    epochs: float | None = None,
    seeds: int | None = None,
    data: Path = Path(),
    announce: Callable[[Experiment], None] = lambda experiment: None,
) -> Iterator[Outcome]:
    """Check what is asked for; then train and measure, one outcome an experiment.

    Args:
        recipe: what to run.
        folder: gets a model directory for each run.
        epochs: another budget for every experiment.
        seeds: another number of seeds for those with several.
        data: the directory with the texts.
        announce: told of each experiment, with its budget, before its outcome is waited for.

    Raises:
        InputError: ``epochs`` or ``seeds`` is out of range.
        OutputError: the folder cannot be made.
        CorpusError: a text is missing.
    """
    for name, value in (("epochs", epochs), ("seeds", seeds)):
        if value is not None and not 0 < value <= MOST:
            raise InputError(f"--{name} {value:g}: must be above 0 and at most {MOST:g}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}; choose another --output") from error
    for experiment in recipe.experiments:
        find_source(experiment, folder, data)
    return _outcomes(recipe, folder, epochs, seeds, data, announce)


def _outcomes(
    recipe: Recipe,
    folder: Path,
    epochs: float | None,
    seeds: int | None,
    data: Path,
    announce: Callable[[Experiment], None],
) -> Iterator[Outcome]:
    counts = [min(e.seeds, seeds) if seeds else e.seeds for e in recipe.experiments]
    jobs = [
        Job(recipe.name, index, seed, epochs, folder, data)
        for index, count in enumerate(counts)
        for seed in range(count)
    ]
    results = _side_by_side(jobs) if recipe.side_by_side else map(perform, jobs)
    for experiment, count in zip(recipe.experiments, counts, strict=True):
        announce(with_budget(experiment, epochs))
        done = [next(results) for _ in range(count)]
        figures, seconds, folders = zip(*done, strict=True)
        shortened = epochs is not None and (experiment.epochs is None or epochs < experiment.epochs)
        yield Outcome(experiment, figures, seconds, folders, shortened)


def _side_by_side(jobs: list[Job]) -> Iterator[tuple[Figures, float, Path]]:
    """One process a processor, each with one thread: for models too small to share a step."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read when the new processes load torch
    try:
        workers = min(len(jobs), os.cpu_count() or 1)
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            yield from pool.map(perform, jobs)
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def perform(job: Job) -> tuple[Figures, float, Path]:
    """Train one model and measure it: figures, seconds of training, its directory."""
    from riverrun.api import train
    from riverrun.recipes.catalogue import find_recipe

    recipe = find_recipe(job.recipe)
    experiment = with_budget(recipe.experiments[job.experiment], job.epochs)
    output = job.folder / f"{experiment.name}-{job.seed}"
    source = find_source(experiment, job.folder, job.data)
    settings = {**experiment.settings, "training.seed": job.seed}
    if settings.get("data.validation") == "training text":
        settings["data.validation"] = str(source)
    began = time.perf_counter()
    train(
        source,
        output=output,
        epochs=experiment.epochs,
        minutes=experiment.minutes,
        settings=settings,
        overwrite=True,
        progress=False,
    )
    seconds = time.perf_counter() - began
    figures = recorded_figures(output)
    if experiment.measure is not None:
        figures |= experiment.measure(output)
    return figures, seconds, output


def with_budget(experiment: Experiment, epochs: float | None) -> Experiment:
    """The experiment for a number of epochs; None leaves its own budget."""
    return experiment if epochs is None else replace(experiment, epochs=epochs, minutes=None)


def find_source(experiment: Experiment, folder: Path, data: Path) -> Path:
    """The text of an experiment: a file in the data directory, a known text, or the text itself.

    Raises:
        CorpusError: the file is not there.
    """
    name = experiment.source
    found = data / name if Path(name).suffix in (".txt", ".tsv") else task_file(name)
    if found is None:
        found = folder / f"{experiment.name}.txt"
        outgoing.write(found, name.encode("utf-8"))
    elif not found.is_file():
        found = downloaded(Path(name).stem)
    if found is None:
        raise CorpusError(f"{name} is not in {data}: {_how_to_give(Path(name))}")
    if experiment.lines is None:
        return found
    return _first_lines(found, experiment.lines, folder / found.name)


def _how_to_give(name: Path) -> str:
    if name.stem in DOWNLOADS:
        return f"give its directory with --data DIR, or fetch it with riverrun data get {name.stem}"
    return (
        f"no public address of it is known, so put a text of your own there as {name}, in UTF-8, or in another "
        "directory, and give that with --data DIR"
    )


def _first_lines(source: Path, count: int, path: Path) -> Path:
    try:
        with source.open(encoding="utf-8") as stream:
            outgoing.write(path, "".join(itertools.islice(stream, count)).encode("utf-8"))
    except UnicodeDecodeError as error:
        raise CorpusError(f"{source} is not UTF-8 text: {error.reason}") from error
    return path


def recorded_figures(folder: Path) -> Figures:
    """What the run itself recorded: held-out figures, and the mean training loss of each epoch."""
    from riverrun.bundle import read_facts

    facts = read_facts(folder)
    held_out = {
        name.removeprefix("validation_").replace("_", " "): float(value)
        for name, value in facts.items()
        if name.startswith("validation_") and isinstance(value, int | float)
    }
    losses = training_losses(folder)
    return held_out | {f"training loss, epoch {epoch}": loss for epoch, loss in losses.items()}


def training_losses(folder: Path) -> dict[int, float]:
    """Mean training loss of each whole epoch: progress events, weighted by the steps they stand for."""
    from riverrun.training.journal import read_lines

    sums: dict[int, float] = {}
    steps: dict[int, int] = {}
    before, last_epoch = 0, 0.0
    for event in read_lines(folder / METRICS):
        if event["event"] == "progress":
            epoch = math.ceil(event["epoch"] - 1e-9)
            count, before = event["step"] - before, event["step"]
            sums[epoch] = sums.get(epoch, 0.0) + event["loss"] * count
            steps[epoch] = steps.get(epoch, 0) + count
            last_epoch = event["epoch"]
    return {epoch: total / steps[epoch] for epoch, total in sums.items() if epoch <= last_epoch + 1e-9}
