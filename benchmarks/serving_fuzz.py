"""Two fuzzers against a running server: schemathesis over its schema, and bytes on the socket.

    python -m venv fuzz && fuzz/bin/pip install schemathesis
    python benchmarks/serving_fuzz.py http://127.0.0.1:8000 --bytes 20000
    python benchmarks/serving_fuzz.py http://127.0.0.1:8000 --schema fuzz/bin/schemathesis --requests 20000

Start the server with small bounds, such as --max-tokens 50 --max-symbols 500 --max-receive 2, so that requests that
are accepted cost little. Exits with 1 if anything was answered with 5xx (but 503 with Retry-After) or hung.
"""

import argparse
import random
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

HEAD = b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
BODIES = (
    b'{"prompt": "the ", "max_tokens": 3}',
    b'{"prompt": [[2, 3], []], "max_tokens": 2, "logprobs": 1, "echo": true, "n": 2}',
    b'{"prompt": "a", "max_tokens": 5, "stream": true, "stop": ["b"], "logit_bias": {"3": 1.5}}',
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
    parser.add_argument("url")
    parser.add_argument("--bytes", type=int, default=0, help="connections with mangled bytes")
    parser.add_argument("--schema", metavar="SCHEMATHESIS", help="the program")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    if options.bytes:
        failed |= fuzz_bytes(options.url, options.bytes, options.seed)
    if options.schema:
        failed |= fuzz_schema(options.url, options.schema, options.requests, options.seed)
    sys.exit(failed)


def fuzz_bytes(url: str, count: int, seed: int) -> bool:
    """Requests whose bytes are changed, cut, sent in pieces or slowly; returns whether anything was wrong."""
    parts, draw, wrong, kinds = urlsplit(url), random.Random(seed), 0, {}
    assert parts.hostname
    assert parts.port
    for number in range(count):
        body = draw.choice(BODIES)
        data = mangled(HEAD + b"content-length: %d\r\n\r\n%s" % (len(body), body), draw)
        status = talk(parts.hostname, parts.port, data, draw)
        kinds[status] = kinds.get(status, 0) + 1
        if status.startswith("5") and status != "503":
            wrong += 1
            print(f"{number}: {status} for {data!r}")
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert answer.status == 200
    print(f"{count} mangled connections: {dict(sorted(kinds.items()))}, {wrong} wrong")
    return wrong > 0


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


def talk(host: str, port: int, data: bytes, draw: random.Random) -> str:
    """The status of the answer, or what came instead."""
    with socket.create_connection((host, port), timeout=30) as connection:
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
            return "500 hung"
        except OSError:
            return "reset"
    return (
        line.split()[1].decode("ascii", "replace") if line.startswith(b"HTTP/") and b" " in line else "closed"
    )


def fuzz_schema(url: str, program: str, requests: int, seed: int) -> bool:
    """Every operation of the schema, with as many examples as make that many requests; whether anything was wrong."""
    operations = 12
    command = [program, "run", f"{url}/openapi.json", "--checks", "not_a_server_error", "--seed", str(seed)]
    command += ["--max-examples", str(requests // operations), "--request-timeout", "30", "--mode", "all"]
    command += ["--continue-on-failure", "--phases", "examples,coverage,fuzzing"]
    return subprocess.run(command, check=False).returncode != 0


if __name__ == "__main__":
    main()
