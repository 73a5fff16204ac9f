"""What a memory says, in the loop: ``memory.gate.mix_one`` over arrays at addresses."""

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.recalling import SCRATCH
from riverrun.generation.compiled.vectors import (
    compiled,
    doubles,
    floats,
    halves,
    integers,
    octets,
    unsigned,
    words,
)
from riverrun.memory.forks import Forks
from riverrun.memory.gate import mix_one
from riverrun.memory.shapes import CONTEXTS, INPUTS, LATEST, PARTS, PLACES, SCENES, WAYS, WORDS, Scene, Tables


@compiled
def recall(address, logits, trail, low, end):
    """Logits [V] of what follows ``trail[low:end]`` become logarithms of probabilities, mixed with a memory's."""
    recalled, forks = integers(address, at.RECALLED), logits.size - 1
    tables = Tables(
        octets(recalled[at.RECALL_PAGES], recalled[at.RECALL_PAGES_SIZE]),
        halves(recalled[at.RECALL_TEXT], recalled[at.RECALL_TEXT_SIZE]),
        words(recalled[at.RECALL_MATCHES], recalled[at.RECALL_MATCHES_SIZE]),
        floats(recalled[at.RECALL_TRUST], 1 << 40),
        floats(recalled[at.RECALL_MIXING], (forks + SCENES + LATEST + WORDS) * INPUTS),
        floats(recalled[at.RECALL_VOTES], SCENES * WAYS),
        Forks(
            words(recalled[at.RECALL_BELOW], 2 * forks),
            words(recalled[at.RECALL_ABOVE], forks),
            words(recalled[at.RECALL_PAGE_OF], forks),
            words(recalled[at.RECALL_SLOT], forks),
            words(recalled[at.RECALL_PATH], recalled[at.RECALL_PATH_SIZE]),
            words(recalled[at.RECALL_PATH_STARTS], forks + 2),
        ),
        octets(recalled[at.RECALL_KIND], forks + 1),
        words(recalled[at.RECALL_FOLD], forks + 1),
    )
    place = recalled[at.RECALL_SCENE]
    odds = place + 8 * (SCRATCH + (CONTEXTS + 1) * forks)
    scene = Scene(
        integers(place, 4),
        unsigned(place + 32, CONTEXTS),
        integers(place + 8 * SCRATCH, CONTEXTS * forks),
        integers(place + 8 * (SCRATCH + CONTEXTS * forks), forks),
        doubles(place + 8 * (4 + CONTEXTS), INPUTS),
        integers(place + 8 * (4 + CONTEXTS + INPUTS), WAYS + 1),
        doubles(place + 8 * (5 + CONTEXTS + INPUTS + WAYS), WAYS),
        doubles(odds, forks),
    )
    gate = floats(recalled[at.RECALL_GATE], PLACES * PARTS)
    share, masses = doubles(recalled[at.RECALL_SHARE], 1)[0], doubles(odds + 8 * forks, forks)
    mix_one(tables, gate, share, scene, trail, low, end, masses, logits)
