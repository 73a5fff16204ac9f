"""Several processes behind one socket. Each has the weights of the process that loaded them, mapped, not copied."""

import gc
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable

from riverrun.errors import InputError, RiverrunError
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.offer import Offer

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PAUSE = 1.0  # seconds before a process that ended by itself is replaced
_LOOK = 1.0  # seconds between two looks for the supervisor


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
        return Supervisor(lambda: _live(offer)).run(count)


def _live(offer: Offer) -> int:
    """The life of one process."""
    from riverrun.server.lifecycle import serve

    try:
        serve(offer)
    except RiverrunError as error:
        print(f"riverrun: {error}", file=sys.stderr)
        return error.exit_code
    return 0


class Supervisor:
    """Starts processes, replaces those that die, passes signals on, waits for all."""

    def __init__(self, child: Callable[[], int]) -> None:
        self._child = child
        self._processes: set[int] = set()
        self._stopping = False
        self._code = 0

    def run(self, count: int) -> int:
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        for _ in range(count):
            self._start()
        while self._processes:
            process, status = os.wait()
            self._processes.discard(process)
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                self._code = self._code or (code if code > 0 else 0)
            elif code == InputError.exit_code:  # another would end the same way
                self._code = code
                self._stop()
            else:
                print(f"riverrun: a process ended ({code}); another takes its place", file=sys.stderr)
                time.sleep(_PAUSE)
                if not self._stopping:
                    self._start()
        return self._code

    def _start(self) -> None:
        signal.pthread_sigmask(
            signal.SIG_BLOCK, _SIGNALS
        )  # none may reach a child that has this one's handlers
        supervisor, process = os.getpid(), os.fork()
        if process:
            self._processes.add(process)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        code = 1
        try:
            os.setpgrp()  # a terminal's Ctrl-C goes to the parent only, which passes it on
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            threading.Thread(target=_end_with, args=(supervisor,), daemon=True).start()
            code = self._child()
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for process in self._processes:
            os.kill(process, signal.SIGTERM)


def _end_with(supervisor: int) -> None:
    """End in order once the process that started this one is no more: alone it would hold the port for ever."""
    while os.getppid() == supervisor:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
