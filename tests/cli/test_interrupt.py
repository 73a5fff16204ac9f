"""Ctrl-C saves what was learned and says how to go on; going on gives the run that was not interrupted."""

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tiny

STEPS = 400


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "riverrun.cli.main", *map(str, arguments)]


def settings() -> list[str]:
    return [f"--{key.replace('_', '-')}={value}" for key, value in tiny.SETTINGS.items()]


def interrupt(process: subprocess.Popen, number: int = signal.SIGINT) -> str:
    """Wait until steps are being made, then press Ctrl-C (or send another signal); returns all of stderr."""
    said = ""
    for line in process.stderr:
        said += line
        if "steps; held-out" in line:
            process.send_signal(number)
            break
    return said + process.stderr.read()


def test_an_interrupted_run_is_saved_and_its_command_goes_on(corpus, tmp_path):
    output = tmp_path / "my model"
    begun = command("train", corpus, "-o", output, "--steps", STEPS, "--json", *settings())
    with subprocess.Popen(begun, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = interrupt(process)
        report = json.loads(process.stdout.read())
    assert process.returncode == 130
    assert report["reason"] == "interrupted"
    assert 0 < report["steps"] < STEPS
    assert "Traceback" not in said
    *_, introduction, resume = said.splitlines()
    assert introduction == f"stopped at step {report['steps']} and saved in {output}; to go on:"
    assert (output / "model.safetensors").exists()

    program, *arguments = shlex.split(resume)
    assert (program, arguments[-1]) == ("riverrun", "--resume")
    resumed = subprocess.run(command(*arguments, "--json"), capture_output=True, text=True, check=True)
    assert json.loads(resumed.stdout)["steps"] == STEPS
    tiny.train(corpus, tmp_path / "whole", budget__steps=STEPS)
    assert tiny.weights(output) == tiny.weights(tmp_path / "whole")


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGINT, "Ctrl-C again"), (signal.SIGTERM, "asked to end (SIGTERM)")],
)
def test_each_signal_has_its_own_words_and_what_was_not_measured_is_called_so(
    number, words, corpus, tmp_path
):
    begun = command("train", corpus, "-o", tmp_path / "m", "--steps", 100_000, *settings())
    with subprocess.Popen(begun, stderr=subprocess.PIPE, text=True) as process:
        said = interrupt(process, number)
    assert process.returncode == 128 + number
    assert words in said
    assert "Ctrl-C" not in said or number == signal.SIGINT
    shown = subprocess.run(command("show", tmp_path / "m"), capture_output=True, text=True, check=True).stdout
    assert "not measured" in shown
    assert "inf" not in shown.replace("information", "")
    assert "best step" not in shown


def test_progress_that_nobody_reads_does_not_end_a_run(corpus, tmp_path):
    """As with ``riverrun train book.txt 2>&1 | head -1``: observers cannot change a run."""
    begun = command("train", corpus, "-o", tmp_path / "model", "--steps", STEPS, *settings())
    with subprocess.Popen(begun, stderr=subprocess.PIPE) as process:
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(timeout=120) == 0
    assert (tmp_path / "model" / "model.safetensors").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_training_begins_a_signal_ends_the_run_at_once(number, tmp_path):
    """A text may never end: here a pipe that nobody closes."""
    begun = command("train", "-", "-o", tmp_path / "model", "--steps", STEPS, *settings())
    with subprocess.Popen(begun, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"a text that goes on and on\n" * 1000)
        process.stdin.flush()
        wait_until_it_reads(process)
        process.send_signal(number)
        assert process.wait(timeout=20) != 0
        assert b"Traceback" not in process.stderr.read()
    assert not (tmp_path / "model").exists()


def wait_until_it_reads(process: subprocess.Popen) -> None:
    """Until the handlers of signals are in place, which is before anything is read."""
    catches = 1 << (signal.SIGTERM - 1)
    for _ in range(600):
        status = Path(f"/proc/{process.pid}/status").read_text()
        if int(status.split("SigCgt:")[1].split()[0], 16) & catches:
            return
        time.sleep(0.05)
    raise AssertionError("it never came so far")
