"""A whole run: corpus, tokenizer, task, loop, model directory."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from riverrun.bundle.names import CONFIG
from riverrun.config.building import from_toml, refuse_foreign
from riverrun.config.settings import Settings
from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.ids import IdFile, encode_corpus
from riverrun.data.lanes import Lanes
from riverrun.data.pairs import PairCorpus, looks_like_pairs, open_pairs
from riverrun.errors import CorpusError, SettingsError
from riverrun.models.language_model import LanguageModel
from riverrun.text import Tokenizer, train_tokenizer
from riverrun.training import defaults, events
from riverrun.training.language import LanguageModelTask
from riverrun.training.loop import train as train_loop
from riverrun.training.planning import Clock
from riverrun.training.run_directory import Note, RunDirectory
from riverrun.training.softmax import build_sampler
from riverrun.training.task import Task
from riverrun.training.translation import translation_task
from riverrun.training.windowed import WindowedTask, training_windows, validation_windows

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


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
    with RunDirectory(request.output) as directory:
        yield from _run(directory, request, clock, should_stop)


def _run(
    directory: RunDirectory, request: Request, clock: Clock, should_stop: Callable[[], bool]
) -> Iterator[events.Event]:
    note = None
    if request.resume:
        note = directory.resume()
        request = _same_request(request, note)
    else:
        directory.check(request.overwrite)
    pairs = _pairs(request)
    refuse_foreign(request.settings, "text" if pairs is None else "pairs")
    corpus = pairs.corpus if pairs is not None else open_corpus(request.inputs)
    digest = _digest(request, corpus)
    if note is not None and note.digest != digest:
        raise CorpusError(
            f"{corpus.name} is not the text that {request.output} was begun with: restore it, or train anew "
            "with --overwrite"
        )
    begun = None if note is None else directory.newest_checkpoint()
    settings = request.settings if begun is None else from_toml(begun.model.files[CONFIG].decode())
    device = defaults.choose_device(settings.training.device)
    torch.manual_seed(settings.training.seed)
    if pairs is not None:
        task, settings = translation_task(settings, pairs, device)
    else:
        task, settings = language_model_task(settings, corpus, device)
    if note is None:
        directory.claim(Note(request.inputs, digest, request.settings), request.overwrite)
    journal = directory.journal(begun)
    with _processor(settings):
        for event in train_loop(
            task, settings.training, settings.budget, directory.checkpoints, clock, should_stop, begun
        ):
            journal.write(event)
            if isinstance(event, events.Stopped):
                step = event.step if event.best is None else event.best.step
                directory.publish(step, _facts(task, event, corpus), journal.samples())
            yield event


@contextmanager
def _processor(settings: Settings) -> Iterator[None]:
    """Threads as set, and tiny numbers as zero, which is faster; afterwards as the caller had it."""
    _keep_freed_memory()
    threads = torch.get_num_threads()
    assert settings.training.threads is not None
    torch.set_num_threads(settings.training.threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _keep_freed_memory() -> None:
    """Have glibc keep what a step frees for the next step, instead of giving it back and clearing it anew.

    Costs no memory beyond a step's own peak; saves a sixth of the time of wide batches. See mallopt(3).
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def _pairs(request: Request) -> PairCorpus | None:
    """The pairs to learn from; None where a language model is asked for."""
    match request.settings.data.task:
        case "language":
            return None
        case "auto" if not looks_like_pairs(request.inputs):
            return None
        case _:
            return open_pairs(request.inputs, request.settings.data.skip_bad)


def language_model_task(
    settings: Settings, corpus: Corpus, device: torch.device
) -> tuple[LanguageModelTask | WindowedTask, Settings]:
    """A fresh language model on a corpus, and the settings with all defaults chosen."""
    share = settings.data.validation
    if isinstance(share, str):
        cut, held_out, held_out_from = corpus.characters, open_corpus([share]), 0
    else:
        cut = int(corpus.characters * (1 - share))
        held_out, held_out_from = corpus, cut
    if cut == 0 or held_out_from >= held_out.characters:
        raise CorpusError(
            f"{corpus.name} has {corpus.characters} characters: too few to hold out {share} of them; "
            "give more text, or a file with --data.validation"
        )
    tokenizer = train_tokenizer(settings.text, corpus.texts(0, cut))
    training = encode_corpus(corpus, tokenizer, 0, cut)
    validation = encode_corpus(held_out, tokenizer, held_out_from, None)
    settings = defaults.resolve(
        settings,
        defaults.Circumstances(training.length, tokenizer.size, device, defaults.has_fast_bf16(device)),
    )
    assert settings.training.batch is not None
    assert settings.training.chunk is not None
    model = LanguageModel(settings.model, tokenizer.size)
    counts = _frequencies(training, tokenizer)
    model.start_from_frequencies(torch.from_numpy(counts))
    model = model.to(device)
    if settings.data.reading == "windows":
        windows = training_windows(training, settings)
        held_out_windows = validation_windows(validation, settings)
        sampler = build_sampler(
            settings.training, counts, windows.batch * (windows.window if windows.every else 1)
        )
        task = WindowedTask(model, settings, tokenizer, windows, held_out_windows, device, sampler)
    else:
        lanes = Lanes(training, settings.training.batch, settings.training.chunk, settings.training.seed)
        sampler = build_sampler(settings.training, counts, lanes.batch * lanes.chunk)
        task = LanguageModelTask(model, settings, tokenizer, training, validation, lanes, device, sampler)
    return task, settings


def _frequencies(ids: IdFile, tokenizer: Tokenizer, most: int = 1 << 24) -> np.ndarray:
    """Counts [V] of symbols in the first ``most`` ids."""
    return np.bincount(ids.read(0, min(most, ids.length)), minlength=tokenizer.size)


def _same_request(request: Request, note: Note) -> Request:
    """The request as it was first made; raises when it differs from what is asked now."""
    before, now = note.settings.model_dump(), request.settings.model_dump(exclude_unset=True)
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
    return Request(request.inputs or note.inputs, request.output, note.settings, resume=True)


def _digest(request: Request, corpus: Corpus) -> str:
    """Of all that is read: the text, and the file held out where there is one."""
    held_out = request.settings.data.validation
    return corpus.digest + (open_corpus([held_out]).digest if isinstance(held_out, str) else "")


def _facts(task: Task, event: events.Stopped, corpus: Corpus) -> dict[str, Any]:
    """What the manifest says of a model when its run is over; of what was not measured, nothing."""
    measured = {}
    if event.best is not None:
        measured = {"validation_nats_per_token": event.best.nats_per_token}
        measured |= {f"validation_{name}": value for name, value in event.best.figures.items()}
    return {
        **task.facts(),
        "steps": event.step,
        "best_step": event.step if event.best is None else event.best.step,
        "reason": event.reason,
        "seconds": round(event.seconds, 2),
        **measured,
        "corpus": {"name": corpus.name, "characters": corpus.characters, "sha256": corpus.digest},
    }
