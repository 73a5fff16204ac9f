"""What a search needs of translators: their ``step`` over numpy arrays, several models voting."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riverrun.data.pair_batches import PADDING, pad_sources
from riverrun.data.rows import Ids
from riverrun.models.cores import CoreState
from riverrun.models.seq2seq import EncoderDecoder, Seq2Seq, vote
from riverrun.models.side_by_side import side_by_side
from riverrun.models.target_decoders import MonotoneDecoder
from riverrun.text.vocabulary import START, UNKNOWN

States = tuple[CoreState, ...]
FORCED = 64  # pairs scored together
CELLS = 1 << 17  # of attention, target symbols by source symbols by pairs, computed at once


class TorchStepper:
    """Steps the networks of one or more models together; their outputs must be the same symbols.

    Attributes:
        actions: what the outputs mean where the models are transducers; None where they are the symbols themselves.
    """

    end = START

    def __init__(self, models: Sequence[Seq2Seq], vocabulary: int) -> None:
        """For models in evaluation mode over ``vocabulary`` target symbols, special ones included."""
        self.networks: list[EncoderDecoder] = [network for model in models for network in model.networks]
        self.device = next(models[0].parameters()).device
        decoder = self.networks[0].decoder
        self.actions = decoder.actions if isinstance(decoder, MonotoneDecoder) else None
        self.forbidden = (
            np.arange(vocabulary) == UNKNOWN if self.actions is None else self.actions.forbidden()
        )

    @torch.inference_mode()
    def start(self, sources: Sequence[Ids]) -> States:
        source, lengths = (torch.from_numpy(array).to(self.device) for array in pad_sources(list(sources)))
        return tuple(network.start(source, lengths) for network in self.networks)

    @torch.inference_mode()
    def step(self, outputs: NDArray[np.integer], state: States) -> tuple[NDArray[np.float32], States]:
        ids = torch.from_numpy(np.asarray(outputs, np.int64)).to(self.device).unsqueeze(0)
        logs, state, _ = vote(self.networks, ids, state)
        return logs[0].cpu().numpy(), state

    @torch.inference_mode()
    def select(self, state: States, rows: NDArray[np.int64]) -> States:
        if np.array_equal(rows, np.arange(state[0][0].shape[1])):
            return state
        chosen = torch.from_numpy(np.ascontiguousarray(rows)).to(self.device)
        return tuple(tuple(part.index_select(1, chosen) for part in parts) for parts in state)

    def side_by_side(self, make: Callable[[list[int]], Any], batches: list[list[int]]) -> Iterator[Any]:
        threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        return side_by_side(min(threads, max(1, len(batches))), make, batches)

    @torch.inference_mode()
    def force(
        self, sources: Sequence[Ids], outputs: Sequence[Ids]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
        """For each source the log-probabilities [T] of given outputs (the end symbol included) and where in the
        source each looked [T, S]."""
        order = sorted(range(len(sources)), key=lambda index: (len(sources[index]), len(outputs[index])))
        found: dict[int, Any] = {}
        for start in range(0, len(order), FORCED):
            indices = order[start : start + FORCED]
            said = self._force([sources[i] for i in indices], [outputs[i] for i in indices])
            found |= dict(zip(indices, said, strict=True))
        return [found[index] for index in range(len(order))]

    def _force(self, sources: list[Ids], outputs: list[Ids]) -> list[tuple[Any, Any]]:
        """The same of a batch, in pieces of time: how much attention is computed at once does not grow with them."""
        inputs = np.full((max(map(len, outputs)), len(outputs)), START, np.int64)
        targets = np.full(inputs.shape, PADDING, np.int64)
        for column, row in enumerate(outputs):
            inputs[1 : len(row), column] = row[:-1]
            targets[: len(row), column] = row
        state, at_once = self.start(sources), max(1, CELLS // (len(outputs) * (max(map(len, sources)) + 1)))
        logs, weights = [], []
        for start in range(0, len(inputs), at_once):
            piece = slice(start, start + at_once)
            said, state, looked = vote(self.networks, torch.from_numpy(inputs[piece]).to(self.device), state)
            wanted = torch.from_numpy(np.maximum(targets[piece], 0)).to(self.device).unsqueeze(-1)
            logs.append(said.gather(-1, wanted).squeeze(-1).cpu().numpy())
            weights.append(None if looked is None else looked.cpu().numpy())
        of_targets = np.concatenate(logs)
        where = None if weights[0] is None else np.concatenate(weights)
        return [
            (
                of_targets[: len(row), column],
                None if where is None else where[: len(row), column, : len(sources[column]) + 1],
            )
            for column, row in enumerate(outputs)
        ]

    def written(self, outputs: Iterable[int]) -> list[int]:
        """The target symbols that outputs write."""
        return list(outputs) if self.actions is None else self.actions.written(outputs)
