"""The contract of a host: a machine that commands and files can be sent to (after OrchestrAPI).

`local_host`, `ssh_host` and `fake_host` implement it, `testing.host_contract` says what they must
do, runtimes are written over it. A process that was started here belongs to the host: it outlives
the server, and is found again by its name.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from ripieno.model.component_type import Value

Stream = Literal["stdout", "stderr"]
"""One of the two logs of a process."""

LOG_LIMIT_BYTES = 16 * 1024 * 1024
"""How much of each log stays on the disk, unless a start says otherwise."""


class LinkState(StrEnum):
    """Whether a host can be talked to now."""

    UP = "up"
    DOWN = "down"


class Condition(StrEnum):
    """What became of a process."""

    RUNNING = "running"
    EXITED = "exited"
    LOST = "lost"
    """It is gone and nobody saw its exit code: killed with its keeper, or the host restarted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """A command that was run to its end; `exit_code` is 128 + n after signal n."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to start. `argv` and `env` are data: no shell reads them.

    `cwd` is relative to the host's directory (or absolute); None is the process's own work
    folder. `env` is added to a small clean environment (PATH, HOME, USER, LANG ...).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """Identity of one started process, which no later process can have.

    `start_time` is in ticks since boot (field 22 of /proc/PID/stat), `group` its process group.
    """

    name: str
    key: str
    pid: int
    start_time: int
    boot_id: str
    group: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessStatus:
    """What became of a process; `exit_code` (128 + n after signal n) only if it has EXITED."""

    condition: Condition
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a process group uses: processor time so far, resident memory now (shared pages count
    for each of its processes), and how many processes it has."""

    cpu_s: float
    memory_bytes: int
    processes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """A file for a host: `source` is a path on the server or the content itself.

    `target` is relative to the host's directory. `mode` None keeps the source's permissions, and
    is 0o644 for content.
    """

    source: str | bytes
    target: str
    mode: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HostFacts:
    """What a host is; `missing_tools` are commands that Ripieno would use and that it lacks."""

    os: str
    kernel: str
    architecture: str
    user: str
    cpus: int
    memory_mib: int
    disk_free_mib: int
    missing_tools: tuple[str, ...] = ()


class ByteReader(Protocol):
    """The reading end of a connection."""

    async def read(self, n: int = -1) -> bytes:
        """Up to n bytes, b"" at the end; with -1 all until the end."""

    async def readline(self) -> bytes:
        """One line with its newline, or what is left before the end."""

    def at_eof(self) -> bool:
        """Whether all was read and nothing will come."""


class ByteWriter(Protocol):
    """The writing end of a connection."""

    def write(self, data: bytes) -> None:
        """Queue data for sending."""

    async def drain(self) -> None:
        """Wait until it makes sense to write more."""

    def close(self) -> None:
        """Close the whole connection."""

    async def wait_closed(self) -> None:
        """Wait until it is closed."""


class Host(Protocol):
    """A machine that commands and files can be sent to.

    Every method raises a `RuntimeDriverError`; doing a thing twice does no harm, `run` aside.
    """

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def hostname(self) -> str:
        """How other machines reach it."""

    @property
    def directory(self) -> str:
        """The folder there that holds all it has, absolute."""

    @property
    def link(self) -> LinkState:
        """Whether it can be talked to now; a host that was not used yet counts as up."""

    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Call back whenever the link is lost or back; the answer ends the subscription."""

    async def check(self) -> HostFacts:
        """Whether it can be used, and what it is."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: bytes = b"",
        timeout_s: float = 30.0,
    ) -> Completed:
        """Run a command to its end. `cwd` is relative to `directory`, which is the default.

        Raises: TooSlow after `timeout_s`, when it was killed with its group; LinkLost if the link
        broke after it may have begun.
        """

    async def start(
        self, name: str, key: str, command: Command, *, log_limit_bytes: int = LOG_LIMIT_BYTES
    ) -> Process:
        """Start a process that outlives the server and the link; at once when it is known.

        A second start with this name and key gives the process of the first, running or not, even
        where the first call was cut at any instant. `name` is like `shop-1/web/0`.

        Raises: CommandNotFound, PermissionDenied, FileMissing (cwd), DiskFull, HostUnreachable ...
        """

    async def find(self, name: str) -> Process | None:
        """The last process that was started under the name, running or not."""

    async def status(self, process: Process) -> ProcessStatus:
        """What became of it."""

    async def stop(
        self, process: Process, *, signal: str = "TERM", grace_s: float = 10.0
    ) -> ProcessStatus:
        """Signal its whole group, wait until it is gone, kill what is left after `grace_s`.

        Nothing is signalled that is not this process or its group. Children that stayed in the
        group after its end are stopped too.
        """

    async def wait(self, process: Process) -> ProcessStatus:
        """What became of it, when it has ended."""

    async def forget(self, name: str) -> None:
        """Remove the logs, records and working folder; kills what still runs under the name."""

    def queue(self, transfer: Transfer) -> None:
        """Remember a file for the next flush."""

    async def flush(self) -> int:
        """Send all that is queued; how many files were really sent.

        Flushes at the same time share the session, the result and an error.
        """

    async def transfer(self, transfers: Sequence[Transfer]) -> int:
        """Send files now; how many were really sent, the others being there unchanged.

        A file appears under its name complete or not at all.
        Raises: FileMissing, PermissionDenied, DiskFull ...
        """

    def log(
        self, name: str, stream: Stream, *, offset: int = 0, follow: bool = False
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """Pieces of a log, each with the offset of its first byte.

        Offsets count over all processes of the name and stay valid when old pieces are dropped:
        those are skipped. With `follow` it goes on until the name is forgotten.
        """

    async def log_size(self, name: str, stream: Stream) -> int:
        """The offset after the last byte; 0 if there is no log."""

    async def log_offset_at(self, name: str, stream: Stream, since: datetime) -> int:
        """An offset at or shortly before which the log stood at that time (UTC).

        It is sampled every few seconds while a server watches, so it may lie earlier.
        """

    async def connect(self, port: int) -> tuple[ByteReader, ByteWriter]:
        """A connection to a port on 127.0.0.1 there.

        Raises: PortClosed, HostUnreachable.
        """

    async def ports_in_use(self) -> frozenset[int]:
        """The TCP ports that something listens on there."""

    async def usage(self, groups: Collection[int]) -> Mapping[int, Usage]:
        """What these process groups use; one of which nothing is left is not in the answer."""

    async def close(self) -> None:
        """Let go of the host; what was started there goes on."""


def to_json(process: Process) -> dict[str, Value]:
    """The identity as JSON, for a runtime's handle."""
    return {
        "name": process.name,
        "key": process.key,
        "pid": process.pid,
        "start_time": process.start_time,
        "boot_id": process.boot_id,
        "group": process.group,
    }


def from_json(written: Mapping[str, Value]) -> Process:
    """The identity that `to_json` wrote."""
    return Process(
        name=str(written["name"]),
        key=str(written["key"]),
        pid=_integer(written["pid"]),
        start_time=_integer(written["start_time"]),
        boot_id=str(written["boot_id"]),
        group=_integer(written["group"]),
    )


def _integer(value: Value) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a process identity has {value!r} where a number belongs")
    return value
