"""What people write by hand: ``nn.LSTM`` in a Python loop, one character a turn."""

import time

import torch
from torch import Tensor, nn


class Model(nn.Module):
    """Embedding, LSTM, projection, with weights by the names that riverrun uses."""

    def __init__(self, vocabulary: int, embedding: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.core = nn.ModuleDict({"rnn": nn.LSTM(embedding, hidden, layers)})
        self.projection = nn.Linear(hidden, vocabulary)


@torch.inference_mode()
def seconds_per_character(model: Model, count: int, temperature: float = 0.8) -> float:
    """Wall time of a character, sampled at a temperature."""
    symbol, state = torch.tensor([[2]]), None
    begun = time.perf_counter()
    for _ in range(count):
        outputs, state = model.core["rnn"](model.embedding(symbol), state)
        logits: Tensor = model.projection(outputs[0, 0])
        symbol = torch.multinomial(torch.softmax(logits / temperature, 0), 1)[None]
    return (time.perf_counter() - begun) / count
