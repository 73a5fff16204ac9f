"""The loss over a sample of a large vocabulary. Training alone samples; the model and its decoders stay as they are."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from riverrun.config import TrainingSettings
from riverrun.data.lanes import Cursor
from riverrun.models.language_model import LanguageModel


class Sample(NamedTuple):
    """The symbols that a step's loss is over.

    Attributes:
        symbols: ids [C], ascending, each once; all targets of the step are among them.
        log_chances: [C], log of the chance that a symbol is among them.
    """

    symbols: NDArray[np.int64]
    log_chances: NDArray[np.float32]


@dataclass(frozen=True)
class Sampler:
    """Draws the symbols of each step: its targets, and of all others as many as make up a fixed number.

    Frequent symbols are targets of nearly every step, so that the softmax is as good as exact over them; a rare one
    stands for others like it. What a step gets is a function of the seed, the cursor and the targets. The number is
    fixed because kernels are compiled and kept for every new size of a matrix.

    Attributes:
        missed: [V], chance that no target of a step is this symbol.
        size: symbols C of a step.
        seed: of the draws.
    """

    missed: NDArray[np.float64]
    size: int
    seed: int

    @classmethod
    def from_counts(cls, counts: NDArray[np.integer], tokens: int, negatives: int, seed: int) -> "Sampler":
        """From symbol counts [V] of the training text and the number N of targets in a step."""
        shares = (counts + 1) / (counts.sum() + len(counts))
        return cls((1 - shares) ** tokens, min(len(counts), tokens + negatives), seed)

    def draw(self, targets: NDArray[np.int64], cursor: Cursor) -> Sample:
        """The sample of a step with targets of any shape."""
        wanted = np.unique(targets)
        others = np.delete(np.arange(len(self.missed)), wanted)
        generator = np.random.default_rng((self.seed, cursor.epoch, cursor.chunk))
        drawn = generator.choice(others, self.size - len(wanted), replace=False, shuffle=False)
        symbols = np.sort(np.concatenate([wanted, drawn]))
        left_out = 1 - len(drawn) / max(1, len(others))
        return Sample(symbols, np.log1p(-self.missed[symbols] * left_out).astype(np.float32))


def build_sampler(training: TrainingSettings, counts: NDArray[np.integer]) -> Sampler | None:
    """The sampler of resolved settings, for symbol counts [V]; None where the softmax is full."""
    if training.softmax == "full":
        return None
    assert training.batch is not None
    assert training.chunk is not None
    assert training.negatives is not None
    return Sampler.from_counts(counts, training.batch * training.chunk, training.negatives, training.seed)


def sampled_loss(model: LanguageModel, outputs: Tensor, targets: Tensor, sample: Sample) -> Tensor:
    """Mean nats of targets [N] after outputs [N, H], estimated from a sample (Bengio & Senecal 2008).

    Every symbol of the sample but the target itself counts as many times as 1 / its chance of being there: so the
    sum under the softmax is right on average, and the loss is on the scale of that over the whole vocabulary.
    """
    symbols = torch.from_numpy(sample.symbols).to(outputs.device)
    log_chances = torch.from_numpy(sample.log_chances).to(outputs.device)
    places = torch.searchsorted(symbols, targets)
    logits = model.project(outputs, symbols).float() - log_chances
    return F.cross_entropy(logits.scatter_add(1, places[:, None], log_chances[places, None]), places)
