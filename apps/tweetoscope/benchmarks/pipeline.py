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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3]))
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from apps.tweetoscope.benchmarks.processes import WITHIN_S, Node, Running, broker, running, stream
from apps.tweetoscope.benchmarks.remembering import lasting, memory
from measure import Better, Extent, Figure, each_run
from measure import main as measure_main
from tweetoscope import generator, reports
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.running import OBJECTS
from tweetoscope.sources import Emitted
from tweetoscope.topics import ALERTS, GENERATOR

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


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long the whole pipeline is measured, and how many tweets a second it is given."""

    seconds: float = 30.0
    offered: int = OFFERED
    services: Mapping[str, list[str]] = field(default_factory=lambda: SERVICES | BESIDE)


def gathering(extent: Extent, *, is_tansu: bool) -> Iterator[Figure]:
    """Tweets a second of the collector's CPU time, all its threads, from broker to broker."""
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
            after = collector_.until("tweetoscope_records_total", len(written))
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
    tweets = (Emitted(at / offered, *each[1:]) for at, each in enumerate(stream()))
    feed = generator.Paced(emitted=lambda: tweets, acceleration=1.0)
    generator.run(feed, Kafka(brokers), Metrics(GENERATOR), threading.Event())


@contextmanager
def writing(brokers: str, offered: int) -> Iterator[None]:
    """A generator at a pace."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=paced, args=[brokers, offered])
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@dataclass(kw_only=True)
class Seen:
    """What was seen of a running pipeline after it had warmed up."""

    delays_ms: list[float] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    tweets: list[float] = field(default_factory=list)
    behind: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)


def seen_of(pace: Pace, *, is_tansu: bool) -> Seen:
    """Run all services for a while."""
    seen = Seen()
    with broker(is_tansu=is_tansu, is_fast=True) as node, ExitStack() as stack:
        address = node.address
        services = {
            name: stack.enter_context(running(name, address, arguments))
            for name, arguments in pace.services.items()
        }
        alerts = Kafka(address).follow([ALERTS], last=0)
        stack.enter_context(writing(address, pace.offered))
        services["collector"].until("tweetoscope_records_total", 1.0)
        for _ in warming(node, min(WARM_S, pace.seconds)):
            alerts.poll(0.05, BATCH)
        end = time.monotonic() + pace.seconds
        cpu_s: dict[str, float] = {}
        look_at = 0.0
        while (now := time.monotonic()) < end:
            records = alerts.poll(0.05, BATCH)
            read_ms = time.time() * 1000.0
            for record in records:
                closed_ms = reports.read_alert(record.value or b"").closed_ms
                seen.delays_ms.append(read_ms - (closed_ms or 0))
            if now >= look_at:
                look_at = now + 1.0
                numbers = services["collector"].numbers()
                seen.at_s.append(now)
                seen.tweets.append(numbers["tweetoscope_records_total"])
                seen.resident.append(numbers["process_resident_memory_bytes"])
            if not cpu_s:
                cpu_s = cpu_of(services)
        for name, each in services.items():
            seen.behind[name] = each.numbers().get("tweetoscope_lag_records", 0.0)
        for name, spent in cpu_of(services).items():
            seen.cpu_s[name] = spent - cpu_s.get(name, 0.0)
        alerts.close()
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


def cpu_of(services: dict[str, Running]) -> dict[str, float]:
    """Seconds of CPU time that each has spent."""
    return {name: each.numbers()["process_cpu_seconds_total"] for name, each in services.items()}


def whole(extent: Extent, pace: Pace, *, is_tansu: bool) -> Iterator[Figure]:
    """All services at a pace that is above what is asked for: does it last, and how soon is it?"""
    if extent.divisor > 1:
        pace = Pace(seconds=3.0, offered=pace.offered // extent.divisor, services=SERVICES)
    seen = seen_of(pace, is_tansu=is_tansu)
    took_s = seen.at_s[-1] - seen.at_s[0]
    rate = (seen.tweets[-1] - seen.tweets[0]) / max(took_s, 1.0)
    about = f"pipeline, offered {pace.offered:,} tweets/s"
    yield Figure(
        name=f"{about}: sustained", unit="tweets/s", runs=(rate,), better=Better.HIGHER,
        budget=20_000.0,
    )  # fmt: skip
    for part, budget in ((50, None), (95, 250.0), (99, None)):
        delay_ms = float(np.percentile(seen.delays_ms, part)) if seen.delays_ms else 0.0
        yield Figure(
            name=f"{about}: window closed to alert read, p{part}", unit="ms", runs=(delay_ms,),
            budget=budget,
        )  # fmt: skip
    yield Figure(
        name=f"{about}: alerts", unit="1/s",
        runs=(len(seen.delays_ms) / max(took_s, 1.0),), better=Better.HIGHER,
    )  # fmt: skip
    for name, behind in seen.behind.items():
        yield Figure(name=f"{about}: {name} behind", unit="records", runs=(behind,))
    for name, cpu_s in seen.cpu_s.items():
        yield Figure(
            name=f"{about}: {name}", unit="% of a core", runs=(100.0 * cpu_s / max(took_s, 1.0),)
        )
    slope = np.polyfit(seen.at_s, seen.resident, 1)[0] if len(seen.at_s) > 1 else 0.0
    yield Figure(
        name=f"collector's memory over {took_s:,.0f} s, slope", unit="KiB/s",
        runs=(max(float(slope), 0.0) / 1024.0,),
    )  # fmt: skip
    yield Figure(name="collector's memory", unit="MiB", runs=(max(seen.resident) / 2**20,))


def measured(extent: Extent) -> Iterator[Figure]:
    """What was asked for."""
    only, is_tansu = extent.given["only"], extent.given["tansu"]
    pace = Pace(seconds=extent.given["seconds"], offered=extent.given["offered"])
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
    "seconds": {
        "type": float, "default": 30.0, "help": "how long the whole pipeline is seen (default: 30)",
    },
    "minutes": {
        "type": float, "default": 2.0, "help": "how long the collector's memory is (default: 2)",
    },
    "offered": {
        "type": int, "default": OFFERED, "help": f"tweets a second for it (default: {OFFERED})",
    },
}  # fmt: skip


if __name__ == "__main__":
    measure_main("Tweetoscope's pipeline on a broker", measured, OPTIONS)
