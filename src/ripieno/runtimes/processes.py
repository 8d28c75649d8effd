"""The runtime of plain processes on hosts: one implementation, whatever way leads to the host.

Called through `base.Runtime`. It must not know how a host is reached, which is the `Host`'s part.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

from ripieno.model.workload import Workload
from ripieno.runtimes import containers, output
from ripieno.runtimes.base import Ended, Handle, Line, Replica, ReplicaStatus, Spot, Task
from ripieno.runtimes.container_usage import ContainerUsage
from ripieno.runtimes.errors import (
    PermanentFailure,
    ProcessDied,
    RuntimeDriverError,
    TemporaryFailure,
)
from ripieno.runtimes.host import (
    Condition,
    Host,
    LinkState,
    Usage,
)
from ripieno.runtimes.incarnation import incarnation, next_key
from ripieno.runtimes.ports import PortBook
from ripieno.runtimes.replicas import Replicas, name_of
from ripieno.runtimes.watching import watch_end, watch_health

HostBook = Callable[[str], Host]
"""Gives a host by name. Raises: `InvalidHost` if there is none."""


class ProcessRuntime:
    """Workloads as processes: `local` and `ssh`."""

    def __init__(self, hosts: HostBook, ports: PortBook) -> None:
        self._hosts = hosts
        self._ports = ports
        self._container_usage = ContainerUsage()

    async def deploy(self, task: Task, handle: Handle | None) -> Handle:
        """Assign ports and bring the files of all replicas in one go."""
        host = self._hosts(task.host)
        if handle is not None and handle.host != task.host:
            raise PermanentFailure(
                f"{task.component} is on host {handle.host} and was asked to be prepared on "
                f"{task.host}; remove it there first"
            )
        replicas = self._replicas(task, handle or Handle(host=host.name, address=host.hostname))
        replicas.saves_ports = False  # They are stored with the outcome, and nothing runs before.
        try:
            for slot in range(task.workload.replicas):
                await replicas.prepare(slot, is_early=True)
            await host.flush()
        except BaseException:
            # No handle tells of these ports, so nobody could ever free them.
            for slot in range(task.workload.replicas):
                self._ports.release(name_of(task, slot))
            if handle is not None:
                self.recover(handle)
            raise
        return replicas.handle

    async def start(self, task: Task, handle: Handle) -> Handle:
        """Have every replica run in the incarnation of this task; older ones are stopped."""
        host = self._hosts(handle.host)
        replicas = self._replicas(task, handle)
        for slot in range(task.workload.replicas):
            await replicas.prepare(slot)
        await host.flush()
        surplus = [each for each in replicas.handle.replicas if each.slot >= task.workload.replicas]
        await _all(replicas.drop(each) for each in surplus)
        try:
            await _all(
                replicas.start(each, task.key)
                for each in replicas.handle.replicas
                if incarnation(each.key) != task.key
            )
        except PermanentFailure:
            await replicas.undo({each.slot for each in handle.replicas})
            raise
        # Stored with the outcome: until then, doing it again finds the same processes by their key.
        return replicas.handle

    async def become_ready(self, task: Task, handle: Handle) -> Handle:
        """Wait until all replicas are ready."""
        replicas = self._replicas(task, handle)
        await _all(replicas.become_ready(each) for each in handle.replicas)
        return replicas.handle

    async def stop(self, task: Task, handle: Handle) -> Handle:
        """Stop all replicas at once."""
        replicas = self._replicas(task, handle)
        await task.withdraw(handle.replicas)
        await _all(replicas.end(each) for each in handle.replicas)
        stopped = (dataclasses.replace(each, is_ready=False) for each in handle.replicas)
        return dataclasses.replace(handle, replicas=tuple(stopped))

    async def replace(self, task: Task, handle: Handle) -> Handle:
        """Roll: a new replica becomes ready before an old one is stopped."""
        host = self._hosts(handle.host)
        replicas = self._replicas(task, handle)
        for slot in range(task.workload.replicas + len(handle.replicas)):
            fresh = [each for each in replicas.handle.replicas if incarnation(each.key) == task.key]
            if len(fresh) >= task.workload.replicas and slot >= len(fresh):
                break
            taken = {each.slot for each in replicas.handle.replicas}
            if slot < len(fresh):
                replica = fresh[slot]
            else:
                free = next(each for each in range(len(taken) + 1) if each not in taken)
                is_fixed = task.workload.image is None and any(task.workload.tcp_ports.values())
                if is_fixed:  # A port of the host cannot be had twice.
                    free = await replicas.make_room(free)
                replica = await replicas.prepare(free)
                await host.flush()
                replica = await replicas.start(replica, task.key)
                await replicas.save()
            try:
                await replicas.become_ready(replica)
            except PermanentFailure:
                await replicas.drop(replicas.at(replica.slot))
                raise
            # So that visitors are led to it before they are led away from old ones.
            await replicas.save()
            old = next(
                (e for e in replicas.handle.replicas if incarnation(e.key) != task.key), None
            )
            if old is not None:
                await replicas.drop(old)
        old_ones = [e for e in replicas.handle.replicas if incarnation(e.key) != task.key]
        await _all(replicas.drop(each) for each in old_ones)
        return replicas.handle

    async def scale(self, task: Task, handle: Handle) -> Handle:
        """Start what is missing, stop what is too much; what runs keeps its process."""
        host = self._hosts(handle.host)
        replicas = self._replicas(task, handle)
        statuses = await self.status(handle)
        alive = [e.replica for e in statuses if e.condition is Condition.RUNNING]
        gone = [e.replica for e in statuses if e.condition is not Condition.RUNNING]
        for each in statuses:
            if each.problem is not None:  # To be started again it would have to be gone for sure.
                raise TemporaryFailure(each.problem)
        wanted = task.workload.replicas
        missing = max(0, wanted - len(alive))
        await _all(replicas.drop(each) for each in (*gone[missing:], *alive[wanted:]))
        # What was started before the server was killed may not be ready yet.
        fresh = [each for each in alive[:wanted] if incarnation(each.key) == task.key]
        try:
            for number in range(missing):
                slot = gone[number].slot if number < len(gone) else replicas.free_slot()
                replica = await replicas.prepare(slot)
                await host.flush()
                # Another key for every process: what this command started before may have died.
                key = task.key if incarnation(replica.key) != task.key else next_key(replica.key)
                fresh.append(await replicas.start(replica, key))
                await replicas.save()
            await _all(replicas.become_ready(each) for each in fresh)
        except PermanentFailure:
            await replicas.undo({each.slot for each in handle.replicas})
            raise
        return replicas.handle

    async def complete(self, task: Task, handle: Handle) -> Handle:
        """Run to the end, once."""
        host = self._hosts(handle.host)
        replicas = self._replicas(task, handle)
        replica = await replicas.prepare(0)
        await host.flush()
        if incarnation(replica.key) != task.key:
            replica = await replicas.start(replica, task.key)
            await replicas.save()
        assert replica.process is not None
        status = await host.wait(replica.process)
        await containers.clear(host, replica)
        if status.exit_code != 0:
            raise ProcessDied(await replicas.death(replica, status))
        return replicas.handle

    async def remove(self, task: Task, handle: Handle) -> None:
        """Stop, forget files and logs, free the ports."""
        host = self._hosts(handle.host)
        replicas = self._replicas(task, handle)
        await task.withdraw(handle.replicas)
        for replica in handle.replicas:
            await replicas.end(replica)
            await host.forget(replica.name)
            self._ports.release(replica.name)

    async def status(self, handle: Handle) -> list[ReplicaStatus]:
        """How each replica is; those on a host that is away are unknown."""
        host = self._hosts(handle.host)
        return [await self._status(host, each) for each in handle.replicas]

    async def usage(self, handles: Sequence[Handle]) -> list[dict[int, Usage]]:
        """What replicas use, their process groups or containers; nothing of hosts that are away."""
        by_host: dict[str, list[Replica]] = {}
        for handle in handles:
            running = (each for each in handle.replicas if each.process)
            by_host.setdefault(handle.host, []).extend(running)
        used: dict[tuple[str, str], Usage] = {}

        async def ask(name: str, replicas: Sequence[Replica]) -> None:
            host = self._hosts(name)
            if host.link is not LinkState.UP:
                return
            groups = {
                each.process.group: each.name
                for each in replicas
                if each.process and not each.has_container
            }
            contained = [each for each in replicas if each.has_container]
            with suppress(RuntimeDriverError):
                if groups:
                    found = await host.usage(groups)
                    used.update({(name, groups[group]): each for group, each in found.items()})
            with suppress(RuntimeDriverError):
                if contained:
                    by_name = await self._container_usage.of(host, contained)
                    used.update({(name, each): found for each, found in by_name.items()})

        await _all(ask(name, replicas) for name, replicas in by_host.items() if replicas)
        return [
            {
                each.slot: used[handle.host, each.name]
                for each in handle.replicas
                if (handle.host, each.name) in used
            }
            for handle in handles
        ]

    def recover(self, handle: Handle) -> None:
        """Take the handle's ports again."""
        for replica in handle.replicas:
            for port in replica.tcp_ports.values():
                self._ports.hold(handle.host, port, replica.name)

    async def watch(
        self, handle: Handle, at: Callable[[Spot], Workload] | None
    ) -> AsyncGenerator[Ended]:
        """Ends and failed health checks, one queue for all replicas."""
        host = self._hosts(handle.host)
        found: asyncio.Queue[Ended] = asyncio.Queue()
        workloads = {
            each.slot: at(Spot(host=host.hostname, replica=each.slot, tcp_ports=each.tcp_ports))
            for each in handle.replicas
            if at is not None
        }
        tasks = []
        for each in handle.replicas:
            if each.process is None:
                continue
            tasks.append(asyncio.create_task(watch_end(host, each, each.process, found)))
            workload = workloads.get(each.slot)
            # One that takes another's place may still be starting, and others look after that.
            if each.is_ready and workload is not None and workload.health is not None:
                tasks.append(asyncio.create_task(watch_health(host, each, workload, found)))
        try:
            while True:
                yield await found.get()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def logs(
        self, handle: Handle, *, follow: bool, since: datetime | None, tail: int | None
    ) -> AsyncGenerator[Line]:
        """Lines of all replicas."""
        host = self._hosts(handle.host)
        names = {each.slot: each.name for each in handle.replicas}
        async with aclosing(
            output.lines(host, names, follow=follow, since=since, tail=tail)
        ) as found:
            async for line in found:
                yield line

    def _replicas(self, task: Task, handle: Handle) -> Replicas:
        return Replicas(task, handle, host=self._hosts(handle.host), ports=self._ports)

    async def _status(self, host: Host, replica: Replica) -> ReplicaStatus:
        try:
            process = replica.process
            if process is None:
                found = await host.find(replica.name)
                process = found if found is not None and found.key == replica.key else None
                replica = dataclasses.replace(replica, process=process)
            if process is None:
                return ReplicaStatus(replica=replica, condition=None)
            status = await host.status(process)
        except RuntimeDriverError as problem:
            return ReplicaStatus(replica=replica, condition=None, problem=str(problem))
        return ReplicaStatus(
            replica=replica, condition=status.condition, exit_code=status.exit_code
        )


async def _all(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do several things at once; after the first failure the others are given up."""
    tasks = [asyncio.ensure_future(each) for each in works]
    if not tasks:
        return
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
