"""A language model that has read on: made of another, in memory or as a directory of its own."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from riverrun.bundle import LanguageBundle
from riverrun.bundle.manifest import Facts, Listed
from riverrun.bundle.names import CARD, CONFIG, MEMORY, WEIGHTS
from riverrun.bundle.saving import telling_of_faults, write_model_directory
from riverrun.bundle.weight_file import pack_arrays, write
from riverrun.data.corpus import Corpus
from riverrun.errors import InputError, OutputError
from riverrun.evaluation.adapting import Adapter
from riverrun.evaluation.likelihood import Likelihood
from riverrun.evaluation.scoring import Scorer
from riverrun.memory.stored import to_arrays
from riverrun.text.pieces import pieces_of
from riverrun.training.model_card import model_card

_OF_THE_OLD = ("held_out", "best_step", "weights_sha256", "memory")  # and all that was measured


def read_on(bundle: LanguageBundle, texts: Iterable[str]) -> tuple[Likelihood, LanguageBundle]:
    """Read a text in pieces once; how well it was predicted on the way, and the model that has learned from it.

    Raises:
        InputError: nothing of it is in the vocabulary.
    """
    adapter = Adapter(bundle)
    found = Scorer(adapter, bundle.tokenizer).likelihood(texts)
    if not found.tokens:
        raise InputError("there is nothing to learn from: no symbol of the model's vocabulary is in the text")
    return found, adapter.adapted()


def check_output(output: Path, overwrite: bool) -> None:
    """Raise OutputError unless a model may be written there: where nothing is, or with ``overwrite`` a directory."""
    with telling_of_faults(output):
        if output.exists() and not output.is_dir():
            raise OutputError(f"{output} exists and is not a directory; choose another --output")
        if output.exists() and any(output.iterdir()) and not overwrite:
            raise OutputError(
                f"{output} exists already; choose another --output, or replace it by --overwrite"
            )


def write_adapted(bundle: LanguageBundle, found: Likelihood, read: Corpus, output: Path) -> None:
    """Write a model that has read on to a directory.

    Args:
        bundle: the model.
        found: how well it predicted what it read.
        read: what it read.
        output: the directory, which :func:`check_output` has let pass.

    Raises:
        OutputError: it cannot be written.
    """
    files = {**bundle.files, WEIGHTS: write(bundle.weights, bundle.expected)}
    if bundle.remembered is not None:
        files[MEMORY] = pack_arrays(to_arrays(bundle.remembered, pieces_of(bundle.tokenizer)))
    facts = _facts(bundle, found, read, Listed.of(files[WEIGHTS]).sha256)
    card = model_card(output.name, facts, bundle.files[CONFIG].decode("utf-8"), [])
    write_model_directory(output, {**files, CARD: card.encode("utf-8", "replace")}, facts)


def _facts(bundle: LanguageBundle, found: Likelihood, read: Corpus, sha256: str) -> Facts:
    """What is known of it: nothing that was measured of the model before."""
    kept: dict[str, Any] = {
        name: value
        for name, value in bundle.facts.items()
        if name not in _OF_THE_OLD and not name.startswith("validation_")
    }
    adapted = {
        "name": read.name,
        "sha256": read.digest,
        "characters": found.characters,
        "nats_per_token_on_the_way": found.nats_per_token,
        "weights_sha256_before": bundle.facts.get("weights_sha256"),
    }
    if bundle.remembered is not None:
        memory = bundle.remembered.memory
        kept["memory"] = {"symbols": memory.symbols, "pages_let_go": memory.lost}
    return kept | {"adapted": adapted, "weights_sha256": sha256}
