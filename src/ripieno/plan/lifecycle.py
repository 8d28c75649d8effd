"""What a behaviour does to a component: asked of the engine, by running it alone.

A component of the type is put on a marking, each of its use ports is connected to a stand-in that
is always there, and the behaviour is simulated. What comes out is a `Move`, kept for all the
components of that type.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ripieno.engine.rules import Fact
from ripieno.engine.simulate import Simulation
from ripieno.engine.situation import machine_at
from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.model.program import Outcome, Program, Push

Marking = frozenset[str]

_ALONE = "component"


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A behaviour, from one marking to another, when nothing stands in its way.

    `free_sets`: the sets of use ports that are inactive together at some moment. `acquires`: use
    ports that begin to be used. `reads`: data use ports that it needs. `withdraws`: provide ports
    that are inactive at some moment though they were active at the start or became so;
    `withdraws_at_once`: those withdrawn by its very first step. `serves`: data provide ports that
    are reached.
    """

    behaviour: str
    source: Marking
    target: Marking
    duration_s: float
    free_sets: frozenset[frozenset[str]]
    acquires: frozenset[str]
    reads: frozenset[str]
    offers: frozenset[str]
    withdraws: frozenset[str]
    withdraws_at_once: frozenset[str]
    serves: frozenset[str]


class Lifecycle:
    """The moves of a component type, found as they are asked for.

    `values` are the data at its data use ports, as far as they are known: switches read them.
    """

    def __init__(self, component_type: ComponentType, values: Mapping[str, Value]) -> None:
        self.type = component_type
        self._values = dict(values)
        self._stand_ins = [
            (port, _stand_in(port)) for port in component_type.ports if port.kind.is_consumer
        ]
        self._types = {component_type.name: component_type} | {
            stand_in.name: stand_in for _, stand_in in self._stand_ins
        }
        self._moves: dict[Marking, tuple[Move, ...]] = {}
        self._held: dict[Marking, frozenset[str]] = {}
        self._offered: dict[Marking, frozenset[str]] = {}
        self._places = {
            port.name: frozenset(component_type.bound_places(port))
            for port in (component_type.ports)
        }
        self._uses = self._named(PortKind.USE)
        self._provides = self._named(PortKind.PROVIDE)

    def held(self, marking: Marking) -> frozenset[str]:
        """The use ports that are active while the component stands idle on a marking."""
        found = self._held.get(marking)
        if found is None:
            found = frozenset(name for name in self._uses if self._places[name] & marking)
            self._held[marking] = found
        return found

    def offered(self, marking: Marking) -> frozenset[str]:
        """The provide ports that are active while the component stands idle on a marking."""
        found = self._offered.get(marking)
        if found is None:
            found = frozenset(name for name in self._provides if self._places[name] & marking)
            self._offered[marking] = found
        return found

    def moves(self, marking: Marking) -> tuple[Move, ...]:
        """The behaviours that do something from a marking and come to an end, in order."""
        found = self._moves.get(marking)
        if found is None:
            fired = {t.behaviour for t in self.type.transitions if t.source in marking}
            tried = (self._try(b, marking) for b in self.type.behaviours if b in fired)
            found = self._moves[marking] = tuple(move for move in tried if move is not None)
        return found

    def stays(self, move: Move) -> bool:
        """Whether a behaviour only goes from places back to themselves."""
        return all(
            transition.source == transition.target
            for transition in self.type.transitions
            if transition.behaviour == move.behaviour and transition.source in move.source
        )

    def _named(self, kind: PortKind) -> tuple[str, ...]:
        return tuple(port.name for port in self.type.ports if port.kind is kind)

    def _try(self, behaviour: str, marking: Marking) -> Move | None:
        machine = machine_at(self._situation(marking), self._types)
        simulation = Simulation(machine)
        push = Program(name="alone", instructions=(Push(component=_ALONE, behaviour=behaviour),))
        report = simulation.run_phase("alone", (push,))
        state = machine.core.components[_ALONE]
        if not state.is_idle or report.outcome is not Outcome.COMPLETES:
            return None
        free = set(self._uses) - self.held(marking)
        free_sets = {frozenset(free)}
        acquires, withdraws, at_once, offers, serves = set(), set(), set(), set(), set()
        has_arrived = False
        for _, (component, fact, name) in simulation.trace.happenings:
            if component != _ALONE:
                continue
            if fact is Fact.USES:
                free.discard(name)
                acquires.add(name)
                free_sets.add(frozenset(free))
            elif fact is Fact.RELEASES:
                free.add(name)
                free_sets.add(frozenset(free))
            elif fact is Fact.PROVIDES:
                offers.add(name)
            elif fact is Fact.WITHDRAWS:
                withdraws.add(name)
                if not has_arrived:
                    at_once.add(name)
            elif fact is Fact.SERVES:
                serves.add(name)
            elif fact is Fact.ARRIVED:
                has_arrived = True
        return Move(
            behaviour=behaviour,
            source=marking,
            target=frozenset(state.places()),
            duration_s=report.makespan_s or 0.0,
            free_sets=frozenset(free_sets),
            acquires=frozenset(acquires),
            reads=self._data_read(behaviour),
            offers=frozenset(offers),
            withdraws=frozenset(withdraws),
            withdraws_at_once=frozenset(at_once),
            serves=frozenset(serves),
        )

    def _data_read(self, behaviour: str) -> frozenset[str]:
        """The data use ports on the behaviour's transitions and on the places they lead to."""
        fired = [t for t in self.type.transitions if t.behaviour == behaviour]
        on = {t.name for t in fired} | {t.target for t in fired}
        return frozenset(
            port.name
            for port in self.type.ports
            if port.kind is PortKind.DATA_USE
            and (on & set(port.on) or on & self._places[port.name])
        )

    def _situation(self, marking: Marking) -> Situation:
        components = {_ALONE: Component(name=_ALONE, type=self.type)}
        places = {_ALONE: marking}
        connections = set()
        served, data = set(), {}
        for port, stand_in in self._stand_ins:
            components[stand_in.name] = Component(name=stand_in.name, type=stand_in)
            places[stand_in.name] = frozenset(("there",))
            offer = PortRef(stand_in.name, port.name)
            connections.add(Connection(PortRef(_ALONE, port.name), offer))
            if port.kind.is_data:
                served.add((stand_in.name, port.name))
            if port.name in self._values:
                data[stand_in.name, port.name] = self._values[port.name]
        return Situation(
            assembly=Assembly(components=components, connections=frozenset(connections)),
            marking=places,
            served=frozenset(served),
            data=data,
        )


def _stand_in(port: Port) -> ComponentType:
    """A type that does nothing but provide what the port needs."""
    return ComponentType(
        name=f"stand-in for {port.name}",
        initial="there",
        places=("there",),
        ports=(Port(name=port.name, kind=port.kind.counterpart, on=("there",)),),
    )
