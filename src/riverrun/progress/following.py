"""Follows a run to its end: shows its events, tells an observer."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from riverrun.progress.display import Display
from riverrun.training import events

Observer = Callable[[events.Event], object]


def follow(
    run: Iterator[events.Event],
    output: Path,
    resume: str = "",
    progress: bool = True,
    on_event: Observer | None = None,
) -> events.Stopped:
    """Consume a run's events; returns the last one.

    Args:
        run: yields what happens.
        output: the model directory.
        resume: the command that goes on with a run that was interrupted.
        progress: show it on stderr: with a status line on a terminal, as lines of a log elsewhere.
        on_event: is given every event. It cannot change the run; what it raises ends it.
    """
    last = None
    display = Display(output, resume) if progress else None
    with display.drawn() if display is not None else nullcontext():
        for event in run:
            if display is not None:
                display.show(event)
            if on_event is not None:
                on_event(event)
            last = event
    assert isinstance(last, events.Stopped)
    return last
