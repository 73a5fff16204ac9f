"""A whole run: corpus, tokenizer, task, loop, model directory."""

import ctypes
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from riverrun import bundle
from riverrun.config.conditions import refuse_idle
from riverrun.config.resolved import Budget
from riverrun.config.settings import BudgetSettings, Settings
from riverrun.config.written import read_language_settings, read_translator_settings
from riverrun.data.cache import write_atomically
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import PairSplit, TextSplit, split_pairs, split_text
from riverrun.data.pairs import looks_like_pairs, open_pairs
from riverrun.errors import CorpusError, OutputError, SettingsError
from riverrun.text import load_tokenizer
from riverrun.training import checkpoints, events
from riverrun.training.checkpoints import RunState
from riverrun.training.clock import Clock
from riverrun.training.defaults import choose_device, resolve_budget
from riverrun.training.journal import Journal, recorded_plans
from riverrun.training.language import LanguageModelTask, new_language_model, saved_language_model
from riverrun.training.loop import train
from riverrun.training.model_card import model_card
from riverrun.training.optimization import Optimizer
from riverrun.training.pacing import Pacer
from riverrun.training.pair_task import PairTask, new_translator, saved_translator
from riverrun.training.planning import Planner, fixed_plan
from riverrun.training.task import Task

REQUEST = "request.json"
CHECKPOINTS = "checkpoints"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
OURS = (
    REQUEST,
    CHECKPOINTS,
    bundle.CONFIG,
    bundle.TOKENIZER,
    bundle.WEIGHTS,
    bundle.MANIFEST,
    "metrics.jsonl",
    "samples.jsonl",
    "README.md",
)


@dataclass(frozen=True)
class Request:
    """What the user asked for; kept with the run so that it can be resumed and repeated.

    Attributes:
        inputs: the texts as given.
        output: the model directory.
        settings: as given, before defaults are chosen.
        resume: go on with the run in ``output``.
        overwrite: replace the run in ``output``.
    """

    inputs: tuple[str, ...]
    output: Path
    settings: Settings
    resume: bool = False
    overwrite: bool = False


def run(
    request: Request, clock: Clock, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[events.Event]:
    """Train as requested and leave a model directory; yields what happens.

    Raises:
        OutputError: the directory exists (and neither resume nor overwrite is asked for) or is not writable.
        CorpusError: the text cannot be used, or changed before a resume.
        SettingsError: a resume asks for other settings than the run has.
        TrainingError: the loss is not a number.
    """
    before = _read_note(request.output) if request.resume else None
    if before is None:
        _check_output(request)
    else:
        request = _resumed(request, before)
    split = _split(request)
    refuse_idle(request.settings, "text" if isinstance(split, TextSplit) else "pairs")
    if before is not None and before["digest"] != split.digest:
        raise CorpusError(
            f"{split.learned.name} is not the text that {request.output} was begun with: restore it, or train anew "
            "with --overwrite"
        )
    folder = request.output / CHECKPOINTS
    latest = checkpoints.newest(folder) if before is not None else None
    torch.manual_seed(request.settings.training.seed)
    task = _task(request, split, latest)
    fitting, budget = task.settings.training, resolve_budget(request.settings.budget)
    optimizer = Optimizer(task.model, fitting)
    state, carried = RunState(), task.initial_carried()
    if latest is not None:
        state, carried = checkpoints.restore(latest, task.model, optimizer, torch.device(fitting.device))
    if before is None:
        _claim_output(request, split.digest)
    elif (share := _longer(resolve_budget(before["settings"].budget), budget)) < 1 and state.plan is not None:
        state.plan = state.plan.extended(state.step, share)
        _write_note(request, split.digest)
    planner = _planner(task, request, budget, state, clock)
    journal = Journal(request.output, after_step=_step_of(latest))
    with _processor(fitting.threads):
        for event in train(task, optimizer, state, carried, fitting, planner, folder, clock, should_stop):
            journal.write(event)
            if isinstance(event, events.Stopped):
                _publish(request.output, folder, task, event, split, journal)
            yield event


def _split(request: Request) -> TextSplit | PairSplit:
    """What is learned from and what is held out, each opened once."""
    data, seed = request.settings.data, request.settings.training.seed
    if data.task == "language" or (data.task == "auto" and not looks_like_pairs(request.inputs)):
        return split_text(open_corpus(request.inputs), data.validation)
    return split_pairs(open_pairs(request.inputs, data.skip_bad), data.validation, seed)


def _task(
    request: Request, split: TextSplit | PairSplit, checkpoint: Path | None
) -> LanguageModelTask | PairTask:
    """The model with its data: with all defaults chosen, or as a checkpoint says that they were."""
    device = choose_device(request.settings.training.device)
    if checkpoint is None:
        if isinstance(split, TextSplit):
            return new_language_model(request.settings, split, device)
        return new_translator(request.settings, split, device)
    contents, _ = bundle.read_files(checkpoint, (bundle.CONFIG, bundle.TOKENIZER))
    config, tokenizer = contents[bundle.CONFIG].decode(), contents[bundle.TOKENIZER].decode()
    if isinstance(split, TextSplit):
        return saved_language_model(read_language_settings(config), load_tokenizer(tokenizer), split, device)
    return saved_translator(read_translator_settings(config), tokenizer, split, device)


def _planner(task: Task, request: Request, budget: Budget, state: RunState, clock: Clock) -> Planner | Pacer:
    """What knows how long the run is."""
    fitting = task.settings.training
    match budget.kind:
        case "steps":
            return Planner(fixed_plan(task, fitting, int(budget.amount)))
        case "epochs":
            return Planner(fixed_plan(task, fitting, max(1, round(budget.amount * task.steps_per_epoch))))
        case "minutes":
            free = request.settings.training.threads is None
            recorded = recorded_plans(request.output, state.step) if request.resume else {}
            return Pacer(task, fitting, budget.amount, clock, free, recorded)


def _longer(before: Budget, now: Budget) -> float:
    """What share of the present budget the one before was; 1 where they are the same."""
    return before.amount / now.amount


@contextmanager
def _processor(threads: int) -> Iterator[None]:
    """So many threads, and tiny numbers as zero, which is faster; afterwards threads as before."""
    _keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def _keep_freed_memory() -> None:
    """Have glibc keep what a step frees for the next step, instead of giving it back and clearing it anew.

    Costs no memory beyond a step's own peak; saves a sixth of the time of wide batches. See mallopt(3).
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def _check_output(request: Request) -> None:
    output = request.output
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} exists and is not a directory; choose another --output")
    if not any(path.is_file() for path in output.rglob("*")):
        return
    if not request.overwrite:
        raise OutputError(
            f"{output} exists already; go on with it by --resume, replace it by --overwrite, "
            "or choose another --output"
        )
    foreign = sorted(p.name for p in output.iterdir() if p.name not in OURS and not p.name.startswith("."))
    if foreign:
        raise OutputError(
            f"{output} holds files that are not of a model ({', '.join(foreign[:3])}): not overwritten"
        )


def _claim_output(request: Request, digest: str) -> None:
    """Empty the directory and note what was asked for, so that a run killed from here on can be resumed."""
    try:
        for name in OURS if request.output.exists() else ():
            path = request.output / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (request.output / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        _write_note(request, digest)
        (request.output / bundle.MANIFEST).unlink(missing_ok=True)  # there is no model yet
    except OSError as error:
        raise OutputError(f"{request.output} cannot be written: {error.strerror}") from error


def _write_note(request: Request, digest: str) -> None:
    """Keep what was asked for."""
    note = {
        "inputs": [_absolute(item) for item in request.inputs],
        "digest": digest,
        "settings": request.settings.model_dump(mode="json"),
    }
    write_atomically(request.output / REQUEST, json.dumps(note, indent=1).encode())


def _resumed(request: Request, note: dict[str, Any]) -> Request:
    """The request as it was first made, but for a larger budget; raises where anything else is asked for now."""
    settings = note["settings"]
    budget = _larger(settings.budget, request.settings.budget)
    before = settings.model_dump()
    now = request.settings.model_dump(exclude_unset=True, exclude={"budget"} if budget else None)
    changed = [
        f"{section}.{key} was {before[section][key]!r}, now {value!r}"
        for section, values in now.items()
        for key, value in values.items()
        if before[section][key] != value
    ]
    if changed:
        raise SettingsError(
            f"{request.output} was begun with other settings ({'; '.join(changed)}): resume without these flags"
        )
    if budget is not None:
        settings = settings.model_copy(update={"budget": budget})
    return Request(request.inputs or note["inputs"], request.output, settings, resume=True)


def _larger(before: BudgetSettings, now: BudgetSettings) -> BudgetSettings | None:
    """The budget asked for now, if it is more of the same kind than the one before."""
    old, new = resolve_budget(before), resolve_budget(now)
    return now if new.kind == old.kind and new.amount > old.amount and now != BudgetSettings() else None


def _read_note(output: Path) -> dict[str, Any]:
    try:
        note = json.loads((output / REQUEST).read_text(encoding="utf-8"))
        settings = Settings.model_validate(note["settings"])
        return {"inputs": tuple(map(str, note["inputs"])), "digest": note["digest"], "settings": settings}
    except FileNotFoundError:
        raise OutputError(f"{output} holds no run to resume (no {REQUEST}); leave out --resume") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(
            f"{output / REQUEST} cannot be read ({reason}); train anew with --overwrite"
        ) from error


def _step_of(checkpoint: Path | None) -> int:
    return -1 if checkpoint is None else int(checkpoint.name.removeprefix("step-"))


def _publish(
    output: Path,
    folder: Path,
    task: Task,
    event: events.Stopped,
    split: TextSplit | PairSplit,
    journal: Journal,
) -> None:
    """Make the best checkpoint the model: the last act of a run."""
    best = folder / f"step-{event.step if event.best is None else event.best.step:09d}"
    contents, _ = bundle.read_files(best, (bundle.CONFIG, bundle.TOKENIZER, bundle.WEIGHTS))
    held_out = {} if event.best is None else {"best_step": event.best.step} | event.held_out_figures
    corpus = split.learned
    facts = (
        task.facts()
        | held_out
        | {
            "steps": event.step,
            "reason": event.reason,
            "epochs": round(event.epoch, 4),
            "seconds": round(event.seconds, 2),
            "corpus": {"name": corpus.name, "characters": corpus.characters, "sha256": corpus.digest},
            "weights_sha256": hashlib.sha256(contents[bundle.WEIGHTS]).hexdigest(),
        }
    )
    card = model_card(output.name, facts, contents[bundle.CONFIG].decode(), journal.samples())
    bundle.write_files(output, {**contents, "README.md": card.encode()}, facts)


def _absolute(item: str) -> str:
    return str(Path(item).resolve()) if Path(item).exists() else item
