"""What the collector's memory is made of: open cascades, and nothing that stays of others.

Once by itself, while all cascades are open; and once as a process on a broker, with the snapshots
that it writes, while for as long as one likes cascades begin and end as many as before.
"""

import gc
import itertools
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from apps.tweetoscope.benchmarks.processes import WITHIN_S, Running, broker, running, stream
from measure import Extent, Figure, each_run
from tweetoscope import collector, generator
from tweetoscope.broker import Listed, Record
from tweetoscope.cascade import Gathering
from tweetoscope.generator import Portion
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.processing import Process
from tweetoscope.topics import GENERATOR, TWEETS

BATCH = 10_000
WINDOW_S = 1200.0
WINDOWS = ["--observation", "600", "--observation", "3600", "--observation", "21600"]
RATE = 1500
"""Tweets a second. They come 40 times faster than they would, and cost some % of a core."""
WARM = 450_000
"""After so many tweets as many cascades end as begin, and as many windows close as are opened."""
HURRY = 4
"""How many times faster these come: in 75 s, and on a machine that has much else to do in ..."""
WARM_S = 900.0
SLOTS, PAUSE_S = 1500, 86_400.0
"""In each source so many cascades follow each other, with pauses that spread how they begin."""
SAMPLES = 60


def remembering(given: Connection) -> None:
    """In a process of its own: answer with the memory for each event while all are in use."""
    service = collector.service(Gathering(windows_s=(WINDOW_S,)), Metrics("collector"))

    def filled(process: Process[Any], batch: list[Record]) -> None:
        list(process.handle(Listed(batch), list(map(service.decode, batch))))
        list(process.changes())

    # What a batch leaves with the allocator is there before it is looked.
    filled(service.open(0, {}), given.recv())
    gc.collect()
    before, process = resident(), service.open(0, {})
    while batch := given.recv():
        filled(process, batch)
    del batch
    gc.collect()
    events = sum(figure.value for figure in process.figures() if figure.name == "held_events")
    given.send((resident() - before) / max(events, 1.0))


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def memory(extent: Extent) -> Iterator[Figure]:
    """What the collector keeps of open cascades, its bookkeeping and the allocator's waste in."""
    tweets = itertools.takewhile(
        lambda each: each.after_s < WINDOW_S, stream(at_once=extent.size(1000))
    )
    records = [
        Record(TWEETS, 0, at, each.source.encode(), generator.message(each, at).value, 0, None)
        for at, each in enumerate(tweets)
    ]

    def measured() -> float:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=remembering, args=[theirs])
        process.start()
        ours.send(records[:BATCH])
        for start in range(0, len(records), BATCH):
            ours.send(records[start : start + BATCH])
        ours.send([])
        each = float(ours.recv())
        process.join(WITHIN_S)
        return max(each, 0.0)

    yield Figure(
        name="collector's memory while all cascades are open", unit="bytes/event",
        runs=each_run(extent, measured), budget=200.0,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Steady:
    """A feed that writes once a second, so that a broker has little to do. `warm` come sooner."""

    warm: int

    def portions(self, position: int | None, stop: threading.Event) -> Iterator[Portion]:
        """Tweets without end."""
        at = position or 0
        tweets = itertools.islice(stream(at_once=SLOTS, pause_s=PAUSE_S), at, None)
        while not stop.is_set():
            due_s = time.monotonic() + 1.0
            batch = itertools.islice(tweets, RATE * HURRY if at < self.warm else RATE)
            written = [generator.message(each, number) for number, each in enumerate(batch, at)]
            at += len(written)
            yield Portion(written, at)
            stop.wait(due_s - time.monotonic())


def feed(brokers: str, warm: int) -> None:
    """The generator's process, until it is killed."""
    generator.run(Steady(warm=warm), Kafka(brokers), Metrics(GENERATOR), threading.Event())


@contextmanager
def feeding(brokers: str, warm: int) -> Iterator[None]:
    """A generator that is steady."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=feed, args=[brokers, warm], daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The collector at one moment."""

    resident_mib: float
    cascades: float
    events: float
    cpu_s: float

    @classmethod
    def of(cls, collector_: Running) -> "Sample":
        """What it says of itself now."""
        numbers = collector_.numbers()
        return cls(
            resident_mib=numbers["process_resident_memory_bytes"] / 2**20,
            cascades=numbers.get("tweetoscope_open_cascades", 0.0),
            events=numbers.get("tweetoscope_held_events", 0.0),
            cpu_s=numbers["process_cpu_seconds_total"],
        )


def sampled(collector_: Running, seconds: float) -> Iterator[Sample]:
    """Samples over a time, each told of on the standard error output."""
    began_s = time.monotonic()
    count = min(SAMPLES, int(4.0 * seconds))
    for number in range(count + 1):
        time.sleep(max(began_s + number * seconds / count - time.monotonic(), 0.0))
        sample = Sample.of(collector_)
        print(
            f"after {time.monotonic() - began_s:,.0f} s: {sample.resident_mib:.1f} MiB, "
            f"{sample.cascades:,.0f} open cascades, {sample.events:,.0f} events held, "
            f"{sample.cpu_s:.1f} s of CPU",
            file=sys.stderr,
        )
        yield sample


def lasting(extent: Extent, minutes: float, *, is_tansu: bool) -> Iterator[Figure]:
    """The collector on a broker, for minutes in which nothing changes but which cascades it has."""
    seconds, warm = max(60.0 * minutes / extent.divisor, 1.0), WARM // extent.divisor
    with (
        broker(is_tansu=is_tansu) as node,
        running("collector", node.address, WINDOWS) as collector_,
    ):
        empty = Sample.of(collector_)
        with feeding(node.address, warm):
            collector_.until("tweetoscope_records_total", warm, within_s=WARM_S)
            samples = list(sampled(collector_, seconds))
    quarter = len(samples) // 4
    first, last = (
        statistics.mean(each.resident_mib for each in part)
        for part in (samples[:quarter], samples[-quarter:])
    )
    about = f"collector, {seconds:,.0f} s of {RATE:,} tweets/s"
    yield Figure(
        name=f"{about}: memory beyond that of an empty one", unit="bytes/event",
        runs=tuple(
            max(each.resident_mib - empty.resident_mib, 0.0) * 2**20 / max(each.events, 1.0)
            for each in samples
        ),
        budget=200.0,
    )  # fmt: skip
    yield Figure(
        name=f"{about}: growth of its memory from the first quarter to the last", unit="%",
        runs=(100.0 * (last / first - 1.0),), budget=5.0,
    )  # fmt: skip
    for name, unit, runs in (
        ("memory", "MiB", [each.resident_mib for each in samples]),
        ("open cascades", "count", [each.cascades for each in samples]),
        ("events held", "count", [each.events for each in samples]),
        ("CPU", "% of a core", [100.0 * (samples[-1].cpu_s - samples[0].cpu_s) / seconds]),
    ):
        yield Figure(name=f"{about}: {name}", unit=unit, runs=tuple(runs))
