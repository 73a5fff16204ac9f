"""Shows a run: a live line on a terminal, plain lines otherwise; always on stderr."""

import sys
from collections.abc import Iterator
from contextlib import suppress

from riverrun.training import events
from riverrun.training.run import Request


def display(run: Iterator[events.Event], request: Request, resume: str, quiet: bool) -> events.Stopped:
    """Consume a run's events; returns the last one."""
    show = _live if sys.stderr.isatty() else _plain
    return show(run, request, resume)


def _plain(run: Iterator[events.Event], request: Request, resume: str) -> events.Stopped:
    last_shown = -10.0
    last = None
    for event in run:
        if isinstance(event, events.Progress):
            if event.seconds - last_shown < 10 and event.step != event.steps:
                continue
            last_shown = event.seconds
        if text := describe(event, request, resume):
            with suppress(OSError):  # nobody reads any more: no reason to stop training
                print(text, file=sys.stderr, flush=True)
        last = event
    assert isinstance(last, events.Stopped)
    return last


def _live(run: Iterator[events.Event], request: Request, resume: str) -> events.Stopped:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, highlight=False)
    bar = Progress(BarColumn(bar_width=24), TextColumn("{task.description}"), console=console, transient=True)
    last = None
    with bar:
        task = bar.add_task("starting", total=None)
        for event in run:
            if isinstance(event, events.Progress):
                bar.update(task, completed=event.step, total=event.steps, description=_progress(event))
            elif text := describe(event, request, resume):
                console.print(text, markup=False)
            last = event
    assert isinstance(last, events.Stopped)
    return last


def describe(event: events.Event, request: Request, resume: str) -> str:
    """One event as text; empty for events not worth a line."""
    match event:
        case events.Started():
            begun = f"going on after step {event.step}" if event.step else f"training {request.output}"
            return (
                f"{begun}: {event.parameters:,} weights, {event.training_tokens:,} training and "
                f"{event.validation_tokens:,} held-out symbols, {event.device}, {event.precision}"
            )
        case events.Planned():
            return f"{event.steps:,} steps; held-out text is scored every {event.evaluate_every:,}"
        case events.Progress():
            return _progress(event)
        case events.Evaluated():
            figures = "".join(f", {_figure(name, value)}" for name, value in event.figures.items())
            best = "" if event.best else " (not better)"
            return (
                f"step {event.step:,}: held-out loss {event.nats_per_token:.4f} nats per token{figures}{best}"
            )
        case events.Previewed():
            return f"  {event.label:>16} | {event.prompt!r} -> {event.text!r}"
        case events.Saved():
            return ""
        case events.Stopped(reason="interrupted"):
            return f"stopped at step {event.step:,} and saved in {request.output}; to go on:\n  {resume}"
        case events.Stopped():
            assert event.best is not None  # a run that ends has been measured
            figures = "".join(f", {_figure(name, value)}" for name, value in event.best.figures.items())
            return (
                f"{event.reason} after {event.step:,} steps and {event.seconds:.0f} s: held-out loss "
                f"{event.best.nats_per_token:.4f} nats per token{figures}\nmodel in {request.output}"
            )


def _progress(event: events.Progress) -> str:
    share = "" if event.steps is None else f"/{event.steps:,}"
    left = "" if event.steps is None else f"  {_left(event)} left"
    return (
        f"step {event.step:,}{share}  epoch {event.epoch:.2f}  loss {event.loss:.4f}  "
        f"rate {event.learning_rate:.1e}  {event.tokens_per_second:,.0f} symbols/s{left}"
    )


def _left(event: events.Progress) -> str:
    assert event.steps is not None
    seconds = (event.steps - event.step) * event.seconds / max(1, event.step)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _figure(name: str, value: float) -> str:
    return f"{value:.4f} {name.replace('_', ' ')}"
