"""Servers that the tests of this room share."""

from pathlib import Path

import pytest

import tiny_server


@pytest.fixture(scope="session")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server of the language model ``model``."""
    with tiny_server.running(tmp_path_factory.mktemp("server"), trained) as server:
        yield server


@pytest.fixture(scope="session")
def both(trained: Path, translated: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server of the language model ``model`` and the translator ``phones``."""
    with tiny_server.running(tmp_path_factory.mktemp("both"), trained, f"phones={translated}") as server:
        yield server


@pytest.fixture(scope="session")
def endless(trained: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server that takes requests which no test waits for the end of, and waits shortly for slow senders."""
    bounds = "--max-tokens 1000000000 --max-symbols 1000000000000 --max-receive 1 --max-connections 40 --max-queue 40"
    with tiny_server.running(tmp_path_factory.mktemp("endless"), trained, *bounds.split()) as server:
        yield server
