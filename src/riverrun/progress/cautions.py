"""What should be known of a run when it begins, because its figures will not say it."""

from collections.abc import Iterator

from riverrun.training import events

FEW_TO_LEARN = 500  # symbols
FEW_TO_MEASURE = 100  # a figure of so many is good to about a tenth of a nat
WEIGHTS_PER_SYMBOL = 300


def cautions(event: events.Started) -> Iterator[str]:
    """A sentence for each thing there is too little of."""
    learned, held_out = event.training_tokens, event.validation_tokens
    if learned < FEW_TO_LEARN:
        yield (
            f"{learned:,} symbols are very little to learn from: the model will know them by heart and little else; "
            "give more text"
        )
    elif event.parameters > WEIGHTS_PER_SYMBOL * learned:
        yield (
            f"{event.parameters:,} weights for {learned:,} symbols: they are soon known by heart; give more text, or "
            "a narrower network (--model.hidden)"
        )
    if 0 < held_out < FEW_TO_MEASURE:
        yield f"held-out figures stand on {held_out:,} symbols: another {held_out:,} may give quite another figure"
