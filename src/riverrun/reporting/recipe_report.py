"""The page of a recipe: what it is, published beside ours, loss against time, samples, translations."""

from collections.abc import Sequence
from pathlib import Path

from riverrun.bundle import read_facts
from riverrun.bundle.saving import telling_of_faults
from riverrun.files import outgoing
from riverrun.recipes.recipe import ComparisonRow, Outcome, Recipe, comparison_rows
from riverrun.recipes.running import training_losses
from riverrun.reporting import html_page, pictures
from riverrun.reporting.history import read_history
from riverrun.reporting.translations_section import translations_section
from riverrun.translator import KINDS


def write_recipe_report(folder: Path, recipe: Recipe, outcomes: Sequence[Outcome]) -> Path:
    """Write ``report.html`` and its pictures as PNG files; returns the page."""
    table = [row for outcome in outcomes for row in comparison_rows(outcome)]
    images = {"comparison": comparison(table, recipe.compared)} if len(outcomes) > 1 else {}
    images["loss"] = loss_against_time(outcomes)
    if any(map(_published_losses, outcomes)):
        images["epochs"] = loss_by_epoch(outcomes)
    for name, png in images.items():
        with telling_of_faults(folder / f"{name}.png"):
            outgoing.write(folder / f"{name}.png", png)
    parts = [
        html_page.paragraph(recipe.citation),
        html_page.paragraph(recipe.about),
        html_page.section("Published and ours", html_page.table(_HEADER, [_line(row) for row in table])),
        html_page.section("Experiments", html_page.table(("", "budget", ""), map(_experiment, outcomes))),
        html_page.section("Pictures", *(html_page.picture(png, name) for name, png in images.items())),
        *(translations_section(group) for group in _of_the_same_pairs(outcomes)),
        *map(_samples, outcomes),
    ]
    return html_page.write(folder / "report.html", f"{recipe.name}: {recipe.title}", parts)


def comparison(table: Sequence[ComparisonRow], figures: Sequence[str]) -> bytes:
    """Published and ours for some figures of every experiment, or for the first of each."""
    names = list(dict.fromkeys(row.experiment for row in table))
    first = {row.experiment: row for row in reversed(table)}
    found = {(row.experiment, row.figure): row for row in table}
    if not figures:
        label = first[names[0]].figure if names else ""
        return pictures.bars(names, {label: [_bar(first[name]) for name in names]}, label)
    groups = {figure: [_bar(found.get((name, figure))) for name in names] for figure in figures}
    return pictures.bars(names, groups, figures[0] if len(figures) == 1 else "")


def _bar(row: ComparisonRow | None) -> pictures.Bar | None:
    return row and pictures.Bar(row.mean, row.spread, row.published)


def loss_against_time(outcomes: Sequence[Outcome]) -> bytes:
    """Held-out loss of the first seed of every experiment.

    Where training losses were published, ours too, and theirs at the time ours had come as many epochs far.
    """
    lines, published = {}, []
    for outcome in outcomes:
        history = read_history(outcome.folders[0])
        lines[f"{outcome.experiment.name}, held out"] = history.held_out_loss
        if losses := _published_losses(outcome):
            lines[f"{outcome.experiment.name}, training"] = history.training_loss
            published += [(history.seconds_at(epoch), loss) for epoch, loss in losses.items()]
    reached = [(seconds, loss) for seconds, loss in published if seconds is not None]
    return pictures.curves(lines, "seconds", "nats per token", reached, markers=True)


def loss_by_epoch(outcomes: Sequence[Outcome]) -> bytes:
    """Training loss by epoch, with the published points."""
    lines = {o.experiment.name: list(training_losses(o.folders[0]).items()) for o in outcomes}
    published = sorted({point for outcome in outcomes for point in _published_losses(outcome).items()})
    return pictures.curves(lines, "epoch", "training loss, nats per token", published, markers=True)


def _published_losses(outcome: Outcome) -> dict[int, float]:
    """By epoch."""
    return {
        point.epoch: point.published
        for point in outcome.experiment.points
        if point.epoch is not None and point.published is not None
    }


_HEADER = ("experiment", "figure", "published", "tolerance", "ours", "seeds", "", "seconds")


def _line(row: ComparisonRow) -> tuple[str, ...]:
    return (
        row.experiment,
        row.figure,
        "" if row.published is None else f"{row.published:.4g}",
        "" if row.tolerance is None else f"± {row.tolerance:.3g}",
        f"{row.mean:.4f}" + (f" ± {row.spread:.4f}" if len(row.values) > 1 else ""),
        str(len(row.values)),
        row.verdict,
        f"{row.seconds:.1f}",
    )


def _experiment(outcome: Outcome) -> tuple[str, str, str]:
    experiment = outcome.experiment
    shortened = " (shortened)" if outcome.shortened else ""
    return experiment.name, experiment.budget + shortened, experiment.note


def _translates(outcome: Outcome) -> bool:
    return read_facts(outcome.folders[0])["kind"] in KINDS


def _of_the_same_pairs(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Translators, by what they were trained on."""
    groups: dict[object, list[Outcome]] = {}
    for outcome in filter(_translates, outcomes):
        experiment = outcome.experiment
        pairs = experiment.source, experiment.lines, experiment.settings.get("data.validation")
        groups.setdefault(pairs, []).append(outcome)
    return list(groups.values())


def _samples(outcome: Outcome) -> str:
    history = read_history(outcome.folders[0])
    if not history.samples:
        return ""
    grid = html_page.translations_by_step if _translates(outcome) else html_page.samples_grid
    return html_page.section(f"What {outcome.experiment.name} wrote", grid(history.samples, history.epochs))
