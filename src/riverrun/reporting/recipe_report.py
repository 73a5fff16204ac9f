"""The page of a recipe: what it is, published beside ours, loss against time, samples."""

from collections.abc import Sequence
from pathlib import Path

from riverrun.data.cache import write_atomically
from riverrun.recipes.recipe import Outcome, Recipe, Row, rows
from riverrun.recipes.running import training_losses
from riverrun.reporting import page, pictures
from riverrun.reporting.history import read_history


def write_report(folder: Path, recipe: Recipe, outcomes: Sequence[Outcome]) -> Path:
    """Write ``report.html`` and its pictures as PNG files; returns the page."""
    table = [row for outcome in outcomes for row in rows(outcome)]
    images = {"comparison": comparison(table), "loss": loss_against_time(outcomes)}
    if any(point.epoch for outcome in outcomes for point in outcome.experiment.points if point.published):
        images["epochs"] = loss_by_epoch(outcomes)
    for name, png in images.items():
        write_atomically(folder / f"{name}.png", png)
    parts = [
        page.paragraph(recipe.citation),
        page.paragraph(recipe.about),
        page.section("Published and ours", page.table(_HEADER, [_line(row) for row in table])),
        page.section(
            "Experiments", page.table(("", ""), [(o.experiment.name, o.experiment.note) for o in outcomes])
        ),
        page.section("Pictures", *(page.picture(png, name) for name, png in images.items())),
        *(_samples(outcome) for outcome in outcomes),
    ]
    return page.write(folder / "report.html", f"{recipe.name}: {recipe.title}", parts)


def comparison(table: Sequence[Row]) -> bytes:
    """Published and ours for the first figure of every experiment."""
    first = {row.experiment: row for row in reversed(table)}
    chosen = [first[name] for name in dict.fromkeys(row.experiment for row in table)]
    return pictures.bars(
        [row.experiment for row in chosen],
        [row.mean for row in chosen],
        [row.spread for row in chosen],
        [row.published for row in chosen],
        chosen[0].figure if chosen else "",
    )


def loss_against_time(outcomes: Sequence[Outcome]) -> bytes:
    """Held-out loss of the first seed of every experiment."""
    lines = {o.experiment.name: read_history(o.folders[0]).held_out_loss for o in outcomes}
    return pictures.curves(lines, "seconds", "held-out loss, nats per token", markers=True)


def loss_by_epoch(outcomes: Sequence[Outcome]) -> bytes:
    """Training loss by epoch, with the published points."""
    lines = {o.experiment.name: list(training_losses(o.folders[0]).items()) for o in outcomes}
    published = sorted(
        {
            (point.epoch, point.published)
            for outcome in outcomes
            for point in outcome.experiment.points
            if point.epoch is not None and point.published is not None
        }
    )
    return pictures.curves(lines, "epoch", "training loss, nats per token", published, markers=True)


_HEADER = ("experiment", "figure", "published", "tolerance", "ours", "seeds", "", "seconds")


def _line(row: Row) -> tuple[str, ...]:
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


def _samples(outcome: Outcome) -> str:
    history = read_history(outcome.folders[0])
    if not history.samples:
        return ""
    heading = f"What {outcome.experiment.name} wrote"
    return page.section(heading, page.samples_grid(history.samples, history.epochs))
