"""What the run of an experiment left in its directory: its last weights, the pairs it had."""

from pathlib import Path

from riverrun.bundle.names import CHECKPOINTS
from riverrun.data.held_out import PairSplit, split_pairs
from riverrun.data.pair_rows import Columns
from riverrun.data.pairs import Pair, open_pairs
from riverrun.errors import ModelError
from riverrun.translator import TrainedTranslator


def last_weights(folder: Path) -> TrainedTranslator:
    """The translator after its last epoch, as the tutorials use it; the model itself has the best held-out loss."""
    from riverrun.api import load_translator
    from riverrun.training.checkpoints import newest

    latest = newest(folder / CHECKPOINTS)
    if latest is None:
        raise ModelError(f"{folder} has no checkpoint that is whole: run the recipe again")
    return load_translator(latest.model.path)


def pairs_of(folder: Path) -> tuple[list[Pair], list[Pair]]:
    """The training pairs and the held-out pairs of a translator."""
    split = _split(folder)
    return list(split.training()), list(split.held_out())


def _split(folder: Path) -> PairSplit:
    from riverrun.training.run_directory import RunDirectory

    note = RunDirectory(folder).note()
    data, seed = note.settings.data, note.settings.training.seed
    columns = Columns(data.source_columns, data.target_columns)
    return split_pairs(open_pairs(note.inputs, data.skip_bad, columns), data.validation, seed)
