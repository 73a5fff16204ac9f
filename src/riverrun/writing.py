"""How a language model writes text: a prompt is read, symbols are drawn, and their text is given as it is certain."""

import numbers
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from riverrun.errors import InputError
from riverrun.generation.decoder import Decoder
from riverrun.generation.healing import TailReading, heal
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position
from riverrun.generation.streaming import begin, stream
from riverrun.text import Tokenizer
from riverrun.text.emission import Emission
from riverrun.text.overhang import Overhang, Readings
from riverrun.text.pieces import pieces_of
from riverrun.text.stopping import Stops
from riverrun.text.tokenizer import StreamDecoder

MOST_SAMPLES = 10_000
CONTEXT = 64  # symbols before those whose text is asked for: enough to know where its characters begin


@dataclass
class Voice:
    """One sequence that is written.

    Attributes:
        position: where it stands.
        emission: its text.
        opening: what its text begins with, if the end of the prompt was read as part of a longer symbol.
    """

    position: Position
    emission: Emission
    opening: str = ""


class Prompts:
    """How the prompts of a model are read, and what the text after one begins with.

    Attributes:
        opens_document: whether the start symbol stands before them, see :func:`riverrun.generation.streaming.begin`.
    """

    def __init__(self, tokenizer: Tokenizer, opens_document: bool) -> None:
        self._tokenizer = tokenizer
        self.opens_document = opens_document

    def overhang(self, prompt: list[int]) -> Overhang:
        """How the end of a prompt of these ids [T] may be read otherwise."""
        if self.readings is None:
            return Overhang(prompt, [], [])
        return self.readings.overhang(prompt, kept=0 if self.opens_document else 1)

    def opening(
        self, decoder: StreamDecoder, before: Sequence[int], tail: Sequence[int], place: int, symbol: int
    ) -> str:
        """The text after a prompt whose end is read as part of a longer symbol.

        Args:
            decoder: a fresh one, which has read the symbol afterwards.
            before: the prompt's ids before its tail, the latest ``CONTEXT`` of them at least.
            tail: the ids that may be read otherwise.
            place: how many of these are not.
            symbol: the longer symbol.
        """
        kept = [*before, *tail[:place]][-CONTEXT:]
        text = "".join(map(decoder.push, [*kept, symbol]))
        return text[len(self._tokenizer.decode([*kept, *tail[place:]])) :]

    @cached_property
    def readings(self) -> Readings | None:
        """None where no symbol is the beginning of another."""
        if self._tokenizer.unit in ("byte", "char"):
            return None
        return Readings(pieces_of(self._tokenizer))


class Writer:
    """Begins sequences and goes on with them."""

    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, prompts: Prompts) -> None:
        """Write with a model's decoder and tokenizer."""
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._prompts = prompts

    def voices(
        self,
        prompt: list[int],
        seeds: Sequence[tuple[int, int]],
        sampling: Sampling,
        stops: Stops,
        length: int | None,
    ) -> list[Voice]:
        """K sequences that go on from one prompt.

        Args:
            prompt: ids [T].
            seeds: [K] pairs of seed and number of the sequence.
            sampling: how symbols are chosen.
            stops: stop strings.
            length: symbols that each may write; None: without end.
        """
        kept, tail, longer = self._prompts.overhang(prompt) if length != 0 else Overhang(prompt, [], [])
        position = begin(self._decoder, kept, self._prompts.opens_document)
        if not tail:
            return [Voice(position, Emission(self._tokenizer.decoder(), stops, length)) for _ in seeds]
        readings = heal(self._decoder, position, tail, longer, sampling, seeds)
        return [self._voice(reading, kept, tail, stops, length) for reading in readings]

    def write(
        self, voices: Sequence[Voice], sampling: Sampling, seed: int, length: int | None
    ) -> Iterator[list[str]]:
        """What each of K sequences has written since the last time, until all are done."""
        openings = [voice.opening for voice in voices]
        if any(openings):
            yield openings
        emissions = [voice.emission for voice in voices]
        if all(each.done for each in emissions):
            return
        for block in stream(self._decoder, [voice.position for voice in voices], sampling, seed, length):
            yield [each.push(row) for each, row in zip(emissions, block.tolist(), strict=True)]
            if all(each.done for each in emissions):
                return

    def _voice(
        self, reading: TailReading, kept: list[int], tail: list[int], stops: Stops, length: int | None
    ) -> Voice:
        decoder = self._tokenizer.decoder()
        emission = Emission(decoder, stops, length)
        if reading.symbol is None:
            return Voice(reading.position, emission)
        text = self._prompts.opening(decoder, kept, tail, reading.place, reading.symbol)
        return Voice(reading.position, emission, emission.begin(text))


def check_writing(prompt: Any, length: Any, n: Any, seed: Any, memory: Any = 1.0) -> None:
    """Raises InputError where text cannot be written so."""
    faults = []
    if not isinstance(prompt, str):
        faults.append(f"prompt = {prompt!r:.40}: give text")
    if length is not None and not (_is_whole(length) and length >= 0):
        faults.append(f"length = {length!r:.40}: give 0 or more symbols")
    if not (_is_whole(n) and 1 <= n <= MOST_SAMPLES):
        faults.append(f"n = {n!r:.40}: give 1 to {MOST_SAMPLES} samples")
    if seed is not None and not (_is_whole(seed) and 0 <= seed < 1 << 64):
        faults.append(f"seed = {seed!r:.40}: give 0 to 2**64 - 1")
    if not _is_share(memory):
        faults.append(f"memory = {memory!r:.40}: give 0 to 1")
    if faults:
        raise InputError("; ".join(faults))


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return bool(
        isinstance(value, int | float | np.floating) and not isinstance(value, bool) and 0 <= value <= 1
    )
