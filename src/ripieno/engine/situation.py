"""Assemblies at rest, from a machine and to one: where planning begins.

Called by the planner, which simulates on a machine made here, and by whoever has a machine and
wants a plan. It must not know of programs: in a situation nothing is under way.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ripieno.engine import ports, wiring
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState
from ripieno.engine.table import Table, names
from ripieno.model import errors
from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType
from ripieno.model.fitting import orient
from ripieno.model.port import Connection, PortRef


def situation(machine: Machine) -> Situation:
    """The assembly and its marking. Raises: `IllegalMarking` if a component is not idle."""
    components: dict[str, Component] = {}
    connections: list[Connection] = []
    marking: dict[str, frozenset[str]] = {}
    served: list[tuple[str, str]] = []
    data: dict[tuple[str, str], object] = {}
    lost: list[tuple[str, str]] = []
    for name, state in machine.core.components.items():
        if not state.is_idle:
            raise errors.IllegalMarking(
                f"{name} is {state.status}, in {_listed(state.places())}; a situation is an "
                "assembly at rest: wait until it is idle"
            )
        components[name] = Component(name=name, type=state.table.type)
        marking[name] = frozenset(state.places())
        served.extend((name, port) for port in names(state.served, state.table.data_provides))
        data.update(((name, port), value) for port, value in (state.data or {}).items())
        lost.extend((name, port) for port in names(state.lost, state.table.provides))
        for use, end in enumerate(state.providers or ()):
            if end is not None:
                provide = PortRef(end[0].name, end[0].port_name(end[1]))
                connections.append(Connection(PortRef(name, state.use_name(use)), provide))
    return Situation(
        assembly=Assembly(components=components, connections=frozenset(connections)),
        marking=marking,
        served=frozenset(served),
        data=data,
        lost=frozenset(lost),
    )


def machine_at(situation: Situation, types: Mapping[str, ComponentType]) -> Machine:
    """A machine with the situation's assembly, every component idle where it is marked.

    `types` are known to the machine besides those of the components. Data ports bound to a marked
    place count as served. Raises: `IllegalMarking` that names what is wrong; `DuplicateName` if
    two different component types share a name.
    """
    machine = Machine(types)
    machine.declare(_types_of(situation.assembly.components.values()))
    _place(machine, situation)
    for connection in sorted(situation.assembly.connections):
        _connect(machine, connection)
    for name, port in sorted(situation.served):
        _serve(machine, name, port)
    for (name, port), value in situation.data.items():
        _give(machine, name, port, value)
    for state in machine.core.components.values():
        if state.held:
            _use(state, situation.lost)
    return machine


class _Standing(NamedTuple):
    """What follows from the marked places of a component type, as masks."""

    marked: int
    held: int
    offered: int
    served: int


def _types_of(components: Iterable[Component]) -> dict[str, ComponentType]:
    types: dict[str, ComponentType] = {}
    for component in components:
        known = types.setdefault(component.type.name, component.type)
        if known is not component.type and known != component.type:
            raise errors.DuplicateName(
                f"{component.name}: there is another component type {known.name!r}; give one of "
                "them its own name"
            )
    return types


def _place(machine: Machine, situation: Situation) -> None:
    core = machine.core
    known: dict[tuple[str, frozenset[str]], _Standing] = {}
    components = situation.assembly.components
    stray = sorted(set(situation.marking) - set(components))
    if stray:
        raise errors.IllegalMarking(f"{stray[0]} is marked, and is no component of the assembly")
    for name, component in components.items():
        places = situation.marking.get(name, frozenset())
        table = wiring.table(core, component.type.name)
        standing = known.get((component.type.name, places))
        if standing is None:
            standing = _stand(name, table, places)
            known[component.type.name, places] = standing
        state = core.components[name] = ComponentState(name, table)
        state.marked, state.held, state.offered, state.served = standing


def _stand(name: str, table: Table, places: frozenset[str]) -> _Standing:
    if not places:
        raise errors.IllegalMarking(
            f"{name} stands nowhere; mark at least one of its places: {_listed(table.places)}"
        )
    marked = held = offered = served = 0
    for place in sorted(places):
        index = table.place_index.get(place)
        if index is None:
            raise errors.IllegalMarking(
                f"{name} is marked in {place!r}, which is no place of {table.type.name}; places "
                f"are {_listed(table.places)}"
            )
        marked |= 1 << index
        for use in table.use_uses_of_place[index]:
            held |= 1 << use
        for provide in table.provides_of_place[index]:
            offered |= 1 << provide
        for provide in table.data_served_by_place[index]:
            served |= 1 << provide
    return _Standing(marked, held, offered, served)


def _connect(machine: Machine, connection: Connection) -> None:
    components = machine.core.components

    def type_of(name: str) -> ComponentType | None:
        state = components.get(name)
        return None if state is None else state.table.type

    try:
        use, provide = orient(type_of, *connection)
    except errors.ProgramError as refusal:
        raise errors.IllegalMarking(f"{connection}: {refusal}") from refusal
    user, provider = components[use.component], components[provide.component]
    number = user.use_number(use.port)
    current = user.providers[number] if user.providers is not None else None
    if current is not None:
        raise errors.IllegalMarking(
            f"{use} is connected to {provide} and to {current[0].name}."
            f"{current[0].port_name(current[1])}; a use port takes one connection"
        )
    ports.join(user, number, provider, provider.provide_number(provide.port))


def _serve(machine: Machine, name: str, port: str) -> None:
    state = machine.core.components.get(name)
    if state is None or port not in state.table.data_provide_index:
        raise errors.IllegalMarking(
            f"{name}.{port} is served, and there is no such data_provide port in the assembly"
        )
    state.served |= 1 << state.table.data_provide_index[port]


def _give(machine: Machine, name: str, port: str, value: object) -> None:
    state = machine.core.components.get(name)
    declared = None if state is None else state.table.type.port_by_name.get(port)
    if state is None or declared is None or declared.kind.is_consumer:
        raise errors.IllegalMarking(
            f"{name}.{port} carries data, and there is no such provide port in the assembly"
        )
    if state.data is None:
        state.data = {}
    state.data[port] = value


def _use(state: ComponentState, lost: frozenset[tuple[str, str]]) -> None:
    """Count the uses that the marked places hold. Raises: `IllegalMarking` if one cannot be."""
    for use, name in enumerate(state.table.uses):
        if not state.held >> use & 1:
            continue
        connection = state.providers[use] if state.providers is not None else None
        where = f"{state.name} stands in {_listed(state.places())} and uses {state.name}.{name}"
        if connection is None:
            raise errors.IllegalMarking(f"{where}, which is not connected; connect it")
        provider, provide = connection
        if (provider.name, provider.port_name(provide)) in lost:
            provider.lost |= 1 << provide & ~provider.offered
        elif not provider.offered >> provide & 1:
            raise errors.IllegalMarking(
                f"{where}, but {provider.name}.{provider.port_name(provide)} is not active: "
                f"{provider.name} stands in {_listed(provider.places())}"
            )
        assert provider.use_counts is not None
        provider.use_counts[provide] += 1


def _listed(places: tuple[str, ...]) -> str:
    return ", ".join(places)
