"""The same sentences, some learned from and some held out, by several translators; where each looked."""

import warnings
from collections.abc import Sequence

from riverrun.data.held_out import spread
from riverrun.recipes.recipe import Outcome
from riverrun.recipes.run_results import last_weights, pairs_of
from riverrun.reporting import html_page
from riverrun.reporting.attention_page import ABOUT, key, tables

SENTENCES = 6  # of each part
DRAWN = 3  # of the held-out ones, with their attention


def translations_section(outcomes: Sequence[Outcome]) -> str:
    """What translators of the same pairs write for the same sentences; right ones have a tick."""
    models = {outcome.experiment.name: last_weights(outcome.folders[0]) for outcome in outcomes}
    parts = [spread(pairs, SENTENCES) for pairs in pairs_of(outcomes[0].folders[0])]
    wanted = {source: targets for part in parts for source, targets in part.items()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "never seen in training")
        warnings.filterwarnings("ignore", r"\d+ outputs ran into")
        found = {name: model.translations(wanted, beam=1) for name, model in models.items()}
    lines = [
        (
            "learned from" if source in parts[0] else "held out",
            source,
            " / ".join(targets),
            *(marked(each[place].outputs[0].text, targets) for each in found.values()),
        )
        for place, (source, targets) in enumerate(wanted.items())
    ]
    shown = [html_page.table(("", "source", "wanted", *models), lines)]
    for name, model in models.items():
        if model.settings.model.attention != "none":
            drawn = found[name][len(parts[0]) :][:DRAWN]
            heading = html_page.paragraph(f"Where {name} looked for each symbol of its output. {ABOUT}")
            shown += [heading, key(), *tables(model, drawn)]
    title = "The same pairs by each" if len(models) > 1 else f"Pairs by {next(iter(models))}"
    return html_page.section(title, *shown)


def marked(output: str, targets: Sequence[str]) -> str:
    """An output, with a tick if it is one of the targets."""
    return f"✓ {output}" if output in targets else output
