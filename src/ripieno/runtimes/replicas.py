"""The replicas of a component while a verb changes them: one after another, or all at once.

Used by `processes`, for one verb each. What has become of them is in `handle`, which is stored
as soon as it must not be lost.
"""

import asyncio
import dataclasses
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from ripieno.model.workload import FileTransfer, RestartCondition, Secret, Workload
from ripieno.runtimes import containers, docker, ending, keeper, output
from ripieno.runtimes.base import Handle, Replica, Spot, Task
from ripieno.runtimes.errors import FileMissing, NotReady, ProcessDied, RuntimeDriverError
from ripieno.runtimes.host import Command, Condition, Host, ProcessStatus, Transfer
from ripieno.runtimes.incarnation import incarnation, next_key
from ripieno.runtimes.ports import PortBook
from ripieno.runtimes.readiness import Progress, until_ready


class Replicas:
    """Those of one handle, which several tasks change at once."""

    def __init__(self, task: Task, handle: Handle, *, host: Host, ports: PortBook) -> None:
        self.task = task
        self.handle = handle
        self._host = host
        self._ports = ports
        self.saves_ports = True
        self._saving = asyncio.Lock()
        self._at_hand: set[str] = set()

    def find(self, slot: int) -> Replica | None:
        """The replica of a slot, if there is one."""
        return next((each for each in self.handle.replicas if each.slot == slot), None)

    def at(self, slot: int) -> Replica:
        """The replica of a slot."""
        return next(each for each in self.handle.replicas if each.slot == slot)

    def free_slot(self) -> int:
        """The lowest slot that no replica has."""
        taken = {each.slot for each in self.handle.replicas}
        return next(slot for slot in range(len(taken) + 1) if slot not in taken)

    def put(self, replica: Replica) -> None:
        """Have this replica in its slot."""
        others = [each for each in self.handle.replicas if each.slot != replica.slot]
        replicas = tuple(sorted([*others, replica], key=lambda each: each.slot))
        self.handle = dataclasses.replace(self.handle, replicas=replicas)

    def take_out(self, slot: int) -> None:
        """Have no replica in the slot."""
        replicas = tuple(each for each in self.handle.replicas if each.slot != slot)
        self.handle = dataclasses.replace(self.handle, replicas=replicas)

    async def save(self) -> None:
        """Store the handle as it is now."""
        async with self._saving:
            await self.task.save(self.handle)

    async def prepare(self, slot: int, *, is_early: bool = False) -> Replica:
        """A replica of the slot with all the ports of the workload, its files in the queue."""
        task = self.task
        image = task.workload.image
        replica = self.find(slot) or Replica(slot=slot, name=name_of(task, slot))
        if image is not None and image not in self._at_hand:
            await docker.have(self._host, image, task.say)
            self._at_hand.add(image)
        tcp_ports = {}
        for name, number in task.workload.tcp_ports.items():
            wanted = number if image is None else 0  # An image's own are inside its containers.
            known = replica.tcp_ports.get(name)
            if known is not None and wanted in (0, known):
                tcp_ports[name] = known
            else:
                tcp_ports[name] = await self._ports.take(self._host, replica.name, wanted)
        has_container = replica.has_container or image is not None
        before = (replica.tcp_ports, replica.has_container)
        if (tcp_ports, has_container) != before or self.find(slot) is None:
            replica = dataclasses.replace(replica, tcp_ports=tcp_ports, has_container=has_container)
            self.put(replica)
            # Before anything listens on them, or has to be ended by the engine.
            if (tcp_ports or has_container) and self.saves_ports:
                await self.save()
            self._ports.keep(self._host.name, replica.name, tcp_ports.values())
        spot = Spot(host=self._host.hostname, replica=slot, tcp_ports=tcp_ports)
        files = task.files(spot) if is_early else task.at(spot).files
        _check_sources(files, task.component)
        for file in files:
            self._host.queue(
                Transfer(
                    source=(file.content or "").encode() if file.source is None else file.source,
                    target=f"{replica.name}/{keeper.CWD}/{file.target}",
                    mode=file.mode,
                )
            )
        return replica

    async def start(self, replica: Replica, key: str) -> Replica:
        """Start one incarnation of a replica; an earlier one is stopped first."""
        task = self.task
        running = await self._host.find(replica.name)
        if running is None or running.key != key:
            if running is not None:
                await task.withdraw((replica,))
            await ending.end(self._host, replica, running, task.workload)
        spot = Spot(host=self._host.hostname, replica=replica.slot, tcp_ports=replica.tcp_ports)
        workload = task.at(spot)
        replica = dataclasses.replace(replica, key=key, has_container=workload.image is not None)
        process = await self._host.start(
            replica.name, key, await self._command(replica, workload, spot)
        )
        replica = dataclasses.replace(
            replica, process=process, started_at=datetime.now(UTC), is_ready=False
        )
        self.put(replica)
        return replica

    async def _command(self, replica: Replica, workload: Workload, spot: Spot) -> Command:
        env = _environment(workload, spot)
        image = workload.image
        if image is None:
            return Command(argv=workload.argv, env=env, cwd=workload.working_directory)
        folder = await docker.working_folder(self._host, image)
        if folder is None:  # It was removed since, and is pulled by whoever starts it.
            await docker.have(self._host, image, self.task.say)
            folder = await docker.working_folder(self._host, image)
        written = self.task.workload.env.items()
        return containers.command(
            self._host,
            replica,
            workload,
            variables=env,
            secrets=[name for name, value in written if isinstance(value, Secret)],
            at=await docker.look(self._host),
            image_folder=folder or "",
        )

    async def become_ready(self, replica: Replica) -> None:
        """Wait until one replica is ready, restarting it as its policy says."""
        task = self.task
        policy = task.workload.restart
        progress = Progress()
        tries = 0
        try:
            async with asyncio.timeout(task.deadline_s):
                if await self._is_to_be_brought_back(replica):
                    replica = await self.start(replica, task.key)
                    await self.save()
                while True:
                    if replica.process is None:
                        replica = await self.start(replica, replica.key or task.key)
                    assert replica.process is not None
                    status = await until_ready(self._host, replica, task, progress)
                    if status is None:
                        self.put(dataclasses.replace(replica, is_ready=True))
                        return
                    await containers.clear(self._host, replica)
                    tries += 1
                    death = await self.death(replica, status)
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
                    replica = await self.start(replica, next_key(replica.key))
                    await self.save()
        except TimeoutError as late:
            lines = await self._last_lines(replica)
            raise NotReady(
                f"{task.component} was not ready within {task.deadline_s:g} s: "
                f"{progress.problem or 'it was still starting'}"
                + ("" if progress.has_lines else lines)
            ) from late

    async def _is_to_be_brought_back(self, replica: Replica) -> bool:
        """Whether people want another try of a process that has ended, whatever its policy says."""
        if not self.task.is_retry or replica.process is None:
            return False
        if incarnation(replica.key) == self.task.key:
            return False  # That was this try's.
        status = await self._host.status(replica.process)
        return status.condition is not Condition.RUNNING

    async def end(self, replica: Replica) -> None:
        """Stop whatever runs under a replica's name, noted or not."""
        process = await self._host.find(replica.name) or replica.process
        await ending.end(self._host, replica, process, self.task.workload)

    async def drop(self, replica: Replica) -> None:
        """Stop a replica for good."""
        await self.task.withdraw((replica,))
        await self.end(replica)
        await self._host.forget(replica.name)
        self._ports.release(replica.name)
        self.take_out(replica.slot)
        await self.save()

    async def undo(self, slots: set[int]) -> None:
        """Stop what this command has started; of other slots than these nothing is left."""
        for each in self.handle.replicas:
            if each.slot not in slots:
                await self.drop(each)
                continue
            process = await self._host.find(each.name)
            if process is not None and incarnation(process.key) == self.task.key:
                await self.end(each)

    async def make_room(self, free: int) -> int:
        """Stop an old replica, since its port cannot be had twice; the slot for the new one."""
        task = self.task
        old = next((e for e in self.handle.replicas if incarnation(e.key) != task.key), None)
        if old is None:
            return free
        await self.drop(old)
        return old.slot

    async def death(self, replica: Replica, status: ProcessStatus) -> str:
        """What became of a process that should run, with its last words."""
        how = f"ended with exit code {status.exit_code}"
        if status.condition is Condition.LOST:
            how = "is gone, and nobody saw how it ended"
        elif status.exit_code is not None and status.exit_code > 128:
            how = f"was killed by signal {status.exit_code - 128}"
        return f"{self.task.component} {how}{await self._last_lines(replica)}"

    async def _last_lines(self, replica: Replica) -> str:
        try:
            lines = await output.last_lines(self._host, replica.name)
        except RuntimeDriverError:
            return ""
        return "; its last output: " + " | ".join(lines) if lines else "; it has said nothing"


def name_of(task: Task, slot: int) -> str:
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


def _environment(workload: Workload, spot: Spot) -> Mapping[str, str]:
    """The variables of one replica: its ports, and what the workload sets, which prevails."""
    ports = workload.listening(spot.tcp_ports)
    env = {f"PORT_{_variable(name)}": str(port) for name, port in ports.items()}
    if ports:
        env["PORT"] = str(next(iter(ports.values())))
    env["HOST"] = spot.host if workload.image is None else containers.EVERYWHERE
    # By now the values are text: secrets have been put in by whoever made the task.
    env.update({name: str(value) for name, value in workload.env.items()})
    return env


def _variable(name: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in name).upper()
