"""On a terminal, what a model wrote or a text holds is shown and not obeyed; elsewhere it goes out as it is."""

import os
import subprocess
import sys

import pytest

HARMFUL = "the \x1b[2J age\x07\x9b8t\tend\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "harmful.txt"
    path.write_text(HARMFUL, encoding="utf-8")
    return path


def on_terminal(*command: object) -> str:
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    reading, writing = pty.openpty()
    with subprocess.Popen(list(map(str, command)), stdout=writing, stdin=subprocess.DEVNULL) as process:
        os.close(writing)
        printed = b""
        while block := _read(reading):
            printed += block
    os.close(reading)
    assert process.returncode == 0
    return printed.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""


def test_control_characters_are_shown_on_a_terminal(trained, text):
    printed = on_terminal(sys.executable, "-m", "riverrun", "score", trained, text, "--by", "line")
    assert "the \\x1b[2J age\\x07\\x9b8t\tend" in printed
    assert not set(printed) & set("\x1b\x07\x9b")


def test_they_go_out_as_they_are_through_a_pipe(trained, text):
    command = [sys.executable, "-m", "riverrun", "score", str(trained), str(text), "--by", "line"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert HARMFUL.removesuffix("\n") in printed


def test_a_prompt_is_shown_too(trained):
    printed = on_terminal(
        sys.executable, "-m", "riverrun", "generate", trained, "the \x1b[1m天", "--length", "3", "--seed", "1"
    )
    assert printed.startswith("the \\x1b[1m天")
