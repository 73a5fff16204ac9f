"""Two fuzzers against a server of two language models and a translator: schemathesis over its whole schema, and bytes
on the socket.

    python -m venv fuzz && fuzz/bin/pip install schemathesis
    python benchmarks/serving_fuzz.py --schema fuzz/bin/schemathesis [--requests 20000] [--bytes 20000] [--seed N]

Exits with 1 if anything was answered with 5xx (but 503 with Retry-After), hung, or was complained of. Rewrites its
section of ``benchmarks/RESULTS.md``. The server has small bounds, so that requests that are accepted cost little.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import riverrun
import tiny_pairs
from results import table, write_section
from tiny_server import Server, running, until

HOOKS = "serving_fuzz_models"
BOUNDS = ("--max-tokens", 50, "--max-symbols", 500, "--max-receive", 2)
HEAD = b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
BODIES = (
    b'{"model": "characters", "prompt": "the ", "max_tokens": 3}',
    b'{"model": "subwords", "prompt": [[2, 3], []], "max_tokens": 2, "logprobs": 1, "echo": true, "n": 2}',
    b'{"model": "characters", "prompt": "a", "max_tokens": 5, "stream": true, "stop": ["b"], "logit_bias": {"3": 1.5}}',
)
BITS = (
    b"\x00",
    b"\r\n",
    b"\r\n\r\n",
    b"\xff",
    b'"',
    b"[" * 50,
    b"NaN",
    b"1e999",
    b"%00",
    b"chunked",
    b"-1",
    b"\\ud800",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schema", metavar="SCHEMATHESIS", required=True, help="the program")
    parser.add_argument("--requests", type=int, default=20_000, help="of schemathesis, at least")
    parser.add_argument("--bytes", type=int, default=20_000, help="connections with mangled bytes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder / "server", *models(folder), *BOUNDS) as server:
            complaints, answered = fuzz_schema(server, options.schema, options.requests, options.seed)
            wrong, talked = fuzz_bytes(server, options.bytes, options.seed)
            assert server.get("/health").status == 200
            until(server.is_quiet)
            failures = [line for line in server.log if line.get("event") == "failure"]
    rows = [
        ["schemathesis, whole schema", *counted(answered), str(complaints)],
        ["mangled bytes on the socket", *counted(talked), str(wrong)],
    ]
    header = [
        "requests",
        "sent",
        "answered (2xx)",
        "refused (4xx)",
        "503",
        "other 5xx",
        "closed or left",
        "complaints",
    ]
    body = table(header, rows) + f"\n\n{len(failures)} failures in the server's log."
    write_section(
        "serving-fuzz", "The server, fuzzed", "python benchmarks/serving_fuzz.py --schema SCHEMATHESIS", body
    )
    sys.exit(bool(complaints or wrong or failures))


def models(folder: Path) -> list[str]:
    """Hardly trained ones: characters, subwords, pairs."""
    quick = {"training.threads": 1, "training.preview_length": 1, "model.hidden": 32}
    subwords = {"text.unit": "bpe", "text.max_vocabulary": 400}
    riverrun.train("python-docs", output=folder / "characters", steps=2, settings=quick)
    riverrun.train("python-docs", output=folder / "subwords", steps=2, settings={**quick, **subwords})
    pairs = tiny_pairs.write(folder / "pairs.tsv", tiny_pairs.pronunciations())
    tiny_pairs.train(pairs, folder / "pairs", steps=20)
    return [str(folder / each) for each in ("characters", "subwords", "pairs")]


def fuzz_schema(server: Server, program: str, requests: int, seed: int) -> tuple[int, Counter[str]]:
    """Every operation of the schema, with new seeds until there were that many requests.

    Returns how often it complained, and how often the server answered with which status, as its log tells.
    """
    names = [each["id"] for each in server.get("/v1/models").json["data"]]
    here = {"PYTHONPATH": str(Path(__file__).parent), "SCHEMATHESIS_HOOKS": HOOKS}
    command = [program, "run", f"http://127.0.0.1:{server.port}/openapi.json", "--mode", "all"]
    command += ["--checks", "not_a_server_error", "--request-timeout", "30", "--continue-on-failure"]
    command += ["--phases", "examples,coverage,fuzzing"]
    complaints, before = 0, len(server.log)
    while (left := requests - (len(server.log) - before)) > 0:
        examples = str(max(10, min(500, left // 6)))  # six of the operations take bodies
        done = subprocess.run(
            [*command, "--seed", str(seed), "--max-examples", examples],
            env=os.environ | here | {"RIVERRUN_MODELS": ",".join(names)},
            check=False,
        )
        complaints += done.returncode != 0
        seed += 1
    return complaints, Counter(str(line["status"]) for line in server.log[before:] if "status" in line)


def counted(found: Counter[str]) -> list[str]:
    """The cells of a row of the table."""
    first = Counter[str]()
    for status, count in found.items():
        first["503" if status == "503" else status[0] if status.isdecimal() else "none"] += count
    cells = (sum(found.values()), first["2"], first["4"], first["503"], first["5"], first["none"])
    return [f"{count:,}" for count in cells]


def fuzz_bytes(server: Server, count: int, seed: int) -> tuple[int, Counter[str]]:
    """Requests whose bytes are changed, cut, sent in pieces or slowly; how many went wrong, and how all ended."""
    draw, wrong, ends = random.Random(seed), 0, Counter[str]()
    for number in range(count):
        body = draw.choice(BODIES)
        data = mangled(HEAD + b"content-length: %d\r\n\r\n%s" % (len(body), body), draw)
        status = talk(server.port, data, draw)
        ends[status] += 1
        if status.startswith("5") and status != "503":
            wrong += 1
            print(f"{number}: {status} for {data!r}")
    return wrong, ends


def mangled(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(0, 5)):
        place = draw.randrange(len(changed))
        match draw.randrange(4):
            case 0:
                changed[place] = draw.randrange(256)
            case 1:
                del changed[place : place + draw.randint(1, 9)]
            case 2:
                changed[place:place] = draw.choice(BITS)
            case _:
                changed[place:place] = changed[place : place + draw.randint(1, 200)]
        changed = changed or bytearray(b"x")
    return bytes(changed if draw.random() < 0.8 else changed[: draw.randrange(len(changed)) + 1])


def talk(port: int, data: bytes, draw: random.Random) -> str:
    """The status of the answer, or what came instead."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            cut = draw.randrange(len(data)) if draw.random() < 0.3 else len(data)
            connection.sendall(data[:cut])
            if cut < len(data):
                time.sleep(draw.choice([0, 0.001, 0.01]))
                connection.sendall(data[cut:])
            if draw.random() < 0.7:
                connection.shutdown(socket.SHUT_WR)
            elif draw.random() < 0.5:
                return "left"
            line = connection.makefile("rb").readline(200)
        except TimeoutError:
            return "5 hung"
        except OSError:
            return "reset"
    return (
        line.split()[1].decode("ascii", "replace") if line.startswith(b"HTTP/") and b" " in line else "closed"
    )


if __name__ == "__main__":
    main()
