"""The difference between what is and what should be, component by component and port by port."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.assembly import Component, Situation
from ripieno.model.goal import Goal
from ripieno.model.port import Connection, PortRef
from ripieno.plan.match import match


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to be added, removed and connected otherwise.

    `before` and `after` hold the provider of every connected use port; `users_before` and
    `users_after` the use ports at every provide port. A component whose type differs is in both
    `removed` and `added`.
    """

    situation: Situation
    goal: Goal
    added: Mapping[str, Component]
    removed: Mapping[str, Component]
    before: Mapping[PortRef, PortRef]
    after: Mapping[PortRef, PortRef]
    users_before: Mapping[PortRef, list[PortRef]] = field(default_factory=dict)
    users_after: Mapping[PortRef, list[PortRef]] = field(default_factory=dict)

    @property
    def rewired(self) -> list[PortRef]:
        """Use ports that have another provider afterwards, or none, or had none, in order."""
        ports = dict.fromkeys([*sorted(self.before), *sorted(self.after)])
        return [port for port in ports if self.before.get(port) != self.after.get(port)]


def find(situation: Situation, goal: Goal) -> Change:
    """The change from a situation to a goal. Raises: what `match.match` raises."""
    now = situation.assembly.components
    replaced = {
        name
        for name, component in goal.components.items()
        if name in now and now[name].type != component.type
    }
    connections = match(goal, situation.assembly)
    return Change(
        situation=situation,
        goal=goal,
        added={n: c for n, c in goal.components.items() if n not in now or n in replaced},
        removed={n: c for n, c in now.items() if n not in goal.components or n in replaced},
        before=_by_use(situation.assembly.connections),
        after=_by_use(connections),
        users_before=_by_provide(situation.assembly.connections),
        users_after=_by_provide(connections),
    )


def _by_use(connections: frozenset[Connection]) -> dict[PortRef, PortRef]:
    return {connection.use: connection.provide for connection in connections}


def _by_provide(connections: frozenset[Connection]) -> dict[PortRef, list[PortRef]]:
    users: dict[PortRef, list[PortRef]] = defaultdict(list)
    for connection in sorted(connections):
        users[connection.provide].append(connection.use)
    return users
