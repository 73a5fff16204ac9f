"""Law 8 over long runs: how often the page's engine chooses another symbol than the plain decoder after the same text.

Each difference is looked at: it must be a draw at the edge of a symbol's share, where rounding decides, or this ends in
an AssertionError. Rewrites its section of ``benchmarks/RESULTS.md``.

    python benchmarks/page_ties.py [--symbols N]
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import page_models
import riverrun
from laws.test_fast_equals_plain import differences, random_model
from page_engine import Engine, files_of
from results import table, write_section
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import Sampling

SHAPES = {
    "LSTM 1 x 128, random": {"core": "lstm", "hidden": 128, "layers": 1, "vocabulary": 90},
    "GRU 2 x 64, random": {"core": "gru", "hidden": 64, "layers": 2, "vocabulary": 90},
    "convolution 3 x 64, random": {"core": "conv", "hidden": 64, "layers": 3, "vocabulary": 90},
}
SAMPLING = Sampling(temperature=1.0, top_p=0.95, repetition_penalty=1.1)
NAMES = {"temperature": 1.0, "topP": 0.95, "repetitionPenalty": 1.1}
PROMPT = [5, 6, 7]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--symbols", type=int, default=100_000, help="of each run")
    options = parser.parse_args(arguments)
    rows, all_of_them, symbols = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (plain, files) in models(Path(folder)).items():
            found = [ties(plain, files, simd, options.symbols) for simd in (True, False)]
            rows.append([name, f"{options.symbols:,}", *map(str, found)])
            all_of_them, symbols = all_of_them + sum(found), symbols + 2 * options.symbols
    header = ["model", "symbols", "differences, WebAssembly", "differences, plain JavaScript"]
    told = (
        f"{all_of_them} of {symbols:,} symbols are not those of the plain decoder after the same text; each is a draw "
        "at the edge of a symbol's share, where a rounding error decides. (Temperature 1, top-p 0.95, repetition "
        "penalty 1.1; the engine in Node, which runs Chromium's V8.)"
    )
    write_section(
        "page-ties",
        "Law 8: the page is the program",
        "python benchmarks/page_ties.py",
        f"{table(header, rows)}\n\n{told}",
    )


def models(folder: Path) -> dict[str, tuple[PlainDecoder, dict]]:
    """Decoders, and what the page reads of the same models."""
    found = {}
    for name, shape in SHAPES.items():
        weights, resolved = random_model(**shape)
        found[name] = PlainDecoder(weights, resolved), page_models.files(weights, resolved)
    quick = {"training.threads": 1, "training.preview_length": 1, "model.hidden": 256}
    riverrun.train("python-docs", output=folder / "trained", steps=100, settings=quick, progress=False)
    model = riverrun.load(folder / "trained")
    assert isinstance(model, riverrun.TrainedLanguageModel)
    found["LSTM 1 x 256, trained"] = (
        PlainDecoder(model._bundle.weights, model.settings.model),
        files_of(folder / "trained"),
    )
    return found


def ties(plain: PlainDecoder, files: dict, simd: bool, symbols: int) -> int:
    """Differences in one run."""
    engine = Engine()
    try:
        engine.load_files(files, simd=simd)
        options = {"seed": 11, "sampling": NAMES}
        blocks = engine("write", ids=PROMPT, options=options, counts=[1000] * (symbols // 1000))
    finally:
        engine.close()
    text = [symbol for block in blocks for symbol in block["ids"]]
    assert len(text) == symbols
    return differences(plain, text, PROMPT, SAMPLING, 11)


if __name__ == "__main__":
    main()
