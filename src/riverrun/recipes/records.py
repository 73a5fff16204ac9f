"""What the run of an experiment left in its directory: its last weights, the pairs it had."""

import json
from pathlib import Path

from riverrun.data.held_out import PairSplit, split_pairs
from riverrun.data.pairs import Pair, open_pairs
from riverrun.translator import TrainedTranslator


def last_weights(folder: Path) -> TrainedTranslator:
    """The translator after its last epoch, as the tutorials use it; the model itself has the best held-out loss."""
    from riverrun.api import load_translator
    from riverrun.training.checkpoints import newest

    latest = newest(folder / "checkpoints")
    assert latest is not None
    return load_translator(latest)


def pairs_of(folder: Path) -> tuple[list[Pair], list[Pair]]:
    """The training pairs and the held-out pairs of a translator."""
    split = _split(folder)
    return list(split.training()), list(split.held_out())


def _split(folder: Path) -> PairSplit:
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    data, seed = request["settings"]["data"], request["settings"]["training"]["seed"]
    return split_pairs(open_pairs(tuple(request["inputs"]), data["skip_bad"]), data["validation"], seed)
