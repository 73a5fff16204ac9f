"""What a completion or a chat asks for, checked against the server's limits before anything is computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from riverrun.errors import InputError
from riverrun.generation.sampling import SETTINGS, Sampling
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.house import House
from riverrun.server.limits import Limits
from riverrun.server.prompts import Prompt, read_prompts
from riverrun.server.refusals import Refusal
from riverrun.server.schema import Writing
from riverrun.server.shelf import Served

LENGTH = 400  # symbols, as for ``riverrun generate``


@dataclass(frozen=True)
class Wanted:
    """A request that has been checked against the server's limits.

    Attributes:
        length: symbols of each sequence.
        shown, sequences: sequences of each prompt that are shown, and that are written for it.
        alternatives: see :class:`Continuation`.
        echo: whether the prompts are shown too.
    """

    prompts: list[Prompt]
    length: int
    shown: int
    sequences: int
    alternatives: int | None
    echo: bool
    sampling: Sampling
    stops: list[str]
    seed: int | None
    biases: dict[int, float]

    @property
    def warnings(self) -> list[str]:
        """What is to be said about the prompts, each thing once."""
        return list(dict.fromkeys(prompt.warning for prompt in self.prompts if prompt.warning))


async def check(
    house: House,
    served: Served,
    asked: Writing,
    prompts: Sequence[Any],
    most_tokens: int | None,
    alternatives: int | None,
    best_of: int = 1,
    echo: bool = False,
) -> Wanted:
    """A request for texts that continue prompts, each a text or a list of ids; raises Refusal.

    Args:
        house, served: the server, and its model.
        asked: what completions and chats have in common.
        prompts: what is continued.
        most_tokens: symbols of each sequence; None: as many as by default.
        alternatives, echo: see :class:`Wanted`.
        best_of: sequences written for each prompt, if these are more than are shown.
    """
    assert isinstance(served.model, TrainedLanguageModel)
    shown = asked.n or 1
    length = _length(house.limits, len(prompts), asked, most_tokens, best_of, alternatives)
    _check_biases(asked.logit_bias, served.model)
    wanted = Wanted(
        sampling=_sampling(asked),
        prompts=await read_prompts(served.model, prompts),
        length=length,
        shown=shown,
        sequences=max(shown, best_of),
        alternatives=alternatives,
        echo=echo,
        stops=asked.stop,
        seed=asked.seed,
        biases=asked.logit_bias,
    )
    _check_positions(wanted, house.limits)
    return wanted


def _sampling(asked: Writing) -> Sampling:
    """The settings that were given over those of ``riverrun generate``; raises Refusal."""
    given = {name: value for name in SETTINGS if (value := getattr(asked, name)) is not None}
    try:
        return Sampling(**given)
    except InputError as error:
        raise Refusal(400, str(error)) from None


def _length(
    limits: Limits,
    prompts: int,
    asked: Writing,
    most_tokens: int | None,
    best_of: int,
    logprobs: int | None,
) -> int:
    """Refuse what is too much before anything is computed; returns the length of each sequence."""
    length = min(LENGTH, limits.tokens) if most_tokens is None else most_tokens
    sequences = prompts * max(asked.n or 1, best_of)
    if length > limits.tokens:
        raise Refusal(400, f"max_tokens = {length}: this server writes at most {limits.tokens}", "max_tokens")
    if sequences > limits.choices:
        message = f"prompts x max(n, best_of) = {sequences}: this server takes at most {limits.choices}"
        raise Refusal(400, message, "n")
    if sequences * length > limits.symbols:
        message = (
            f"prompts x max(n, best_of) x max_tokens = {sequences * length}: "
            f"this server writes at most {limits.symbols} symbols for one request"
        )
        raise Refusal(400, message, "max_tokens")
    if logprobs is not None and logprobs > limits.logprobs:
        raise Refusal(400, f"logprobs = {logprobs}: this server gives at most {limits.logprobs}", "logprobs")
    return length


def _check_positions(wanted: Wanted, limits: Limits) -> None:
    """Refuse answers that would be too large: symbols echoed, and log-probabilities told."""
    echoed = wanted.shown * sum(len(prompt.symbols) for prompt in wanted.prompts) if wanted.echo else 0
    positions = echoed
    if wanted.alternatives is not None:
        written = len(wanted.prompts) * wanted.shown * wanted.length
        positions += (echoed + written) * (wanted.alternatives + 1)
    if positions > limits.positions:
        message = (
            f"{positions} symbols echoed or told with their alternatives: this server gives at most "
            f"{limits.positions} for one request"
        )
        raise Refusal(400, message, "logprobs" if wanted.alternatives is not None else "echo")


def _check_biases(biases: dict[int, float], model: TrainedLanguageModel) -> None:
    """Raises Refusal for a symbol outside the vocabulary."""
    size = model.tokenizer.size
    for symbol in biases:
        if symbol >= size:
            raise Refusal(
                400, f"logit_bias: there is no symbol {symbol}; ids go from 0 to {size - 1}", "logit_bias"
            )
