"""LSTM and GRU over one-hot symbols: the first input product is an index into the weights.

torch's fused kernels take vectors, so the recurrence is written out here, with the weights in the same
places: a model trained with one-hot input is read by the same decoders.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.models.recurrent import CoreState
from riverrun.models.symbol_inputs import indexed_product


class OneHotCore(nn.Module):
    """A stacked LSTM or GRU that reads ids [T, B, F] of F symbols side by side."""

    def __init__(self, rnn: nn.RNNBase, dropout: float) -> None:
        super().__init__()
        self.rnn = rnn
        self.dropout = nn.Dropout(dropout)

    def initial_state(self, batch: int) -> CoreState:
        zeros = self.rnn.all_weights[0][0].new_zeros(self.rnn.num_layers, batch, self.rnn.hidden_size)
        return (zeros, zeros) if isinstance(self.rnn, nn.LSTM) else (zeros,)

    def forward(self, ids: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        scan = lstm_scan if isinstance(self.rnn, nn.LSTM) else gru_scan
        outputs, after = ids, []
        with torch.autocast(ids.device.type, enabled=False):
            for layer, (from_input, from_hidden, bias, more_bias) in enumerate(self.rnn.all_weights):
                if layer == 0:
                    given = indexed_product(from_input, ids)
                else:
                    given = F.linear(self.dropout(outputs), from_input)
                before = tuple(part[layer] for part in state)
                outputs, reached = scan(given + bias, from_hidden, more_bias, before)
                after.append(reached)
        return outputs, tuple(torch.stack(parts) for parts in zip(*after, strict=True))


def lstm_scan(given: Tensor, weight: Tensor, bias: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
    """Outputs [T, B, H] of an LSTM whose input products are given [T, B, 4H]."""
    scanned: Any = _LstmScan.apply(given + bias, weight, *state)
    outputs, hidden, cell = scanned
    return outputs, (hidden, cell)


def gru_scan(given: Tensor, weight: Tensor, bias: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
    """Outputs [T, B, H] of a GRU whose input products are given [T, B, 3H]."""
    (hidden,) = state
    outputs: list[Tensor] = []
    for inputs in given:
        reset, update, content = inputs.chunk(3, dim=-1)
        kept_reset, kept_update, kept_content = F.linear(hidden, weight, bias).chunk(3, dim=-1)
        update = torch.sigmoid(update + kept_update)
        content = torch.tanh(content + torch.sigmoid(reset + kept_reset) * kept_content)
        hidden = torch.lerp(content, hidden, update)
        outputs.append(hidden)
    return torch.stack(outputs), (hidden,)


class _LstmScan(torch.autograd.Function):
    """The LSTM's recurrence with its gradient written out: no graph of small operations is recorded.

    The steps' views of a tensor are all made at once: one by one they cost as much as a small model's arithmetic.
    """

    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor):
        steps, batch, width = given.shape[0], given.shape[1], weight.shape[1]
        gates = torch.empty_like(given)
        hiddens = given.new_empty(steps + 1, batch, width)
        cells, squashed = torch.empty_like(hiddens), given.new_empty(steps, batch, width)
        hiddens[0], cells[0] = hidden, cell
        first, forget, content, last = (gate.unbind() for gate in gates.split(width, dim=2))
        given_at, gates_at, first_two = given.unbind(), gates.unbind(), gates[..., : 2 * width].unbind()
        hidden_at, cell_at, squashed_at = hiddens.unbind(), cells.unbind(), squashed.unbind()
        transposed = weight.t()
        for t in range(steps):
            torch.addmm(given_at[t], hidden_at[t], transposed, out=gates_at[t])
            first_two[t].sigmoid_()
            content[t].tanh_()
            last[t].sigmoid_()
            torch.mul(forget[t], cell_at[t], out=cell_at[t + 1]).addcmul_(first[t], content[t])
            torch.tanh(cell_at[t + 1], out=squashed_at[t])
            torch.mul(last[t], squashed_at[t], out=hidden_at[t + 1])
        ctx.save_for_backward(weight, gates, hiddens, cells, squashed)
        return hiddens[1:], hiddens[-1].clone(), cells[-1].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor):
        outputs, hidden, cell = gradients
        weight, gates, hiddens, cells, squashed = ctx.saved_tensors
        steps, _, width = squashed.shape
        first, forget, content, last = gates.split(width, dim=2)
        # What each gate's gradient is multiplied with; the gradients themselves need the recurrence.
        local = torch.stack(
            [
                first * (1 - first) * content,
                forget * (1 - forget) * cells[:-1],
                (1 - content * content) * first,
                last * (1 - last) * squashed,
            ],
            dim=2,
        )
        through = ((1 - squashed * squashed) * last).unbind()
        given, outputs, forget = local.flatten(2), outputs.unbind(), forget.unbind()
        given_at, first_three, last_at = given.unbind(), local[:, :, :3].unbind(), local[:, :, 3].unbind()
        for t in range(steps - 1, -1, -1):
            hidden = hidden + outputs[t]
            cell = torch.addcmul(cell, hidden, through[t])
            first_three[t].mul_(cell.unsqueeze(1))
            last_at[t].mul_(hidden)
            hidden = given_at[t] @ weight
            cell = cell * forget[t]
        return given, given.flatten(0, 1).t() @ hiddens[:-1].flatten(0, 1), hidden, cell
