"""Several processes behind one socket. Each has the weights of the process that loaded them, mapped, not copied."""

import gc
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable

from riverrun.errors import InputError, RiverrunError
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.offer import Offer

_PAUSE = 1.0  # seconds before a process that ended by itself is replaced
_STARTED = 5.0  # seconds after which a process counts as one that works


def serve_in_processes(count: int, offer: Offer) -> int:
    """Serve in ``count`` processes until a signal ends them; one that dies is replaced.

    Returns:
        The exit code: 0, or that of a process that could not start.

    Raises:
        InputError: this system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise InputError(
            "--workers: this system starts no processes that share memory; run one server a port"
        )
    for model in offer.models.values():
        if isinstance(model, TrainedLanguageModel):
            _ = model.decoder  # packed once, before the memory is shared
    with tempfile.TemporaryDirectory(prefix="riverrun-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = (
            folder  # read when prometheus_client is imported, in the children
        )
        gc.freeze()
        return _Supervisor(lambda: _live(offer)).run(count)


def _live(offer: Offer) -> int:
    """The life of one process."""
    from riverrun.server.lifecycle import serve

    try:
        serve(offer)
    except RiverrunError as error:
        print(f"riverrun: {error}", file=sys.stderr)
        return error.exit_code
    return 0


class _Supervisor:
    """Starts processes, replaces those that die, passes signals on, waits for all."""

    def __init__(self, child: Callable[[], int]) -> None:
        self._child = child
        self._started: dict[int, float] = {}
        self._stopping = False
        self._code = 0

    def run(self, count: int) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(count):
            self._start()
        while self._started:
            process, status = os.wait()
            if process not in self._started:
                continue
            lived = time.monotonic() - self._started.pop(process)
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                self._code = self._code or (code if code > 0 else 0)
            elif code > 0 and lived < _STARTED:  # it said why
                self._code = code
                self._stop()
            else:
                print(f"riverrun: a process ended ({code}); another takes its place", file=sys.stderr)
                time.sleep(_PAUSE)
                if not self._stopping:
                    self._start()
        return self._code

    def _start(self) -> None:
        process = os.fork()
        if process:
            self._started[process] = time.monotonic()
            return
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            code = self._child()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for process in self._started:
            os.kill(process, signal.SIGTERM)
