"""The loss of a language model where the vocabulary may be large: sampled in training, in pieces on held-out text.

Training alone samples; the model and its decoders stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from riverrun.config.resolved import LanguageSettings
from riverrun.data.batch import Cursor
from riverrun.models.language_network import LanguageModel

_LOGITS_AT_ONCE = 1 << 22  # when held-out text is scored


class Candidates(NamedTuple):
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
        shares: [V], of the symbols among the targets; they add up to 1.
        size: symbols C of a step, at least as many as it has targets.
        seed: of the draws.
    """

    shares: NDArray[np.float64]
    size: int
    seed: int

    def draw(self, targets: NDArray[np.int64], cursor: Cursor) -> Candidates:
        """The sample of a step with targets of any shape."""
        wanted = np.unique(targets)
        others = np.delete(np.arange(len(self.shares)), wanted)
        count = min(self.size - len(wanted), len(others))
        generator = np.random.default_rng((self.seed, cursor.epoch, cursor.chunk))
        drawn = generator.choice(others, count, replace=False, shuffle=False)
        symbols = np.sort(np.concatenate([wanted, drawn]))
        no_target = (1 - self.shares[symbols]) ** targets.size
        not_drawn = 1 - count / max(1, len(others))
        return Candidates(symbols, np.log1p(-no_target * not_drawn).astype(np.float32))


def build_sampler(settings: LanguageSettings, counts: NDArray[np.integer], targets: int) -> Sampler | None:
    """The sampler of resolved settings; None where the softmax is full.

    Args:
        settings: of the model.
        counts: [V], of the symbols in the training text.
        targets: of a step, at most.
    """
    if settings.loss.softmax == "full":
        return None
    shares = (counts + 1) / (counts.sum() + len(counts))
    return Sampler(shares, targets + settings.loss.negatives, settings.training.seed)


def training_loss(
    model: LanguageModel, outputs: Tensor, targets: Tensor, sampler: Sampler | None, cursor: Cursor
) -> Tensor:
    """Mean nats of targets [N] after outputs [N, H], over the whole vocabulary or over what the sampler draws."""
    if sampler is None:
        return F.cross_entropy(model.project(outputs).float(), targets)
    return sampled_loss(model, outputs, targets, sampler.draw(targets.numpy(force=True), cursor))


def sampled_loss(model: LanguageModel, outputs: Tensor, targets: Tensor, sample: Candidates) -> Tensor:
    """Mean nats of targets [N] after outputs [N, H], estimated from a sample (Bengio & Senecal 2008).

    Every symbol of the sample but the target itself counts as many times as 1 / its chance of being there: so the
    sum under the softmax is right on average, and the loss is on the scale of that over the whole vocabulary.
    """
    symbols = torch.from_numpy(sample.symbols).to(outputs.device)
    log_chances = torch.from_numpy(sample.log_chances).to(outputs.device)
    places = torch.searchsorted(symbols, targets)
    logits = model.project(outputs, symbols).float() - log_chances
    return F.cross_entropy(logits.scatter_add(1, places[:, None], log_chances[places, None]), places)


def batch_log_probabilities(
    model: LanguageModel, outputs: Tensor, targets: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Log-probabilities [P, V] of what follows outputs [N, H], and their targets [P], in fp32.

    Every held-out figure while training is made of these. P is such that memory does not grow with V.
    """
    at_once = max(1, _LOGITS_AT_ONCE // model.projection.out_features)
    for given, wanted in zip(outputs.split(at_once), targets.split(at_once), strict=True):
        yield F.log_softmax(model.project(given).float(), dim=-1), wanted
