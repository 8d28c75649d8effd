"""The handle while a verb changes it, and what an incarnation of a replica is called and given."""

import asyncio
import dataclasses
from collections.abc import Mapping

from ripieno.model.workload import Workload
from ripieno.runtimes.base import Handle, Replica, Spot, Task


class Work:
    """The handle while a verb changes it, by several tasks at once."""

    def __init__(self, task: Task, handle: Handle) -> None:
        self.task = task
        self.handle = handle
        self.saves_ports = True
        self._saving = asyncio.Lock()

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


def incarnation(key: str) -> str:
    """The command that a key comes from; restarts of it have a number behind."""
    return key.partition("~")[0]


def next_key(key: str) -> str:
    """The key of the next try of the same command."""
    command, _, number = key.partition("~")
    return f"{command}~{int(number or 0) + 1}"


def environment(workload: Workload, spot: Spot) -> Mapping[str, str]:
    """The variables of one replica: its ports, and what the workload sets, which prevails."""
    env = {f"PORT_{_variable(name)}": str(port) for name, port in spot.tcp_ports.items()}
    if spot.tcp_ports:
        env["PORT"] = str(next(iter(spot.tcp_ports.values())))
    env["HOST"] = spot.host
    # By now the values are text: secrets have been put in by whoever made the task.
    env.update({name: str(value) for name, value in workload.env.items()})
    return env


def _variable(name: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in name).upper()
