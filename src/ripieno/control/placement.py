"""Use cases about where components run: the runtimes, and what is placed on their hosts."""

from collections.abc import Collection, Iterator, Sequence

from ripieno.control import usage
from ripieno.control.host_views import Load, RuntimeView
from ripieno.control.hosts import HostBook
from ripieno.control.leading import Leading
from ripieno.control.metrics import Metrics
from ripieno.control.state import Held, State
from ripieno.model.host import HostKind
from ripieno.runtimes import abilities


class Placement:
    """The part of the use cases that knows what runs where."""

    _leading: Leading
    _hosts: HostBook
    _metrics: Metrics

    async def runtimes(self) -> Sequence[RuntimeView]:
        """All ways to run components, be there hosts for them or not."""
        return [
            RuntimeView(
                name=kind.value,
                hosts=hosts,
                abilities={
                    each.value: can
                    for each, can in abilities.of_hosts(
                        run_images=any(map(self._hosts.runs_images, hosts))
                    ).items()
                },
                load=self._load(hosts),
            )
            for kind in HostKind
            for hosts in (self._hosts.of_kind(kind),)
        ]

    def _load(self, hosts: Collection[str]) -> Load:
        """What is placed on some hosts together."""
        placed = list(self._placed(hosts))
        promised = usage.total(
            usage.of_workload(held.definition.workload)
            for state, component, held in placed
            if held.definition and _is_up(state, component)
        )
        used = [
            replica
            for state, component, _ in placed
            for replica in self._metrics.replicas(state.id, component)
        ]
        return Load(
            components=len(placed),
            replicas=sum(len(held.handle.replicas) for _, _, held in placed if held.handle),
            cpus=promised.cpus,
            memory_mib=promised.memory_mib,
            used_cpus=sum(each.cpus or 0.0 for each in used) if used else None,
            used_memory_bytes=sum(each.memory_bytes for each in used) if used else None,
        )

    def _placed(self, hosts: Collection[str]) -> Iterator[tuple[State, str, Held]]:
        """Deployment, component and what is held of it, of all that have a handle there."""
        for supervisor in self._leading.all:
            for component, held in supervisor.state.held.items():
                if held.handle is not None and held.handle.host in hosts:
                    yield supervisor.state, component, held


def _is_up(state: State, component: str) -> bool:
    wanted = state.target.components.get(component)
    return wanted is not None and usage.is_up(wanted)
