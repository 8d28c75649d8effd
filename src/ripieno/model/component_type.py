"""Component types: a life cycle of places and transitions, its behaviours, groups and ports."""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.model import typecheck
from ripieno.model.action import Action
from ripieno.model.port import Port

Value = object
"""What a data port carries: anything that JSON can hold. Compared and passed on, never executed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A step from one place to another, fired by one behaviour.

    `durations_s` are the declared seconds of the first, second, … execution; the last one holds
    for all that follow. Transitions into one place that share behaviour and `dock_set` are joined.
    `writes` maps provide ports to the values they carry from then on; `raises` makes a simulated
    execution fail with that cause. `action` is what a deployment does; without one it does nothing.
    """

    name: str
    source: str
    target: str
    behaviour: str
    durations_s: tuple[float, ...] = (0.0,)
    dock_set: str = ""
    reads: tuple[str, ...] = ()
    writes: Mapping[str, Value] = field(default_factory=dict)
    raises: str | None = None
    action: Action | None = None

    def duration_s(self, execution: int) -> float:
        """Declared seconds of the `execution`-th run, counted from 0."""
        return self.durations_s[min(execution, len(self.durations_s) - 1)]


class Comparison(StrEnum):
    """How a switch rule compares the data with its operand."""

    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    DIFFERENT = "!="
    AT_LEAST = ">="
    GREATER = ">"


_COMPARE: dict[Comparison, Callable[[Any, Any], object]] = {
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.EQUAL: operator.eq,
    Comparison.DIFFERENT: operator.ne,
    Comparison.AT_LEAST: operator.ge,
    Comparison.GREATER: operator.gt,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchRule:
    """The transitions taken when the comparison holds; one without a comparison always holds."""

    take: tuple[str, ...]
    comparison: Comparison | None = None
    operand: Value = None

    def holds(self, value: Value) -> bool:
        """Whether this rule applies to the data; values that do not compare do not match."""
        if self.comparison is None:
            return True
        try:
            return bool(_COMPARE[self.comparison](value, self.operand))
        except TypeError:
            return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """A place that chooses, from the data of port `reads`, which transitions leave it."""

    place: str
    reads: str
    rules: tuple[SwitchRule, ...]

    def choose(self, value: Value) -> tuple[str, ...]:
        """The transitions taken for this value: those of the first rule that holds, or none."""
        return next((rule.take for rule in self.rules if rule.holds(value)), ())


@dataclass(frozen=True, kw_only=True)
class ComponentType:
    """A life cycle. Constructing one validates it completely.

    `groups` maps a name to places and other groups. Raises: a `ComponentTypeError` that names
    the type, the thing and the remedy.
    """

    name: str
    initial: str
    places: tuple[str, ...]
    transitions: tuple[Transition, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    ports: tuple[Port, ...] = ()

    def __post_init__(self) -> None:
        typecheck.check(self)

    def __hash__(self) -> int:
        return hash((self.name, self.initial, self.places, len(self.transitions)))

    @functools.cached_property
    def behaviours(self) -> tuple[str, ...]:
        """Names of the behaviours, in the order of their first transition."""
        return tuple(dict.fromkeys(t.behaviour for t in self.transitions))

    @functools.cached_property
    def port_by_name(self) -> Mapping[str, Port]:
        """The ports, by name."""
        return {port.name: port for port in self.ports}

    @functools.cached_property
    def transition_by_name(self) -> Mapping[str, Transition]:
        """The transitions, by name."""
        return {transition.name: transition for transition in self.transitions}

    def bound_places(self, port: Port) -> tuple[str, ...]:
        """The places that a port is bound to, its groups taken apart, in order of declaration."""
        bound = {
            place
            for name in port.on
            for place in typecheck.places_of(name, self.places, self.groups)
        }
        return tuple(place for place in self.places if place in bound)

    def bound_transitions(self, port: Port) -> tuple[str, ...]:
        """The transitions that a port is bound to by name."""
        return tuple(
            name for name in port.on if name not in self.groups and name not in self.places
        )
