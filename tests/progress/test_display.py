"""On a terminal: a status line below everything else, at any width, with nothing stale after a resize."""

import io
import os
import re
import struct
import subprocess
import sys
import time

import pyte
import pytest

import tiny
from riverrun.progress.display import Display
from riverrun.progress.following import follow
from riverrun.progress.status_line import StatusLine
from riverrun.training import events


class Screen:
    """A terminal of some width that can be resized."""

    def __init__(self, columns: int, rows: int = 30) -> None:
        self.columns = columns
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)

    def write(self, text: str) -> None:
        self._stream.feed(text.replace("\n", "\r\n"))

    def flush(self) -> None:
        pass

    def resize(self, columns: int) -> None:
        self.columns = columns
        self.screen.resize(columns=columns)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


class TestStatusLine:
    @pytest.fixture
    def screen(self) -> Screen:
        return Screen(40)

    @pytest.fixture
    def line(self, screen) -> StatusLine:
        self.parts = ["first part", "second part", "third part"]
        return StatusLine(screen, lambda: self.parts, lambda: screen.columns)

    def test_stays_below_what_is_written(self, screen, line):
        line.draw()
        print("one", file=line)
        print("two\nthree", file=line)
        assert screen.lines == ["one", "two", "three", "first part  second part  third part"]

    def test_half_a_line_waits_for_its_end(self, screen, line):
        line.draw()
        line.write("to be ")
        assert len(screen.lines) == 1
        line.write("continued\n")
        assert screen.lines[0] == "to be continued"

    def test_nothing_stale_is_left(self, screen, line):
        line.draw()
        self.parts = ["short"]
        screen.resize(20)
        line.draw()
        assert screen.lines == ["short"]
        screen.resize(60)
        self.parts = ["as long as there is room for it", "and more"]
        line.draw()
        assert screen.lines == ["as long as there is room for it  and more"]

    def test_a_terminal_that_folds_the_line_when_it_becomes_narrower(self, screen, line):
        """Most terminals do, and the cursor stays at the line's first column: then all of its rows are erased."""
        line.draw()
        folded = "first part  second part  third part"
        screen.resize(20)
        screen.screen.reset()
        screen.write(f"above\n{folded[:20]}\n{folded[20:]}\x1b[1A\r")
        line.draw()
        assert screen.lines == ["above", "first part"]

    def test_goes_when_the_run_is_over(self, screen, line):
        with line:
            print("one", file=line)
            line.write("rest")
        assert screen.lines == ["one", "rest"]

    def test_a_closed_terminal_is_no_failure(self):
        closed = io.StringIO()
        closed.close()
        with StatusLine(closed, lambda: ["x"], lambda: 10) as line:
            assert line.write("text\n") == 5


def test_samples_are_wrapped_at_words(capsys):
    display = Display(tiny.Path("model"), "")
    text = "twenty-one words " * 20
    display.show(events.Previewed(1, "temperature 0.5", "The river", text))
    display.show(events.Previewed(1, "temperature 1", "The river", "more\nlines"))
    shown = capsys.readouterr().err
    assert shown.count("The river") == 1
    rows = [line.strip() for line in shown.splitlines()]
    assert " ".join(rows[3:-3]) == text.strip()
    assert rows[-3:] == ["temperature 1:", "more", "lines"]
    assert max(map(len, shown.splitlines())) <= 100


class TestFollow:
    def test_an_observer_is_given_every_event_and_the_display_can_be_switched_off(
        self, corpus, tmp_path, capsys
    ):
        seen = []
        last = follow(
            tiny.events(corpus, tmp_path / "m"), tmp_path / "m", progress=False, on_event=seen.append
        )
        assert capsys.readouterr() == ("", "")
        assert isinstance(seen[0], events.Started)
        assert seen[-1] is last

    def test_what_an_observer_raises_ends_the_run(self, corpus, tmp_path):
        def observe(event):
            if isinstance(event, events.Saved):
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            follow(tiny.events(corpus, tmp_path / "m"), tmp_path / "m", on_event=observe)
        assert list((tmp_path / "m" / "checkpoints").glob("step-*"))


@pytest.mark.parametrize("columns", [80, 40])
def test_a_run_on_a_terminal(columns, corpus, tmp_path):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    import fcntl
    import termios

    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    settings = [f"--{key.replace('_', '-')}={value}" for key, value in tiny.SETTINGS.items()]
    command = [sys.executable, "-m", "riverrun", "train", corpus, "-o", "m", "--steps", "300", *settings]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=terminal, env=os.environ | {"TERM": "xterm"})
    os.close(terminal)
    screen = pyte.Screen(columns, 50)
    stream = pyte.ByteStream(screen)
    lines: set[str] = set()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            received = os.read(controller, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not received:
            break
        for piece in received.split(b"\r"):  # as it was at each drawing
            stream.feed(piece + b"\r")
            lines.add(screen.display[screen.cursor.y].rstrip())
    os.close(controller)
    assert process.wait(timeout=60) == 0
    status = [line for line in lines if " left  loss " in line or " so far  loss " in line]
    assert status
    assert all(len(line) < columns for line in status)
    shown = [line.rstrip() for line in screen.display if line.strip()]
    assert not any(" left  loss " in line for line in shown), shown
    assert any("finished: all 300 steps made" in line for line in shown)
    assert any(line.startswith("next: riverrun generate m") for line in shown)
    said = " ".join(line.strip() for line in shown)  # cut between words only
    assert re.search(r"finished: all 300 steps made, \d+ s; held-out loss [\d.]+ nats per token", said)
