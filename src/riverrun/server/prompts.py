"""From what a client sends to the ids that a model reads, and what is to be said about it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riverrun.errors import InputError
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.refusals import Refusal
from riverrun.server.tickets import Ids
from riverrun.text import START, Tokenizer
from riverrun.text.symbols import never_seen

_LONG = 4096  # characters or ids that are not encoded in the event loop, where everybody waits


@dataclass(frozen=True)
class Prompt:
    """One prompt.

    Attributes:
        text: as it was sent; of ids, what they stand for.
        symbols: [T], its ids.
        ids: what is read: the symbols, with the start symbol before them where it belongs.
        warning: about symbols that the model has never seen; empty if there are none.
        tail, longer: how the end of a text may be read otherwise, see :class:`riverrun.text.overhang.Overhang`.
    """

    text: str
    symbols: Ids
    ids: Ids
    warning: str = ""
    tail: Sequence[int] = ()
    longer: Sequence[Ids] = ()


async def read_prompts(
    model: TrainedLanguageModel, prompts: Sequence[Any], opens: bool | None = None
) -> list[Prompt]:
    """Prompts of texts and of lists of ids.

    Before a text stands the start symbol, as for ``riverrun generate`` (``opens`` says otherwise); before ids only
    if there are none.

    Raises:
        Refusal: an id is out of range, or a text has unseen symbols and the model's policy is ``refuse``.
    """
    if opens is None:
        opens = model.prompts.opens_document

    def read() -> list[Prompt]:
        return [
            _of_text(model, prompt, opens) if isinstance(prompt, str) else _of_ids(model.tokenizer, prompt)
            for prompt in prompts
        ]

    return await aside(read, sum(map(len, prompts)))


async def aside(work: Callable[[], Any], size: int) -> Any:
    """The result of work on that many characters; much of it in a thread, so that others are answered meanwhile.

    Raises:
        Refusal: where the work raises InputError.
    """
    try:
        return await asyncio.to_thread(work) if size > _LONG else work()
    except InputError as error:
        raise Refusal(400, str(error)) from None


def check_ids(ids: Sequence[int], tokenizer: Tokenizer, param: str) -> Ids:
    """Ids as an array; raises Refusal for one outside the vocabulary."""
    if ids and not (min(ids) >= 0 and max(ids) < tokenizer.size):
        wrong = min(ids) if min(ids) < 0 else max(ids)
        shown = wrong if abs(wrong) < 1 << 63 else "that"
        raise Refusal(
            400, f"{param}: there is no symbol {shown}; ids go from 0 to {tokenizer.size - 1}", param
        )
    return np.array(ids, np.int64)


def unseen(tokenizer: Tokenizer, policy: str, text: str) -> str:
    """What is said about symbols of a text that the model has never seen."""
    symbols = tokenizer.unseen(text)
    return never_seen(symbols, policy == "skip") if symbols else ""


def text_of_ids(tokenizer: Tokenizer, symbols: Ids) -> str:
    """The text of ids; part of a character at its end is U+FFFD."""
    decoder = tokenizer.decoder()
    return "".join(map(decoder.push, symbols.tolist())) + decoder.flush()


def _of_text(model: TrainedLanguageModel, text: str, opens: bool) -> Prompt:
    symbols = model.tokenizer.encode(text).astype(np.int64)
    warning = unseen(model.tokenizer, model.settings.text.unknown, text)
    ids = np.concatenate([[START], symbols]) if opens or not len(symbols) else symbols
    _, tail, longer = model.prompts.overhang(symbols.tolist())
    return Prompt(text, symbols, ids, warning, tail, longer)


def _of_ids(tokenizer: Tokenizer, given: list[int]) -> Prompt:
    symbols = check_ids(given, tokenizer, "prompt")
    return Prompt(text_of_ids(tokenizer, symbols), symbols, symbols if len(symbols) else np.array([START]))
