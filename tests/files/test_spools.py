"""A stream kept for a while: read again and again, bounded, and gone with its process."""

import os
import signal
import subprocess
import sys

import pytest

from riverrun.files.spools import is_spool, spool


def test_it_can_be_read_again_and_from_two_places_at_once():
    path = spool([b"some ", b"text"])
    assert is_spool(path)
    with open(path, "rb") as one, open(path, "rb") as other:
        assert one.read(5) == b"some "
        assert other.read() == b"some text"
        assert one.read() == b"text"


def test_others_are_none(tmp_path):
    assert not is_spool(tmp_path / "text.txt")


def test_one_that_never_ends_is_refused():
    def endless():
        while True:
            yield b"x" * 1000

    with pytest.raises(OSError, match="longer than there is room"):
        spool(endless(), most=1 << 20)


KEPT = """
import sys, time
from riverrun.files.spools import spool
print(spool([b"text" * 1000]), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="only where open files can be reached without a name"
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_process_that_is_killed(number, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", KEPT], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.send_signal(number)
    assert not list(tmp_path.iterdir())
