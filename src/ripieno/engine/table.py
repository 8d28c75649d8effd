"""A component type, compiled: names become numbers, sets become bit masks.

Made once per type by the engine. Bit `i` of a place mask is the place number `i`, and likewise for
transitions, use ports and provide ports. Everything that the engine asks about a port is answered
by masking a component's tokens with these.
"""

from collections.abc import Iterable

from ripieno.model.component_type import ComponentType, Switch, Transition, Value
from ripieno.model.port import Port, PortKind


class Table:
    """The masks and index lists of one component type. Never changed once made."""

    __slots__ = (
        "arrival_uses",
        "behaviour_index",
        "behaviours",
        "data_of_place",
        "data_of_transition",
        "data_provide_index",
        "data_provides",
        "data_served_by_place",
        "data_use_index",
        "data_uses",
        "exits",
        "first_place",
        "guarded_places",
        "guarded_transitions",
        "inner_of_provide",
        "inputs",
        "join",
        "leavable",
        "place_index",
        "places",
        "places_of_provide",
        "places_of_use",
        "provide_index",
        "provide_names",
        "provides",
        "provides_of_place",
        "rebind_s",
        "source",
        "switch_at",
        "target",
        "transition_index",
        "transitions",
        "type",
        "use_at_end",
        "use_at_start",
        "use_names",
        "use_running",
        "use_uses_of_place",
        "uses",
        "uses_of_transition",
        "writes",
    )

    def __init__(self, component_type: ComponentType) -> None:
        self.type = component_type
        self.places = component_type.places
        self.place_index = _index(self.places)
        self.first_place = self.place_index[component_type.initial]
        self.behaviours = component_type.behaviours
        self.behaviour_index = _index(self.behaviours)
        transitions = component_type.transitions
        self.transitions = tuple(t.name for t in transitions)
        self.transition_index = _index(self.transitions)
        self.source = tuple(self.place_index[t.source] for t in transitions)
        self.target = tuple(self.place_index[t.target] for t in transitions)
        self._compile_moves(transitions)
        self._compile_uses(component_type)
        self._compile_provides(component_type)
        self._compile_data(component_type)
        self._compile_guards()

    def _compile_moves(self, transitions: tuple[Transition, ...]) -> None:
        """`exits[b][p]`, `leavable[b]` and `join[t]`: the transitions that one waits for."""
        self.exits = [[0] * len(self.places) for _ in self.behaviours]
        self.leavable = [0] * len(self.behaviours)
        joins: dict[tuple[str, str, str], int] = {}
        for index, transition in enumerate(transitions):
            behaviour = self.behaviour_index[transition.behaviour]
            place = self.source[index]
            self.exits[behaviour][place] |= 1 << index
            self.leavable[behaviour] |= 1 << place
            dock = (transition.target, transition.behaviour, transition.dock_set)
            joins[dock] = joins.get(dock, 0) | 1 << index
        self.join = tuple(joins[t.target, t.behaviour, t.dock_set] for t in transitions)

    def _compile_uses(self, ct: ComponentType) -> None:
        """Of each use port the tokens that hold it, and of each move the ports that it asks for.

        A transition between two places of the port's group is inside: it holds the use from its
        output dock to its input dock. One that is bound by name holds it while it runs, and on
        towards or from a place of the group, so that the use is not dropped in between.
        """
        ports = [port for port in ct.ports if port.kind is PortKind.USE]
        self.uses = tuple(port.name for port in ports)
        self.rebind_s = tuple(port.rebind_s for port in ports)
        self.places_of_use = [self._place_mask(ct, port) for port in ports]
        self.use_at_start, self.use_running, self.use_at_end = [], [], []
        of_place: list[list[int]] = [[] for _ in self.places]
        of_transition: list[list[int]] = [[] for _ in self.transitions]
        on_arrival: list[list[int]] = [[] for _ in self.transitions]
        for use, port in enumerate(ports):
            group = self.places_of_use[use]
            named = self._mask(self.transition_index[t] for t in ct.bound_transitions(port))
            at_start = running = at_end = 0
            for index in range(len(self.transitions)):
                bit = 1 << index
                from_inside = group >> self.source[index] & 1
                to_inside = group >> self.target[index] & 1
                if named & bit or (from_inside and to_inside):
                    running |= bit
                    at_start |= bit if from_inside else 0
                    at_end |= bit if to_inside else 0
                    of_transition[index].append(use)
                    if not to_inside:
                        on_arrival[index].append(use)
            self.use_at_start.append(at_start)
            self.use_running.append(running)
            self.use_at_end.append(at_end)
            for place in _bits(group):
                of_place[place].append(use)
        self.use_uses_of_place = tuple(map(tuple, of_place))
        self.uses_of_transition = tuple(map(tuple, of_transition))
        self.arrival_uses = tuple(map(tuple, on_arrival))

    def _compile_provides(self, ct: ComponentType) -> None:
        ports = [port for port in ct.ports if port.kind is PortKind.PROVIDE]
        self.provides = tuple(port.name for port in ports)
        self.provide_index = _index(self.provides)
        self.places_of_provide = [self._place_mask(ct, port) for port in ports]
        self.inner_of_provide = [
            self._mask(
                index
                for index in range(len(self.transitions))
                if group >> self.source[index] & 1 and group >> self.target[index] & 1
            )
            for group in self.places_of_provide
        ]
        of_place: list[list[int]] = [[] for _ in self.places]
        for provide, group in enumerate(self.places_of_provide):
            for place in _bits(group):
                of_place[place].append(provide)
        self.provides_of_place = tuple(map(tuple, of_place))

    def _compile_data(self, ct: ComponentType) -> None:
        uses = [port for port in ct.ports if port.kind is PortKind.DATA_USE]
        self.data_uses = tuple(port.name for port in uses)
        self.data_use_index = _index(self.data_uses)
        of_place: list[list[int]] = [[] for _ in self.places]
        of_transition: list[list[int]] = [[] for _ in self.transitions]
        for use, port in enumerate(uses):
            for place in _bits(self._place_mask(ct, port)):
                of_place[place].append(use)
            for name in ct.bound_transitions(port):
                of_transition[self.transition_index[name]].append(use)
        self.switch_at: dict[int, Switch] = {}
        for switch in ct.switches:
            place = self.place_index[switch.place]
            self.switch_at[place] = switch
            reads = self.data_use_index[switch.reads]
            if reads not in of_place[place]:
                of_place[place].append(reads)
        self.data_of_place = tuple(map(tuple, of_place))
        self.data_of_transition = tuple(map(tuple, of_transition))
        provides = [port for port in ct.ports if port.kind is PortKind.DATA_PROVIDE]
        self.data_provides = tuple(port.name for port in provides)
        self.data_provide_index = _index(self.data_provides)
        served: list[list[int]] = [[] for _ in self.places]
        for provide, port in enumerate(provides):
            for place in _bits(self._place_mask(ct, port)):
                served[place].append(provide)
        self.data_served_by_place = tuple(map(tuple, served))
        self.inputs = tuple(t.reads for t in ct.transitions)
        self.writes: tuple[dict[str, Value], ...] = tuple(dict(t.writes) for t in ct.transitions)

    def _compile_guards(self) -> None:
        """The places and transitions that need something of other components; names of all ports.

        Data ports are numbered on from the others.
        """
        self.guarded_places = self._mask(
            place
            for place in range(len(self.places))
            if self.use_uses_of_place[place] or self.data_of_place[place]
        )
        self.guarded_transitions = self._mask(
            transition
            for transition in range(len(self.transitions))
            if self.uses_of_transition[transition] or self.data_of_transition[transition]
        )
        self.use_names = self.uses + self.data_uses
        self.provide_names = self.provides + self.data_provides

    def _place_mask(self, ct: ComponentType, port: Port) -> int:
        return self._mask(self.place_index[place] for place in ct.bound_places(port))

    @staticmethod
    def _mask(indices: Iterable[int]) -> int:
        mask = 0
        for index in indices:
            mask |= 1 << index
        return mask


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def names(mask: int, of: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a mask stands for, in order of declaration."""
    return tuple(of[index] for index in _bits(mask))


def _index(of: tuple[str, ...]) -> dict[str, int]:
    return {name: index for index, name in enumerate(of)}
