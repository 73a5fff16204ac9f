"""Training a translator or a tagger: batches of pairs in, teacher forcing or the model's own output."""

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from riverrun.bundle import TranslatorBundle, Weights
from riverrun.bundle.manifest import Facts
from riverrun.config.arrays import translator_arrays
from riverrun.config.resolved import TranslatorSettings
from riverrun.config.settings import Settings
from riverrun.config.written import to_toml
from riverrun.data.actions import Actions
from riverrun.data.alignment import LARGEST, Aligner, fit_aligner
from riverrun.data.batch import Cursor
from riverrun.data.held_out import PairSplit
from riverrun.data.pair_batches import PADDING, PairBatch, PairBatches
from riverrun.data.pair_ids import Encoded, PairIds, encode_pairs
from riverrun.data.rows import Rows
from riverrun.data.target_lengths import TargetLengths
from riverrun.models.cores import CoreState
from riverrun.models.seq2seq import EncoderDecoder, Seq2Seq
from riverrun.models.side_by_side import workers
from riverrun.models.weights import load_weights
from riverrun.text import START, Tokenizer
from riverrun.text.grown_tokenizer import grown
from riverrun.text.sides import sides_to_json
from riverrun.training import pair_defaults
from riverrun.training.base import grown_weights, lineage, lineage_facts, of_base
from riverrun.training.defaults import has_fast_bf16
from riverrun.training.held_out_pairs import HeldOutPairs
from riverrun.training.task import Preview, Ratio, Step, Validation

LOOKED_AT = 2000  # pairs aligned to choose a decoder


@dataclass(frozen=True)
class PairTask:
    """A sequence-to-sequence model with its training and validation pairs."""

    model: Seq2Seq
    settings: TranslatorSettings
    source: Tokenizer
    target: Tokenizer
    training: tuple[PairBatches, ...]  # for each network the same pairs in an order of its own
    held_out: HeldOutPairs
    device: torch.device
    workers: ThreadPoolExecutor | None  # train the networks side by side; None: one after the other
    lineage: tuple[Facts, ...] = ()  # the models it comes from, oldest first

    @property
    def tokens(self) -> tuple[int, int]:
        return self.training[0].target_symbols, self.held_out.pairs.target_symbols

    @property
    def pairs(self) -> tuple[int, int]:
        """Pairs in the training and in the held-out part."""
        return len(self.training[0].sources), len(self.held_out.pairs.sources)

    @property
    def steps_per_epoch(self) -> int:
        return self.training[0].batches_per_epoch

    @property
    def tokens_per_step(self) -> int:
        return max(1, self.tokens[0] // self.steps_per_epoch)

    def initial_carried(self) -> CoreState:
        return ()

    def learn(self, cursor: Cursor, carried: CoreState) -> Step:
        """Every network learns from a batch of its own."""
        batches = [order.read(cursor) for order in self.training]
        side_by_side = self.workers.map if self.workers is not None else map
        losses = side_by_side(
            lambda member: self._learn(member, batches[member], cursor), range(len(batches))
        )
        tokens = sum(int((batch.targets != PADDING).sum()) for batch in batches)
        return Step(statistics.fmean(losses), round(tokens / len(batches)), ())

    def _learn(self, member: int, batch: PairBatch, cursor: Cursor) -> float:
        """Add the gradients of one network to its parameters; its loss in nats per token.

        What is random depends on the seed, the cursor and the network alone, not on the thread it happens in.
        """
        network, training = self.model.networks[member], self.settings.training
        seed = np.random.SeedSequence((training.seed, cursor.epoch, cursor.chunk, member)).generate_state(1)
        noise = torch.Generator(self.device).manual_seed(int(seed[0]))
        network.draw_from(noise)
        inputs, targets = self._tensor(batch.inputs), self._tensor(batch.targets)
        with self._products():
            state = network.start(*self._source(batch))
            logits = _write(network, inputs, state, self._teacher_forcing(cursor), noise)
        loss = F.cross_entropy(
            logits.float().flatten(0, 1),
            targets.flatten(),
            ignore_index=PADDING,
            label_smoothing=self.settings.loss.label_smoothing,
        )
        (loss / len(self.training)).backward()
        return float(loss.detach())

    def validate(self, limit: int) -> Validation | None:
        """Loss of held-out targets, and how many of some are translated without a fault."""
        if not self.pairs[1]:
            return None
        nats, tokens = self.held_out.loss(self.model, limit)
        found, tags = self.held_out.compare(self.model)
        figures = {
            "exact_match": Ratio(found.hits, found.sources),
            "symbol_error_rate": Ratio(found.edits, max(1, found.symbols)),
        }
        if tags is not None:
            figures["tag_accuracy"] = Ratio(tags.tag_accuracy * found.symbols, max(1, found.symbols))
        # A transducer is chosen by its outputs: its loss grows long before they get worse. Sentences are hardly
        # ever right as a whole, and there the loss says more.
        monotone = self.settings.model.attention == "monotone"
        by_outputs = {"exact_match": -1.0, "symbol_error_rate": 1.0}
        return Validation(nats, tokens, figures, by_outputs if monotone else {})

    def previews(self, step: int) -> list[Preview]:
        """A few validation pairs, the same at every evaluation, and what the model makes of them."""
        if not self.settings.training.preview_length:
            return []
        return [
            Preview(f"wanted {wanted}", source, output)
            for source, wanted, output in self.held_out.show(self.model, self.settings.training.seed)
        ]

    def files(self) -> dict[str, bytes]:
        return {
            "config.toml": to_toml(self.settings).encode(),
            "tokenizer.json": sides_to_json(self.source, self.target).encode(),
        }

    def facts(self) -> dict[str, Any]:
        data = self.settings.data
        return {
            "kind": "tagger" if data.task == "tagging" else "translator",
            "unit": f"{data.source_unit} to {data.target_unit}",
            "longest_source": int(self.training[0].sources.lengths.max()),
            "target_lengths": self.held_out.lengths.to_dict(),
            "pairs": self.pairs[0],
            "validation_pairs": self.pairs[1],
        } | lineage_facts(self.lineage)

    def _products(self) -> AbstractContextManager[Any]:
        """The precision in which matrices are multiplied. (Threads would empty each other's cache of weights.)"""
        if self.settings.training.precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=self.workers is None)

    def _teacher_forcing(self, cursor: Cursor) -> float:
        """Share of true inputs at a cursor: falling from 1 over the epochs that are set, then constant."""
        loss = self.settings.loss
        if not loss.teacher_forcing_epochs:
            return loss.teacher_forcing
        epochs = cursor.epoch + cursor.chunk / self.steps_per_epoch
        return 1 - (1 - loss.teacher_forcing) * min(1.0, epochs / loss.teacher_forcing_epochs)

    def _source(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        return self._tensor(batch.source), self._tensor(batch.lengths)

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)


def new_translator(settings: Settings, split: PairSplit, device: torch.device) -> PairTask:
    """A fresh model of pairs, with all defaults chosen.

    Raises:
        CorpusError: the pairs cannot be used.
        SettingsError: settings do not go together.
    """
    split.corpus.warn_of_skipped()
    text, data = pair_defaults.choose_reading(settings, split.training)
    ids = encode_pairs(split, text, data)
    attention = pair_defaults.choose_attention(settings, data, lambda: _information(ids))
    resolved = pair_defaults.resolve_translator(settings, text, data, attention, _circumstances(ids, device))
    return _task(resolved, ids, device)


def continued_translator(
    settings: Settings, base: TranslatorBundle, split: PairSplit, device: torch.device
) -> PairTask:
    """A model of pairs that starts from another: with its shape, its symbols and those that the pairs add.

    Raises:
        CorpusError: the pairs cannot be used, or have no symbol that the base knows.
        SettingsError: settings do not go together, or with the base.
    """
    split.corpus.warn_of_skipped()
    settings, text = of_base(settings, base), base.settings.text
    data = pair_defaults.reading_of_base(settings, base)
    sides = (
        grown(base.source, text, (pair.source for pair in split.training())),
        grown(base.target, text, (pair.target for pair in split.training())),
    )
    ids = encode_pairs(split, text, data, sides)
    attention = base.settings.model.attention
    resolved = pair_defaults.resolve_translator(settings, text, data, attention, _circumstances(ids, device))
    task = _task(resolved, ids, device, lineage(base))
    load_weights(task.model, _grown_weights(base, resolved, ids), base.path)
    return task


def _grown_weights(base: TranslatorBundle, resolved: TranslatorSettings, ids: PairIds) -> Weights:
    """The base's arrays, with rows for what both sides add."""
    shape, tagging = resolved.model, resolved.data.task == "tagging"
    sources, targets = (base.source.size, ids.source.size), (base.target.size, ids.target.size)
    half = translator_arrays(shape, sources[1], targets[0], tagging)
    after = translator_arrays(shape, sources[1], targets[1], tagging)
    return grown_weights(grown_weights(base.weights, base.expected, half, *sources), half, after, *targets)


def saved_translator(saved: TranslatorBundle, split: PairSplit, device: torch.device) -> PairTask:
    """A model of pairs as a run has left it, to go on with; its weights are still to be restored."""
    split.corpus.warn_of_skipped()
    settings = saved.settings
    ids = encode_pairs(split, settings.text, settings.data, (saved.source, saved.target))
    return _task(settings, ids, device, tuple(saved.facts.get("lineage", ())))


def _task(
    settings: TranslatorSettings, ids: PairIds, device: torch.device, ancestors: tuple[Facts, ...] = ()
) -> PairTask:
    training, sizes = settings.training, (ids.source.size, ids.target.size)
    aligner, outputs = None, ids.target.size
    if settings.model.attention == "monotone":
        aligner = fit_aligner(lambda: _sample(ids.training, 10 * LOOKED_AT), *sizes).aligner
        outputs = Actions(ids.target.size).size
    learned = PairBatches(
        ids.training.sources, _outputs(ids.training, aligner), training.batch, training.seed
    )
    tagging = settings.data.task == "tagging"
    model = Seq2Seq(settings.model, *sizes, tagging)
    model.start_from_frequencies(torch.from_numpy(learned.targets.counts(outputs)))
    return PairTask(
        model.to(device),
        settings,
        ids.source,
        ids.target,
        tuple(replace(learned, order=member) for member in range(settings.model.members)),
        HeldOutPairs(
            ids.source,
            ids.target,
            ids.validation,
            TargetLengths.of(ids.training.sources.lengths, ids.training.targets.lengths),
            tagging,
        ),
        device,
        _workers(settings, device),
        ancestors,
    )


def _circumstances(ids: PairIds, device: torch.device) -> pair_defaults.PairCircumstances:
    pairs = ids.training
    symbols = int(pairs.sources.ends[-1]) + int(pairs.targets.ends[-1])
    count = len(pairs.sources)
    return pair_defaults.PairCircumstances(count, symbols / count, device, has_fast_bf16(device))


def _information(ids: PairIds) -> float:
    """Share of the targets' entropy that an aligner of their symbols explains; 0 for vocabularies too large."""
    sizes = ids.source.size, ids.target.size
    if sizes[0] * sizes[1] > LARGEST:
        return 0.0
    return fit_aligner(lambda: _sample(ids.training, LOOKED_AT), *sizes).information


def _workers(settings: TranslatorSettings, device: torch.device) -> ThreadPoolExecutor | None:
    """Threads for several networks: their matrices are too small to be shared by threads, but each can have one.

    Not for deep decoders, whose dropout between layers is drawn from a state that all threads would share.
    """
    count = min(settings.training.threads, settings.model.members)
    if count == 1 or device.type != "cpu" or settings.model.decoder_layers != 1:
        return None
    return workers(count)


def _sample(pairs: Encoded, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """About ``most`` pairs, evenly spread."""
    for index in range(0, len(pairs.sources), max(1, len(pairs.sources) // most)):
        yield pairs.sources[index], pairs.targets[index]


def _outputs(pairs: Encoded, aligner: Aligner | None) -> Rows:
    """What the decoder shall write for each pair, the end symbol last."""
    if aligner is None:
        return Rows(np.append(target, START) for target in pairs.targets)
    return Rows(aligner.actions(*sides) for sides in zip(pairs.sources, pairs.targets, strict=True))


def _write(
    network: EncoderDecoder, inputs: Tensor, state: CoreState, teacher_forcing: float, noise: torch.Generator
) -> Tensor:
    """Logits [T, B, V] for true inputs [T, B], or for some of the network's own outputs instead of them."""
    if teacher_forcing == 1:
        return network.step(inputs, state).logits
    symbols, logits = inputs[:1], []
    for place in range(len(inputs)):
        stepped = network.step(symbols, state)
        state = stepped.state
        logits.append(stepped.logits)
        if place + 1 < len(inputs):
            true = torch.rand(symbols.shape, generator=noise, device=inputs.device) < teacher_forcing
            symbols = torch.where(true, inputs[place + 1 : place + 2], stepped.logits.detach().argmax(dim=-1))
    return torch.cat(logits)
