"""The pipeline on a real broker: how many tweets a second, how soon alerts come, how much memory.

.venv/bin/python apps/tweetoscope/benchmarks/pipeline.py [--json] [--tansu] [--seconds 3600]

Each service is a process of its own, as in production. All of them, the broker and what measures
share the machine. `--seconds` is how long the whole pipeline runs for each figure of it: 3600 shows
whether the memory stays as it is for an hour; the usual 30 show the slope.
"""

import gc
import itertools
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from measure import Better, Extent, Figure, each_run
from measure import main as measure_main
from tweetoscope import collector, generator, reports
from tweetoscope.broker import Record
from tweetoscope.cascade import Gathering
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.processing import Process
from tweetoscope.running import OBJECTS
from tweetoscope.sources import Emitted, Simulation, Spread, spread
from tweetoscope.testing.brokers import free_ports, kafka_running, tansu_running
from tweetoscope.topics import ALERTS, GENERATOR, TWEETS, all_topics

PARTITIONS = 3
OFFERED = 22_000
BATCH = 10_000
WINDOW_S = (1200.0,)
WITHIN_S = 180.0
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
# A stream for an hour would fill the disk.
SETTINGS = {
    "log.retention.bytes": str(256 << 20),
    "log.segment.bytes": str(64 << 20),
    "log.retention.check.interval.ms": "10000",
    "log.cleaner.backoff.ms": "1000",
}


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long the whole pipeline is measured, and how many tweets a second it is given."""

    seconds: float = 30.0
    offered: int = OFFERED
    services: Mapping[str, list[str]] = field(default_factory=lambda: SERVICES | BESIDE)


def stream(*, at_once: int = 80) -> Iterator[Emitted]:
    """Simulated tweets of six sources, without end; a cascade has a hundred or two in the mean."""
    return spread(Simulation(n_star=0.65).cascades(), Spread(sources=6, at_once=at_once))


@dataclass(kw_only=True)
class Running:
    """A service as a process, asked by its metrics."""

    process: subprocess.Popen[bytes]
    port: int

    def numbers(self) -> dict[str, float]:
        """The sum of each of its metrics, by name."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10.0) as said:
            families = text_string_to_metric_families(said.read().decode())
        sums: dict[str, float] = {}
        for sample in (sample for family in families for sample in family.samples):
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
        return sums

    def until(self, name: str, least: float) -> dict[str, float]:
        """Its metrics once one of them is so much."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args!r} has ended")
            try:
                if (numbers := self.numbers()).get(name, -1.0) >= least:
                    return numbers
            except OSError:
                pass  # It does not listen yet.
            time.sleep(0.05)
        raise TimeoutError(f"{name} of {self.process.args!r} was never {least:g}")


@contextmanager
def running(name: str, brokers: str) -> Iterator[Running]:
    """A service that has all partitions."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "tweetoscope", name, "--brokers", brokers]
    process = subprocess.Popen(
        [*command, "--port", str(port), *(SERVICES | BESIDE)[name]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = Running(process=process, port=port)
        found.until("tweetoscope_tasks", 1.0)
        yield found
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, kw_only=True)
class Node:
    """A broker that has the topics."""

    address: str
    pid: int | None = None

    def compiled_s(self) -> float:
        """CPU time that its Java machine has spent on compiling what is run often."""
        if self.pid is None:
            return 0.0
        ticks = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            name, _, said = (task / "stat").read_text().rpartition(")")
            if "CompilerThre" in name:
                ticks += sum(map(int, said.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def broker(*, is_tansu: bool, is_fast: bool = False) -> Iterator[Node]:
    """A broker by itself."""
    with ExitStack() as stack:
        if is_tansu:
            node = Node(address=stack.enter_context(tansu_running()))
        else:
            kafka = stack.enter_context(kafka_running(SETTINGS, heap_mib=512, is_fast=is_fast))
            node = Node(address=kafka.address, pid=kafka.pid)
        Kafka(node.address).make(all_topics(PARTITIONS))
        yield node


def gathering(extent: Extent, *, is_tansu: bool) -> Iterator[Figure]:
    """Tweets a second of the collector's CPU time, all its threads, from broker to broker."""
    tweets = list(itertools.islice(stream(), extent.size(300_000)))
    written = [generator.message(each, number) for number, each in enumerate(tweets)]

    def measured() -> float:
        with broker(is_tansu=is_tansu) as node, running("collector", node.address) as collector_:
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
        services = {name: stack.enter_context(running(name, address)) for name in pace.services}
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


def remembering(given: Connection) -> None:
    """In a process of its own: answer with the memory for each event while all are in use."""
    service = collector.service(Gathering(windows_s=WINDOW_S), Metrics("collector"))

    def filled(process: Process[Any], batch: list[Record]) -> None:
        list(process.handle([(record, service.decode(record)) for record in batch]))
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
        lambda each: each.after_s < WINDOW_S[0], stream(at_once=extent.size(1000))
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


def measured(extent: Extent) -> Iterator[Figure]:
    """What was asked for."""
    only, is_tansu = extent.given["only"], extent.given["tansu"]
    pace = Pace(seconds=extent.given["seconds"], offered=extent.given["offered"])
    if only in (None, "memory"):
        yield from memory(extent)
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
    "offered": {
        "type": int, "default": OFFERED, "help": f"tweets a second for it (default: {OFFERED})",
    },
}  # fmt: skip


if __name__ == "__main__":
    measure_main("Tweetoscope's pipeline on a broker", measured, OPTIONS)
