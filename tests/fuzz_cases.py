"""What people give, made at random: texts, pairs, settings files and command lines. Case k is the same everywhere."""

import contextlib
import gzip
import io
import json
import random
import string
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10.0  # no case may take longer
LONGEST = 20_000  # characters on stderr
WIDEST = 2_000  # of a line there

WORDS = (
    "river",
    "the",
    "age",
    "naïve",
    "天気",
    "👩‍👩‍👧",
    "שלום",
    "e\u0301",
    "\u2028",
    "\u200b",
    "<b>",
    "&amp;",
    '"',
    "\\",
)
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "1e-3",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "99999999999999999999",
    "0x10",
    "1_0",
)
ODD = (
    "",
    " ",
    "-",
    "--",
    "auto",
    "true",
    "false",
    "none",
    "\udcff",
    "a\x00b",
    "天",
    "=",
    "../..",
    "x" * 3000,
    "\x1b[2J",
)
SUFFIXES = (
    *(
        "",
        ".txt",
        ".md",
        ".tsv",
        ".jsonl",
        ".ndjson",
        ".csv",
        ".html",
        ".xml",
        ".pdf",
        ".docx",
        ".odt",
        ".epub",
        ".rtf",
    ),
    *(".gz", ".zip", ".json", ".py", ".tex", ".txt.gz", ".tsv.gz", ".TSV", ".bin", ".zst", ".bz2", ".xz"),
)
SMALL = ("--steps=2", "--training.threads=1", "--model.hidden=4", "--model.embedding=4", "--training.batch=2")
SHORT = (
    "--training.chunk=4",
    "--training.preview-length=2",
    "--training.precision=fp32",
    "--training.warmup=1",
)


@dataclass(frozen=True)
class Fault:
    """What must not happen, and how to see it again."""

    case: int
    what: str
    arguments: tuple[str, ...]
    said: str
    slow: bool = False


class Hang(BaseException):
    """Raised by a watchdog in the middle of a case."""


def run_case(number: int, folder: Path, model: Path, translator: Path) -> Fault | None:
    """Make case ``number`` in a folder and run it in this process; returns what is wrong, if anything is."""
    from riverrun.cli.main import main

    draw = random.Random(number)
    arguments = draw.choice(KINDS)(draw, folder, model, translator)
    out, err = io.StringIO(), io.StringIO()
    began, code, failure = time.monotonic(), None, ""
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("default")
            code = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    except Hang:
        failure = f"more than {SECONDS:g} s"
    except BaseException:
        failure = traceback.format_exc()
    seconds, said = time.monotonic() - began, err.getvalue()
    what = failure or _wrong(code, said, seconds)
    return Fault(number, what, tuple(arguments), said[-2000:], seconds > SECONDS) if what else None


def warm_up(model: Path, translator: Path) -> None:
    """Compile what is compiled once on a machine, so that no case has to wait for it."""
    import riverrun

    riverrun.load(model).generate("the", 5)
    riverrun.load(translator).translate(["ab"])


def _wrong(code: object, said: str, seconds: float) -> str:
    if code not in (0, 1, 2):
        return f"exit code {code}"
    if "Traceback" in said or "(--debug shows where)" in said:
        return "an error that no room foresaw"
    complaints = [line for line in said.split("\n") if line.startswith("riverrun")]
    if code and len(complaints) != 1:
        return f"exit code {code} with {len(complaints)} lines of complaint"
    if len(said) > LONGEST or max(map(len, said.split("\n"))) > WIDEST:
        return "a flood"
    return f"{seconds:.0f} s" if seconds > SECONDS else ""


def _train_text(draw: random.Random, folder: Path, model: Path, translator: Path) -> list[str]:
    texts = [_file(draw, folder, _content(draw, text_bytes(draw))) for _ in range(draw.choice((1, 1, 1, 2)))]
    held_out = ["--data.validation", _file(draw, folder, text_bytes(draw))] if draw.random() < 0.2 else []
    settings = draw.choice(
        (
            *([], [], []),
            *(["--text.unit", unit] for unit in ("byte", "word", "bpe", "jieba", "clause", "char")),
            *(["--text.unknown", policy] for policy in ("spell", "unknown", "skip", "refuse")),
            *(["--task", task] for task in ("language", "translation", "tagging")),
            *(
                ["--data.reading", "windows", "--data.window", "4"],
                ["--text.normalize", "NFKD", "--text.lower"],
            ),
        )
    )
    return ["train", *texts, "-o", str(folder / "model"), "--overwrite", *SMALL, *SHORT, *held_out, *settings]


def _train_pairs(draw: random.Random, folder: Path, model: Path, translator: Path) -> list[str]:
    suffix = draw.choice((".tsv", ".tsv", ".jsonl", ".txt", ".csv"))
    rows = pair_rows(draw, suffix)
    path = _file(draw, folder, _content(draw, rows.encode("utf-8", "surrogatepass")), suffix)
    settings = draw.choice(
        (
            *([], [], *[["--data.skip-bad"]] * 4, ["--task", "tagging"], ["--task", "language"]),
            *(["--model.attention", kind] for kind in ("none", "dot", "additive", "monotone")),
            *(["--data.source-unit", unit] for unit in ("byte", "word", "bpe", "symbols", "jieba")),
        )
    )
    small = [
        "--steps=1",
        "--training.threads=1",
        "--model.hidden=4",
        "--model.embedding=4",
        "--training.warmup=1",
    ]
    return ["train", path, "-o", str(folder / "model"), "--overwrite", *small, *settings]


def _train_settings(draw: random.Random, folder: Path, model: Path, translator: Path) -> list[str]:
    text = folder / "plain.txt"
    text.write_text("the river runs where it will and on " * 20, encoding="utf-8")
    config = folder / "settings.toml"
    config.write_bytes(_content(draw, toml(draw).encode("utf-8", "surrogatepass"), 0.3))
    return [
        "train",
        str(text),
        "-o",
        str(folder / "model"),
        "--overwrite",
        "--config",
        str(config),
        *SMALL,
        *SHORT,
    ]


def _command_line(draw: random.Random, folder: Path, model: Path, translator: Path) -> list[str]:
    """A command with options known and unknown, good and bad values; none of them asks for hours or gigabytes."""
    text = str(folder / "plain.txt")
    Path(text).write_text("the river runs where it will and on " * 20, encoding="utf-8")
    command = draw.choice(
        ("train", "generate", "score", "evaluate", "translate", "show", "data", "reproduce", "typo")
    )
    places = [str(model), str(translator), text, str(folder), "nosuch", *ODD]
    likely = {"translate": str(translator), "train": text}.get(command, str(model))
    arguments = [
        command,
        *(likely if draw.random() < 0.7 else draw.choice(places) for _ in range(draw.randint(0, 2))),
    ]
    if command in ("score", "evaluate"):
        arguments.append(draw.choice((text, text, *places)))
    if command == "data":
        arguments = ["data", *draw.sample(["list", "get", "nosuch", "--json", *ODD], draw.randint(0, 3))]
    if command == "reproduce":  # without a recipe's name they are listed
        arguments = ["reproduce", *draw.sample(["nosuch", "--json", "--seeds", *ODD], draw.randint(0, 2))]
    for _ in range(draw.randint(0, 4)):
        option = _misspelt(draw, draw.choice(OPTIONS))
        value = draw.choice(draw.choice((NUMBERS, ODD, ("NFC", "lstm", "fp32", "bf16", "word", "dot", text))))
        place = draw.randint(1, len(arguments))
        arguments[place:place] = draw.choice(([option, value], [f"{option}={value}"], [option]))
    if command == "train":
        arguments += ["-o", str(folder / "model"), "--overwrite", *SMALL, *SHORT]
    elif command == "generate":
        arguments += ["--length", draw.choice(("3", "20"))]
    return arguments


KINDS: tuple[Callable[[random.Random, Path, Path, Path], list[str]], ...] = (
    _train_text,
    _train_pairs,
    _train_settings,
    _command_line,
    _command_line,
    _command_line,
)

OPTIONS = (
    *(
        "--temperature",
        "--top-k",
        "--top-p",
        "--min-p",
        "--typical-p",
        "--repetition-penalty",
        "--repetition-window",
    ),
    *(
        "--stop",
        "--seed",
        "--greedy",
        "--uniform",
        "--json",
        "--beam",
        "--n-best",
        "--length-penalty",
        "--ensemble",
    ),
    *(
        "--precision",
        "--score",
        "--skip-bad",
        "--text.unit",
        "--text.lower",
        "--data.validation",
        "--data.stride",
    ),
    *("--model.core", "--model.dropout", "--model.tied", "--training.optimizer", "--training.schedule"),
    *(
        "--training.learning-rate",
        "--training.clip",
        "--training.seed",
        "--training.device",
        "--config",
        "--task",
    ),
    *(
        "--training.preview-temperatures",
        "--training.evaluate-every",
        "--resume",
        "--model.input",
        "--text.min-count",
    ),
)


def text_bytes(draw: random.Random) -> bytes:
    """A text in some encoding and form."""
    joined = draw.choice((" ", "\n", "\r\n", "\r", ""))
    text = joined.join(draw.choices(WORDS, k=draw.choice((0, 1, 3, 40, 300))))
    encoding = draw.choice(
        (*["utf-8"] * 6, "utf-8-sig", "utf-16", "utf-32", "cp1252", "gb18030", "shift_jis")
    )
    raw = text.encode(encoding, "replace")
    match draw.randrange(12):
        case 0:
            return gzip.compress(raw)
        case 1:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr(draw.choice(("a.txt", "word/document.xml", "content.xml", "mimetype")), raw)
            return packed.getvalue()
        case 2:
            return b"<html><body><p>" + raw + b"</p><script>x</script>"
        case 3:
            return draw.choice((b"%PDF-1.4\n", b"{\\rtf1 ", b"PK\x03\x04", b"\x89PNG\r\n", b"\x7fELF")) + raw
        case _:
            return raw


def pair_rows(draw: random.Random, suffix: str) -> str:
    """Lines of pairs, some of which are none."""
    rows = []
    for _ in range(draw.choice((0, 1, 2, 20, 80))):
        source, target = (" ".join(draw.choices(WORDS[:8], k=draw.randint(0, 4))) for _ in range(2))
        good = (
            json.dumps({"source": source, "target": target}) if suffix == ".jsonl" else f"{source}\t{target}"
        )
        bad = draw.choice(
            (
                "",
                "\t",
                f"{source}",
                f"{source}\t{target}\tthird",
                "{}",
                "[1, 2]",
                '{"source": 1, "target": "x"}',
                '{"source": "\\ud800", "target": "x"}',
                "null",
                "source\ttarget",
                "a," + target,
                "\t\t\t",
                '"' + source,
            )
        )
        rows.append(good if draw.random() < 0.97 else bad)
    if draw.random() < 0.05:
        rows.append(f"{'a' * draw.choice((600, 5000))}\tb")
    return draw.choice(("\n", "\n", "\n", "\r\n", "\r")).join(rows)


KNOWN = (
    *(
        ("model", "hidden", "5"),
        ("model", "layers", "2"),
        ("model", "core", '"gru"'),
        ("model", "dropout", "0.1"),
    ),
    *(("model", "tied", "true"), ("model", "input", '"one-hot"'), ("model", "core", '"conv"')),
    *(
        ("text", "unit", '"word"'),
        ("text", "lower", "true"),
        ("text", "min_count", "2"),
        ("text", "unit", '"bpe"'),
    ),
    *(("text", "unknown", '"spell"'), ("text", "normalize", '"NFC"'), ("data", "validation", "0.2")),
    *(
        ("data", "reading", '"windows"'),
        ("data", "window", "5"),
        ("data", "stride", "2"),
        ("data", "field", '"x"'),
    ),
    *(("training", "optimizer", '"sgd"'), ("training", "clip", "0.5"), ("training", "schedule", '"plateau"')),
    *(("training", "early_stopping", "1"), ("training", "seed", "7"), ("training", "evaluate_every", "1")),
    *(
        ("training", "weight_decay", "0.1"),
        ("training", "preview_temperatures", "[0.5]"),
        ("budget", "steps", "1"),
    ),
)
"""Settings with a value that they may have."""


def toml(draw: random.Random) -> str:
    """A settings file: sections, keys and values, known and not."""
    keys = (
        "hidden",
        "unit",
        "lower",
        "batch",
        "optimizer",
        "minutes",
        "validation",
        "layers",
        "",
        "a.b",
        "天",
        "core",
    )
    values = (
        *NUMBERS,
        "true",
        '"auto"',
        '"char"',
        "[]",
        "[1, 'x']",
        "{}",
        "{a = 1}",
        "2024-01-01",
        '"\\u0000"',
        "'x'",
    )
    lines = []
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        section, key, known = draw.choice(KNOWN)
        lines += [f"[{section}]", f"{key} = {draw.choice((known, known, *values))}"]
    if draw.random() < 0.5:
        return "\n".join(lines)
    for _ in range(draw.randint(0, 8)):
        if draw.random() < 0.4:
            lines.append(
                f"[{draw.choice(('text', 'data', 'model', 'training', 'budget', 'nosuch', 'a.b', '', '['))}]"
            )
        else:
            value = draw.choice(values)
            lines.append(f"{draw.choice(keys)} = {value}")
    return "\n".join(line for line in lines if not _costly(line))


def _costly(line: str) -> bool:
    """Whether a setting may ask for hours or gigabytes, which is no fault."""
    return "minutes" in line


def _content(draw: random.Random, raw: bytes, share: float = 0.5) -> bytes:
    """The bytes, or the same with a few of them changed."""
    if draw.random() > share:
        return raw
    changed = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 8))):
        place = draw.randint(0, len(changed))
        match draw.randrange(5):
            case 0 if changed:
                changed[place % len(changed)] = draw.randrange(256)
            case 1:
                changed[place:place] = draw.randbytes(draw.choice((1, 2, 50)))
            case 2:
                del changed[place : place + draw.choice((1, 3, 100))]
            case 3:
                del changed[place:]
            case _:
                changed[place:place] = changed[: draw.choice((1, 10, 500))]
    return bytes(changed)


def _file(draw: random.Random, folder: Path, content: bytes, suffix: str | None = None) -> str:
    name = draw.choice(("text", "天", "with blank", "a'b", ".hidden", "UPPER", "x" * 100)) + str(
        draw.randrange(3)
    )
    path = folder / (name + (draw.choice(SUFFIXES) if suffix is None else suffix))
    path.write_bytes(content)
    return str(path)


def _misspelt(draw: random.Random, option: str) -> str:
    if draw.random() > 0.15:
        return option
    place = draw.randint(2, len(option))
    return (
        option[:place] + draw.choice(string.ascii_lowercase + "-._ ") + option[place + draw.randint(0, 1) :]
    )
