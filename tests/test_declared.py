"""Dependencies: what is imported is declared, what is pinned is needed, and what is needed is pinned."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import riverrun

SOURCE = Path(riverrun.__file__).parent
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    name: lines for name, lines in PROJECT["optional-dependencies"].items() if name not in ("docs", "release")
}
"""Of those two, whose tools run apart from riverrun, nothing is pinned."""


WANTED = {"mkdocstrings": ("python",), "pyright": ("nodejs",), "requests": ("socks",), "urllib3": ("socks",)}
"""Extras that somebody asks for."""


def named(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;(]", requirement, maxsplit=1)[0]).lower()


def declared() -> set[str]:
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    return {named(line) for line in lines} - {"riverrun"}


def needed(names: set[str]) -> set[str]:
    """The names and all that they need here, as far as it is installed."""
    found, waiting = set(), list(names)
    while waiting:
        if (name := waiting.pop()) in found:
            continue
        found.add(name)
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        asked = [Requirement(line) for line in requirements]
        waiting += [
            named(each.name)
            for each in asked
            if each.marker is None
            or any(each.marker.evaluate({"extra": extra}) for extra in ("", *WANTED.get(name, ())))
        ]
    return found


def pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
    return {named(line) for line in lines if line and not line.startswith("#")}


ELSEWHERE = ("riverrun", "compression", "_typeshed")  # this; Python's own from 3.14 on; of type checkers


def test_what_is_imported_is_declared():
    """So that a fresh environment has it by right and not by chance."""
    offers = importlib.metadata.packages_distributions()
    undeclared = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top in (
                    "riverrun",
                    "compression",
                    "_typeshed",
                ):  # from 3.14 on; of type checkers
                    continue
                distributions = {named(each) for each in offers.get(top, [top])}
                if not distributions & declared():
                    undeclared[top] = str(path.relative_to(SOURCE))
    assert not undeclared


def test_what_is_pinned_is_needed():
    installed = {named(each.metadata["Name"]) for each in importlib.metadata.distributions()}
    if missing := declared() - installed - {"backports-zstd"}:
        pytest.skip(f"not installed here: {', '.join(sorted(missing))}")
    server = {"annotated-doc", "fastapi", "opentelemetry-api", "prometheus-client", "starlette", "uvicorn"}
    elsewhere = {
        "backports-zstd",
        "colorama",
        "tzdata",
        "setuptools",
    }  # on other systems or versions of Python
    assert not pinned() - needed(declared()) - elsewhere - server


def test_every_lower_bound_is_said():
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    assert not [line for line in lines if ">=" not in line and not line.startswith("riverrun[")]


def test_no_starlette_with_known_faults_is_installed_with_this_package():
    """CVE-2024-47874 (forms without bound) and CVE-2025-62727 (ranges)."""
    (wanted,) = (Requirement(line) for line in PROJECT["dependencies"] if line.startswith("starlette"))
    assert not any(wanted.specifier.contains(version) for version in ("0.40.0", "0.46.0", "0.49.0"))
