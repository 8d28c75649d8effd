"""What a runtime is: small verbs, and a handle that can be stored and found again.

Called by the control plane's performer only. A runtime knows of workloads and of where processes
run; it must not know of life cycles, plans or the store. Every verb may be called again with the
same task after a crash of the server, and then finds what the first call has done.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ripieno.model.workload import FileTransfer, Workload
from ripieno.runtimes import host as hosts
from ripieno.runtimes.host import Condition, Process, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Replica:
    """One process of a component: its slot, what it is called on the host, and its ports.

    `key` is the incarnation that was last asked for; `process` is None until it was started.
    `is_ready`: it has passed its checks since, and nobody has begun to stop it. `has_container`:
    the process is, or was, the client of a container engine, and there is a container to end.
    """

    slot: int
    name: str
    key: str = ""
    tcp_ports: Mapping[str, int] = field(default_factory=dict)
    process: Process | None = None
    started_at: datetime | None = None
    is_ready: bool = False
    has_container: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Handle:
    """All that is needed to find a component's processes again, whatever happens to the server."""

    host: str
    address: str
    replicas: tuple[Replica, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where a replica is to run: what `${host}`, `${replica}` and `${ports.NAME}` stand for."""

    host: str
    replica: int
    tcp_ports: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a verb is about: a component, what it should run, and the command that asks for it.

    `workload` has its host-independent parts; `at` gives it with all references resolved for one
    spot, `files` only those files that can be brought before what the component uses is there.
    `key` is the identity of the command, the same after a crash; `is_retry`: it has failed before.
    `save` stores a handle before the next effect. `say` tells the deployment's events something on
    the way. `withdraw` is called before replicas are stopped: nobody is led to them any more when
    it returns.
    """

    component: str
    directory: str
    host: str
    key: str
    is_retry: bool
    workload: Workload
    at: Callable[[Spot], Workload]
    files: Callable[[Spot], tuple[FileTransfer, ...]]
    deadline_s: float
    save: Callable[[Handle], Awaitable[None]]
    say: Callable[[str], None]
    withdraw: Callable[[Sequence[Replica]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaStatus:
    """How a replica is. `condition` None: never started, or its host cannot be asked."""

    replica: Replica
    condition: Condition | None
    exit_code: int | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A replica that ran has ended, or (with `problem`) fails its health checks.

    One that still runs then is about to be stopped, and its end is told too.
    """

    slot: int
    key: str
    condition: Condition
    exit_code: int | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a replica's output; `offset` is where it begins in the stream, in bytes."""

    slot: int
    stream: str
    offset: int
    text: str


class Runtime(Protocol):
    """Where processes run. Raises: `RuntimeDriverError`, temporary or permanent."""

    async def deploy(self, task: Task, handle: Handle | None) -> Handle:
        """Prepare: assign ports, bring files. Nothing runs afterwards that did not run before."""
        ...

    async def start(self, task: Task, handle: Handle) -> Handle:
        """Have all replicas run, each in the incarnation of the task's key."""
        ...

    async def become_ready(self, task: Task, handle: Handle) -> Handle:
        """Return when all replicas are ready; one that dies is restarted as its policy says."""
        ...

    async def stop(self, task: Task, handle: Handle) -> Handle:
        """Stop all replicas; their ports and files stay."""
        ...

    async def replace(self, task: Task, handle: Handle) -> Handle:
        """Put a new incarnation in the place of each replica, one after the other, ready first."""
        ...

    async def scale(self, task: Task, handle: Handle) -> Handle:
        """Have as many ready replicas as the workload says; those that run are left alone."""
        ...

    async def complete(self, task: Task, handle: Handle) -> Handle:
        """Run once to the end. Raises: `ProcessDied` for an exit code other than zero."""
        ...

    async def remove(self, task: Task, handle: Handle) -> None:
        """Stop everything, forget its files and logs, free its ports."""
        ...

    async def status(self, handle: Handle) -> list[ReplicaStatus]:
        """How each replica is."""
        ...

    async def usage(self, handles: Sequence[Handle]) -> Sequence[Mapping[int, Usage]]:
        """What the replicas of each handle use now, by slot; those that cannot be asked are out.

        One question a host for all, so that it may be asked again and again.
        """
        ...

    def recover(self, handle: Handle) -> None:
        """After a start of the server: the handle is in use, its ports are not free.

        What became of its processes is for `status` and `watch` to tell.
        """
        ...

    def watch(self, handle: Handle, at: Callable[[Spot], Workload] | None) -> AsyncGenerator[Ended]:
        """Ends of the replicas that run, and failed health checks, as they come.

        `at` gives the workload with the references of its checks resolved for one spot.
        """
        ...

    def logs(
        self, handle: Handle, *, follow: bool, since: datetime | None, tail: int | None
    ) -> AsyncGenerator[Line]:
        """Lines of all replicas, oldest first in each stream."""
        ...


def to_json(handle: Handle) -> dict[str, Any]:
    """The handle as JSON can hold it."""
    return {
        "host": handle.host,
        "address": handle.address,
        "replicas": [
            {
                "slot": each.slot,
                "name": each.name,
                "key": each.key,
                "tcp_ports": dict(each.tcp_ports),
                "process": each.process and hosts.to_json(each.process),
                "started_at": each.started_at and each.started_at.isoformat(),
                "is_ready": each.is_ready,
                "has_container": each.has_container,
            }
            for each in handle.replicas
        ],
    }


def from_json(record: Mapping[str, Any]) -> Handle:
    """The handle that `to_json` wrote."""
    return Handle(
        host=record["host"],
        address=record["address"],
        replicas=tuple(
            Replica(
                slot=each["slot"],
                name=each["name"],
                key=each["key"],
                tcp_ports=each["tcp_ports"],
                process=hosts.from_json(each["process"]) if each["process"] else None,
                started_at=(
                    datetime.fromisoformat(each["started_at"]) if each["started_at"] else None
                ),
                is_ready=each["is_ready"],
                has_container=each.get("has_container", False),
            )
            for each in record["replicas"]
        ),
    )


def ended_to_json(ended: Ended) -> dict[str, Any]:
    """The end of a replica as JSON can hold it."""
    return {
        "slot": ended.slot,
        "key": ended.key,
        "condition": ended.condition.value,
        "exit_code": ended.exit_code,
        "problem": ended.problem,
    }


def ended_from_json(record: Mapping[str, Any]) -> Ended:
    """What `ended_to_json` wrote."""
    return Ended(
        slot=record["slot"],
        key=record["key"],
        condition=Condition(record["condition"]),
        exit_code=record["exit_code"],
        problem=record["problem"],
    )
