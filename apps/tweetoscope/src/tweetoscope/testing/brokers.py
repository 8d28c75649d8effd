"""Real brokers as processes on this machine: Apache Kafka of one node, and Tansu."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

from tweetoscope import tansu
from tweetoscope.errors import TweetoscopeError

WITHIN_S = 120.0
STARTED = "Kafka Server started"

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    # There is one node, so of everything there is one copy.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # Otherwise half of the heap.
    "log.cleaner.dedupe.buffer.size": "8388608",
}
LOGGING = f"""
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
# Which says: {STARTED}.
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = INFO
"""


class BrokerAbsent(TweetoscopeError):
    """There is no such broker on this machine."""


class BrokerFailed(TweetoscopeError):
    """A broker did not start; with what it said."""


class ApacheKafka:
    """A cluster of one node. `folder` keeps its data, so that it may be killed and started again.

    `settings` go beside those of `SETTINGS`. It starts the sooner for being compiled less;
    `is_fast` is for who measures how fast it is.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        heap_mib: int = 256,
        is_fast: bool = False,
    ) -> None:
        self._folder = folder
        self._java = [
            java(),
            f"-Xmx{heap_mib}m",
            *([] if is_fast else ["-XX:TieredStopAtLevel=1"]),
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            "-Dlog4j2.disableJmx=true",
            "-classpath",
            f"{jars()}/*",
        ]
        self._process: subprocess.Popen[str] | None = None
        port, controllers_port = free_ports(2)
        self.address = f"127.0.0.1:{port}"
        controllers = f"127.0.0.1:{controllers_port}"
        said = {
            **SETTINGS,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controllers}",
            "controller.quorum.bootstrap.servers": controllers,
            "log.dirs": str(folder / "data"),
            **(settings or {}),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log4j2.properties").write_text(LOGGING)
        self._settings = folder / "server.properties"
        self._settings.write_text("".join(f"{name}={value}\n" for name, value in said.items()))

    def start(self) -> None:
        """Start, and return when it serves. Raises: BrokerFailed."""
        if not (self._folder / "data").is_dir():
            self._format()
        process = self._process = subprocess.Popen(
            [*self._java, "kafka.Kafka", str(self._settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        heard = []
        for line in process.stdout:
            heard.append(line)
            if STARTED in line:
                break
        else:
            process.wait()
            raise BrokerFailed(f"Apache Kafka did not start: {''.join(heard)[-4000:]}")
        # It would wait for somebody to read what it says.
        log = (self._folder / "kafka.log").open("a")
        Thread(target=_copy, args=[process.stdout, log], daemon=True).start()

    def kill(self) -> None:
        """End it as by the machine's going down."""
        self._end(is_kill=True)

    def stop(self) -> None:
        """End it as it likes to be ended."""
        self._end(is_kill=False)

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    def _end(self, *, is_kill: bool) -> None:
        if (process := self._process) is None:
            return
        self._process = None
        if is_kill:
            process.kill()
        else:
            process.terminate()
        process.wait(WITHIN_S)

    def _format(self) -> None:
        cluster = "dHdlZXRvc2NvcGUtdGVzdA"  # any 16 bytes in base64
        done = subprocess.run(
            [
                *self._java, "kafka.tools.StorageTool", "format", "--standalone",
                "--cluster-id", cluster, "--config", str(self._settings),
            ],
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )  # fmt: skip
        if done.returncode:
            raise BrokerFailed(f"Apache Kafka has no storage: {done.stdout}{done.stderr}")


@contextmanager
def kafka_running(
    settings: Mapping[str, str] | None = None, *, heap_mib: int = 256, is_fast: bool = False
) -> Iterator[ApacheKafka]:
    """An Apache Kafka that leaves nothing behind. Raises: BrokerAbsent, BrokerFailed."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        node = ApacheKafka(Path(folder) / "node", settings, heap_mib=heap_mib, is_fast=is_fast)
        try:
            node.start()
            yield node
        finally:
            node.kill()


@contextmanager
def tansu_running() -> Iterator[str]:
    """A Tansu, and its address."""
    with tansu_process() as (address, _):
        yield address


@contextmanager
def tansu_process() -> Iterator[tuple[str, int]]:
    """A Tansu: its address, and the number of its process."""
    [port] = free_ports(1)
    process = subprocess.Popen(tansu.command(port), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            break
    Thread(target=_pass_over, args=[process.stdout], daemon=True).start()
    try:
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()


def java() -> str:
    """The program that runs Apache Kafka. Raises: BrokerAbsent."""
    if (found := shutil.which("java")) is None:
        raise BrokerAbsent("needs Java 17 or newer, and Apache Kafka: apt-get install maven")
    return found


def jars() -> Path:
    """Where Apache Kafka is: TWEETOSCOPE_KAFKA, or where make puts it. Raises: BrokerAbsent."""
    checkout = Path(__file__).resolve().parents[5]
    folder = Path(os.environ.get("TWEETOSCOPE_KAFKA", checkout / ".tools" / "kafka"))
    if not (folder / "ready").exists():
        raise BrokerAbsent("needs Apache Kafka: apt-get install maven, then make kafka")
    return folder


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _copy(said: IO[str], log: IO[str]) -> None:
    with said, log:
        shutil.copyfileobj(said, log)


def _pass_over(said: IO[str]) -> None:
    """Tansu complains of each writer that was superseded, and stands still where nobody reads."""
    with said:
        for _ in said:
            pass
