"""Tasks whose pairs are generated: sums, dates, reversal, copying. Each is the same on every machine."""

import datetime
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from riverrun.data import cache

ABOUT = {
    "addition": "sums of 3-digit numbers; addition-N for N digits, addition-N-reversed to feed them backwards, "
    "addition-N-equal to pad sum and question with blanks to the same length",
    "dates": "dates as people write them in ten languages, to ISO 8601",
    "reverse": "random words, to be written backwards",
    "copy": "random words, to be written again",
}

# The sizes of the Keras addition example for 2 to 5 digits.
SUMS = {1: 90, 2: 5_000, 3: 50_000, 4: 400_000, 5: 550_000}

LOCALES = ("en", "en_GB", "de", "fr", "es", "it", "nl", "pt", "sv", "zh", "ja")
# Forms that name the month, or whose order of numbers cannot be mistaken.
FORMS = (
    *("full", "long", "medium"),
    *(
        "d MMMM y",
        "d MMM y",
        "EEEE, d MMMM y",
        "MMMM d, y",
        "MMM d, y",
        "d. MMMM y",
        "EEE d MMM y",
        "d MMMM, y",
    ),
    *("y-MM-dd", "y/MM/dd", "y.MM.dd", "dd.MM.y", "d.M.y"),
)

Generate = Callable[[random.Random], Iterator[tuple[str, str]]]


def parse_task(name: str) -> Generate | None:
    """The generator of a task's pairs, or None if no task has that name."""
    match = re.fullmatch(r"addition(?:-([1-5]))?(?:-(reversed|equal))?", name)
    if match:
        digits, form = int(match[1] or 3), match[2]
        return lambda draw: additions(draw, digits, form)
    return {"dates": dates, "reverse": reversals, "copy": copies}.get(name)


def task_file(name: str) -> Path | None:
    """A task's pairs as a TSV file in the cache, or None if no task has that name."""
    if (generate := parse_task(name)) is None:
        return None
    if (found := cache.find("texts", f"{name}.tsv")) is not None:
        return found
    rows = "".join(f"{source}\t{target}\n" for source, target in generate(random.Random(0)))
    return cache.keep("texts", f"{name}.tsv", rows.encode("utf-8"))


def additions(draw: random.Random, digits: int, form: str | None = None) -> Iterator[tuple[str, str]]:
    """Different sums of two numbers of up to ``digits`` digits, such as ``12+345`` and ``357``.

    The numbers have random lengths, as in the Keras example. ``reversed``: the question is written backwards;
    ``equal``: question and sum are padded with blanks, on the left, to ``2 * digits + 1`` characters.
    """
    width = 2 * digits + 1
    seen: set[tuple[int, int]] = set()
    while len(seen) < SUMS[digits]:
        first, second = (draw.randrange(10 ** draw.randint(1, digits)) for _ in range(2))
        key = (min(first, second), max(first, second))
        if key in seen:
            continue
        seen.add(key)
        question, total = f"{first}+{second}", str(first + second)
        match form:
            case "reversed":
                yield question[::-1], total
            case "equal":
                yield question.rjust(width), total.rjust(width)
            case _:
                yield question, total


def dates(draw: random.Random, count: int = 20_000) -> Iterator[tuple[str, str]]:
    """Dates from 1900 to 2099 by the rules of the Unicode locale data (CLDR), and their ISO 8601 form."""
    from babel.dates import format_date

    first = datetime.date(1900, 1, 1).toordinal()
    last = datetime.date(2099, 12, 31).toordinal()
    for _ in range(count):
        date = datetime.date.fromordinal(draw.randint(first, last))
        written = format_date(date, draw.choice(FORMS), locale=draw.choice(LOCALES))
        if draw.random() < 0.2:
            written = written.lower()
        yield written, date.isoformat()


def reversals(draw: random.Random, count: int = 10_000) -> Iterator[tuple[str, str]]:
    """Random words of 3 to 12 letters and the same backwards."""
    for word, _ in copies(draw, count):
        yield word, word[::-1]


def copies(draw: random.Random, count: int = 10_000) -> Iterator[tuple[str, str]]:
    """Random words of 3 to 12 letters, twice."""
    for _ in range(count):
        word = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(3, 12)))
        yield word, word
