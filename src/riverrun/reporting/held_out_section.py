"""A part of a translator's page: what it makes of pairs that were held out, and where it looked."""

import warnings

from riverrun.data.corpus import Corpus
from riverrun.data.held_out import NOTHING, split_pairs, spread
from riverrun.data.pair_rows import Columns
from riverrun.data.pairs import Pair, open_pairs
from riverrun.errors import CorpusError
from riverrun.reporting import html_page
from riverrun.reporting.attention_page import ABOUT, key, tables
from riverrun.reporting.noted_texts import GONE, held_out_corpus, noted_validation
from riverrun.reporting.translations_section import marked
from riverrun.translator import TrainedTranslator

SHOWN = 20  # sources
DRAWN = 5  # of them, with attention


def held_out_section(model: TrainedTranslator, corpus: Corpus) -> str:
    """A table of held-out pairs with the model's outputs, and for a few of them the attention."""
    validation = noted_validation(model.path, model.settings.data.validation)
    if validation == NOTHING:
        return html_page.section(
            "Held-out pairs", html_page.paragraph("None: the model has learned from all of them.")
        )
    if isinstance(validation, str) and held_out_corpus(validation, model.facts) is None:
        return html_page.section("Held-out pairs", html_page.paragraph(f"They cannot be read. {GONE}"))
    try:
        wanted = spread(held_out_pairs(model, corpus), SHOWN)
    except CorpusError as error:
        return html_page.section("Held-out pairs", html_page.paragraph(f"They cannot be read: {error}."))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "never seen in training")
        warnings.filterwarnings("ignore", r"\d+ outputs ran into")
        found = model.translations(wanted)
        drawn = [html_page.paragraph(ABOUT), key(), *tables(model, found[:DRAWN])] if _looks(model) else []
    lines = [
        (
            translation.source,
            " / ".join(targets),
            marked(output.text, targets),
            f"{output.log_probability:.3f}",
        )
        for translation, targets in zip(found, wanted.values(), strict=True)
        for output in translation.outputs
    ]
    header = ("source", "wanted", "output", "log-probability, nats")
    return html_page.section("Held-out pairs", html_page.table(header, lines), *drawn)


def held_out_pairs(model: TrainedTranslator, corpus: Corpus) -> list[Pair]:
    """The pairs of a model's corpus that it did not learn from; raises CorpusError if they cannot be read."""
    data, seed = model.settings.data, model.settings.training.seed
    columns = Columns(data.source_columns, data.target_columns)
    pairs = open_pairs(tuple(map(str, corpus.files)), data.skip_bad, columns)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*training pairs left out")  # said when it was trained
        validation = noted_validation(model.path, data.validation)
        return list(split_pairs(pairs, validation, seed).held_out())


def _looks(model: TrainedTranslator) -> bool:
    return model.settings.model.attention != "none"
