"""Model directories of every kind and core, changed at random and signed anew: nothing crashes, hangs or floods.

    python benchmarks/fuzz_models.py                       # 10,000 directories
    python benchmarks/fuzz_models.py --cases 1000000       # what benchmarks/RESULTS.md says
    python benchmarks/fuzz_models.py --only 4711           # one of them again, with a traceback

A case is a number: it says which model is taken, how it is changed, and what is done with it if it loads. Every array
that the compiled decoder reads or writes lies at the edge of a page that may not be touched, before it or after it:
one element too far is a crash. A case may take 10 seconds and 1 GiB beyond what a process with everything imported
has. A model is refused by a ModelError of one line, or used: anything else is a fault. Prints one JSON object.
"""

import argparse
import ctypes
import faulthandler
import itertools
import json
import mmap
import multiprocessing
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

import made
import riverrun
from riverrun.bundle.names import CONFIG, MANIFEST, MEMORY, METRICS, MODEL, SAMPLES, TOKENIZER, WEIGHTS
from riverrun.bundle.weight_file import pack_arrays, unpack_arrays
from riverrun.errors import InputError, ModelError

PATIENCE = 10.0  # seconds of a case
ROOM = 1 << 30  # bytes of a case, beyond what is there before
LONGEST_MESSAGE = 2000  # characters

Files = dict[str, bytes]
Draw = random.Random
Template = tuple[Files, dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, help="run this case here, and show what happens")
    options = parser.parse_args()
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as temporary:
        templates = make_templates(Path(temporary) / "templates")
        if options.only is not None:
            prepare()
            print(run_case(options.only, templates, Path(temporary) / "case", explain=True))
            return 0
        report = fuzz(
            range(options.first, options.first + options.cases), options.jobs, templates, Path(temporary)
        )
    print(json.dumps(report))
    return 1 if report["faults"] else 0


# What is changed.


def make_templates(folder: Path) -> list[Template]:
    """Every kind and core, with every kind of input, attention and unit."""
    made_now: list[Path] = []
    for core in ("lstm", "gru", "conv"):
        for more in (
            {},
            {"layers": 2, "tied": True},
            {"input": "one-hot"},
            {"input": "scaled-index", "layers": 2},
            {"features": 3},
            {"hidden": 17, "embedding": 9, "layers": 3, "kernel": 3},
            {"unit": "byte"},
            {"unit": "bpe", "tied": True},
            {"unit": "word"},
            {"unit": "clause", "hidden": 1, "embedding": 1},
            {"memory": True, "letters": 9},
            {"memory": True, "unit": "byte"},
        ):
            made_now.append(made.language_model(folder / f"language-{len(made_now)}", core=core, **more))
    for core in ("lstm", "gru"):
        for more in (
            {"attention": "none"},
            {"attention": "dot", "tied": True, "bidirectional": False},
            {"attention": "additive", "input_feeding": True, "decoder_layers": 2},
            {"attention": "monotone", "members": 2},
            {"attention": "monotone", "layers": 2, "units": ("bpe", "symbols")},
            {"attention": "none", "tagging": True, "units": ("symbols", "symbols")},
            {"attention": "dot", "units": ("byte", "word")},
        ):
            made_now.append(made.translator(folder / f"pairs-{len(made_now)}", core=core, **more))
    return [made.parts(path) for path in made_now]


HOSTILE: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        3,
        7,
        16,
        255,
        65536,
        65537,
        10**9,
        10**12,
        2**31,
        2**63,
        2**64,
        10**30,
    ),
    *(
        0.0,
        -0.0,
        0.5,
        1.0,
        1.5,
        -1.5,
        1e308,
        float("inf"),
        float("nan"),
        "",
        "a",
        "0",
        "char",
        "bpe",
        "byte",
        "lstm",
    ),
    *(
        "gru",
        "conv",
        "one-hot",
        "monotone",
        "\ud800",
        "\x00",
        "\x1b[2J",
        "河",
        "x" * 5000,
        [],
        [[]],
        [1],
        ["a", "a"],
    ),
    *({}, {"a": 1}, [None] * 50, "tagger", "translator", "language model"),
]


def mutate(
    draw: Draw, files: Files, facts: dict[str, Any], others: list[Template]
) -> tuple[Files, dict[str, Any]]:
    """Files and facts with one to three changes; every fourth as they may be, so that it is used."""
    if draw.random() < 0.25:
        return plausible(draw, files), facts
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        change = draw.choice(
            (bytes_of, bytes_of, tree_of_tokenizer, lines_of_config, lines_of_config, arrays_of)
        )
        if draw.random() < 0.1:
            facts = json.loads(json.dumps(facts))
            changed_tree(draw, facts)
        elif draw.random() < 0.1:
            other = draw.choice(others)[0]
            files = files | {(name := draw.choice(list(other))): other[name]}
        else:
            files = change(draw, dict(files))
    return files, facts


def plausible(draw: Draw, files: Files) -> Files:
    """Other weights and symbols, of which a model may be."""
    arrays = dict(unpack_arrays(files[WEIGHTS]))
    scale = draw.choice((1e-30, 1.0, 1.0, 3.0, 30.0, 1e3, 9e5))
    numbers = np.random.default_rng(draw.randrange(1 << 30))
    for name, array in arrays.items():
        drawn = np.clip(numbers.normal(0, scale, array.shape), -1e6, 1e6).astype(np.float32)
        arrays[name] = np.abs(drawn) if name in ("substitution", "insertion", "deletion") else drawn
    files = files | {WEIGHTS: pack_arrays(arrays)}
    if draw.random() < 0.3 and b'"symbols": ["a"' in files[TOKENIZER]:
        other = draw.choice(("\u00e9", "\u6cb3", "\n", " ", "\U0001f3de", "\x00", "\u0301")).encode()
        files |= {TOKENIZER: files[TOKENIZER].replace(b'["a"', b"[" + json.dumps(other.decode()).encode())}
    return files


def bytes_of(draw: Draw, files: Files) -> Files:
    """Bits turned, stretches cut out, doubled or filled, the end cut off or made longer."""
    name = draw.choice((CONFIG, TOKENIZER, with_arrays(draw, files), with_arrays(draw, files)))
    content = bytearray(files[name])
    if not content:
        return files
    place = draw.randrange(len(content)) if draw.random() < 0.5 else draw.randrange(min(len(content), 300))
    length = draw.choice((1, 1, 2, 4, 8, 64))
    match draw.randrange(6):
        case 0:
            content[place] ^= 1 << draw.randrange(8)
        case 1:
            del content[place : place + length]
        case 2:
            content[place:place] = content[place : place + length]
        case 3:
            content[place : place + length] = draw.randbytes(length)
        case 4:
            del content[place:]
        case _:
            content += draw.randbytes(length)
    return files | {name: bytes(content)}


def tree_of_tokenizer(draw: Draw, files: Files) -> Files:
    try:
        document = json.loads(files[TOKENIZER])
    except ValueError:  # it was changed before
        return files
    if not isinstance(document, dict | list):
        return files
    changed_tree(draw, document)
    return files | {TOKENIZER: json.dumps(document).encode("utf-8", "surrogatepass")}


def changed_tree(draw: Draw, document: Any) -> None:
    """One value of a tree of lists and objects replaced, left out, doubled or set deep down."""
    while True:
        places = list(document) if isinstance(document, dict) else list(range(len(document)))
        if not places:
            break
        place = draw.choice(places)
        if isinstance(document[place], list | dict) and document[place] and draw.random() < 0.7:
            document = document[place]
            continue
        match draw.randrange(5):
            case 0:
                del document[place]
            case 1 if isinstance(document, list):
                document.insert(place, document[place])
            case 2:
                other = draw.choice(places)
                document[place], document[other] = document[other], document[place]
            case 3:
                deep: Any = draw.choice(HOSTILE)
                for _ in range(draw.choice((1, 3, 40))):
                    deep = [deep]
                document[place] = deep
            case _:
                document[place] = draw.choice(HOSTILE)
        return
    if isinstance(document, list):
        document.append(draw.choice(HOSTILE))
    else:
        document["more"] = draw.choice(HOSTILE)


def lines_of_config(draw: Draw, files: Files) -> Files:
    """A setting of another value, left out, or of another section."""
    try:
        sections = tomllib.loads(files[CONFIG].decode("utf-8"))
    except (ValueError, RecursionError):
        return files
    known = [name for name, section in sections.items() if isinstance(section, dict) and section]
    if not known:
        return files
    section = sections[draw.choice([*known, *(["model"] * 3 if "model" in known else [])])]
    key = draw.choice(list(section))
    before = section[key]
    match draw.randrange(4):
        case 0:
            del section[key]
        case 1 if isinstance(before, int) and not isinstance(before, bool):
            section[key] = before + draw.choice((-1, 1, 1, 2, before, 100))
        case 2 if isinstance(before, bool):
            section[key] = not before
        case _:
            section[key] = draw.choice(HOSTILE)
    lines: list[str] = []
    for name, values in sections.items():
        if isinstance(values, dict):
            lines += [f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())]
    return files | {CONFIG: "\n".join(lines).encode("utf-8", "surrogatepass")}


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return '"none"' if value is None else json.dumps(value)


def with_arrays(draw: Draw, files: Files) -> str:
    """The name of a file of arrays: weights, or a memory where there is one."""
    return draw.choice((WEIGHTS, MEMORY)) if MEMORY in files else WEIGHTS


def arrays_of(draw: Draw, files: Files) -> Files:
    """An array of another shape, type or name, left out, exchanged, or with other values; or another header."""
    file = with_arrays(draw, files)
    try:
        arrays = unpack_arrays(files[file])
    except ValueError:
        return files
    if not arrays:
        return files
    name = draw.choice(list(arrays))
    array = arrays[name].copy()
    match draw.randrange(13):
        case 0:
            del arrays[name]
        case 1:
            arrays[f"{name}{draw.choice(('x', '.', '0', chr(0x1B)))}"] = arrays.pop(name)
        case 2:
            other = draw.choice(list(arrays))
            arrays[name], arrays[other] = arrays[other], arrays[name]
        case 3:
            arrays[name] = array.astype(draw.choice((np.float64, np.int64, np.uint8)))
        case 4:
            arrays[name] = np.ascontiguousarray(array.T)
        case 5:
            arrays[name] = array.reshape(-1)
        case 6:
            arrays[name] = array[: draw.randrange(len(array) + 1)] if array.ndim else array
        case 7:
            arrays[name] = np.concatenate([array] * draw.choice((2, 3, 17))) if array.ndim else array
        case 8:
            arrays[name] = array[..., : draw.randrange(array.shape[-1] + 1)] if array.ndim else array
        case 9 if array.size and array.dtype == np.float32:
            array.reshape(-1)[draw.randrange(array.size)] = draw.choice(
                (np.nan, np.inf, 1e30, -1e30, 9e5, -9e5, 1e-40)
            )
            arrays[name] = array
        case 10 if array.dtype == np.float32:
            arrays[name] = array * np.float32(draw.choice((0, -1, 1e3, 1e6, 1e-30)))
        case 11 if array.size and array.dtype.kind in "iu":
            limits = np.iinfo(array.dtype)
            least, most = int(limits.min), int(limits.max)
            array.reshape(-1)[draw.randrange(array.size)] = draw.choice(
                (least, most, 0, 1, most // 2, least + 1)
            )
            arrays[name] = array
        case _:
            return files | {file: other_header(draw, files[file])}
    return files | {file: pack_arrays(arrays)}


def other_header(draw: Draw, content: bytes) -> bytes:
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    changed_tree(draw, header)
    raw = json.dumps(header).encode("utf-8", "surrogatepass")
    raw += b" " * (-len(raw) % 8)
    stated = draw.choice((len(raw), len(raw), len(raw), 0, 1, len(raw) + 8, 1 << 62))
    return struct.pack("<Q", stated) + raw + content[8 + length :]


def harm_directory(draw: Draw, folder: Path) -> None:
    """Something else in place of a file, or a journal of a stranger's."""
    if draw.random() < 0.05:
        path = folder / draw.choice((*MODEL, MANIFEST))
        path.unlink()
        match draw.randrange(4):
            case 0:
                os.mkfifo(path)
            case 1:
                path.symlink_to("/dev/zero")
            case 2:
                path.mkdir()
    if draw.random() < 0.1:
        line = {"event": "previewed", "step": 1, "label": "a", "prompt": "b", "text": "c"}
        changed_tree(draw, line)
        for name in (METRICS, SAMPLES):
            (folder / name).write_bytes(
                json.dumps(line).encode("utf-8", "surrogatepass") + b"\n[" + b"[" * 3000
            )
    if draw.random() < 0.1:
        content = (
            bytearray((folder / MANIFEST).read_bytes()) if (folder / MANIFEST).is_file() else bytearray(b"{}")
        )
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        if (folder / MANIFEST).is_file():
            (folder / MANIFEST).write_bytes(content)


# What is done with it.


def run_case(number: int, templates: list[Template], folder: Path, explain: bool = False) -> str:
    """Make, load and use a directory; says what became of it: used, or by what it was refused, or the fault."""
    draw = Draw(number)
    files, facts = draw.choice(templates)
    files, facts = mutate(draw, files, facts, templates)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        made.write(folder, files, facts, draw.choice((None, None, None, 1, 2, 3, -1)))
    except (ValueError, TypeError):  # no manifest can be written of such facts
        return "not made"
    harm_directory(draw, folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            use(draw, folder)
    except (ModelError, InputError) as error:
        said = str(error)
        if explain:
            print(said)
        if not said.isprintable() or not 0 < len(said) <= LONGEST_MESSAGE:
            return f"fault: a message that is not one line: {said!r:.200}"
        return "refused" if isinstance(error, ModelError) else "refused in use"
    except BaseException as error:
        if explain:
            traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"fault: {type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {error!s:.120}"
    return "used"


def use(draw: Draw, folder: Path) -> None:
    from riverrun.reporting.history import read_history

    model = riverrun.load(folder)
    read_history(folder)
    if draw.random() < 0.1:
        model.save(folder.with_name("copy"))
        shutil.rmtree(folder.with_name("copy"))
    text = draw.choice(("abcabc", "aabbbccd eed", "", "zzz\n河", "a" * 70))
    if isinstance(model, riverrun.TrainedTranslator):
        # Short ones: a search goes on as long as its input allows, and takes half of the time.
        outputs = model.translate([text[:5], "ab"], beam=draw.choice((1, 3)))
        model.score([("abc", outputs[-1])] if model.facts["kind"] == "translator" else [("abc", "abc")])
        return
    for temperature in (0.0, 1.0):
        model.generate(text, draw.choice((1, 9, 40)), seed=number_of(draw), temperature=temperature)
    score = model.score(text or "ab")
    assert score.likelihood.nats >= 0


def number_of(draw: Draw) -> int:
    return draw.randrange(1 << 40)


# Pages that may not be touched.

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_turns = itertools.cycle((False, True))


def guarded(array: np.ndarray) -> np.ndarray:
    """The same array between two pages that may not be touched, at the edge of one of them in turn."""
    size = max(1, array.nbytes)
    room = -(-size // PAGE) * PAGE
    at = PAGE if next(_turns) else PAGE + (room - size) // 64 * 64
    return between_pages(array, at, room)


def between_pages(array: np.ndarray, at: int, room: int) -> np.ndarray:
    """The same array at a place of new memory whose first and last page may not be touched."""
    memory = mmap.mmap(-1, room + 2 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    close(start)
    close(start + PAGE + room)
    result = np.frombuffer(memory, array.dtype, array.size, at).reshape(array.shape)
    result[...] = array
    return result


def close(address: int) -> None:
    """Let nothing touch a page."""
    if _libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(PAGE), 0):
        raise OSError(ctypes.get_errno(), "mprotect")


class GuardedNumpy:
    """numpy, whose new arrays lie between such pages."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if name not in ("zeros", "empty", "array", "stack", "repeat", "ascontiguousarray", "full"):
            return found
        return lambda *given, **more: guarded(found(*given, **more))


def prepare() -> None:
    """Import and compile all that cases need, and guard what the compiled decoder touches.

    What it is called with is guarded, its scratch memory as a whole, and in the packed weights every array.
    """
    with tempfile.TemporaryDirectory() as folder:
        riverrun.load(made.language_model(Path(folder) / "one", memory=True)).generate("ab", 2)
        riverrun.load(Path(folder) / "one").score("ab")
        riverrun.load(made.translator(Path(folder) / "other")).translate(["ab"])
    modules = [
        module for name, module in sys.modules.items() if name.startswith("riverrun.generation.compiled.")
    ]
    (decoder,) = {module.CompiledDecoder for module in modules if hasattr(module, "CompiledDecoder")}
    (packer,) = {module.Packer for module in modules if hasattr(module, "Packer")}
    for module in modules:
        if getattr(module, "np", None) is np and not hasattr(module, "Packer"):
            module.np = GuardedNumpy()  # pyright: ignore[reportAttributeAccessIssue]
    call = decoder._call_with

    def call_guarded(self: Any, ranks: int, numbers: dict[int, int], arrays: dict[int, np.ndarray]) -> Any:
        given = {field: guarded(array) for field, array in arrays.items()}
        result = call(self, ranks, numbers, given)
        for field, array in arrays.items():
            array[...] = given[field]
        return result

    decoder._call_with = call_guarded
    packer.array, packer.packed = array_apart, packed_apart


_ELEMENTS = PAGE // 4  # float32 of a page


def array_apart(self: Any, values: np.ndarray) -> int:
    """``Packer.array``, with a page before and after that may not be touched; it ends where that page begins."""
    size = -(-values.size // 16) * 16
    end = -(-(self._size + size) // _ELEMENTS) * _ELEMENTS
    flat = np.zeros(end - self._size + _ELEMENTS, np.float32)
    offset = end - size
    flat[offset - self._size :][: values.size] = values.reshape(-1)
    self._parts.append(flat)
    self._size = end + _ELEMENTS
    return offset


def packed_apart(self: Any) -> Any:
    from riverrun.generation.compiled.packed_weights import Packed

    joined = np.concatenate(self._parts)
    values = between_pages(joined, PAGE, joined.nbytes)
    place = 0
    for part in self._parts:
        place += part.size
        close(values.ctypes.data + 4 * place - PAGE)
    return Packed(guarded(np.array(self.plan, np.int64)), values)


# Processes.


def fuzz(cases: range, jobs: int, templates: list[Template], folder: Path) -> dict[str, Any]:
    """Run all cases in processes that are started anew where one dies."""
    began, prepared = time.monotonic(), os.getpid()
    counts: Counter[str] = Counter()
    faults: dict[str, list[int]] = {}
    prepare()
    workers = [Worker(cases[job::jobs], templates, folder / str(job)) for job in range(jobs)]
    assert prepared == os.getpid()
    while workers:
        ready = multiprocessing.connection.wait([worker.said for worker in workers], 0.5)
        for worker in list(workers):
            for number, outcome in worker.listen(worker.said in ready):
                kind = "fault" if outcome.startswith("fault") else outcome
                counts[kind] += 1
                if kind == "fault":
                    faults.setdefault(outcome, []).append(number)
                    print(f"case {number}: {outcome}", file=sys.stderr, flush=True)
            if worker.done:
                workers.remove(worker)
    return {
        "cases": len(cases),
        "first": cases.start,
        **dict(sorted(counts.items())),
        "faults": {said: numbers[:5] for said, numbers in faults.items()},
        "largest growth of a process, MB": max(map(growth, [None])),
        "seconds": round(time.monotonic() - began, 1),
    }


def growth(_: None) -> int:
    """Of the largest child, beyond this process, in MB."""
    child, own = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    return max(0, child - own) >> 10


class Worker:
    """A process that works through cases, and is started anew after one that kills it."""

    def __init__(self, cases: range, templates: list[Template], folder: Path) -> None:
        self._cases, self._templates, self._folder = cases, templates, folder
        self._next = 0
        self.done = False
        self._start()

    def _start(self) -> None:
        self.said, theirs = multiprocessing.Pipe(duplex=False)
        self._heard = time.monotonic()
        self._process = os.fork()
        if self._process == 0:
            self.said.close()
            try:
                work(self._cases[self._next :], self._templates, self._folder, theirs)
                os._exit(0)
            finally:
                os._exit(70)
        theirs.close()

    def listen(self, ready: bool) -> list[tuple[int, str]]:
        """Outcomes since the last time."""
        found: list[tuple[int, str]] = []
        while ready and self.said.poll():
            try:
                outcome = self.said.recv()
            except EOFError:
                _, status = os.waitpid(self._process, 0)
                code = os.waitstatus_to_exitcode(status)
                if self._next < len(self._cases):
                    name = signal.Signals(-code).name if code < 0 else f"exit {code}"
                    found.append((self._cases[self._next], f"fault: the process died: {name}"))
                    self._next += 1
                self.said.close()
                self.done = self._next >= len(self._cases)
                if not self.done:
                    self._start()
                return found
            found.append((self._cases[self._next], outcome))
            self._next += 1
            self._heard = time.monotonic()
        if time.monotonic() - self._heard > PATIENCE:
            os.kill(self._process, signal.SIGKILL)
        return found


def work(cases: range, templates: list[Template], folder: Path, said: Connection) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()
    for number in cases:
        said.send(run_case(number, templates, folder / "case"))


if __name__ == "__main__":
    raise SystemExit(main())
