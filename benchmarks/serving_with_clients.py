"""Starts a server and runs ``serving_clients.py`` against it in environments that have the real clients.

    python -m venv clients && clients/bin/pip install openai llm litellm langchain-openai langchain-community
    python -m venv judge && judge/bin/pip install 'lm_eval[api]'
    python benchmarks/serving_with_clients.py clients/bin/python judge/bin/python [--model DIRECTORY]

What ``riverrun score`` says of the texts of a task made here is handed to them, to be compared with lm-eval's
log-likelihoods. Rewrites its section of ``benchmarks/RESULTS.md``.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import riverrun
from results import table, write_section
from serving_clients import TEXTS
from tiny_server import running


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("environments", nargs="+", metavar="PYTHON")
    parser.add_argument("--model", type=Path, help="a language model; without it one is trained for a minute")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or trained(folder / "model")
        scores = folder / "scores.json"
        scores.write_text(json.dumps([nats(model, text, folder) for text in TEXTS]))
        rows = []
        with running(folder / "server", f"docs-model={model}") as server:
            url = f"http://127.0.0.1:{server.port}"
            for python in options.environments:
                command = [python, str(Path(__file__).with_name("serving_clients.py")), url, "docs-model"]
                done = subprocess.run(
                    [*command, "--scores", str(scores)], stdout=subprocess.PIPE, text=True, check=True
                )
                rows += [line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line]
    rows = [row for row in rows if row[1] != "not installed here"]
    write_section(
        "serving-clients",
        "The server, real clients",
        "python benchmarks/serving_with_clients.py clients/bin/python judge/bin/python",
        table(["client", "what it did, each checked against the server's own answer"], rows),
    )


def trained(path: Path) -> Path:
    """A language model of characters."""
    riverrun.train("python-docs", output=path, minutes=1, progress=False)
    return path


def nats(model: Path, text: str, folder: Path) -> float:
    """What ``riverrun score`` says of a text."""
    (folder / "text.txt").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "riverrun.cli.main",
        "score",
        str(model),
        str(folder / "text.txt"),
        "--json",
    ]
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return math.log(2) * sum(token["surprisal_bits"] for token in said["token_scores"])


if __name__ == "__main__":
    main()
