"""An assembly file read as a situation: what is said to stand there, completed as far as it goes.

Used where there is no machine to ask. Connections that are not listed are matched; data count as
served where the component must have come by the place that serves them.
"""

from ripieno.model.assembly import Assembly, Situation
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.goal import Goal, Wish
from ripieno.model.port import PortKind
from ripieno.plan.match import match


def situation_of(described: Goal) -> Situation:
    """The situation in which every component stands on its `state`, or on its initial place.

    Use ports for which there is no single provider stay unconnected. Raises: what `match` raises
    for listed connections and selectors.
    """
    loose = Assembly(components=described.components)
    connections = match(described, loose)
    marking = {
        name: described.wishes.get(name, Wish()).state or frozenset((component.type.initial,))
        for name, component in described.components.items()
    }
    served: set[tuple[str, str]] = set()
    data: dict[tuple[str, str], Value] = {}
    for name, component in described.components.items():
        for port in _passed(component.type, marking[name]):
            served.add((name, port))
        for transition in component.type.transitions:
            for port, value in transition.writes.items():
                if (name, port) in served or component.type.port_by_name[port].kind is (
                    PortKind.PROVIDE
                ):
                    data.setdefault((name, port), value)
    return Situation(
        assembly=Assembly(components=described.components, connections=connections),
        marking=marking,
        served=frozenset(served),
        data=data,
    )


def _passed(component_type: ComponentType, marking: frozenset[str]) -> list[str]:
    """Data provide ports with a place from which the marking can be reached, the marking included.

    The initial place is passed by every component, others only by those that have left it.
    """
    reached = set(marking)
    pending = list(marking)
    while pending:
        place = pending.pop()
        for transition in component_type.transitions:
            if transition.target == place and transition.source not in reached:
                reached.add(transition.source)
                pending.append(transition.source)
    if marking == {component_type.initial}:
        reached = set(marking)
    return [
        port.name
        for port in component_type.ports
        if port.kind is PortKind.DATA_PROVIDE and reached & set(component_type.bound_places(port))
    ]
