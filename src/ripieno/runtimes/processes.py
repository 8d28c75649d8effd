"""The runtime of plain processes on hosts: one implementation, whatever way leads to the host.

Called through `base.Runtime`. It must not know how a host is reached, which is the `Host`'s part.
"""

import asyncio
import dataclasses
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any

from ripieno.model.workload import FileTransfer, RestartCondition, Workload
from ripieno.runtimes import keeper, output
from ripieno.runtimes.base import Ended, Handle, Line, Replica, ReplicaStatus, Spot, Task
from ripieno.runtimes.errors import (
    FileMissing,
    NotReady,
    PermanentFailure,
    ProcessDied,
    RuntimeDriverError,
    TemporaryFailure,
)
from ripieno.runtimes.host import (
    Command,
    Condition,
    Host,
    LinkState,
    ProcessStatus,
    Transfer,
    Usage,
)
from ripieno.runtimes.ports import PortBook
from ripieno.runtimes.readiness import Progress, until_ready
from ripieno.runtimes.watching import watch_end, watch_health
from ripieno.runtimes.work import Work, environment, incarnation, next_key

HostBook = Callable[[str], Host]
"""Gives a host by name. Raises: `InvalidHost` if there is none."""


class ProcessRuntime:
    """Workloads as processes: `local` and `ssh`."""

    def __init__(self, hosts: HostBook, ports: PortBook) -> None:
        self._hosts = hosts
        self._ports = ports

    async def deploy(self, task: Task, handle: Handle | None) -> Handle:
        """Assign ports and bring the files of all replicas in one go."""
        host = self._hosts(task.host)
        if handle is not None and handle.host != task.host:
            raise PermanentFailure(
                f"{task.component} is on host {handle.host} and was asked to be prepared on "
                f"{task.host}; remove it there first"
            )
        work = Work(task, handle or Handle(host=host.name, address=host.hostname))
        work.saves_ports = False  # They are stored with the outcome, and nothing runs before.
        try:
            for slot in range(task.workload.replicas):
                await self._prepare(work, host, slot, is_early=True)
            await host.flush()
        except BaseException:
            # No handle tells of these ports, so nobody could ever free them.
            for slot in range(task.workload.replicas):
                self._ports.release(_name(task, slot))
            if handle is not None:
                self.recover(handle)
            raise
        return work.handle

    async def start(self, task: Task, handle: Handle) -> Handle:
        """Have every replica run in the incarnation of this task; older ones are stopped."""
        host = self._hosts(handle.host)
        work = Work(task, handle)
        for slot in range(task.workload.replicas):
            await self._prepare(work, host, slot)
        await host.flush()
        surplus = [each for each in work.handle.replicas if each.slot >= task.workload.replicas]
        await _all(self._drop(work, host, each) for each in surplus)
        try:
            await _all(
                self._start(work, host, each, task.key)
                for each in work.handle.replicas
                if incarnation(each.key) != task.key
            )
        except PermanentFailure:
            await self._undo(work, host, {each.slot for each in handle.replicas})
            raise
        # Stored with the outcome: until then, doing it again finds the same processes by their key.
        return work.handle

    async def become_ready(self, task: Task, handle: Handle) -> Handle:
        """Wait until all replicas are ready."""
        host = self._hosts(handle.host)
        work = Work(task, handle)
        await _all(self._await(work, host, each) for each in handle.replicas)
        return work.handle

    async def stop(self, task: Task, handle: Handle) -> Handle:
        """Stop all replicas at once."""
        host = self._hosts(handle.host)
        workload = task.workload
        await task.withdraw(handle.replicas)
        await _all(self._end(host, each, workload) for each in handle.replicas)
        stopped = (dataclasses.replace(each, is_ready=False) for each in handle.replicas)
        return dataclasses.replace(handle, replicas=tuple(stopped))

    async def replace(self, task: Task, handle: Handle) -> Handle:
        """Roll: a new replica becomes ready before an old one is stopped."""
        host = self._hosts(handle.host)
        work = Work(task, handle)
        for slot in range(task.workload.replicas + len(handle.replicas)):
            fresh = [each for each in work.handle.replicas if incarnation(each.key) == task.key]
            if len(fresh) >= task.workload.replicas and slot >= len(fresh):
                break
            taken = {each.slot for each in work.handle.replicas}
            if slot < len(fresh):
                replica = fresh[slot]
            else:
                free = next(each for each in range(len(taken) + 1) if each not in taken)
                if any(task.workload.tcp_ports.values()):  # A fixed port cannot be had twice.
                    free = await self._make_room(work, host, free)
                replica = await self._prepare(work, host, free)
                await host.flush()
                replica = await self._start(work, host, replica, task.key)
                await work.save()
            try:
                await self._await(work, host, replica)
            except PermanentFailure:
                await self._drop(work, host, work.at(replica.slot))
                raise
            await (
                work.save()
            )  # So that visitors are led to it before they are led away from old ones.
            old = next((e for e in work.handle.replicas if incarnation(e.key) != task.key), None)
            if old is not None:
                await self._drop(work, host, old)
        old_ones = [e for e in work.handle.replicas if incarnation(e.key) != task.key]
        await _all(self._drop(work, host, each) for each in old_ones)
        return work.handle

    async def scale(self, task: Task, handle: Handle) -> Handle:
        """Start what is missing, stop what is too much; what runs keeps its process."""
        host = self._hosts(handle.host)
        work = Work(task, handle)
        statuses = await self.status(handle)
        alive = [e.replica for e in statuses if e.condition is Condition.RUNNING]
        gone = [e.replica for e in statuses if e.condition is not Condition.RUNNING]
        for each in statuses:
            if each.problem is not None:  # To be started again it would have to be gone for sure.
                raise TemporaryFailure(each.problem)
        wanted = task.workload.replicas
        missing = max(0, wanted - len(alive))
        await _all(self._drop(work, host, each) for each in (*gone[missing:], *alive[wanted:]))
        # What was started before the server was killed may not be ready yet.
        fresh = [each for each in alive[:wanted] if incarnation(each.key) == task.key]
        try:
            for number in range(missing):
                slot = gone[number].slot if number < len(gone) else work.free_slot()
                replica = await self._prepare(work, host, slot)
                await host.flush()
                # Another key for every process: what this command started before may have died.
                key = task.key if incarnation(replica.key) != task.key else next_key(replica.key)
                fresh.append(await self._start(work, host, replica, key))
                await work.save()
            await _all(self._await(work, host, each) for each in fresh)
        except PermanentFailure:
            await self._undo(work, host, {each.slot for each in handle.replicas})
            raise
        return work.handle

    async def complete(self, task: Task, handle: Handle) -> Handle:
        """Run to the end, once."""
        host = self._hosts(handle.host)
        work = Work(task, handle)
        replica = await self._prepare(work, host, 0)
        await host.flush()
        if incarnation(replica.key) != task.key:
            replica = await self._start(work, host, replica, task.key)
            await work.save()
        assert replica.process is not None
        status = await host.wait(replica.process)
        if status.exit_code != 0:
            raise ProcessDied(await self._death(host, work, replica, status))
        return work.handle

    async def remove(self, task: Task, handle: Handle) -> None:
        """Stop, forget files and logs, free the ports."""
        host = self._hosts(handle.host)
        await task.withdraw(handle.replicas)
        for replica in handle.replicas:
            await self._end(host, replica, task.workload)
            await host.forget(replica.name)
            self._ports.release(replica.name)

    async def status(self, handle: Handle) -> list[ReplicaStatus]:
        """How each replica is; those on a host that is away are unknown."""
        host = self._hosts(handle.host)
        return [await self._status(host, each) for each in handle.replicas]

    async def usage(self, handles: Sequence[Handle]) -> list[dict[int, Usage]]:
        """What replicas use, their whole process groups; nothing of hosts that are away."""
        by_host: dict[str, set[int]] = {}
        for handle in handles:
            groups = (each.process.group for each in handle.replicas if each.process)
            by_host.setdefault(handle.host, set()).update(groups)
        used: dict[str, Mapping[int, Usage]] = {}

        async def ask(name: str, groups: set[int]) -> None:
            host = self._hosts(name)
            if groups and host.link is LinkState.UP:
                with suppress(RuntimeDriverError):
                    used[name] = await host.usage(groups)

        await _all(ask(name, groups) for name, groups in by_host.items())
        return [
            {
                each.slot: used[handle.host][each.process.group]
                for each in handle.replicas
                if each.process and each.process.group in used.get(handle.host, {})
            }
            for handle in handles
        ]

    def recover(self, handle: Handle) -> None:
        """Take the handle's ports again."""
        for replica in handle.replicas:
            for port in replica.tcp_ports.values():
                self._ports.hold(handle.host, port, replica.name)

    async def watch(self, handle: Handle, workload: Workload | None) -> AsyncGenerator[Ended]:
        """Ends and failed health checks, one queue for all replicas."""
        host = self._hosts(handle.host)
        found: asyncio.Queue[Ended] = asyncio.Queue()
        tasks = []
        for each in handle.replicas:
            if each.process is None:
                continue
            tasks.append(asyncio.create_task(watch_end(host, each, each.process, found)))
            if workload is not None and workload.health is not None:
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

    async def _prepare(
        self, work: Work, host: Host, slot: int, *, is_early: bool = False
    ) -> Replica:
        """A replica of the slot with all the ports of the workload, its files in the queue."""
        task = work.task
        replica = work.find(slot) or Replica(slot=slot, name=_name(task, slot))
        tcp_ports = {}
        for name, wanted in task.workload.tcp_ports.items():
            known = replica.tcp_ports.get(name)
            if known is not None and wanted in (0, known):
                tcp_ports[name] = known
            else:
                tcp_ports[name] = await self._ports.take(host, replica.name, wanted)
        if tcp_ports != replica.tcp_ports or work.find(slot) is None:
            replica = dataclasses.replace(replica, tcp_ports=tcp_ports)
            work.put(replica)
            if tcp_ports and work.saves_ports:  # Before anything listens on them.
                await work.save()
            self._ports.keep(host.name, replica.name, tcp_ports.values())
        spot = Spot(host=host.hostname, replica=slot, tcp_ports=tcp_ports)
        files = task.files(spot) if is_early else task.at(spot).files
        _check_sources(files, task.component)
        for file in files:
            host.queue(
                Transfer(
                    source=(file.content or "").encode() if file.source is None else file.source,
                    target=f"{replica.name}/{keeper.CWD}/{file.target}",
                    mode=file.mode,
                )
            )
        return replica

    async def _start(self, work: Work, host: Host, replica: Replica, key: str) -> Replica:
        """Start one incarnation of a replica; an earlier one is stopped first."""
        task = work.task
        running = await host.find(replica.name)
        if running is not None and running.key != key:
            await task.withdraw((replica,))
            await host.stop(
                running, signal=task.workload.stop_signal, grace_s=task.workload.grace_s
            )
        spot = Spot(host=host.hostname, replica=replica.slot, tcp_ports=replica.tcp_ports)
        workload = task.at(spot)
        command = Command(
            argv=workload.argv, env=environment(workload, spot), cwd=workload.working_directory
        )
        process = await host.start(replica.name, key, command)
        replica = dataclasses.replace(
            replica, key=key, process=process, started_at=datetime.now(UTC), is_ready=False
        )
        work.put(replica)
        return replica

    async def _await(self, work: Work, host: Host, replica: Replica) -> None:
        """Wait until one replica is ready, restarting it as its policy says."""
        task = work.task
        policy = task.workload.restart
        progress = Progress()
        tries = 0
        try:
            async with asyncio.timeout(task.deadline_s):
                while True:
                    if replica.process is None:
                        replica = await self._start(work, host, replica, replica.key or task.key)
                    assert replica.process is not None
                    status = await until_ready(host, replica, task, progress)
                    if status is None:
                        work.put(dataclasses.replace(replica, is_ready=True))
                        return
                    tries += 1
                    death = await self._death(host, work, replica, status)
                    gives_up = (
                        policy.condition is RestartCondition.NEVER
                        or (
                            policy.condition is RestartCondition.ON_FAILURE
                            and status.exit_code == 0
                        )
                        or (policy.limit is not None and tries > policy.limit)
                    )
                    if gives_up:
                        raise ProcessDied(death)
                    progress.problem = death
                    pause_s = min(policy.backoff_s * 2 ** (tries - 1), policy.backoff_cap_s)
                    task.say(f"{death}; started again in {pause_s:g} s")
                    await asyncio.sleep(pause_s)
                    replica = await self._start(work, host, replica, next_key(replica.key))
                    await work.save()
        except TimeoutError as late:
            lines = await self._last_lines(host, replica)
            raise NotReady(
                f"{task.component} was not ready within {task.deadline_s:g} s: "
                f"{progress.problem or 'it was still starting'}"
                + ("" if progress.has_lines else lines)
            ) from late

    async def _end(self, host: Host, replica: Replica, workload: Workload) -> None:
        """Stop whatever runs under a replica's name, noted or not."""
        process = await host.find(replica.name) or replica.process
        if process is not None:
            await host.stop(process, signal=workload.stop_signal, grace_s=workload.grace_s)

    async def _drop(self, work: Work, host: Host, replica: Replica) -> None:
        """Stop a replica for good."""
        await work.task.withdraw((replica,))
        await self._end(host, replica, work.task.workload)
        await host.forget(replica.name)
        self._ports.release(replica.name)
        work.take_out(replica.slot)
        await work.save()

    async def _undo(self, work: Work, host: Host, slots: set[int]) -> None:
        """Stop what this command has started; of other slots than these nothing is left."""
        for each in work.handle.replicas:
            if each.slot not in slots:
                await self._drop(work, host, each)
                continue
            process = await host.find(each.name)
            if process is not None and incarnation(process.key) == work.task.key:
                await self._end(host, each, work.task.workload)

    async def _make_room(self, work: Work, host: Host, free: int) -> int:
        """Stop an old replica, since its port cannot be had twice; the slot for the new one."""
        task = work.task
        old = next((e for e in work.handle.replicas if incarnation(e.key) != task.key), None)
        if old is None:
            return free
        await self._drop(work, host, old)
        return old.slot

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

    async def _death(self, host: Host, work: Work, replica: Replica, status: ProcessStatus) -> str:
        """What became of a process that should run, with its last words."""
        how = f"ended with exit code {status.exit_code}"
        if status.condition is Condition.LOST:
            how = "is gone, and nobody saw how it ended"
        elif status.exit_code is not None and status.exit_code > 128:
            how = f"was killed by signal {status.exit_code - 128}"
        return f"{work.task.component} {how}{await self._last_lines(host, replica)}"

    async def _last_lines(self, host: Host, replica: Replica) -> str:
        try:
            lines = await output.last_lines(host, replica.name)
        except RuntimeDriverError:
            return ""
        return "; its last output: " + " | ".join(lines) if lines else "; it has said nothing"


def _name(task: Task, slot: int) -> str:
    """What the process of a replica is called on its host."""
    return f"{task.directory}/{task.component}/{slot}"


def _check_sources(files: Iterable[FileTransfer], component: str) -> None:
    """Find out what is missing before it goes into a queue that others share."""
    for file in files:
        if file.source is not None and not os.path.isfile(file.source):
            raise FileMissing(
                f"{component} is to be given the file {file.source}, which is not on the server; "
                "bring it there, or mend the path"
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
