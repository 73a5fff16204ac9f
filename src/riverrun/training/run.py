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

import numpy as np
import torch

from riverrun import bundle
from riverrun.config.building import from_toml, refuse_foreign
from riverrun.config.settings import Settings
from riverrun.data import caveats
from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.held_out import PairSplit, TextSplit, split_pairs, split_text
from riverrun.data.ids import IdFile, encode_corpus
from riverrun.data.lanes import Lanes
from riverrun.data.pairs import PairCorpus, looks_like_pairs, open_pairs
from riverrun.data.reading import Reading
from riverrun.errors import CorpusError, OutputError, SettingsError
from riverrun.models.language_model import LanguageModel
from riverrun.text import Tokenizer
from riverrun.text.learning import train_tokenizer
from riverrun.training import checkpoints, defaults, events
from riverrun.training.journal import Journal
from riverrun.training.language import LanguageModelTask
from riverrun.training.loop import train as train_loop
from riverrun.training.model_card import model_card
from riverrun.training.planning import Clock
from riverrun.training.softmax import build_sampler
from riverrun.training.task import Task
from riverrun.training.translation import translation_task
from riverrun.training.windowed import WindowedTask, training_windows, validation_windows

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
    if request.resume:
        request = _resumed(request)
    else:
        _check_output(request)
    pairs = _pairs(request)
    refuse_foreign(request.settings, "text" if pairs is None else "pairs")
    split = _split(request, pairs)
    corpus = split.corpus.corpus if isinstance(split, PairSplit) else split.training.corpus
    if request.resume and _read_note(request.output)["digest"] != split.digest:
        raise CorpusError(
            f"{corpus.name} is not the text that {request.output} was begun with: restore it, or train anew "
            "with --overwrite"
        )
    folder = request.output / CHECKPOINTS
    latest = checkpoints.newest(folder, warn=lambda text: None) if request.resume else None
    settings = request.settings if latest is None else _settings_of(latest)
    device = defaults.choose_device(settings.training.device)
    torch.manual_seed(settings.training.seed)
    if isinstance(split, PairSplit):
        task, settings = translation_task(settings, split, device)
    else:
        task, settings = language_model_task(settings, split, device)
    if not request.resume:
        _claim_output(request, split.digest)
    journal = Journal(request.output, after_step=_step_of(latest))
    with _processor(settings):
        for event in train_loop(task, settings.training, settings.budget, folder, clock, should_stop):
            journal.write(event)
            if isinstance(event, events.Stopped):
                _publish(request.output, folder, task, event, corpus, split.file, journal)
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


def _split(request: Request, pairs: PairCorpus | None) -> TextSplit | PairSplit:
    """What is learned from and what is held out, each opened once."""
    data, seed = request.settings.data, request.settings.training.seed
    if pairs is not None:
        return split_pairs(pairs, data.validation, seed)
    reading = Reading.of(data)
    return split_text(open_corpus(request.inputs, reading), data.validation)


def language_model_task(
    settings: Settings, split: TextSplit, device: torch.device
) -> tuple[LanguageModelTask | WindowedTask, Settings]:
    """A fresh language model on a text, and the settings with all defaults chosen."""
    tokenizer = train_tokenizer(defaults.symbols(settings.text), split.training.texts())
    training, validation = (
        encode_corpus(part.corpus, tokenizer, part.start, part.stop)
        for part in (split.training, split.held_out)
    )
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
    caveats.warn(split, training, validation)
    return task, settings


def _frequencies(ids: IdFile, tokenizer: Tokenizer, most: int = 1 << 24) -> np.ndarray:
    """Counts [V] of symbols in the first ``most`` ids."""
    return np.bincount(ids.read(0, min(most, ids.length)), minlength=tokenizer.size)


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
        note = {
            "inputs": [_absolute(item) for item in request.inputs],
            "digest": digest,
            "settings": request.settings.model_dump(mode="json"),
        }
        bundle.write_files(request.output, {REQUEST: json.dumps(note, indent=1).encode()}, {})
        (request.output / bundle.MANIFEST).unlink()  # there is no model yet
    except OSError as error:
        raise OutputError(f"{request.output} cannot be written: {error.strerror}") from error


def _resumed(request: Request) -> Request:
    """The request as it was first made; raises when it differs from what is asked now."""
    note = _read_note(request.output)
    settings = note["settings"]
    before, now = settings.model_dump(), request.settings.model_dump(exclude_unset=True)
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
    return Request(request.inputs or note["inputs"], request.output, settings, resume=True)


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


def _settings_of(checkpoint: Path) -> Settings:
    """What was chosen when the run began, whatever would be chosen by this version and on this machine."""
    contents, _ = bundle.read_files(checkpoint, (bundle.CONFIG,))
    return from_toml(contents[bundle.CONFIG].decode())


def _step_of(checkpoint: Path | None) -> int:
    return -1 if checkpoint is None else int(checkpoint.name.removeprefix("step-"))


def _publish(
    output: Path,
    folder: Path,
    task: Task,
    event: events.Stopped,
    corpus: Corpus,
    held_out: Corpus | None,
    journal: Journal,
) -> None:
    """Make the best checkpoint the model: the last act of a run."""
    best = folder / f"step-{event.best_step if event.best_step >= 0 else event.step:09d}"
    contents, _ = bundle.read_files(best, (bundle.CONFIG, bundle.TOKENIZER, bundle.WEIGHTS))
    facts = task.facts() | {
        "steps": event.step,
        "best_step": event.best_step,
        "reason": event.reason,
        "seconds": round(event.seconds, 2),
        "validation_nats_per_token": event.nats_per_token,
        **{f"validation_{name}": value for name, value in event.figures.items()},
        "corpus": _about(corpus),
        **({"held_out": _about(held_out)} if held_out is not None else {}),
        "weights_sha256": hashlib.sha256(contents[bundle.WEIGHTS]).hexdigest(),
    }
    card = model_card(output.name, facts, contents[bundle.CONFIG].decode(), journal.samples())
    bundle.write_files(output, {**contents, "README.md": card.encode()}, facts)


def _about(corpus: Corpus) -> dict[str, Any]:
    return {"name": corpus.name, "characters": corpus.characters, "sha256": corpus.digest}


def _absolute(item: str) -> str:
    return str(Path(item).resolve()) if Path(item).exists() else item
