"""What is counted and timed, for Prometheus to scrape."""

import os
import time
import traceback
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from riverrun.server.tickets import Ticket

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """All metrics of a process; several processes are summed through files in PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "riverrun_requests", "Requests by outcome.", ["route", "model", "outcome"], registry=registry
        )
        self.seconds = Histogram(
            "riverrun_request_seconds",
            "From the request's first byte to the answer's last.",
            ["route", "model"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.first = Histogram(
            "riverrun_first_symbol_seconds",
            "From a request's arrival to its first symbol.",
            ["model"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.symbols = Counter(
            "riverrun_symbols", "Symbols read and written.", ["model", "kind"], registry=registry
        )
        self.queued = Histogram(
            "riverrun_queue_seconds", "Waiting for a place.", ["model"], registry=registry, buckets=_SECONDS
        )
        self.waiting = Gauge(
            "riverrun_waiting",
            "Prompts or texts that wait for a place.",
            ["model"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.batch = Histogram(
            "riverrun_batch_sequences",
            "Sequences advanced together in a slice.",
            ["model"],
            registry=registry,
            buckets=_SIZES,
        )
        self.failures = Counter(
            "riverrun_failures", "Turns of a model's loop that failed.", ["model"], registry=registry
        )

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry)


class Meters:
    """The metrics of one model, as its loop reports them."""

    def __init__(self, metrics: Metrics, model: str, log: Callable[[str], None]) -> None:
        """``log`` takes the traceback of a failure."""
        self._log = log
        self._read = metrics.symbols.labels(model, "read")
        self._wrote = metrics.symbols.labels(model, "written")
        self._queued = metrics.queued.labels(model)
        self._batch = metrics.batch.labels(model)
        self._failures = metrics.failures.labels(model)

    def taken(self, ticket: Ticket) -> None:
        self._queued.observe(time.monotonic() - ticket.joined)

    def read(self, symbols: int) -> None:
        self._read.inc(symbols)

    def wrote(self, symbols: int) -> None:
        self._wrote.inc(symbols)

    def advanced(self, sequences: int) -> None:
        self._batch.observe(sequences)

    def failed(self, error: Exception) -> None:
        self._failures.inc()
        self._log("".join(traceback.format_exception(error)))
