"""A machine on which nothing but the model's directory can be written, such as a container."""

import os
import subprocess
import sys

import pytest

import tiny


@pytest.fixture
def barren(tmp_path) -> dict[str, str]:
    """An environment without a cache that can be made: the home is a file. (Rights do not stop root.)"""
    (tmp_path / "home").write_text("")
    home = str(tmp_path / "home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    cache = {"RIVERRUN_CACHE": f"{home}/cache", "HOME": home, "LOCALAPPDATA": home, "USERPROFILE": home}
    return kept | cache


def test_training_and_writing_say_once_that_the_cache_is_elsewhere(barren, corpus, tmp_path):
    settings = [f"--{key.replace('_', '-')}={value}" for key, value in tiny.SETTINGS.items()]

    def run(*arguments: object) -> str:
        command = [sys.executable, "-m", "riverrun", *map(str, arguments)]
        done = subprocess.run(command, env=barren, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    said = run("train", corpus, "-o", tmp_path / "model", "--steps", "3", *settings)
    assert said.count("cache") == 1, said
    assert "temporary" in said
    assert run("show", tmp_path / "model").count("cache") <= 1
