"""Sequence to sequence, measured: pronunciation, speed, sums, sentences; writes its section of RESULTS.md.

    python benchmarks/seq2seq.py [g2p] [speed] [addition] [sentences] [--fresh]

Models are kept under ``.bench/seq2seq``; one that is there already is not trained again, unless ``--fresh``.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import peers
from results import table, write_section

RIVERRUN = Path(sys.executable).parent / "riverrun"
MODELS = peers.BENCH / "seq2seq"
MOST_WRONG = {"dut": 14.7, "kor": 16.3, "ice": 14.0}  # test word error rates to reach, in percent
MINUTES = 10


def train(name: str, *arguments: str) -> dict:
    """Train a model unless it is there; the facts of its manifest."""
    folder = MODELS / name
    if "--fresh" in sys.argv:
        shutil.rmtree(folder, ignore_errors=True)
    if not (folder / "manifest.json").exists():
        subprocess.run([RIVERRUN, "train", *arguments, "-o", folder, "--overwrite"], check=True)
    return json.loads((folder / "manifest.json").read_text())["facts"]


def evaluate(name: str, pairs: Path) -> dict:
    """What ``riverrun evaluate`` says of a model."""
    run = subprocess.run(
        [RIVERRUN, "evaluate", MODELS / name, pairs, "--json"], check=True, stdout=subprocess.PIPE
    )
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
        reached = "yes" if on_test <= most else "no"
        rows.append(
            [language, f"{facts['seconds']:.0f} s", f"{on_dev:.1f}%", f"{on_test:.1f}%", f"{most}%", reached]
        )
    header = ["language", "training", "dev word error rate", "test word error rate", "to reach", "reached"]
    return (
        table(header, rows) + f"\n\n`riverrun train LANG_train.tsv --data.validation LANG_dev.tsv "
        f"--minutes {MINUTES}`: the same defaults for all; beam 4."
    )


def speed() -> str:
    """A soft-attention LSTM of yoyodyne's size: hidden 256, embedding 128, batch 64, on Dutch."""
    pairs = peers.DATA / "g2p" / "dut_train.tsv"
    shape = ["--model.attention", "additive", "--model.hidden", "256", "--model.embedding", "128"]
    steps = 250
    facts = train(
        "speed",
        str(pairs),
        *shape,
        *("--training.batch", "64", "--model.members", "1", "--steps", str(steps)),
        *("--training.preview-length", "0"),
    )
    lines = (MODELS / "speed" / "metrics.jsonl").read_text().splitlines()
    progress = [event for event in map(json.loads, lines) if event["event"] == "progress"]
    first, last = progress[len(progress) // 4], progress[-2]
    pace = 64 * (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])
    words = [line.split("\t")[0] for line in pairs.read_text().splitlines()]
    rows = [["training", f"{pace:,.0f} pairs/s ({facts['steps']} steps)"]]
    rows += [
        [f"decoding, beam {beam}", f"{translate_speed('speed', words, beam):,.0f} words/s"] for beam in (1, 4)
    ]
    return table(["LSTM 256, soft attention, Dutch", "riverrun"], rows) + (
        "\n\nyoyodyne 0.5.27 trains about 155 pairs/s on this kind of machine (another run)."
    )


def translate_speed(name: str, words: list[str], beam: int) -> float:
    """Words a second, the model being loaded."""
    import riverrun

    model = riverrun.load_translator(MODELS / name)
    model.translate(words[:10], beam=beam)
    begun = time.perf_counter()
    model.translate(words[:2000], beam=beam)
    return 2000 / (time.perf_counter() - begun)


def addition() -> str:
    """Sums of 3-digit numbers, fed backwards: ours, and the Keras example on the same pairs."""
    from riverrun.data.builtin_pairs import task_file

    facts = train("addition", "addition-3-reversed", "--minutes", "4")
    ours = ["riverrun", f"{facts['seconds']:.0f} s", f"{facts['validation_exact_match']:.4f}"]
    rows = [ours]
    if "--peers" in sys.argv:
        python = peers.environment("keras-tensorflow", "keras", "tensorflow")
        script = str(Path(__file__).parent / "keras_addition.py")
        last = json.loads(
            peers.run(python, script, str(task_file("addition-3-reversed")), "100").splitlines()[-1]
        )
        rows.append(["Keras example", f"{last['seconds']:.0f} s", f"{last['exact_match']:.4f}"])
    return table(["50,000 sums of 3 digits, backwards", "training", "exact match on held-out sums"], rows)


def sentences() -> str:
    """English to Chinese and French with attention and without; a tenth of the sources is held out."""
    from riverrun import config
    from riverrun.data.pairs import held_out, open_pairs

    rows = []
    for language in ("cmn", "fra"):
        pairs = open_pairs((str(peers.DATA / f"eng-{language}.tsv"),))
        mask = held_out(pairs, 0.1, config.Settings().training.seed)
        kept = [pair for pair, out in zip(pairs.pairs(), mask, strict=True) if out]
        file = MODELS / f"eng-{language}-held-out.tsv"
        file.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in kept))
        for attention in ("additive", "none"):
            name = f"eng-{language}-{attention}"
            shape = ("--model.attention", attention, "--model.hidden", "256")
            facts = train(name, str(pairs.corpus.files[0]), *shape, "--minutes", str(MINUTES))
            figures = evaluate(name, file)
            scores = [
                f"{100 * figures['exact_match']:.1f}%",
                f"{figures['bleu']:.1f}",
                f"{figures['chrf']:.1f}",
            ]
            rows.append([f"eng-{language}", attention, f"{facts['seconds']:.0f} s", *scores])
    return table(["pairs", "attention", "training", "exact match", "BLEU", "chrF"], rows)


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "g2p": ("Pronunciation", g2p),
    "speed": ("Speed", speed),
    "addition": ("Addition", addition),
    "sentences": ("Sentences", sentences),
}


if __name__ == "__main__":
    MODELS.mkdir(parents=True, exist_ok=True)
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")] or list(PARTS)
    body = "\n\n".join(f"### {PARTS[part][0]}\n\n{PARTS[part][1]()}" for part in wanted)
    write_section("seq2seq", "Sequence to sequence", "python benchmarks/seq2seq.py", body)
