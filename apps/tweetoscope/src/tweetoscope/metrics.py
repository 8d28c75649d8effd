"""What a service tells Prometheus about itself; `families` has everything that is told.

Counters and histograms are moved as things happen. What has to be looked up is asked once a second
by the loop: a task registers who is to be asked, and what was told of it goes when the task does.
"""

import importlib.metadata
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from tweetoscope.families import PREFIX, Family, Kind, of_service

_MADE = {Kind.COUNTER: Counter, Kind.GAUGE: Gauge}


class Figure(NamedTuple):
    """A gauge's value at the moment, and its labels but the service's and the partition's."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


Look = Callable[[], Iterable[Figure]]


class Metrics:
    """The numbers of one process. `service` is the value of a label that all of them have."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._service = service
        self._families = {family.name: family for family in of_service(service)}
        self._made = {name: self._make(family) for name, family in self._families.items()}
        self._looks: dict[int, Look] = {}
        self._told: dict[int, set[tuple[str, tuple[str, ...]]]] = {}
        self._lagging: set[str] = set()
        self._closed: list[tuple[str, float]] = []
        self.gauge("info", 1.0, importlib.metadata.version("tweetoscope"))

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer Prometheus from a thread of its own, for as long as the process lives."""
        # Each counter would have a gauge beside it, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it says no types
        start_http_server(port, host, registry=self.registry)

    def handled(self, read: int, written: int, *, dead: int) -> None:
        """Count a batch."""
        if read:
            self.count("records_total", read)
        if written:
            self.count("messages_total", written)
        if dead:
            self.count("dead_letters_total", dead)

    def repeated(self, records: int) -> None:
        """Count records that were read before."""
        if records:
            self.count("repeated_total", records)

    def rejoined(self) -> None:
        """Count a beginning anew; what was under way has not happened."""
        self.count("rejoined_total")
        self._closed.clear()

    def took(self, seconds: float) -> None:
        """How long a batch took, which is committed now."""
        self.observe("batch_seconds", seconds)
        if self._closed:
            now_s = time.time()
            for of, closed_s in self._closed:
                self.observe("latency_seconds", max(now_s - closed_s, 0.0), of)
            self._closed.clear()

    def told(self, of: str, closed_ms: int | None) -> None:
        """A prediction or an alert of a window closed then, which counts once it is committed."""
        if closed_ms is not None:
            self._closed.append((of, closed_ms / 1000.0))

    def lags(self, topic: str, lags: Mapping[int, int]) -> None:
        """How far behind each own partition is; of others nothing is said."""
        now = {str(partition): lag for partition, lag in lags.items()}
        for partition in self._lagging - now.keys():
            self._forget("lag_records", (topic, partition))
        for partition, lag in now.items():
            self.gauge("lag_records", lag, topic, partition)
        self._lagging = set(now)

    def watch(self, partition: int, look: Look) -> None:
        """Ask about a task from now on, for as long as it is here."""
        self._looks[partition] = look

    def tasks(self, partitions: Collection[int]) -> None:
        """Which tasks there are now."""
        self.gauge("tasks", len(partitions))
        for partition in self._looks.keys() - set(partitions):
            del self._looks[partition]
            for name, labels in self._told.pop(partition, ()):
                self._forget(name, labels)

    def look(self) -> None:
        """Ask about every task. Called by the one who works on them."""
        for partition, look in list(self._looks.items()):
            told = set()
            for name, value, labels in look():
                if "partition" in self._families[name].labels:
                    labels = (str(partition), *labels)
                self.gauge(name, value, *labels)
                told.add((name, labels))
            self._told[partition] = told

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Observe how long something takes."""
        began_s = time.monotonic()
        yield
        self.observe(name, time.monotonic() - began_s)

    def count(self, name: str, by: int = 1, *labels: str) -> None:
        """Count something; `families` has the names."""
        cast(Counter, self._made[name]).labels(self._service, *labels).inc(by)

    def gauge(self, name: str, value: float, *labels: str) -> None:
        """How much there is of something; `families` has the names."""
        cast(Gauge, self._made[name]).labels(self._service, *labels).set(value)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Another value of a histogram; `families` has the names."""
        cast(Histogram, self._made[name]).labels(self._service, *labels).observe(value)

    def _make(self, family: Family) -> Counter | Gauge | Histogram:
        name, labels = PREFIX + family.name, ["service", *family.labels]
        made: Counter | Gauge | Histogram
        if family.kind is Kind.HISTOGRAM:
            made = Histogram(
                name, family.text, labels, buckets=family.buckets, registry=self.registry
            )
        else:
            made = _MADE[family.kind](name, family.text, labels, registry=self.registry)
        if not family.labels:
            made.labels(self._service)  # So that it is there, as 0, before anything happens.
        return made

    def _forget(self, name: str, labels: tuple[str, ...]) -> None:
        self._made[name].remove(self._service, *labels)
