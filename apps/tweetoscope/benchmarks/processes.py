"""What the benchmarks of the pipeline run: a broker, services as processes, a stream."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tweetoscope.kafka import Kafka
from tweetoscope.sources import Emitted, Simulation, Spread, spread
from tweetoscope.testing.brokers import free_ports, kafka_running, tansu_process
from tweetoscope.topics import all_topics

PARTITIONS = 3
WITHIN_S = 180.0
# A stream for an hour would fill the disk.
SETTINGS = {
    "log.retention.bytes": str(256 << 20),
    "log.segment.bytes": str(64 << 20),
    "log.retention.check.interval.ms": "10000",
    "log.cleaner.backoff.ms": "1000",
}


def stream(*, at_once: int = 80, pause_s: float = 600.0) -> Iterator[Emitted]:
    """Simulated tweets of six sources, without end; a cascade has a hundred or two in the mean."""
    how = Spread(sources=6, at_once=at_once, pause_s=pause_s)
    return spread(Simulation(n_star=0.65).cascades(), how)


@dataclass(kw_only=True)
class Running:
    """A service as a process, asked by its metrics."""

    process: subprocess.Popen[bytes]
    port: int

    def numbers(self) -> dict[str, float]:
        """The sum of each of its metrics, by name."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60.0) as said:
            families = text_string_to_metric_families(said.read().decode())
        sums: dict[str, float] = {}
        for sample in (sample for family in families for sample in family.samples):
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
        return sums

    def until_ready(self) -> None:
        """Wait until it has a partition, and so all of them."""
        self.until("tweetoscope_tasks", 1.0)

    def until(
        self, name: str, least: float, within_s: float = WITHIN_S, every_s: float = 0.05
    ) -> dict[str, float]:
        """Its metrics once one of them is so much. To answer takes it a millisecond or two."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args!r} has ended")
            try:
                if (numbers := self.numbers()).get(name, -1.0) >= least:
                    return numbers
            except OSError:
                pass  # It does not listen yet.
            time.sleep(every_s)
        raise TimeoutError(f"{name} of {self.process.args!r} was never {least:g}")


@contextmanager
def started(name: str, brokers: str, arguments: Sequence[str]) -> Iterator[Running]:
    """A service, which soon has all partitions."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "tweetoscope", name, "--brokers", brokers]
    process = subprocess.Popen(
        [*command, "--port", str(port), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Running(process=process, port=port)
    finally:
        process.kill()
        process.wait()


@contextmanager
def running(name: str, brokers: str, arguments: Sequence[str]) -> Iterator[Running]:
    """A service that has all partitions."""
    with started(name, brokers, arguments) as found:
        found.until_ready()
        yield found


@dataclass(frozen=True, kw_only=True)
class Node:
    """A broker that has the topics."""

    address: str
    pid: int
    is_java: bool

    def compiled_s(self) -> float:
        """CPU time that its Java machine has spent on compiling what is run often."""
        if not self.is_java:
            return 0.0
        ticks = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            name, _, said = (task / "stat").read_text().rpartition(")")
            if "CompilerThre" in name:
                ticks += sum(map(int, said.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def broker(
    *, is_tansu: bool, is_fast: bool = False, partitions: int = PARTITIONS
) -> Iterator[Node]:
    """A broker by itself."""
    with ExitStack() as stack:
        if is_tansu:
            address, pid = stack.enter_context(tansu_process())
            node = Node(address=address, pid=pid, is_java=False)
        else:
            kafka = stack.enter_context(kafka_running(SETTINGS, heap_mib=512, is_fast=is_fast))
            node = Node(address=kafka.address, pid=kafka.pid, is_java=True)
        Kafka(node.address).make(all_topics(partitions))
        yield node


def spent_s(pid: int) -> float:
    """CPU time that a process has spent."""
    _, _, said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return sum(map(int, said.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def machine_busy_s() -> float:
    """CPU time that all of the machine has spent, whoever for."""
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
