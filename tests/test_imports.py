"""Importing is cheap: what is loaded is what is used."""

import json
import subprocess
import sys

import pytest

NAMES = "torch numpy numba llvmlite pydantic rich matplotlib safetensors tokenizers regex fastapi pooch"
HEAVY = set(NAMES.split())


def loaded(code: str, *arguments: object) -> set[str]:
    """Top-level modules that a fresh process has loaded after running the code."""
    code += "\nimport json, sys\nprint(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import riverrun; riverrun.__version__",
        "from riverrun.cli.main import main; main(['--help'])",
        "from riverrun.cli.main import main; main(['--version'])",
        "from riverrun.cli.main import main; main(['no-such-command'])",
    ],
)
def test_the_door_loads_nothing_heavy(code):
    assert not loaded(code) & HEAVY


@pytest.mark.parametrize(
    "command", ["train", "generate", "score", "evaluate", "show", "data", "export", "play", "serve"]
)
def test_help_of_a_command_loads_no_numbers(command):
    code = f"from riverrun.cli.main import main\ntry: main(['{command}', '--help'])\nexcept SystemExit: pass"
    assert not loaded(code) & (HEAVY - {"pydantic"})  # the settings of train are read from their models


@pytest.mark.parametrize("command", [["generate", "the", "--length", "5"], ["score", "-"], ["show"]])
def test_using_a_model_loads_no_torch(command, trained, corpus):
    name, *rest = command
    rest = [str(corpus) if argument == "-" else argument for argument in rest]
    code = f"from riverrun.cli.main import main\nassert main({[name, str(trained), *rest]!r}) == 0"
    modules = loaded(code)
    assert not modules & {"torch", "pydantic", "rich", "matplotlib", "pooch"}


def test_text_settings_and_files_load_no_torch():
    rooms = "text data.corpus data.ids data.lanes config bundle generation.streaming evaluation.likelihood"
    assert "torch" not in loaded("\n".join(f"import riverrun.{room}" for room in rooms.split()))


def test_what_is_offered_can_be_had():
    import riverrun

    for name in riverrun.__all__:
        assert getattr(riverrun, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = riverrun.no_such_name
