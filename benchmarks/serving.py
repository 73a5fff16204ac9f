"""The server under load: speed beside offline writing, first bytes, memory, disconnects, a long run.

Everything of a part is measured in one run on one machine; the clients are coroutines of this process and share the
machine with the server. Rewrites its section of ``benchmarks/RESULTS.md``.

    python benchmarks/serving.py [--turns N] [--only speed|workers|idle|disconnects|drain|soak ...] [--minutes M]
"""

import argparse
import asyncio
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import riverrun
from results import table, write_section
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin
from tiny_server import Server, post_bytes, running, until

CLIENTS = 64
STREAMS = 16  # of a server that is told to end
WARM = 3000  # requests until a server's caches and pools are as large as they become
SAMPLING = Sampling()
PARTS = ("speed", "workers", "idle", "disconnects", "drain", "soak")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--symbols", type=int, default=8000, help="written for each of the clients")
    parser.add_argument("--newcomers", type=int, default=200, help="short requests whose first byte is timed")
    parser.add_argument("--leaving", type=int, default=500, help="clients that leave")
    parser.add_argument("--endings", type=int, default=20, help="servers that are told to end")
    parser.add_argument("--minutes", type=float, default=30, help="of the long run")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies = []
        if "speed" in options.only:
            bodies.append(speed(folder, options.turns, options.symbols, options.newcomers))
        if "workers" in options.only:
            bodies.append(workers(folder, options.turns, options.symbols))
        if "idle" in options.only:
            bodies.append(idle(folder, options.turns))
        if "disconnects" in options.only:
            bodies.append(disconnects(folder, options.leaving))
        if "drain" in options.only:
            bodies.append(drain(folder, options.endings))
        if "soak" in options.only:
            bodies.append(soak(folder, options.minutes))
    name = "serving" if tuple(options.only) == PARTS else "serving-" + "-".join(options.only)
    command = " ".join(
        ["python benchmarks/serving.py", *([f"--only {' '.join(options.only)}"] if "-" in name else [])]
    )
    title = f"Serving: {', '.join(options.only)}" if "-" in name else "Serving"
    write_section(name, title, command, "\n\n".join(bodies))


def model_of(folder: Path, hidden: int) -> Path:
    """A model of that width, hardly trained: speed does not depend on the weights."""
    path = folder / f"width-{hidden}"
    if not path.exists():
        settings = {
            "model.hidden": hidden,
            "model.layers": 1,
            "training.threads": 1,
            "training.preview_length": 1,
        }
        riverrun.train("python-docs", output=path, steps=2, settings=settings)
    return path


def offline(path: Path, sequences: int, seconds: float = 3.0) -> float:
    """Symbols a second that ``write`` gives without a server."""
    model = riverrun.load(path)
    assert isinstance(model, riverrun.TrainedLanguageModel)
    positions = [begin(model.decoder, [3 + k % 20]) for k in range(sequences)]
    seeds = [(0, k) for k in range(sequences)]
    count = 64
    while True:
        began = time.perf_counter()
        model.decoder.write(positions, [SAMPLING] * sequences, seeds, count)
        took = time.perf_counter() - began
        if took > seconds:
            return sequences * count / took
        count = int(count * max(1.5, min(8.0, 1.2 * seconds / took)))


async def stream(port: int, fields: dict[str, Any]) -> tuple[float, float]:
    """Seconds to the first event and to the last byte of a streamed completion."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(post_bytes("/v1/completions", {"stream": True, **fields}, "connection: close"))
    seen, first = b"", 0.0
    while part := await reader.read(1 << 18):
        if not first:
            seen += part
            if b"data: {" in seen:
                first = time.perf_counter() - began
        end = part
    writer.close()
    assert b"[DONE]" in end or b"0\r\n\r\n" in end, seen[:500]
    return first, time.perf_counter() - began


async def crowd(port: int, clients: int, symbols: int) -> float:
    """Characters a second of that many clients together."""
    began = time.perf_counter()
    jobs = [stream(port, {"prompt": "The ", "seed": k, "max_tokens": symbols}) for k in range(clients)]
    await asyncio.gather(*jobs)
    return clients * symbols / (time.perf_counter() - began)


async def newcomers(port: int, others: int, count: int) -> list[float]:
    """Seconds to the first byte of short requests, while others are served."""
    busy = {"prompt": "The ", "max_tokens": 10**9}
    load = [asyncio.ensure_future(stream(port, busy)) for _ in range(others)]
    await asyncio.sleep(2)
    seconds = []
    for number in range(count):
        first, _ = await stream(port, {"prompt": "The quick ", "seed": number, "max_tokens": 20})
        seconds.append(first)
        await asyncio.sleep(random.random() * 0.05)
    for each in load:
        each.cancel()
    await asyncio.gather(*load, return_exceptions=True)
    return seconds


def speed(folder: Path, turns: int, symbols: int, count: int) -> str:
    """64 clients and one, beside what the same model writes offline."""
    path, rows = model_of(folder, 512), []
    bounds = ["--max-tokens", 10**9, "--max-symbols", 10**10]
    found: dict[int, list[tuple[float, float]]] = {1: [], CLIENTS: []}
    with running(folder / "speed", path, *bounds) as server:
        for _ in range(turns):
            for clients in found:
                alone = offline(path, clients)
                each = symbols if clients > 1 else 8 * symbols
                found[clients].append((alone, asyncio.run(crowd(server.port, clients, each))))
        first = sorted(asyncio.run(newcomers(server.port, CLIENTS - 1, count)))
    for clients, pairs in found.items():
        ratio = statistics.median(served / alone for alone, served in pairs)
        alone, served = (statistics.median(each) for each in zip(*pairs, strict=True))
        rows.append([str(clients), f"{alone:,.0f}", f"{served:,.0f}", f"{ratio:.0%}"])
    middle, late = 1000 * statistics.median(first), 1000 * first[int(0.95 * len(first))]
    return (
        "Streaming clients on a 1 x 512 model, characters/s in all:\n\n"
        + table(["clients", "offline", "served", "ratio"], rows)
        + f"\n\nFirst byte of a short request while {CLIENTS - 1} others are served: {middle:.0f} ms in the middle, "
        f"{late:.0f} ms at the 95th percentile."
    )


def workers(folder: Path, turns: int, symbols: int) -> str:
    """One process and two."""
    path, rates = model_of(folder, 512), []
    for count in (1, 2):
        with running(folder / f"workers-{count}", path, "--workers", count) as server:
            found = [asyncio.run(crowd(server.port, CLIENTS, min(symbols, 10_000))) for _ in range(turns)]
            rates.append([str(count), f"{statistics.median(found):,.0f}", f"{memory_of_all(server):.0f}"])
    return f"Processes, {CLIENTS} clients:\n\n" + table(
        ["workers", "characters/s", "MB, shared counted once"], rates
    )


def memory_of_all(server: Server) -> float:
    """Proportional resident megabytes of a server and its children."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as file:
        processes = [server.process.pid, *map(int, file.read().split())]
    total = 0
    for process in processes:
        with open(f"/proc/{process}/smaps_rollup") as file:
            total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.MULTILINE).group(1))  # type: ignore[union-attr]
    return total / 1024


def resident(server: Server) -> float:
    """Resident megabytes."""
    with open(f"/proc/{server.process.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024  # type: ignore[union-attr]


def idle(folder: Path, turns: int) -> str:
    """Start and memory of a server that has nothing to do."""
    path, seconds, sizes = model_of(folder, 256), [], []
    for turn in range(turns):
        began = time.perf_counter()
        with running(folder / f"idle-{turn}", path) as server:
            seconds.append(time.perf_counter() - began)
            time.sleep(1)
            sizes.append(resident(server))
    return (
        f"A server of one 1 x 256 model is ready {statistics.median(seconds):.2f} s after its start "
        f"and has {max(sizes):.0f} MB resident."
    )


def disconnects(folder: Path, count: int) -> str:
    """Clients that leave at random moments: how long the server goes on for them."""
    path, draw = model_of(folder, 512), random.Random(0)
    seconds = []
    bounds = ["--max-tokens", 10**9, "--max-symbols", 10**10]
    with running(folder / "disconnects", path, *bounds) as server:
        server.complete(model=None, prompt="The ", max_tokens=10)
        before = server.descriptors()
        for _ in range(count):
            fields = {"prompt": "The " * draw.choice([1, 1, 5000]), "max_tokens": draw.choice([3, 10**9])}
            fields["stream"], fields["n"] = draw.random() < 0.5, draw.choice([1, 4])
            with server.connect() as connection:
                connection.sendall(post_bytes("/v1/completions", fields))
                time.sleep(draw.random() * 0.1)
            left, last, read = time.perf_counter(), 0.0, symbols_of(server)
            while time.perf_counter() - left < 1 and time.perf_counter() - left < last + 0.15:
                now = symbols_of(server)
                if now != read:
                    read, last = now, time.perf_counter() - left
            seconds.append(last)
        until(server.is_quiet)
        time.sleep(0.2)
        leaked = server.descriptors() - before
    return (
        f"{count} clients that left while they waited, while their prompt was read, while text was written or "
        f"after it: the last symbol computed for one came {1000 * max(seconds):.0f} ms after it left, "
        f"{1000 * statistics.median(seconds):.0f} ms in the middle; {max(0, leaked)} descriptors more were open "
        "at the end."
    )


def symbols_of(server: Server) -> float:
    return server.metric("riverrun_symbols_total")


def drain(folder: Path, count: int) -> str:
    """Servers that get SIGTERM while they write: what becomes of requests that run, and of new ones."""
    path, draw = model_of(folder, 256), random.Random(0)
    whole = refused = 0
    codes = []
    for number in range(count):
        with running(folder / f"drain-{number}", path, "--max-tokens", 10**6) as server:
            ended, answer, code = asyncio.run(end_while_it_writes(server, draw.random()))
        whole += ended
        refused += b" 503 " in answer.split(b"\r\n")[0]
        codes.append(code)
    return (
        f"{count} servers that got SIGTERM while they wrote for {STREAMS} streaming clients each: {whole} of "
        f"{count * STREAMS} streams came to their end, {refused} of {count} new requests were answered with 503, and "
        f"{codes.count(0)} servers exited with 0."
    )


async def end_while_it_writes(server: Server, pause: float) -> tuple[int, bytes, int]:
    """Streams that were whole, the answer to a request that came after the signal, and the exit code."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port
    )  # before the signal: none is taken after it
    fields = {"prompt": "The ", "max_tokens": 20_000}
    jobs = [asyncio.ensure_future(stream(server.port, {**fields, "seed": k})) for k in range(STREAMS)]
    await asyncio.sleep(0.3 + pause)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.05)
    writer.write(post_bytes("/v1/completions", fields, "connection: close"))
    answer = await reader.read()
    writer.close()
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    code = await asyncio.to_thread(server.process.wait, 60)
    return sum(not isinstance(each, BaseException) for each in ended), answer, code


def soak(folder: Path, minutes: float) -> str:
    """A long time at full load: requests of all kinds, some of whose clients leave."""
    path = model_of(folder, 256)
    with running(folder / "soak", path) as server:
        asyncio.run(load(server.port, min(60.0, 20 * minutes), WARM if minutes >= 1 else 0))
        before, open_before = resident(server), server.descriptors()
        served = asyncio.run(load(server.port, 30 * minutes))
        middle = resident(server)
        served += asyncio.run(load(server.port, 30 * minutes))
        until(server.is_quiet)
        after, open_after = resident(server), server.descriptors()
        failed = sum(line.get("outcome") == "failed" or line.get("event") == "failure" for line in server.log)
    return (
        f"{minutes:g} minutes at full load, {served:,} requests: {before:.1f} MB resident before, {middle:.1f} MB in "
        f"the middle and {after:.1f} MB after ({after / before - 1:+.1%}), {open_before} descriptors before and "
        f"{open_after} after, {failed} failures."
    )


async def load(port: int, seconds: float, at_least: int = 0, clients: int = 48) -> int:
    """Keep a server busy for so long, and for so many requests; returns how many there were."""
    end, made = time.monotonic() + seconds, 0

    async def client(number: int) -> None:
        nonlocal made
        draw = random.Random(number)
        while time.monotonic() < end or made < at_least:
            made += 1
            fields = {"prompt": "The " * draw.randint(1, 400), "max_tokens": draw.choice([1, 50, 500, 5000])}
            fields |= draw.choice([{}, {"n": 3}, {"logprobs": 2, "max_tokens": 200}, {"echo": True}])
            fields["stream"] = draw.random() < 0.5
            try:
                async with asyncio.timeout(draw.choice([0.02, 0.5, 60, 60])):
                    await request(port, "/v1/completions", fields)
            except TimeoutError:
                continue

    await asyncio.gather(*(client(number) for number in range(clients)))
    return made


async def request(port: int, path: str, fields: dict[str, Any]) -> bytes:
    """The answer to a request; the connection is closed however it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(post_bytes(path, fields, "connection: close"))
        parts = []
        while part := await reader.read(1 << 18):
            parts.append(part)
        return b"".join(parts)
    finally:
        writer.close()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
