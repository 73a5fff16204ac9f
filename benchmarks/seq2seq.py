"""Sequence to sequence, measured: pronunciation, speed, sums, sentences; writes its sections of RESULTS.md.

    python benchmarks/seq2seq.py [g2p] [speed] [addition] [sentences] [--peers] [--fresh]

Models are kept under ``.bench/seq2seq``; one that is there already is not trained again, unless ``--fresh``; that of
sums always is, because the peer runs at the same time.
With ``--peers``, yoyodyne and Keras run beside ours.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import peers
from results import table, write_section

RIVERRUN = Path(sys.executable).parent / "riverrun"
MODELS = peers.BENCH / "seq2seq"
MOST_WRONG = {"dut": 14.7, "kor": 16.3, "ice": 14.0}  # test word error rates to reach, in percent
MINUTES = 10
EPOCHS, BATCH = 6, 64  # of the models compared with yoyodyne's
SUMS = {
    "model.core": "gru",
    "model.hidden": "128",
    "model.attention": "additive",
    "model.bidirectional": "false",
    "model.dropout": "0",
    "training.label-smoothing": "0",
    "training.preview-length": "0",
    "minutes": "0.5",
}
SUM_FLAGS = [word for name, value in SUMS.items() for word in (f"--{name}", value)]
ON_CORE = ("taskset", "-c")


def train(name: str, *arguments: str) -> dict:
    """Train a model unless it is there; the facts of its manifest."""
    if not kept(name):
        subprocess.run([RIVERRUN, "train", *arguments, "-o", MODELS / name, "--overwrite"], check=True)
    return facts_of(name)


def train_at_once(jobs: dict[str, tuple[str, ...]]) -> None:
    """Train models, each on a core of its own, unless they are there."""
    running = [
        subprocess.Popen(
            [*ON_CORE, str(core), RIVERRUN, "train", *arguments, "-o", MODELS / name, "--overwrite"]
        )
        for core, (name, arguments) in enumerate(jobs.items())
        if not kept(name)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit("a training run failed")


def kept(name: str) -> bool:
    """Whether a model is there already and may be used."""
    if "--fresh" in sys.argv:
        shutil.rmtree(MODELS / name, ignore_errors=True)
    return (MODELS / name / "manifest.json").exists()


def facts_of(name: str) -> dict:
    """What the manifest of a model says."""
    return json.loads((MODELS / name / "manifest.json").read_text())["facts"]


def evaluate(name: str, pairs: Path, *arguments: str) -> dict:
    """What ``riverrun evaluate`` says of a model."""
    command = [RIVERRUN, "evaluate", MODELS / name, pairs, "--json", *arguments]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def g2p() -> str:
    """Pronunciation: trained on the train file, chosen by the dev file, the test file read once."""
    rows = []
    for language, most in MOST_WRONG.items():
        train_file, dev, test = (
            peers.DATA / "g2p" / f"{language}_{part}.tsv" for part in ("train", "dev", "test")
        )
        name = f"g2p-{language}"
        facts = train(name, str(train_file), "--data.validation", str(dev), "--minutes", str(MINUTES))
        on_dev, on_test = (100 * evaluate(name, pairs)["word_error_rate"] for pairs in (dev, test))
        reached = "yes" if round(on_test, 1) <= most else "no"
        rows.append(
            [language, f"{facts['seconds']:.0f} s", f"{on_dev:.1f}%", f"{on_test:.1f}%", f"{most}%", reached]
        )
    header = ["language", "training", "dev word error rate", "test word error rate", "to reach", "reached"]
    return (
        table(header, rows) + f"\n\n`riverrun train LANG_train.tsv --data.validation LANG_dev.tsv "
        f"--minutes {MINUTES}`: the same defaults for all; beam 4. SIGMORPHON 2021's ensembles: 14.7%, 16.3%, "
        "12.0%."
    )


def speed() -> str:
    """A soft-attention LSTM of yoyodyne's size: hidden 256, embedding 128, batch 64, on Dutch."""
    pairs, dev = (peers.DATA / "g2p" / f"dut_{part}.tsv" for part in ("train", "dev"))
    shape = ("--model.attention", "additive", "--model.hidden", "256", "--model.embedding", "128")
    rest = ("--training.batch", str(BATCH), "--model.members", "1", "--training.preview-length", "0")
    train("speed", str(pairs), "--data.validation", str(dev), *shape, *rest, "--epochs", str(EPOCHS))
    lines = (MODELS / "speed" / "metrics.jsonl").read_text().splitlines()
    words = [line.split("\t")[0] for line in dev.read_text().splitlines()]
    trained = training_speed([json.loads(line) for line in lines])
    greedy, rounded, beam = (
        translate_speed("speed", words, width, precision)
        for width, precision in ((1, "fp32"), (1, "bf16"), (4, "fp32"))
    )
    theirs: dict[str, float] = {}
    if "--peers" in sys.argv:
        right = yoyodyne("trained", pairs, dev, "--epochs", str(EPOCHS))["exact_match"]
        timed = yoyodyne("timed", pairs, dev, "--seconds", "15")
        words_per_second = timed["words_per_second"]
        theirs = {"training": timed["pairs_per_second"], "greedy": words_per_second["1"]}
        theirs |= {"beam": words_per_second["4"], "right": right}
    rows = [
        compared("training", "pairs/s", trained, theirs.get("training")),
        compared("decoding, greedy", "words/s", greedy, theirs.get("greedy")),
        compared("decoding, greedy, --precision bf16", "words/s", rounded, theirs.get("greedy")),
        compared("decoding, beam 4", "words/s", beam, theirs.get("beam")),
        compared(f"exact match after {EPOCHS} epochs", "", exact_match(dev, "fp32"), theirs.get("right")),
        compared("the same, --precision bf16", "", exact_match(dev, "bf16"), theirs.get("right")),
    ]
    header = [
        "LSTM 256, embedding 128, soft attention, batch 64, Dutch",
        "riverrun",
        "yoyodyne 0.5.27",
        "ratio",
    ]
    return table(header, rows) + (
        "\n\nTwo threads each; exact match is over the 1,000 development words, greedy. Ours is trained with its "
        "own\ndefaults (here bf16 products), yoyodyne with its own (Adam, rate 0.001, dropout 0.2; fp32); it decodes "
        "at its\nfastest batch size."
    )


def compared(name: str, unit: str, ours: float, theirs: float | None) -> list[str]:
    """A row: a speed with its ratio to the peer's, or without a unit a share; ``theirs`` is None if not run."""
    if not unit:
        return [name, f"{ours:.3f}", f"{theirs:.3f}" if theirs else "not run", ""]
    against = [f"{theirs:,.0f} {unit}", f"{ours / theirs:.1f}"] if theirs else ["not run", ""]
    return [name, f"{ours:,.0f} {unit}", *against]


def training_speed(events: list[dict]) -> float:
    """Pairs a second between evaluations, from the second quarter of a run on."""
    pairs = seconds = 0.0
    steps = next(event["steps"] for event in events if event["event"] == "planned")
    for before, after in pairwise(events):
        if before["event"] == after["event"] == "progress" and before["step"] > steps / 4:
            pairs += BATCH * (after["step"] - before["step"])
            seconds += after["seconds"] - before["seconds"]
    return pairs / seconds


def yoyodyne(name: str, pairs: Path, dev: Path, *arguments: str) -> dict:
    """What yoyodyne_pronunciation.py measures; kept, as a model is. A timed run starts from trained weights, because
    an untrained model does not know where to end."""
    result = MODELS / f"yoyodyne-{name}.json"
    if "--fresh" in sys.argv or not result.exists():
        weights, used = MODELS / "yoyodyne.pt", MODELS / f"yoyodyne-{name}.pt"
        used.unlink(missing_ok=True)
        if name != "trained":
            shutil.copy(weights, used)
        constraint = ("--constraint", str(peers.ROOT / "constraints.txt"))
        python = peers.environment(
            "yoyodyne", *constraint, "yoyodyne==0.5.27", without=("torchvision", "torchaudio")
        )
        script = str(Path(__file__).parent / "yoyodyne_pronunciation.py")
        result.write_text(
            peers.run(python, script, str(pairs), str(dev), "--weights", str(used), *arguments).splitlines()[
                -1
            ]
        )
        if name == "trained":
            shutil.move(used, weights)
    return json.loads(result.read_text())


def exact_match(pairs: Path, precision: str) -> float:
    """Share of the greedy outputs of the model that is timed that are right."""
    return 1 - evaluate("speed", pairs, "--beam", "1", "--precision", precision)["word_error_rate"]


def translate_speed(name: str, words: list[str], beam: int, precision: Any = "fp32") -> float:
    """Words a second, the model being loaded."""
    import riverrun

    model = riverrun.load_translator(MODELS / name, precision=precision)
    model.translate(words, beam=beam)  # the first pass finds cold memory; so does the peer's first batch size
    begun = time.perf_counter()
    model.translate(words, beam=beam)
    return len(words) / (time.perf_counter() - begun)


def addition() -> str:
    """Sums of 3-digit numbers, fed backwards: ours and the Keras example on the same pairs, at the same time, each on
    one core; the last line of each is what it came to."""
    from riverrun.data.builtin_pairs import task_file

    ours = [
        str(RIVERRUN),
        "train",
        "addition-3-reversed",
        *SUM_FLAGS,
        "-o",
        str(MODELS / "addition"),
        "--overwrite",
    ]
    theirs = None
    if "--peers" in sys.argv:
        python = peers.environment("keras-tensorflow", "keras", "tensorflow")
        script, pairs = Path(__file__).parent / "keras_addition.py", task_file("addition-3-reversed")
        theirs = subprocess.Popen(
            [*ON_CORE, "1", str(python), str(script), str(pairs), "100"], stdout=subprocess.PIPE, text=True
        )
    subprocess.run([*ON_CORE, "0", *ours], check=True)
    facts = facts_of("addition")
    rows = [["riverrun", f"{facts['seconds']:.0f} s", f"{facts['validation_exact_match']:.4f}", ""]]
    if theirs is not None:
        epochs = [json.loads(line) for line in theirs.communicate()[0].splitlines()]
        last = epochs[-1]
        for name, seconds, exact in (
            (f"Keras example, {last['epoch']} epochs", last["seconds"], f"{last['exact_match']:.4f}"),
            (
                "Keras example, the published 100, at that pace",
                last["seconds"] / len(epochs) * 100,
                "not run",
            ),
        ):
            rows.append([name, f"{seconds:,.0f} s", exact, f"{seconds / facts['seconds']:.1f}"])
    header = ["50,000 sums of 3 digits, backwards", "training", "exact match on held-out sums", "times ours"]
    return table(header, rows) + (
        "\n\nBoth at the same time, each on one core (`taskset`). Keras is stopped after its first epoch above 99%. "
        f"Ours: `riverrun train addition-3-reversed {' '.join(SUM_FLAGS)}`, the whole command."
    )


def sentences() -> str:
    """English to Chinese and French with attention and without, both at once; a tenth of the sources is held out."""
    from riverrun.config.settings import Settings
    from riverrun.data.held_out import split_pairs
    from riverrun.data.pairs import open_pairs

    rows = []
    for language in ("cmn", "fra"):
        pairs = open_pairs((str(peers.DATA / f"eng-{language}.tsv"),))
        chosen = split_pairs(pairs, 0.1, Settings().training.seed).held_out()
        file = MODELS / f"eng-{language}-held-out.tsv"
        file.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in chosen))
        names = {attention: f"eng-{language}-{attention}" for attention in ("additive", "none")}
        given = (str(pairs.corpus.files[0]), "--model.hidden", "256", "--training.threads", "1")
        train_at_once(
            {
                name: (*given, "--model.attention", attention, "--minutes", str(MINUTES))
                for attention, name in names.items()
            }
        )
        for attention, name in names.items():
            figures = evaluate(name, file)
            scores = [
                f"{100 * figures['exact_match']:.1f}%",
                f"{figures['bleu']:.1f}",
                f"{figures['chrf']:.1f}",
            ]
            rows.append([f"eng-{language}", attention, f"{facts_of(name)['seconds']:.0f} s", *scores])
    return table(["pairs", "attention", "training", "exact match", "BLEU", "chrF"], rows) + (
        "\n\nCharacters, LSTM 256; with attention and without at the same time, each on one core; a tenth of the "
        "sources held\nout, every reference counts, beam 4."
    )


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "g2p": ("Pairs: pronunciation", g2p),
    "speed": ("Pairs: speed", speed),
    "addition": ("Pairs: addition", addition),
    "sentences": ("Pairs: sentences", sentences),
}


if __name__ == "__main__":
    MODELS.mkdir(parents=True, exist_ok=True)
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")] or list(PARTS)
    for part in wanted:
        title, measure = PARTS[part]
        write_section(part, title, f"python benchmarks/seq2seq.py {part} --peers", measure())
