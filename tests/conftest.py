"""Fixtures that all tests share. Every test has its own cache, and one thread: the machine is shared."""

import contextlib
import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and for the processes that tests start
if os.access(
    "/dev/shm", os.W_OK
):  # checkpoints are flushed to disk, and here the disk need not be waited for
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

from pathlib import Path

import pytest

import tiny
import tiny_pairs
from riverrun.data.cache import cache_directory


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache directory of this session of tests; never the user's. Workers share it, as processes may."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    compiled = cache_directory() / "code"  # depends on nothing but the sources and the processor
    compiled.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "code").symlink_to(compiled)
    os.environ["RIVERRUN_CACHE"] = str(folder)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path / "own-cache"))
    return tmp_path / "own-cache"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of about 3000 characters; not to be changed."""
    path = tmp_path_factory.mktemp("corpus") / "river.txt"
    path.write_text(tiny.text(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a small model of that text; not to be changed."""
    output = tmp_path_factory.mktemp("trained") / "model"
    tiny.train(corpus, output, budget__steps=40, training__learning_rate=0.02, model__hidden=16)
    return output


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of words and their phones; not to be changed."""
    return tiny_pairs.write(tmp_path_factory.mktemp("pairs") / "p.tsv", tiny_pairs.pronunciations())


@pytest.fixture(scope="session")
def translated(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a translator that has learned them; not to be changed."""
    output = tmp_path_factory.mktemp("translator") / "model"
    tiny_pairs.train(pairs, output, steps=250)
    return output


@pytest.fixture
def model(trained: Path):
    """That model, loaded."""
    import riverrun

    return riverrun.load(trained)
