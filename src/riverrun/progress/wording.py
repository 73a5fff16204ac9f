"""Events of a run in words. What a word means is said where it is first used."""

from pathlib import Path

from riverrun.training import events

_CONTROLS = {code: 0x2400 + code for code in range(32) if code != ord("\n")}
_CONTROLS |= {ord("\t"): "    ", 0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), "\ufffd")}

_WORTH_SAYING = 0.25  # share by which the length of a run changes

MEANINGS = {
    "bits_per_character": "bits per character: the cost of a character of unseen text, 8 in a file; lower is better",
    "exact_match": "exact match: share of held-out sources that are answered without a fault",
    "symbol_error_rate": "symbol error rate: faults for each symbol wanted, 0 at best; it may exceed 1",
}


def started(event: events.Started, output: Path) -> str:
    """What is learned, and what is kept back."""
    begun = f"going on after step {event.step:,}" if event.step else f"training {output}"
    learned, held_out = f"{event.training_tokens:,} symbols", event.validation_tokens
    if event.training_pairs is not None:
        learned, held_out = f"{event.training_pairs:,} pairs", event.validation_pairs
    kept = "none held out, so nothing will tell how good it is"
    if held_out:
        kept = f"{held_out:,} held out (kept back, to measure what was learned)"
    return (
        f"{begun}: {event.parameters:,} weights, {learned} to learn from, {kept}; {event.device}, "
        f"{event.precision}"
    )


def planned(event: events.Planned, before: events.Planned | None = None) -> str:
    """How long the run is; ``before`` is the plan that was said last."""
    length = f"{event.steps:,} steps; held-out text is scored every {event.evaluate_every:,}"
    if before is None:
        return length
    reason = "another pace"
    if event.threads != before.threads:
        reason = (
            "one thread is faster now" if event.threads == 1 else f"{event.threads} threads are faster now"
        )
    return f"{reason}: {length}"


def differs(before: events.Planned, event: events.Planned) -> bool:
    """Whether a plan is worth a word after the one that was said last."""
    return event.threads != before.threads or abs(event.steps - before.steps) > _WORTH_SAYING * before.steps


def evaluated(event: events.Evaluated) -> str:
    better = "" if event.best else " (not better)"
    return f"step {event.step:,}: {_figures(event.nats_per_token, event.figures)}{better}"


def stopped(event: events.Stopped, output: Path) -> str:
    """How the run ended; where the model is."""
    how = {
        "finished": f"finished: all {event.step:,} steps made",
        "early stopping": f"early stopping after {event.step:,} steps: it was not getting better any more",
    }.get(event.reason, f"{event.reason} after {event.step:,} steps")
    best = event.best
    unmeasured = "not measured yet" if event.reason == "interrupted" else "not measured"
    found = unmeasured if best is None else _figures(best.nats_per_token, best.figures)
    read = ""
    if event.epoch < 1 and event.reason == "finished":
        read = f"\nit read {event.epoch:.0%} of the text: give it more time to read all of it"
    return f"{how}, {duration(event.seconds)}; {found}{read}\nmodel in {output}"


def meanings(event: events.Evaluated) -> str:
    """What an evaluation's figures mean, a line each; empty where nothing needs words."""
    return "\n".join(f"  ({MEANINGS[name]})" for name in event.figures if name in MEANINGS)


def progress(event: events.Progress, passed: float = 0.0) -> list[str]:
    """Parts of a line, the most important first; ``passed`` are seconds since the event."""
    parts = [_time(event, passed), f"loss {event.loss:.4f}", f"step {event.step:,}"]
    if event.steps is not None:
        parts[-1] += f"/{event.steps:,}"
    parts += [f"epoch {event.epoch:.2f}", f"{event.tokens_per_second:,.0f} symbols/s"]
    return [*parts, f"rate {event.learning_rate:.1e}"]


def bar(event: events.Progress, width: int = 16) -> str:
    """How much of the run is done, as a picture."""
    done = 0 if event.steps is None else round(width * event.step / event.steps)
    return f"[{'=' * done}{' ' * (width - done)}]"


def sample_in_words(event: events.Previewed) -> str:
    """What the model writes, as text; characters that would move a terminal's cursor are shown as their pictures."""
    return event.text.translate(_CONTROLS).strip("\n")


def prompt(event: events.Previewed) -> str:
    """What the sample goes on from, or what was to be translated."""
    return event.prompt.translate(_CONTROLS).strip("\n")


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _figures(nats: float, figures: dict[str, float]) -> str:
    others = "".join(f", {value:.4f} {name.replace('_', ' ')}" for name, value in figures.items())
    return f"held-out loss {nats:.4f} nats per token{others}"


def _time(event: events.Progress, passed: float) -> str:
    if event.steps is None:
        return f"{duration(event.seconds + passed)} so far"
    left = (event.steps - event.step) * event.seconds / max(1, event.step) - passed
    return f"{duration(max(0.0, left))} left"
