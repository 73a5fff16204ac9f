"""Law 4's other half: a model's files are opened by ``files`` alone. Whoever opens anything else says why, here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import riverrun

SOURCE = Path(riverrun.__file__).parent

DOOR = "files"

FUNCTIONS = {
    *(
        "open",
        "fdopen",
        "popen",
        "mkstemp",
        "mkdtemp",
        "NamedTemporaryFile",
        "TemporaryFile",
        "TemporaryDirectory",
    ),
    *(
        "SpooledTemporaryFile",
        "rmtree",
        "copytree",
        "copyfile",
        "copy2",
        "copyfileobj",
        "renames",
        "removedirs",
    ),
    *("mkfifo", "truncate", "memmap", "fromfile", "loadtxt", "savez", "genfromtxt", "save_file", "load_file"),
    *("safe_open", "open_code", "FileIO", "mmap", "ZipFile", "GzipFile", "pread", "pwrite"),
}
METHODS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "touch", "symlink_to", "hardlink_to", "unlink"),
    *("rename", "symlink", "tofile"),
}
"""What opens, makes or removes files, whatever it is called on."""

QUALIFIED = {
    *("os.remove", "os.replace", "os.link", "os.rmdir", "os.read", "os.write", "os.sendfile", "shutil.move"),
    *("shutil.copy", "np.load", "np.save", "numpy.load", "numpy.save", "torch.load", "torch.save", "io.open"),
    *("pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "dbm.open", "gzip.open", "json.load"),
    *("tomllib.load", "toml.load", "configparser.read", "runpy.run_path", "importlib.import_module"),
}

FORBIDDEN = {"pickle", "marshal", "shelve", "dbm", "dill", "cloudpickle", "joblib", "runpy", "imp"}
"""Modules that run what they read."""

ALLOWED = {
    "api": "a temporary directory for models that are not to be kept",
    "cli.main": "imports commands by name; the null device in place of a closed stream",
    "cli.play": "opens an address in the browser",
    "cli.signals": "writes to standard error, from within a signal",
    "config.building": "the settings file that a user names",
    "data.cache": "a temporary directory in place of a cache",
    "data.finding": "the texts that a user names",
    "data.formats.documents": "the texts that a user names",
    "data.formats.unpacking": "the texts that a user names",
    "data.formats.recognition": "the texts that a user names",
    "data.formats.trees": "imports a parser by name, where it is installed",
    "data.library": "an archive that was downloaded and checked",
    "data.positional": "reads encoded text in pieces",
    "data.rows": "a temporary file of rows",
    "generation.compiled.machine_code": "riverrun's own sources, whose digest names the code",
    "memory.kernels": "riverrun's own sources, whose digest tells whether code is of today",
    "page.joining": "riverrun's own scripts",
    "page.serving": "riverrun's own scripts",
    "page.single_file": "riverrun's own scripts",
    "recipes.running": "the texts of recipes, which a user names",
    "recipes.translation": "a scratch file of pairs",
    "server.access": "the null device in place of a closed standard output",
    "server.address": "the file of keys that a user names",
    "server.workers": "a temporary directory of counters that processes share",
    "training.clock": "when this process began, by /proc",
    "training.run_directory": "what belongs to an earlier run is renamed",
}
"""Modules that open other things than a model's files, and which."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def openings(tree: ast.Module) -> Iterator[str]:
    """What a module calls, or passes on, that opens, makes or removes files."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in FUNCTIONS:
                yield f"line {node.lineno}: {name}"
            case ast.Attribute(value=ast.Name(id=room), attr=name) if f"{room}.{name}" in QUALIFIED:
                yield f"line {node.lineno}: {room}.{name}"
            case ast.Attribute(value=ast.Name(id="incoming" | "outgoing" | "cache")):
                pass  # the doors' own functions have such names too
            case ast.Attribute(attr=name) if name in FUNCTIONS | METHODS:
                yield f"line {node.lineno}: .{name}"


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name.split(".")[0] for each in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]


def test_only_the_doors_open_files():
    found = {
        name: list(openings(tree))
        for name, tree in modules()
        if name.split(".")[0] != DOOR and name not in ALLOWED
    }
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize("name", ALLOWED)
def test_whoever_may_open_something_else_does(name):
    """An exception that nobody needs any more goes."""
    trees = dict(modules())
    if name in trees:
        assert list(openings(trees[name]))


def test_nothing_that_runs_what_it_reads_is_imported():
    found = {name: FORBIDDEN & set(imports(tree)) for name, tree in modules()}
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(
    "line",
    [
        "open('model.safetensors')",
        "Path('a').read_text()",
        "path.write_bytes(b'')",
        "os.open('a', 0)",
        "np.load('a.npy')",
        "os.replace('a', 'b')",
        "shutil.rmtree('a')",
        "use(open)",
        "(folder / 'config.toml').open()",
        "from_file = np.memmap",
    ],
)
def test_the_test_sees_other_ways(line):
    assert list(openings(ast.parse(line)))
