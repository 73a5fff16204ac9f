"""In place of any file of a model a link, a pipe, a device, a directory, a socket: nothing waits, floods, follows."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import made
import riverrun
import tiny
from riverrun.bundle.names import MANIFEST, METRICS, MODEL, REQUEST, SAMPLES
from riverrun.cli.main import main
from riverrun.errors import ModelError, OutputError

READ = (MANIFEST, *MODEL)


def a_link(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}-elsewhere"))
    path.symlink_to(path.with_name(f"{path.name}-elsewhere"))


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def a_device_itself(path: Path) -> None:
    path.unlink()
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as made:
        where = os.getcwd()
        os.chdir(path.parent)  # the name of a socket is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(where)


def a_broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_sparse_gigabyte(path: Path) -> None:
    with open(path, "r+b") as stream:
        stream.truncate(1 << 30)


KINDS = (a_link, a_pipe, a_device, a_directory, a_socket, a_broken_link, a_link_to_itself, a_sparse_gigabyte)
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make devices"
)
kinds = pytest.mark.parametrize("put", KINDS, ids=lambda put: put.__name__)


@kinds
@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("kind", ["language", "translator"])
def test_loading(put, name, kind, tmp_path):
    make = made.language_model if kind == "language" else made.translator
    folder = make(tmp_path / "model")
    put(folder / name)
    with pytest.raises(ModelError, match=name) as caught:
        riverrun.load(folder)
    assert "\n" not in str(caught.value)


@root
@pytest.mark.parametrize("name", READ)
def test_a_device_that_an_archive_brought_along(name, tmp_path):
    folder = made.language_model(tmp_path / "model")
    try:
        a_device_itself(folder / name)
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    with pytest.raises(ModelError, match=name):
        riverrun.load(folder)


@pytest.fixture
def run(trained, tmp_path):
    """A finished run that may be harmed."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def resumed(folder: Path):
    """The events of a run that goes on."""
    from riverrun.config.building import build_settings
    from riverrun.training.run import Request

    return tiny.run_request(Request((), folder, build_settings({}), resume=True))


@kinds
@pytest.mark.parametrize("name", [METRICS, SAMPLES])
def test_reports_and_resumed_runs_do_not_read_journals_that_are_none(put, name, run, corpus, capsys):
    put(run / name)
    assert main(["report", str(run), "-o", str(run.parent / "page.html")]) == 2
    assert name in capsys.readouterr().err
    assert main(["train", str(corpus), "-o", str(run), "--resume"]) == 2
    assert name in capsys.readouterr().err


@kinds
def test_resumed_runs_do_not_read_a_note_that_is_none(put, run):
    put(run / REQUEST)
    with pytest.raises(OutputError, match="request"):
        next(resumed(run))


@kinds
def test_a_report_goes_without_a_note_that_is_none(put, run, tmp_path):
    put(run / REQUEST)
    assert main(["report", str(run), "-o", str(tmp_path / "page.html")]) == 0
    assert "give it with --text" in (tmp_path / "page.html").read_text()


@kinds
@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "training.json", MANIFEST])
def test_resumed_runs_pass_over_checkpoints_that_are_none(put, name, run):
    for folder in (run / "checkpoints").iterdir():
        put(folder / name)
    with pytest.warns(UserWarning, match="passed over") as said:
        first = next(resumed(run))
    assert first.step == 0
    assert name in str(said[0].message)


@kinds
@pytest.mark.parametrize("name", ["notes.txt", "README.md", METRICS])
def test_a_copy_holds_nothing_that_is_linked_or_not_ours(put, name, tmp_path):
    folder = made.language_model(tmp_path / "model")
    (folder / name).write_text("secret")
    put(folder / name)
    riverrun.load(folder).save(tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == sorted(READ)
    riverrun.load(tmp_path / "copy")


def test_a_copy_of_a_run_holds_its_records_but_not_its_checkpoints(run, tmp_path):
    (run / "mine.txt").write_text("not of the model")
    riverrun.load(run).save(tmp_path / "copy")
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {*READ, METRICS, SAMPLES, REQUEST, "README.md"}
    assert main(["report", str(tmp_path / "copy"), "-o", str(tmp_path / "page.html")]) == 0


BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
import riverrun
try:
    riverrun.load(sys.argv[1])
except riverrun.RiverrunError as error:
    print(error)
    raise SystemExit(2)
"""


@pytest.mark.parametrize("name", READ)
def test_a_sparse_file_of_a_terabyte_takes_no_memory(name, tmp_path):
    """An archive of a few kilobytes can bring one along; here the manifest lists it as it is."""
    folder = made.language_model(tmp_path / "model")
    text = (folder / MANIFEST).read_text()
    size = (folder / name).stat().st_size
    try:
        os.truncate(folder / name, 1 << 40)
    except OSError as error:
        pytest.skip(f"no such file can be made here: {error}")
    if name != MANIFEST:
        from riverrun.bundle.manifest import Listed, parse_manifest

        manifest = parse_manifest(text.encode())
        manifest.files[name] = Listed(1 << 40, manifest.files[name].sha256)
        (folder / MANIFEST).write_bytes(manifest.to_json())
    assert size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert name in done.stdout
