"""Wall time of a command, over all its resumed parts."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Clock:
    """Seconds since a command began; what earlier parts of its run took is added by ``resume``."""

    began: float = field(default_factory=time.monotonic)

    @classmethod
    def since_process_start(cls) -> "Clock":
        """Counts from the start of the process, so that a budget includes loading Python and torch."""
        return cls(time.monotonic() - _process_age())

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def resume(self, seconds: float) -> None:
        """Count the time that an earlier part of the run took."""
        self.began -= seconds


def _process_age() -> float:
    """Seconds since this process began; 0 where the system does not say."""
    try:
        started = int(_stat().rsplit(")", 1)[1].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return 0.0


def _stat() -> str:
    return Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
