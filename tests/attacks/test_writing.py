"""What goes out: nothing through a link, nothing under a name that can be foreseen, nothing more open than umask."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import made
import riverrun
import tiny
from riverrun.bundle.names import CONFIG, MANIFEST, METRICS, MODEL, OURS, REQUEST, SAMPLES, WEIGHTS
from riverrun.errors import OutputError
from riverrun.files import outgoing
from riverrun.files.locks import Lock


@pytest.fixture
def bashrc(tmp_path):
    """A file of the user's that must stay as it is."""
    path = tmp_path / "home" / ".bashrc"
    path.parent.mkdir()
    path.write_text("mine")
    yield path
    assert path.read_text() == "mine"


@pytest.fixture
def begun(corpus, tmp_path):
    """A run that was left in the middle."""
    tiny.kill_after(6, corpus, tmp_path / "run", training__checkpoint_every=2)
    return tmp_path / "run"


def go_on(folder: Path, corpus: Path) -> None:
    tiny.train(corpus, folder, resume=True, training__checkpoint_every=2)


# The names that version 0.1.0 wrote to first, and hidden ones of today that could be guessed.
FORESEEN = [f".{name}.part" for name in OURS] + [".step-000000004.part", ".step-000000012.part"]


def test_links_under_the_temporary_names_of_old_change_nothing(begun, corpus, bashrc):
    """A stranger's journal, and a link to the user's shell start-up file: so code was run."""
    for name in FORESEEN:
        (begun / name).symlink_to(bashrc)
        (begun / "checkpoints" / name).symlink_to(bashrc)
    (begun / METRICS).write_text('{"event": "x", "step": 0, "x": "$(touch /tmp/owned)"}\n')
    go_on(begun, corpus)
    assert riverrun.load(begun)


@pytest.mark.parametrize("name", [*OURS, ".replaced"])
@pytest.mark.parametrize("kind", ["resume", "overwrite"])
def test_links_among_our_names_are_refused(name, kind, begun, corpus, bashrc):
    outgoing.remove(begun / name)
    (begun / name).symlink_to(bashrc.parent if name in ("checkpoints", ".replaced") else bashrc)
    before = sorted(path.name for path in begun.rglob("*"))
    with pytest.raises(OutputError, match="link"):
        tiny.train(corpus, begun, **{kind: True, "training__checkpoint_every": 2})
    assert sorted(path.name for path in begun.rglob("*")) == before
    assert sorted(path.name for path in bashrc.parent.iterdir()) == [".bashrc"]


@pytest.mark.parametrize("name", [METRICS, SAMPLES])
def test_a_journal_that_becomes_a_link_is_not_written_through(name, corpus, tmp_path, bashrc):
    happening = tiny.events(corpus, tmp_path / "run")
    for _ in range(3):
        next(happening)
    (tmp_path / "run" / name).unlink()
    (tmp_path / "run" / name).symlink_to(bashrc)
    with pytest.raises(OutputError, match=name):
        list(happening)


@pytest.mark.parametrize("name", [*MODEL, MANIFEST, "README.md"])
def test_a_model_is_not_published_through_a_link(name, corpus, tmp_path, bashrc):
    for event in (happening := tiny.events(corpus, tmp_path / "run")):
        if type(event).__name__ == "Saved":
            break
    (tmp_path / "run" / name).symlink_to(bashrc)
    with pytest.raises(OutputError, match="regular file"):
        list(happening)


def test_a_page_does_not_replace_a_device_or_a_link(tmp_path, bashrc):
    (tmp_path / "page.html").symlink_to(bashrc)
    os.mkfifo(tmp_path / "pipe.html")
    for name in ("page.html", "pipe.html"):
        with pytest.raises(OSError, match="not a regular file"):
            outgoing.write(tmp_path / name, b"<html>")
    assert (tmp_path / "page.html").is_symlink()


def test_temporary_names_cannot_be_foreseen(tmp_path, monkeypatch):
    seen = []
    plain = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *more: (seen.append((str(path), more[0])), plain(path, *more))[1]
    )
    for _ in range(2):
        outgoing.write(tmp_path / "file", b"x")
    names = [name for name, flags in seen if flags & os.O_CREAT]
    assert len(set(names)) == 2
    assert all(flags & os.O_EXCL and flags & os.O_NOFOLLOW for _, flags in seen)


def test_a_name_that_is_taken_meanwhile_is_not_used(tmp_path, monkeypatch, bashrc):
    monkeypatch.setattr("riverrun.files.outgoing.os.urandom", bytes)
    (tmp_path / f".file.{'0' * 16}.part").symlink_to(bashrc)
    with pytest.raises(FileExistsError):
        outgoing.write(tmp_path / "file", b"x")


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o027])
def test_modes_follow_the_umask(umask, tmp_path):
    """Models, journals, pages, encoded texts; code is closed always."""
    (tmp_path / "river.txt").write_text(tiny.text())
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in tiny.SETTINGS.items()]
    code = (
        f"import os; os.umask({umask})\n"
        "from riverrun.cli.main import main\n"
        f"assert main(['train', 'river.txt', '-o', 'run', '--steps', '2', *{settings!r}]) == 0\n"
        "assert main(['report', 'run', '-o', 'page.html']) == 0\n"
        "assert main(['score', 'run', 'river.txt', '--html', 'score.html']) == 0\n"
    )
    environment = {**os.environ, "RIVERRUN_CACHE": str(tmp_path / "cache")}
    (tmp_path / "cache").mkdir(mode=0o700)
    from riverrun.data.cache import cache_directory

    (tmp_path / "cache" / "code").symlink_to((cache_directory() / "code").resolve())
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made_now = [
        *(tmp_path / "run").rglob("*"),
        *(tmp_path / "cache" / "ids").rglob("*"),
        *tmp_path.glob("*.html"),
    ]
    for path in made_now:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o777 if path.is_dir() else 0o666) & ~umask, path
    assert {path.suffix for path in made_now} >= {
        ".html",
        ".bin",
        ".json",
        ".jsonl",
        ".safetensors",
        ".md",
        ".toml",
    }


def test_a_copy_follows_the_umask_too(tmp_path):
    folder = made.language_model(tmp_path / "model")
    (folder / WEIGHTS).chmod(0o777)
    before = os.umask(0o077)
    try:
        riverrun.load(folder).save(tmp_path / "copy")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "copy").iterdir()} == {0o600}


def test_two_runs_into_one_directory(corpus, tmp_path):
    """The second is refused while the first lives, and no longer."""
    first = tiny.events(corpus, tmp_path / "run", training__checkpoint_every=2)
    for _ in range(4):
        next(first)
    for more in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(OutputError, match="another run is writing"):
            tiny.train(corpus, tmp_path / "run", training__checkpoint_every=2, **more)
    first.close()
    go_on(tmp_path / "run", corpus)


def test_two_runs_that_begin_at_once(corpus, tmp_path, monkeypatch):
    """Both find nothing there; one of them claims it."""
    from riverrun.training.run_directory import RunDirectory

    plain, others = RunDirectory.claim, []

    def slow(self, *given):
        if not others:
            others.append(tiny.events(corpus, tmp_path / "run"))
            next(others[0])
        return plain(self, *given)

    monkeypatch.setattr(RunDirectory, "claim", slow)
    with pytest.raises(OutputError, match="another run is writing"):
        tiny.train(corpus, tmp_path / "run")
    list(others[0])
    assert riverrun.load(tmp_path / "run")


def test_a_hold_ends_with_its_process(tmp_path):
    code = "import sys, time; from riverrun.files.locks import Lock; from pathlib import Path\n"
    code += "lock = Lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(BlockingIOError):
            Lock(tmp_path)
        holder.kill()
    for _ in range(100):
        try:
            Lock(tmp_path).release()
            break
        except BlockingIOError:
            time.sleep(0.05)
    else:
        raise AssertionError("it is still held")
    assert not list(tmp_path.iterdir())


def test_what_killed_runs_left_is_swept_away_and_nothing_else(begun, corpus):
    left = [
        f".{CONFIG}.{'a' * 16}.part",
        f".{WEIGHTS}.{'b' * 16}",
        f"checkpoints/.step-000000004.{'c' * 16}.part",
    ]
    kept = [".git", ".mine.part", f".other.{'a' * 16}.part", f"checkpoints/.mine.{'a' * 16}.part"]
    for name in [*left, *kept]:
        (begun / name).mkdir()
    go_on(begun, corpus)
    assert not [name for name in left if (begun / name).exists()]
    assert all((begun / name).exists() for name in kept)


def test_the_model_that_is_replaced_is_what_can_be_used_meanwhile(trained, corpus, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    before = made.parts(tmp_path / "run")
    for event in (happening := tiny.events(corpus, tmp_path / "run", overwrite=True)):
        assert made.parts(tmp_path / "run") == before or type(event).__name__ == "Stopped"
        if type(event).__name__ == "Saved":
            assert (tmp_path / "run" / ".replaced" / "checkpoints").is_dir()
    del happening
    assert made.parts(tmp_path / "run") != before
    assert not (tmp_path / "run" / ".replaced").exists()
    note = json.loads((tmp_path / "run" / REQUEST).read_text())
    assert note["settings"]["model"]["hidden"] == tiny.SETTINGS["model.hidden"]
