"""A whole run: texts, task, loop, model directory."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from riverrun.bundle import Bundle, LanguageBundle, TranslatorBundle, read_bundle
from riverrun.bundle.names import MEMORY
from riverrun.bundle.weight_file import pack_arrays
from riverrun.config.conditions import refuse_idle
from riverrun.config.settings import BudgetSettings, Settings
from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.held_out import NOTHING, PairSplit, TextSplit, split_pairs, split_text
from riverrun.data.pair_rows import Columns
from riverrun.data.pairs import looks_like_pairs, open_pairs
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError, ModelError, SettingsError
from riverrun.memory.stored import to_arrays
from riverrun.models.weights import load_weights
from riverrun.text.pieces import pieces_of
from riverrun.training import checkpoints, events
from riverrun.training.checkpoints import Checkpoint, RunState
from riverrun.training.clock import Clock
from riverrun.training.defaults import choose_device, resolve_budget
from riverrun.training.journal import recorded_plans
from riverrun.training.language import (
    LanguageModelTask,
    continued_language_model,
    new_language_model,
    saved_language_model,
)
from riverrun.training.loop import fit
from riverrun.training.optimization import Optimizer
from riverrun.training.pacing import Pacer
from riverrun.training.pair_task import PairTask, continued_translator, new_translator, saved_translator
from riverrun.training.planning import Planner, fixed_plan
from riverrun.training.run_directory import RunDirectory, RunNote
from riverrun.training.task import Task, as_used

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        inputs: the texts as given.
        output: the model directory.
        settings: as given, before defaults are chosen.
        resume: go on with the run in ``output``.
        overwrite: replace the run in ``output``.
        base: the directory of the model that is started from.
    """

    inputs: tuple[str, ...]
    output: Path
    settings: Settings
    resume: bool = False
    overwrite: bool = False
    base: Path | None = None


def run(
    request: Request, clock: Clock, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[events.Event]:
    """Train as requested and leave a model directory; yields what happens.

    Raises:
        OutputError: the directory exists (and neither resume nor overwrite is asked for), is another run's, or is
            not writable.
        CorpusError: the text cannot be used, or changed before a resume.
        SettingsError: settings do not go together, or a resume asks for others than the run has.
        ModelError: the model that is started from, or a checkpoint, cannot be used.
        InputError: a device that is not there.
        TrainingError: the loss is not a number.
    """
    with RunDirectory(request.output) as directory:
        yield from _run(directory, request, clock, should_stop)


def _run(
    directory: RunDirectory, request: Request, clock: Clock, should_stop: Callable[[], bool]
) -> Iterator[events.Event]:
    before = None
    if request.resume:
        before = directory.resume()
        request = _resumed(request, before)
    held_out = _held_out_file(request) if before is None else before.held_out
    split = _split(request, held_out)  # what is wrong with the text is said first
    if not request.resume:
        directory.check(request.overwrite)
    refuse_idle(request.settings, "text" if isinstance(split, TextSplit) else "pairs")
    if before is not None and before.digest != split.digest:
        raise CorpusError(
            f"{split.learned.name} is not the text that {request.output} was begun with: restore it, or train anew "
            "with --overwrite"
        )
    begun = None if before is None else directory.newest_checkpoint()
    torch.manual_seed(request.settings.training.seed)
    task = _task(request, split, begun)
    fitting, budget = task.settings.training, task.settings.budget
    optimizer = Optimizer(task.model, fitting)
    state, carried = RunState(), task.initial_carried()
    if begun is not None:
        state, carried = checkpoints.restore(begun, task, optimizer)
    note = RunNote(request.inputs, split.digest, request.settings, request.base, held_out)
    if before is None:
        directory.claim(note, request.overwrite)
    elif before.settings != note.settings:
        share = resolve_budget(before.settings.budget).amount / budget.amount
        state.plan = None if state.plan is None else state.plan.extended(state.step, share)
        directory.write_note(note)
    planner = _planner(task, request, state, clock)
    journal = directory.journal(begun)
    with _processor(fitting.threads):
        for event in fit(
            task, optimizer, state, carried, fitting, planner, directory.checkpoints, clock, should_stop
        ):
            journal.write(event)
            if isinstance(event, events.Stopped):
                step = event.step if event.best is None else event.best.step
                remembered = _remembered(task, directory, step, state)
                facts = _facts(task, event, split) | remembered.facts
                directory.publish(step, task.files() | remembered.files, facts, journal.samples())
            yield event


def _held_out_file(request: Request) -> str | None:
    """The file that is to be held out, if it is one."""
    validation = request.settings.data.validation
    return validation if isinstance(validation, str) and validation != NOTHING else None


def _split(request: Request, held_out: str | None) -> TextSplit | PairSplit:
    """What is learned from and what is held out, a file or what the settings say, each opened once."""
    data, seed = request.settings.data, request.settings.training.seed
    validation = data.validation if held_out is None else held_out
    if data.task == "language" or (data.task == "auto" and not looks_like_pairs(request.inputs)):
        return split_text(open_corpus(request.inputs, Reading.of(data)), validation)
    columns = Columns(data.source_columns, data.target_columns)
    return split_pairs(open_pairs(request.inputs, data.skip_bad, columns), validation, seed)


def _task(
    request: Request, split: TextSplit | PairSplit, begun: Checkpoint | None
) -> LanguageModelTask | PairTask:
    """The model with its data: with all defaults chosen, or as a checkpoint says that they were."""
    settings, device = request.settings, choose_device(request.settings.training.device)
    match split, _model_before(request, begun):
        case TextSplit(), None:
            return new_language_model(settings, split, device)
        case PairSplit(), None:
            return new_translator(settings, split, device)
        case TextSplit(), LanguageBundle() as before:
            if begun is not None:
                return saved_language_model(before, split, device)
            return continued_language_model(settings, before, split, device)
        case PairSplit(), TranslatorBundle() as before:
            if begun is not None:
                return saved_translator(before, split, device)
            return continued_translator(settings, before, split, device)
        case _, LanguageBundle() | TranslatorBundle() as other:
            wanted = "a language model" if isinstance(split, TextSplit) else "a translator or tagger"
            raise ModelError(f"{other.path} is a {other.facts['kind']}; {split.learned.name} makes {wanted}")


def _model_before(request: Request, begun: Checkpoint | None) -> Bundle | None:
    """What the run goes on from: its checkpoint, but for the budget, or the model that it was asked to start from."""
    if begun is None:
        return None if request.base is None else read_bundle(request.base)
    budget, model = resolve_budget(request.settings.budget), begun.model
    if isinstance(model, LanguageBundle):
        return replace(model, settings=replace(model.settings, budget=budget))
    return replace(model, settings=replace(model.settings, budget=budget))


def _planner(task: Task, request: Request, state: RunState, clock: Clock) -> Planner | Pacer:
    """What knows how long the run is."""
    fitting, budget = task.settings.training, task.settings.budget
    match budget.kind:
        case "steps":
            return Planner(fixed_plan(task, fitting, int(budget.amount)))
        case "epochs":
            return Planner(fixed_plan(task, fitting, max(1, round(budget.amount * task.steps_per_epoch))))
        case "minutes":
            set_by_user = request.settings.training.threads
            counts = (set_by_user,) if set_by_user else (1, torch.get_num_threads())
            recorded = recorded_plans(request.output, state.step) if request.resume else {}
            return Pacer(task, fitting, budget.amount, clock, counts, recorded)


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


def _resumed(request: Request, note: RunNote) -> Request:
    """The request as it was first made, but for a larger budget; raises where anything else is asked for now."""
    settings = note.settings
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
            f"{request.output} was begun with other settings ({'; '.join(changed)}): resume without these flags, "
            "or with a larger budget alone"
        )
    if budget is not None:
        settings = settings.model_copy(update={"budget": budget})
    if request.base is not None and (note.base is None or request.base.resolve() != note.base):
        raise SettingsError(f"{request.output} was not begun from {request.base}: resume without --from")
    return Request(request.inputs or note.inputs, request.output, settings, resume=True, base=note.base)


def _larger(before: BudgetSettings, now: BudgetSettings) -> BudgetSettings | None:
    """The budget asked for now, if it is more of the same kind than the one before."""
    old, new = resolve_budget(before), resolve_budget(now)
    return now if new.kind == old.kind and new.amount > old.amount and now != BudgetSettings() else None


def _facts(task: Task, event: events.Stopped, split: TextSplit | PairSplit) -> dict[str, Any]:
    """What the manifest shall say of the model."""
    best = {} if event.best is None else {"best_step": event.best.step}
    held_out = {} if split.file is None else {"held_out": _about(split.file)}
    return (
        task.facts()
        | best
        | held_out
        | event.held_out_figures
        | {
            "steps": event.step,
            "reason": event.reason,
            "epochs": round(event.epoch, 4),
            "seconds": round(event.seconds, 2),
            "corpus": _about(split.learned),
        }
    )


class _Beside(NamedTuple):
    """What a model has beside its network: files, and what the manifest says of them."""

    files: dict[str, bytes]
    facts: dict[str, Any]


def _remembered(task: Task, directory: RunDirectory, step: int, state: RunState) -> _Beside:
    """The memory of a language model, with the gate that suits the weights of a step."""
    if not isinstance(task, LanguageModelTask) or task.memory is None or state.plan is None:
        return _Beside({}, {})
    path = directory.checkpoints / checkpoints.step_name(step)
    load_weights(task.model, read_bundle(path).weights, path)
    with as_used(task.model):
        remembered = task.remembered(state.plan.limit)
    if remembered is None:
        return _Beside({}, {})
    memory, let_go = remembered.memory, task.memory.let_go
    facts = {"symbols": memory.symbols, "symbols_let_go": let_go, "pages_let_go": memory.lost}
    return _Beside({MEMORY: pack_arrays(to_arrays(remembered, pieces_of(task.tokenizer)))}, {"memory": facts})


def _about(corpus: Corpus) -> dict[str, Any]:
    return {"name": corpus.name, "characters": corpus.characters, "sha256": corpus.digest}
