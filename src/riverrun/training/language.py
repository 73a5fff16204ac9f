"""Training a language model: batches of text in, truncated back-propagation through time."""

import json
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from riverrun.bundle import LanguageBundle
from riverrun.bundle.manifest import Facts
from riverrun.config.arrays import language_arrays
from riverrun.config.resolved import LanguageSettings
from riverrun.config.settings import Settings
from riverrun.config.written import to_toml
from riverrun.data import caveats
from riverrun.data.batch import MASKED, Batch, Cursor
from riverrun.data.held_out import TextSplit
from riverrun.data.ids import IdFile, encode_corpus
from riverrun.data.lanes import HeldOutLanes, Lanes
from riverrun.data.windows import Windows
from riverrun.errors import SettingsError
from riverrun.memory.stored import Remembered
from riverrun.models.cores import CoreState, detach
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import load_weights
from riverrun.text import UNKNOWN, Tokenizer
from riverrun.text.grown_tokenizer import grown
from riverrun.text.tokenizer_training import train_tokenizer
from riverrun.training.base import grown_weights, lineage, lineage_facts, of_base
from riverrun.training.defaults import Circumstances, has_fast_bf16, resolve_language, resolve_symbols
from riverrun.training.held_out_memory import ALONE, HeldOutMemory, in_order, read_memory
from riverrun.training.previews import previews
from riverrun.training.softmax import Sampler, batch_log_probabilities, build_sampler, training_loss
from riverrun.training.task import Preview, Ratio, Step, Validation

_HELD_OUT_WINDOWS = 256  # read side by side
_COUNTED = 1 << 24  # ids whose frequencies the projection's bias starts from


@dataclass(frozen=True)
class LanguageModelTask:
    """A language model with readers of its training and held-out ids."""

    model: LanguageModel
    settings: LanguageSettings
    tokenizer: Tokenizer
    reader: Lanes | Windows
    held_out: HeldOutLanes | Windows
    device: torch.device
    sampler: Sampler | None  # of the training loss; None: over the whole vocabulary
    lineage: tuple[Facts, ...] = ()  # the models it comes from, oldest first
    memory: HeldOutMemory | None = None

    @property
    def tokens(self) -> tuple[int, int]:
        return self.reader.ids.length, self.held_out.ids.length

    @property
    def pairs(self) -> tuple[()]:
        return ()

    @property
    def steps_per_epoch(self) -> int:
        return self.reader.batches_per_epoch

    @property
    def tokens_per_step(self) -> int:
        return self.reader.symbols_per_batch

    def initial_carried(self) -> CoreState:
        return self.model.initial_state(self.reader.batch) if self.reader.carries else ()

    def learn(self, cursor: Cursor, carried: CoreState) -> Step:
        outputs, targets, state = self._read(self.reader.read(cursor), carried)
        with self._products():
            loss = training_loss(self.model, outputs, targets, self.sampler, cursor)
        loss.backward()
        return Step(float(loss.detach()), len(targets), detach(state) if self.reader.carries else ())

    def validate(self, limit: int) -> Validation | None:
        return self._judged(limit)[0] if self.held_out.ids.length else None

    def remembered(self, limit: int) -> Remembered | None:
        """The memory with its gate, where it is wanted or better than the network alone on so many tokens."""
        if self.memory is None:
            return None
        validation, network = self._judged(limit)
        if not (self.memory.wanted or validation.figures[ALONE].total > validation.nats):
            return None
        return self.memory.remembered(network)

    def _judged(self, limit: int) -> tuple[Validation, np.ndarray]:
        """The held-out figures, and what the network says at the forks of a memory [T, D]."""
        nats, tokens, unknown, odds = 0.0, 0, 0, []
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        state: CoreState = ()
        for batch in self.held_out.spread(limit):
            outputs, targets, state = self._read(batch, state)
            with self._products():  # once, so that the weights are cast once
                for logs, wanted in batch_log_probabilities(self.model, outputs, targets):
                    nats -= float(logs.gather(1, wanted[:, None]).sum())
                    correct += (logs.argmax(dim=1) == wanted).sum()
                    if self.memory is not None:
                        odds.append(self.memory.odds(logs.cpu().numpy(), wanted.cpu().numpy()))
            tokens += len(targets)
            unknown += int((targets == UNKNOWN).sum())
        figures = {"accuracy": Ratio(int(correct), tokens)}
        network = np.empty((0, 0), np.float32)
        if self.memory is not None and isinstance(self.held_out, HeldOutLanes):
            network = in_order(np.concatenate(odds), self.held_out.places(limit))
            figures[ALONE] = Ratio(nats, tokens)
            nats = self.memory.nats(nats, network)
        if (per_character := self.held_out.ids.symbols_per_character) is not None:
            figures["bits_per_character"] = Ratio(nats / math.log(2), tokens / per_character)
        if unknown:  # what these symbols stand for is in no bit
            figures["unknown_share"] = Ratio(unknown, tokens)
        # Which weights are best is judged without the memory: with it, good and bad ones differ too little.
        chosen_by = {} if self.memory is None else {ALONE: 1.0}
        return Validation(nats, tokens, figures, chosen_by), network

    def previews(self, step: int) -> list[Preview]:
        return previews(self.model, self.settings, self.tokenizer, self.reader.ids)

    def files(self) -> dict[str, bytes]:
        return {
            "config.toml": to_toml(self.settings).encode(),
            "tokenizer.json": json.dumps(self.tokenizer.to_dict(), ensure_ascii=False).encode(),
        }

    def facts(self) -> dict[str, Any]:
        return {"kind": "language model", "unit": self.tokenizer.unit} | lineage_facts(self.lineage)

    def _read(self, batch: Batch, carried: CoreState) -> tuple[Tensor, Tensor, CoreState]:
        """Outputs [P, H] before the P predicted symbols, these symbols [P], and the state at the end."""
        inputs, targets = self._tensor(batch.inputs), self._tensor(batch.targets)
        context = self.reader.context
        state = self._state_before(batch, carried)
        if context:
            state = self.model.remember(inputs[:context], state)
        with self._products():
            outputs, state = self.model.read(inputs[context:], state)
        outputs, targets = outputs[len(outputs) - len(targets) :].flatten(0, 1), targets.flatten()
        if self.reader.masked:
            counted = targets != MASKED
            outputs, targets = outputs[counted], targets[counted]
        return outputs, targets, state

    def _state_before(self, batch: Batch, carried: CoreState) -> CoreState:
        """The initial state where a batch's sequences are fresh, else what was carried."""
        if not batch.fresh.any():
            return carried
        initial = self.model.initial_state(len(batch.fresh))
        if batch.fresh.all():
            return initial
        fresh = torch.from_numpy(batch.fresh).to(self.device)
        return tuple(
            torch.where(fresh[:, None] if before.dim() == 3 else fresh, new, before)
            for new, before in zip(initial, carried, strict=True)
        )

    def _products(self) -> AbstractContextManager[Any]:
        """The precision in which matrices are multiplied."""
        bf16 = self.settings.training.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16) if bf16 else nullcontext()

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)


def new_language_model(settings: Settings, split: TextSplit, device: torch.device) -> LanguageModelTask:
    """A fresh language model on a text, with all defaults chosen.

    Raises:
        CorpusError: the text is too short or cannot be read.
        SettingsError: settings do not go together.
    """
    symbols = resolve_symbols(settings.text)
    tokenizer = train_tokenizer(symbols, split.training.texts())
    parts = _encoded(split, tokenizer)
    if split.held_out.characters:
        caveats.warn(split, parts[1])
    machine = Circumstances(parts[0].length, tokenizer.size, device, has_fast_bf16(device))
    return _task(resolve_language(settings, symbols, machine), tokenizer, *parts, device)


def continued_language_model(
    settings: Settings, base: LanguageBundle, split: TextSplit, device: torch.device
) -> LanguageModelTask:
    """A language model that starts from another: with its shape, its symbols and those that the text adds.

    Raises:
        CorpusError: the text is too short, cannot be read, or has no symbol that the base knows.
        SettingsError: settings do not go together, or with the base.
    """
    settings, symbols = of_base(settings, base), base.settings.text
    tokenizer = grown(base.tokenizer, symbols, split.training.texts())
    if base.settings.model.input == "scaled-index" and tokenizer.size > base.tokenizer.size:
        raise SettingsError(
            f"the text has {tokenizer.size - base.tokenizer.size} symbols that {base.path} does not know, and it is "
            "shown each as its place among them all (model.input = scaled-index): train anew, without --from"
        )
    parts = _encoded(split, tokenizer)
    if split.held_out.characters:
        caveats.warn(split, parts[1])
    machine = Circumstances(parts[0].length, tokenizer.size, device, has_fast_bf16(device), warm=True)
    resolved = resolve_language(settings, symbols, machine)
    task = _task(resolved, tokenizer, *parts, device, lineage(base))
    after = language_arrays(resolved.model, tokenizer.size)
    weights = grown_weights(base.weights, base.expected, after, base.tokenizer.size, tokenizer.size)
    load_weights(task.model, weights, base.path)
    return task


def saved_language_model(saved: LanguageBundle, split: TextSplit, device: torch.device) -> LanguageModelTask:
    """A language model as a run has left it, to go on with; its weights are still to be restored."""
    ancestors = tuple(saved.facts.get("lineage", ()))
    return _task(saved.settings, saved.tokenizer, *_encoded(split, saved.tokenizer), device, ancestors)


def _encoded(split: TextSplit, tokenizer: Tokenizer) -> tuple[IdFile, IdFile]:
    """Ids of both parts of a text."""
    training, held_out = (
        encode_corpus(part.corpus, tokenizer, part.start, part.stop) if part.characters else IdFile.empty()
        for part in (split.training, split.held_out)
    )
    return training, held_out


def _task(
    settings: LanguageSettings,
    tokenizer: Tokenizer,
    training: IdFile,
    held_out: IdFile,
    device: torch.device,
    ancestors: tuple[Facts, ...] = (),
) -> LanguageModelTask:
    model = LanguageModel(settings.model, tokenizer.size)
    counts = np.bincount(training.read(0, min(_COUNTED, training.length)), minlength=tokenizer.size)
    model.start_from_frequencies(torch.from_numpy(counts))
    reader, held_out_reader = _readers(settings, training, held_out)
    sampler = build_sampler(settings, counts, reader.targets_per_batch)
    memory = read_memory(settings, tokenizer, training, held_out)
    return LanguageModelTask(
        model.to(device), settings, tokenizer, reader, held_out_reader, device, sampler, ancestors, memory
    )


def _readers(
    settings: LanguageSettings, training: IdFile, held_out: IdFile
) -> tuple[Lanes | Windows, HeldOutLanes | Windows]:
    """How training and held-out ids are read."""
    data, batch, seed = settings.data, settings.training.batch, settings.training.seed
    if data.reading == "lanes":
        return Lanes(training, batch, settings.loss.chunk, seed), HeldOutLanes(held_out)
    windows = Windows(
        training,
        window=data.window,
        shortest=data.shortest or data.window,
        stride=data.stride,
        batch=batch,
        seed=seed,
        shuffled=data.order == "shuffled",
        carries=data.state == "carried",
        every=settings.loss.loss == "every",
        context=settings.model.features - 1,
    )
    if not held_out.length:
        return windows, HeldOutLanes(held_out)
    # The same cut of the held-out text, in order, in batches of a size that is fast to score.
    return windows, replace(
        windows, ids=held_out, shuffled=False, batch=1 if windows.carries else _HELD_OUT_WINDOWS
    )
