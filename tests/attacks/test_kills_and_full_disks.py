"""Killed, or out of room, at any call that touches the disk: the old model is there, or the new one, whole."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import made
import riverrun
import tiny
from riverrun.bundle.names import CONFIG, MANIFEST, MODEL
from riverrun.bundle.reading import read_bundle
from riverrun.bundle.saving import write_files, write_model_directory
from riverrun.errors import OutputError

TOUCHING = ("open", "replace", "rename", "fsync", "unlink", "rmdir", "mkdir", "write")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def killed_at(call: int, act: Callable[[], object]) -> bool:
    """Do something in a child process that dies at its n-th call that touches the disk; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = [call]

        def deadly(name: str) -> Callable:
            plain = getattr(os, name)

            def do(*given, **more):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)
                return plain(*given, **more)

            return do

        for name in TOUCHING:
            setattr(os, name, deadly(name))
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture
def two(tmp_path):
    """An old model in its place, and the parts of a new one of another kind."""
    made.language_model(tmp_path / "model", letters=5)
    files, facts = made.parts(made.language_model(tmp_path / "new", letters=6, core="gru"))
    return tmp_path / "model", files, facts


def which(folder: Path) -> str:
    model = riverrun.load(folder)
    assert model.generate("ab", 3, seed=0)
    return {7: "old", 8: "new"}[model.tokenizer.size]


@forks
@pytest.mark.parametrize("write", [write_files, write_model_directory])
def test_killed_while_a_model_replaces_another(write, two, tmp_path):
    model, files, facts = two
    seen = []
    for call in range(200):
        folder = tmp_path / str(call)
        shutil.copytree(model, folder)
        cut = killed_at(call, lambda folder=folder: write(folder, files, facts))
        seen.append(which(folder))
        riverrun.load(folder).save(tmp_path / f"copy-{call}")
        assert which(tmp_path / f"copy-{call}") == seen[-1]
        write_files(folder, files, facts)
        assert which(folder) == "new"
        assert not [name for name in hidden(folder) if not name.endswith(".part")]
        if not cut:
            break
    assert seen == sorted(seen, reverse=True)  # old, then new, and never anything else
    assert {"old", "new"} == set(seen)


@forks
def test_killed_while_a_directory_is_made(two, tmp_path):
    _, files, facts = two
    for call in range(200):
        folder = tmp_path / str(call) / "model"
        cut = killed_at(call, lambda folder=folder: write_model_directory(folder, files, facts))
        assert not folder.exists() or which(folder) == "new"
        if not cut:
            break
    assert folder.exists()


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EFBIG, errno.EIO])
@pytest.mark.parametrize("write", [write_files, write_model_directory])
def test_out_of_room_while_a_model_replaces_another(write, fault, two, tmp_path, monkeypatch):
    model, files, facts = two
    for call in range(200):
        folder = tmp_path / str(call)
        shutil.copytree(model, folder)
        with monkeypatch.context() as patch:
            failing(patch, call, fault)
            said = complaint(lambda folder=folder: write(folder, files, facts))
        assert said is None or (str(folder) in said and said.isprintable())
        assert which(folder) in ("old", "new")
        if which(folder) == "old":
            assert not hidden(folder)
        if said is None:
            break
    assert which(folder) == "new"


def complaint(act: Callable[[], object]) -> str | None:
    try:
        act()
    except OutputError as error:
        return str(error)
    return None


def failing(patch, call: int, fault: int) -> None:
    """The n-th call that needs room, and all after it, find none; deleting works on."""
    left = [call]

    def faulty(name: str) -> Callable:
        plain = getattr(os, name)

        def do(*given, **more):
            if name == "open" and not given[1] & os.O_CREAT:
                return plain(*given, **more)
            left[0] -= 1
            if left[0] < 0:
                raise OSError(fault, os.strerror(fault), str(given[0]))
            return plain(*given, **more)

        return do

    for name in ("open", "replace", "rename", "fsync", "mkdir"):
        patch.setattr(os, name, faulty(name))


@pytest.fixture
def old(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("call", [0, 1, 3, 8, 20, 40])
def test_a_disk_that_fills_up_while_a_run_replaces_another(call, old, corpus, monkeypatch):
    """At claiming, at the first checkpoint, at publishing: the old model stays, and the message says what there is."""
    before = made.parts(old)
    with monkeypatch.context() as patch:
        failing(patch, call, errno.ENOSPC)
        with pytest.raises(OutputError, match="the disk is full") as caught:
            tiny.train(corpus, old, overwrite=True)
    assert made.parts(old) == before
    assert riverrun.load(old).generate("the", 3)
    assert "the model that was there still is" in str(caught.value)
    tiny.train(corpus, old, overwrite=True)
    assert made.parts(old) != before
    assert not hidden(old)


@pytest.mark.parametrize("count", range(0, 12, 2))
def test_a_run_left_while_it_replaces_another(count, old, corpus):
    before = made.parts(old)
    tiny.kill_after(count, corpus, old, overwrite=True)
    assert made.parts(old) == before
    if count:
        tiny.train(corpus, old, resume=True)
        assert not hidden(old)
        assert made.parts(old) != before


def test_a_run_that_replaces_another_and_saved_nothing_says_so(corpus, tmp_path, monkeypatch):
    failing_saves(monkeypatch)
    with pytest.raises(OutputError, match="nothing of this run is saved") as caught:
        tiny.train(corpus, tmp_path / "run")
    assert "still" not in str(caught.value)


def failing_saves(patch) -> None:
    from riverrun.training import checkpoints

    def full(*_):
        raise OutputError("the disk is full")

    patch.setattr(checkpoints, "write_model_directory", full)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from riverrun.cli.main import main
raise SystemExit(main(sys.argv[1:]))
"""


def test_files_may_not_grow_beyond_ulimit(corpus, tmp_path):
    """``ulimit -f``: what is said is what there is."""
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in tiny.SETTINGS.items()]
    given = [
        "train",
        str(corpus),
        "-o",
        str(tmp_path / "run"),
        "--steps",
        "4",
        "--model.hidden=64",
        *settings[:1],
    ]
    environment = {**os.environ, "RIVERRUN_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *given], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()[-1]
    assert "ulimit -f" in said
    assert "nothing of this run is saved" in said
    assert not (tmp_path / "run" / MANIFEST).exists()


def test_what_reads_while_a_model_is_replaced_gets_one_or_the_other(two):
    """The manifest is read, then the model is replaced, then the other files are read."""
    model, files, facts = two
    other = made.parts(model)
    from riverrun.bundle import reading

    plain, count = reading.BundleReader.file, [0]

    def replacing(self, name, most=None):
        count[0] += 1
        if count[0] in (1, 5):
            write_files(model, *((files, facts) if count[0] == 1 else other))
        return plain(self, name, most)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.BundleReader, "file", replacing)
        found = read_bundle(model)
    assert found.files[CONFIG] in (files[CONFIG], other[0][CONFIG])
    assert count[0] > len(MODEL)  # it began again
