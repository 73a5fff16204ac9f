"""The compiled code on disk: made once, loaded without the compiler, made again when it is damaged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tiny
from riverrun.generation.compiled import machine_code
from riverrun.generation.compiled.machine_code import CompilationError
from riverrun.generation.decoder import build_decoder
from riverrun.generation.plain import PlainDecoder

LOAD = """
import sys
from riverrun.generation.compiled.machine_code import entry_point
assert entry_point() is entry_point()
print(sorted({"numba", "torch", "pydantic"} & set(sys.modules)))
"""


def load(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RIVERRUN_CACHE": str(folder)}
    command = [sys.executable, "-c", LOAD]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds this machine's code."""
    machine_code.entry_point()
    content = machine_code.code_path().read_bytes()
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path))
    path = machine_code.code_path()
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_loads_without_the_compiler(kept, tmp_path):
    result = load(tmp_path)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "[]", "")


def test_loads_from_a_cache_that_cannot_be_written(kept, tmp_path):
    kept.chmod(0o444)
    kept.parent.chmod(0o555)
    try:
        assert load(tmp_path).stdout.strip() == "[]"
    finally:
        kept.parent.chmod(0o755)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"x" * 5000], ids=["empty", "short", "other"])
def test_damaged_code_is_not_loaded(kept, content):
    kept.write_bytes(content)
    assert machine_code._read(kept) is None


def test_cut_code_is_not_loaded(kept):
    kept.write_bytes(kept.read_bytes()[:-1])
    assert machine_code._read(kept) is None


def test_damaged_code_is_made_again(kept, tmp_path):
    """Whoever finds it damaged, or finds none, compiles, says so and keeps the result."""
    kept.write_bytes(b"damaged")
    result = load(tmp_path)
    assert (result.returncode, result.stdout.strip()) == (0, "['numba']")
    assert result.stderr.startswith("compiling the generator")
    assert machine_code._read(kept) is not None
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_another_processor_has_other_code(kept, monkeypatch):
    monkeypatch.setattr(machine_code.llvm, "get_host_cpu_name", lambda: "another")
    assert machine_code.code_path() != kept


@pytest.fixture
def tiny_weights():
    shapes = {"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,), "bias_hh_l0": (16,)}
    weights = {f"core.rnn.{name}": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    weights |= {"embedding.weight": np.zeros((5, 3), np.float32)}
    weights |= {"projection.weight": np.zeros((5, 4), np.float32), "projection.bias": np.zeros(5, np.float32)}
    return weights, tiny.shape(embedding=3, hidden=4)


def test_without_a_compiler_the_plain_decoder_serves(monkeypatch, tiny_weights):
    def fail():
        raise CompilationError("no such target")

    monkeypatch.setattr(machine_code, "entry_point", fail)
    with pytest.warns(UserWarning, match="no such target"):
        assert isinstance(build_decoder(*tiny_weights), PlainDecoder)
    with pytest.warns(UserWarning, match="fp32, not bf16"), pytest.warns(UserWarning, match="no such target"):
        build_decoder(*tiny_weights, precision="bf16")


def test_a_fault_of_our_own_is_no_reason_to_be_slow(monkeypatch, tiny_weights):
    def fail():
        raise TypeError("of our own making")

    monkeypatch.setattr(machine_code, "entry_point", fail)
    with pytest.raises(TypeError, match="of our own making"):
        build_decoder(*tiny_weights)


BROKEN = """
import sys
import numpy as np
from riverrun.generation.compiled import choose
from riverrun.generation.compiled.vectors import compiled

@compiled
def most_likely(kept):
    return kept.no_such_attribute

choose.most_likely.py_func.__globals__["most_likely"] = most_likely
from riverrun.generation.compiled.machine_code import entry_point
entry_point()
"""


def test_a_typing_fault_in_compiled_code_is_not_hidden(tmp_path):
    environment = {**os.environ, "RIVERRUN_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", BROKEN]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "TypingError" in done.stderr
    assert "CompilationError" not in done.stderr


OPEN_DOORS = {
    "the directory is anybody's": lambda path: path.parent.chmod(0o777),
    "the directory is a group's": lambda path: path.parent.chmod(0o770),
    "a sticky directory": lambda path: path.parent.chmod(0o1777),
    "a directory above is anybody's": lambda path: path.parent.parent.chmod(0o777),
    "the file is anybody's": lambda path: path.chmod(0o666),
    "the file is a link": lambda path: (
        path.rename(path.with_suffix(".x")),
        path.symlink_to(path.with_suffix(".x")),
    ),
    "the file is a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}
AS_ROOT = {
    "the file is another's": lambda path: os.chown(path, 12345, 12345),
    "the directory is another's": lambda path: os.chown(path.parent, 12345, 12345),
    "a directory above is another's": lambda path: os.chown(path.parent.parent, 12345, 12345),
}
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)


@pytest.fixture
def above(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same code in a cache below one more directory."""
    path = tmp_path / "above" / "cache" / "code" / kept.name
    path.parent.mkdir(parents=True)
    path.write_bytes(kept.read_bytes())
    monkeypatch.setenv("RIVERRUN_CACHE", str(path.parent.parent))
    assert machine_code._read(path) is not None
    return path


@pytest.mark.parametrize(
    "harm",
    [*OPEN_DOORS.values(), *(pytest.param(harm, marks=root) for harm in AS_ROOT.values())],
    ids=[*OPEN_DOORS, *AS_ROOT],
)
def test_code_that_others_may_have_planted_is_not_loaded(harm, above):
    harm(above)
    assert machine_code._read(above) is None
    assert not machine_code.is_at_hand()


def test_a_cache_that_is_a_link_is_followed_to_where_it_leads(kept, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path / "link"))
    assert machine_code.code_path() == kept
    assert machine_code.is_at_hand()


def test_the_directory_of_code_is_closed_to_others(tmp_path, monkeypatch):
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path / "new"))
    assert machine_code._keep(machine_code.code_path(), b"code") is None
    assert machine_code.code_path().parent.stat().st_mode & 0o777 == 0o700
    assert machine_code._read(machine_code.code_path()) == b"code"


def test_an_older_directory_of_code_is_closed_before_code_is_put_there(tmp_path, monkeypatch):
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path))
    machine_code.code_path().parent.mkdir(mode=0o755)
    assert machine_code._keep(machine_code.code_path(), b"code") is None
    assert machine_code.code_path().parent.stat().st_mode & 0o777 == 0o700


def test_no_code_is_put_where_others_can_write(tmp_path, monkeypatch):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path / "shared"))
    assert machine_code._keep(machine_code.code_path(), b"code") == "other users can write there"
    assert not machine_code.code_path().exists()
