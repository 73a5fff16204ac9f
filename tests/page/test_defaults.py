"""The engine in the browser begins with the defaults of the program."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

import riverrun
from riverrun.generation.sampling import Sampling
from riverrun.generation.search import Search

ENGINE = Path(riverrun.__file__).parent / "page" / "engine"


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


@pytest.mark.parametrize(
    ("file", "name", "record"),
    [("sampling.js", "DEFAULT_SAMPLING", Sampling()), ("pairs/search.js", "DEFAULT_SEARCH", Search())],
)
def test_defaults_are_those_of_the_program(file, name, record):
    written = re.search(rf"{name} = Object\.freeze\((\{{.*?\}})\)", (ENGINE / file).read_text(), re.DOTALL)
    pairs = re.findall(r"(\w+): ([\w.]+)", written[1])
    found = {_snake(key): json.loads(value) for key, value in pairs}
    assert found
    assert found.items() <= asdict(record).items()
