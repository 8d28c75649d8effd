"""How much a deployment has running, or is to have: what quotas count.

Counted is what was asked for, from the moment that it was accepted, and whether or not the
processes need it now.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ripieno.control import target as targets
from ripieno.control.state import State
from ripieno.control.target import Target, Wanted
from ripieno.engine import look
from ripieno.model import application as applications
from ripieno.model.workload import Workload

DEFAULT_CPUS = 0.1
DEFAULT_MEMORY_MIB = 128
"""What a replica counts for whose workload says nothing of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Running deployments, and what their components were promised."""

    deployments: int = 0
    cpus: float = 0.0
    memory_mib: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(
            deployments=self.deployments + other.deployments,
            cpus=self.cpus + other.cpus,
            memory_mib=self.memory_mib + other.memory_mib,
        )

    def __or__(self, other: "Use") -> "Use":
        """The larger of each."""
        return Use(
            deployments=max(self.deployments, other.deployments),
            cpus=max(self.cpus, other.cpus),
            memory_mib=max(self.memory_mib, other.memory_mib),
        )


def total(uses: Iterable[Use]) -> Use:
    """All of them together."""
    return sum(uses, Use())


def of_target(target: Target, done: Iterable[str] = ()) -> Use:
    """What a deployment uses that is as its target says; `done` are jobs that have ended."""
    counted = set(target.components).difference(done)
    up = [each for name, each in target.components.items() if name in counted and is_up(each)]
    found = total(of_workload(each.definition.workload) for each in up)
    return Use(deployments=int(bool(up)), cpus=found.cpus, memory_mib=found.memory_mib)


def of_state(state: State) -> Use:
    """What a deployment uses, or will when what was asked for is done: the most on that way."""
    done = {
        each.name
        for each in look.looks(state.machine)
        if each.name in state.target.components
        and state.target.components[each.name].definition.kind == applications.JOB
        and set(state.target.components[each.name].state) <= set(each.places)
    }
    found = of_target(state.target, done)
    if state.wanted is not None:
        found |= of_target(state.wanted)
    for queued in state.queue:
        found |= of_target(targets.from_json(queued.options["target"]))
    return found


def is_up(wanted: Wanted) -> bool:
    """Whether a component is to have processes at work."""
    if wanted.definition.kind == applications.EXTERNAL:
        return False
    return wanted.state == targets.ready_places(wanted.definition, wanted.type)


def of_workload(workload: Workload | None) -> Use:
    """What a component is promised."""
    if workload is None:
        return Use()
    cpus = DEFAULT_CPUS if workload.cpus is None else workload.cpus
    memory_mib = DEFAULT_MEMORY_MIB if workload.memory_mib is None else workload.memory_mib
    return Use(cpus=cpus * workload.replicas, memory_mib=memory_mib * workload.replicas)
