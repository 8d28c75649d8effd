"""The pipeline on a real broker: how many tweets a second, how soon alerts come, how much memory.

.venv/bin/python apps/tweetoscope/benchmarks/pipeline.py [--json] [--tansu] [--seconds 60]

Each service is a process of its own, as in production. All of them, the broker and what measures
share the machine. `--seconds` is how long the whole pipeline runs for each figure of it.
`--only memory --minutes 60` shows whether the collector's memory stays as it is for an hour.
"""

import gc
import itertools
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3]))
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from apps.tweetoscope.benchmarks.processes import (
    PARTITIONS,
    WITHIN_S,
    Node,
    broker,
    machine_busy_s,
    running,
    spent_s,
    started,
    stream,
)
from apps.tweetoscope.benchmarks.remembering import lasting, memory
from measure import Better, Extent, Figure, each_run, number, whole_number
from measure import main as measure_main
from tweetoscope import generator, messages, reports
from tweetoscope.broker import Record
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.running import OBJECTS
from tweetoscope.sources import Emitted
from tweetoscope.topics import ALERTS, GENERATOR, PROPERTIES, SERIES

OFFERED = 22_000
BATCH = 10_000
WARM_S = 10.0
AT_REST = 0.08
"""Of a core: with no more than that a compiler disturbs nobody."""
WINDOWS = ["--observation", "600", "--observation", "1200"]
SERVICES = {
    "collector": WINDOWS,
    "estimator": [],
    "predictor": [],  # Without a threshold each prediction is an alert.
}
BESIDE: dict[str, list[str]] = {"learner": [], "logger": []}
READ = "alerts read"
CLOSED_MS: dict[str, Callable[[bytes], int | None]] = {
    SERIES: lambda value: messages.read_serie(value).closed_ms,
    PROPERTIES: lambda value: getattr(messages.read_property(value), "closed_ms", None),
    ALERTS: lambda value: reports.read_alert(value).closed_ms,
}
"""When the window was closed that a message is about."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long the whole pipeline is measured, and how many tweets a second it is given."""

    seconds: float = 30.0
    partitions: int = PARTITIONS
    offered: int = OFFERED
    services: Mapping[str, list[str]] = field(default_factory=lambda: SERVICES | BESIDE)


def gathering(extent: Extent, *, is_tansu: bool) -> Iterator[Figure]:
    """Tweets a second of the collector's CPU time, from broker to broker.

    That is the time of all threads of its process, the Kafka client's and those that answer for
    metrics too, user's and system's, as it tells of itself; of the broker's it is none.
    """
    tweets = list(itertools.islice(stream(), extent.size(300_000)))
    written = [generator.message(each, number) for number, each in enumerate(tweets)]

    def measured() -> float:
        with (
            broker(is_tansu=is_tansu) as node,
            running("collector", node.address, WINDOWS) as collector_,
        ):
            before = collector_.numbers()
            writer = Kafka(node.address).write(GENERATOR)
            for start in range(0, len(written), BATCH):
                writer.send(written[start : start + BATCH], [], start)
                writer.commit()
            writer.close()
            after = collector_.until("tweetoscope_records_total", len(written), every_s=0.5)
        cpu = "process_cpu_seconds_total"
        return len(written) / max(after[cpu] - before[cpu], 0.01)

    yield Figure(
        name="collector, broker to broker", unit="tweets/s of a core",
        runs=each_run(extent, measured), better=Better.HIGHER, budget=100_000.0,
    )  # fmt: skip


def paced(brokers: str, offered: int) -> None:
    """The generator's process: so many tweets a second, until it is killed."""
    gc.freeze()
    gc.set_threshold(OBJECTS)  # as `running` has it for every service
    tweets = (
        Emitted(at / offered, source, tweet) for at, (_, source, tweet) in enumerate(stream())
    )
    feed = generator.Paced(emitted=lambda: tweets, acceleration=1.0)
    generator.run(feed, Kafka(brokers), Metrics(GENERATOR), threading.Event())


@contextmanager
def writing(brokers: str, offered: int) -> Iterator[int]:
    """A generator at a pace: the number of its process."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=paced, args=[brokers, offered])
    process.start()
    assert process.pid is not None
    try:
        yield process.pid
    finally:
        process.kill()
        process.join()


@dataclass(kw_only=True)
class Seen:
    """What was seen of a running pipeline after it had warmed up.

    `delays_ms` are those from the tweet that closed a window to what was written about it, by
    topic, and under `READ` until the alert was read.
    """

    delays_ms: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in (*CLOSED_MS, READ)}
    )
    at_s: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    tweets: list[float] = field(default_factory=list)
    behind: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    others_s: float = 0.0

    def take(self, records: Iterable[Record]) -> None:
        """Note how late records of `CLOSED_MS` are."""
        read_ms = time.time() * 1000.0
        for record in records:
            if (closed_ms := CLOSED_MS[record.topic](record.value or b"")) is None:
                continue
            self.delays_ms[record.topic].append(record.time_ms - closed_ms)
            if record.topic == ALERTS:
                self.delays_ms[READ].append(read_ms - closed_ms)


def seen_of(pace: Pace, *, is_tansu: bool) -> Seen:
    """Run all services for a while."""
    seen = Seen()
    with ExitStack() as stack:
        node = stack.enter_context(
            broker(is_tansu=is_tansu, is_fast=True, partitions=pace.partitions)
        )
        address = node.address
        services = {
            name: stack.enter_context(started(name, address, arguments))
            for name, arguments in pace.services.items()
        }
        for service in services.values():
            service.until_ready()
        alerts = Kafka(address).follow([ALERTS], last=0, patience_s=0.04)
        pids = {name: each.process.pid for name, each in services.items()}
        pids["generator"] = stack.enter_context(writing(address, pace.offered))
        pids["broker"] = node.pid
        services["collector"].until("tweetoscope_records_total", 1.0)
        for _ in warming(node, min(WARM_S, pace.seconds)):
            alerts.poll(0.05, BATCH)
        began_ms, end = time.time() * 1000.0, time.monotonic() + pace.seconds
        before = {name: spent_s(pid) for name, pid in pids.items()}
        busy_s = machine_busy_s()
        look_at = 0.0
        while (now := time.monotonic()) < end:
            seen.take(alerts.poll(0.05, BATCH))
            if now >= look_at:
                look_at = now + 1.0
                numbers = services["collector"].numbers()
                seen.at_s.append(now)
                seen.tweets.append(numbers["tweetoscope_records_total"])
                seen.resident.append(numbers["process_resident_memory_bytes"])
        seen.cpu_s = {name: spent_s(pid) - before[name] for name, pid in pids.items()}
        seen.others_s = machine_busy_s() - busy_s - sum(seen.cpu_s.values())
        for name, each in services.items():
            seen.behind[name] = each.numbers().get("tweetoscope_lag_records", 0.0)
        alerts.close()
        # Read when all is over, as reading takes time from a broker.
        before_them = Kafka(address).follow([SERIES, PROPERTIES])
        while not before_them.is_at_end():
            records = before_them.poll(0.05, BATCH)
            seen.take(record for record in records if record.time_ms >= began_ms)
        before_them.close()
    return seen


def warming(node: Node, seconds: float) -> Iterator[None]:
    """So long, and for Apache Kafka until its Java machine has nearly done compiling.

    A broker runs for months, of which that is the first minute or two.
    """
    began = time.monotonic()
    while time.monotonic() < began + WITHIN_S:
        before = node.compiled_s()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            yield
        if node.compiled_s() - before < AT_REST * seconds:
            return


def whole(extent: Extent, pace: Pace, *, is_tansu: bool) -> Iterator[Figure]:
    """All services at a pace that is above what is asked for: does it last, and how soon is it?"""
    if extent.divisor > 1:
        pace = replace(pace, seconds=1.5, offered=pace.offered // extent.divisor, services=SERVICES)
    seen = seen_of(pace, is_tansu=is_tansu)
    took_s = seen.at_s[-1] - seen.at_s[0]
    rate = (seen.tweets[-1] - seen.tweets[0]) / max(took_s, 1.0)
    about = f"pipeline, offered {pace.offered:,} tweets/s"
    yield Figure(
        name=f"{about}: sustained", unit="tweets/s", runs=(rate,), better=Better.HIGHER,
        budget=20_000.0,
    )  # fmt: skip
    for part, budget in ((50, None), (95, 250.0), (99, None)):
        yield Figure(
            name=f"{about}: window closed to alert read, p{part}", unit="ms",
            runs=(percentile(seen.delays_ms[READ], part),), budget=budget,
        )  # fmt: skip
    for name in CLOSED_MS:
        for part in (50, 95):
            yield Figure(
                name=f"{about}: window closed to {name} made, p{part}", unit="ms",
                runs=(percentile(seen.delays_ms[name], part),),
            )  # fmt: skip
    yield Figure(
        name=f"{about}: alerts", unit="1/s",
        runs=(len(seen.delays_ms[READ]) / max(took_s, 1.0),), better=Better.HIGHER,
    )  # fmt: skip
    for name, behind in seen.behind.items():
        yield Figure(name=f"{about}: {name} behind", unit="records", runs=(behind,))
    for name, cpu_s in (seen.cpu_s | {"all of it": sum(seen.cpu_s.values())}).items():
        each_us = 1e6 * cpu_s / max(rate * pace.seconds, 1.0)
        yield Figure(name=f"{about}: CPU time of {name}", unit="µs/tweet", runs=(each_us,))
    yield Figure(
        name=f"{about}: taken by what else the machine does", unit="% of a core",
        runs=(100.0 * seen.others_s / pace.seconds,),
    )  # fmt: skip
    slope = np.polyfit(seen.at_s, seen.resident, 1)[0] if len(seen.at_s) > 1 else 0.0
    yield Figure(
        name=f"collector's memory over {took_s:,.0f} s, slope", unit="KiB/s",
        runs=(max(float(slope), 0.0) / 1024.0,),
    )  # fmt: skip
    yield Figure(name="collector's memory", unit="MiB", runs=(max(seen.resident) / 2**20,))


def percentile(values: list[float], part: int) -> float:
    """0 where there is nothing."""
    return float(np.percentile(values, part)) if values else 0.0


def measured(extent: Extent) -> Iterator[Figure]:
    """What was asked for."""
    only, is_tansu = extent.given["only"], extent.given["tansu"]
    pace = Pace(
        seconds=extent.given["seconds"],
        offered=extent.given["offered"],
        partitions=extent.given["partitions"],
    )
    if only in (None, "memory"):
        yield from memory(extent)
        yield from lasting(extent, extent.given["minutes"], is_tansu=is_tansu)
    if only in (None, "collector"):
        yield from gathering(extent, is_tansu=is_tansu)
    if only in (None, "whole"):
        yield from whole(extent, pace, is_tansu=is_tansu)


OPTIONS: dict[str, str | Mapping[str, Any]] = {
    "tansu": {"action": "store_true", "help": "on Tansu rather than on Apache Kafka"},
    "only": {"choices": ["collector", "whole", "memory"], "help": "only these figures"},
    "partitions": {
        "type": whole_number(1, 1000), "default": PARTITIONS,
        "help": f"of the whole pipeline's topics (default: {PARTITIONS})",
    },
    "seconds": {
        "type": number(1.0, 1e6), "default": 30.0,
        "help": "how long the whole pipeline is seen (default: 30)",
    },
    "minutes": {
        "type": number(0.1, 1e5), "default": 2.0,
        "help": "how long the collector's memory is (default: 2)",
    },
    "offered": {
        "type": whole_number(1, 10**7), "default": OFFERED,
        "help": f"tweets a second for it (default: {OFFERED})",
    },
}  # fmt: skip


if __name__ == "__main__":
    measure_main("Tweetoscope's pipeline on a broker", measured, OPTIONS)
