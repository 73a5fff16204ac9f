"""How a language model writes text: a prompt is read, symbols are drawn, and their text is given as it is certain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from riverrun.generation.decoder import Decoder
from riverrun.generation.healing import Reading, heal
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position
from riverrun.generation.streaming import begin, stream
from riverrun.text import Tokenizer
from riverrun.text.emission import Emission
from riverrun.text.overhang import Overhang, Readings
from riverrun.text.pieces import pieces_of
from riverrun.text.stopping import Stops

_CONTEXT = 64  # symbols before those whose text is asked for: enough to know where its characters begin


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


class Writer:
    """Begins sequences and goes on with them."""

    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, opens_document: bool) -> None:
        """Write with a model's decoder and tokenizer; see :func:`riverrun.generation.streaming.begin`."""
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._opens_document = opens_document

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
        kept, tail, longer = self._overhang(prompt) if length != 0 else Overhang(prompt, [], [])
        position = begin(self._decoder, kept, self._opens_document)
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
        self, reading: Reading, kept: list[int], tail: list[int], stops: Stops, length: int | None
    ) -> Voice:
        decoder = self._tokenizer.decoder()
        emission = Emission(decoder, stops, length)
        if reading.symbol is None:
            return Voice(reading.position, emission)
        before = [*kept, *tail[: reading.place]][-_CONTEXT:]
        text = "".join(map(decoder.push, [*before, reading.symbol]))
        prompt = self._tokenizer.decode([*before, *tail[reading.place :]])
        return Voice(reading.position, emission, emission.begin(text[len(prompt) :]))

    def _overhang(self, prompt: list[int]) -> Overhang:
        if self._tokenizer.unit in ("byte", "char"):  # no symbol is the beginning of another
            return Overhang(prompt, [], [])
        return self._readings.overhang(prompt, kept=0 if self._opens_document else 1)

    @cached_property
    def _readings(self) -> Readings:
        return Readings(pieces_of(self._tokenizer))
