"""Speed of the page's engine, side by side with the compiled decoder on one core: in Chromium and in Node.

Every figure is the median of several turns; in each turn all are measured, one after the other, so that what else the
machine does weighs on all. Rewrites its section of ``benchmarks/RESULTS.md``.

    python benchmarks/page.py [--turns N] [--seconds S] [--print]
"""

import argparse
import base64
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generation import models, one_core, shape_of, writing
from results import table, write_section
from riverrun.page.packing import engine_script, pack_model

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from page_engine import node
from page_models import directory, files
from person import open_browser

HERE = Path(__file__).parent
SHAPES = ((128, 1), (256, 1), (512, 1))
ROWS = {
    "compiled decoder, one core": ("compiled",),
    "the page in Chromium": ("chromium", "simd"),
    "the same without WebAssembly": ("chromium", "plain"),
    "the engine in Node": ("node", "simd"),
    "the same, plain": ("node", "plain"),
}

IN_THE_PAGE = """
const [packed, script, simd, seconds, done] = arguments;
const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
(async () => {
  new Function(script)();
  const engine = new riverrunEngine.EngineClient(new Worker(url));
  await engine.unpack(bytes, { simd });
  const opening = await engine.opening();
  const write = async (count) => {
    const began = performance.now();
    let first = 0;
    const asked = { seed: 1, count, states: true, surprisal: true };
    const writing = engine.write(opening, asked, () => { first ||= performance.now() - began; });
    const { written } = await writing.done;
    return { rate: (1000 * written) / (performance.now() - began), first, all: performance.now() - began };
  };
  await write(400);
  const some = await write(400);
  const many = await write(Math.ceil(some.rate * seconds));
  engine.close();
  done({ rate: many.rate, first: some.first, all: some.all });
})().catch((error) => done({ error: String(error) }));
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure of each turn")
    parser.add_argument("--print", action="store_true", help="only show it")
    options = parser.parse_args(arguments)
    body = measure(options.turns, options.seconds)
    if options.print:
        print(body)
    else:
        write_section("page", "The page's engine", "python benchmarks/page.py", body)


def measure(turns: int, seconds: float) -> str:
    """The section's tables."""
    browser = open_browser()
    browser.set_script_timeout(120)
    try:
        with tempfile.TemporaryDirectory() as folder:
            browser.get(blank(Path(folder)))
            found = {shape: of_shape(browser, Path(folder), shape, turns, seconds) for shape in SHAPES}
    finally:
        browser.quit()
    header = ["characters a second", *(f"{layers} x {hidden}" for hidden, layers in SHAPES)]
    rows = [[name, *(f"{found[shape][name]:,.0f}" for shape in SHAPES)] for name in ROWS]
    compiled, page, plain = list(ROWS)[:3]
    shares = [f"{found[shape][page] / found[shape][compiled]:.2f}" for shape in SHAPES]
    times = [f"{found[shape][page] / found[shape][plain]:.1f}" for shape in SHAPES]
    rows += [["page / compiled", *shares], ["page / plain", *times]]
    waits = [
        [name, *(f"{found[shape][key]:.0f} ms" for shape in SHAPES)]
        for name, key in (("the first of 400", "first"), ("all 400", "all"))
    ]
    shown = "The page keeps the state and the surprisal of every character as it writes."
    return "\n\n".join([table(header, rows), table(["in the page", *header[1:]], waits), shown])


def of_shape(browser, folder: Path, shape: tuple[int, int], turns: int, seconds: float) -> dict[str, float]:
    """The figures of an LSTM of that shape, medians."""
    hidden, layers = shape
    with one_core():
        model, compiled = models(hidden, layers)
    path = folder / f"{layers}x{hidden}"
    write_model(path, model, hidden, layers)
    packed = base64.b64encode(pack_model(path)).decode()
    turn_by_turn: dict[str, list[float]] = {}
    with one_core():
        rate = writing(compiled, 1, seconds)
        for _ in range(turns):
            figures = {"compiled": {"": rate()}}
            for kind in ("simd", "plain"):
                there = browser.execute_async_script(
                    IN_THE_PAGE, packed, engine_script(), kind == "simd", seconds
                )
                if "error" in there:
                    raise SystemExit(there["error"])
                figures.setdefault("chromium", {})[kind] = there["rate"]
                if kind == "simd":
                    for name in ("first", "all"):
                        turn_by_turn.setdefault(name, []).append(there[name])
            command = [node(), str(HERE / "page_engine.mjs"), str(path), str(seconds)]
            figures["node"] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            for name, (where, *kind) in ROWS.items():
                turn_by_turn.setdefault(name, []).append(figures[where][kind[0] if kind else ""])
    return {name: statistics.median(values) for name, values in turn_by_turn.items()}


def write_model(path: Path, model, hidden: int, layers: int) -> None:
    """A model directory of torch weights."""
    weights = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in model.state_dict().items()}
    directory(path, files(weights, shape_of(hidden, layers)))


def blank(folder: Path) -> str:
    """The address of an empty page that is opened from the disk."""
    (folder / "blank.html").write_text("<!doctype html><title>engine</title>", encoding="utf-8")
    return (folder / "blank.html").as_uri()


if __name__ == "__main__":
    main()
