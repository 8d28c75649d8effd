"""Waiting until a process that was started is ready, or has ended instead."""

import asyncio

from ripieno.model.workload import Health, HealthKind, Workload
from ripieno.runtimes import containers
from ripieno.runtimes import health as healths
from ripieno.runtimes.base import Replica, Spot, Task
from ripieno.runtimes.errors import TemporaryFailure
from ripieno.runtimes.host import Host, ProcessStatus

SETTLE_S = 0.1
"""How long a process without a port or a health check has to live to count as ready."""

FIRST_PROBE_S, LAST_PROBE_S = 0.01, 0.1
"""Time between two checks of a process that is starting: at first, and at most."""


class Progress:
    """What was last wrong with a replica that is not ready yet."""

    __slots__ = ("problem",)

    def __init__(self) -> None:
        self.problem: str | None = None

    @property
    def has_lines(self) -> bool:
        """Whether the problem tells already what the process has said."""
        return self.problem is not None and "its last output" in self.problem


async def until_ready(
    host: Host, replica: Replica, task: Task, progress: Progress
) -> ProcessStatus | None:
    """None as soon as the replica is ready, or how its process ended."""
    assert replica.process is not None
    workload = task.at(Spot(host=host.hostname, replica=replica.slot, tcp_ports=replica.tcp_ports))
    check = workload.health
    if check is None and replica.tcp_ports:
        check = Health(kind=HealthKind.TCP, tcp_port=next(iter(replica.tcp_ports)))
    ended = asyncio.ensure_future(host.wait(replica.process))
    try:
        if check is None and not replica.has_container:
            done, _ = await asyncio.wait([ended], timeout=SETTLE_S)
            return ended.result() if done else None
        pause_s = FIRST_PROBE_S
        while True:
            try:
                problem = await healths.probe(host, check, replica) if check else None
                if problem is None and replica.has_container:
                    problem = await _missing(host, replica, check, workload)
            except TemporaryFailure as away:
                problem = str(away)
            if ended.done():
                return ended.result()
            if problem is None:
                return None
            progress.problem = problem
            done, _ = await asyncio.wait([ended], timeout=pause_s)
            if done:
                return ended.result()
            pause_s = min(pause_s * 1.5, LAST_PROBE_S)
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)


async def _missing(
    host: Host, replica: Replica, check: Health | None, workload: Workload
) -> str | None:
    """What a container lacks whose client runs, and at whose ports its engine answers."""
    if check is not None and check.kind is not HealthKind.TCP:
        return None
    found = await containers.listening(host, replica)
    if found is None:
        return "its container does not run yet"
    if check is not None:
        inside = workload.listening(replica.tcp_ports)
        if inside[check.tcp_port or next(iter(inside))] not in found:
            return "nothing listens on its port yet"
    return None
