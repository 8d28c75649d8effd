"""Hypothesis strategies for records of the model: legal by construction, and awkward."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from ripieno.model.action import Action, Verb
from ripieno.model.component_type import (
    Comparison,
    ComponentType,
    Switch,
    SwitchRule,
    Transition,
)
from ripieno.model.port import Port, PortKind
from ripieno.model.typecheck import places_of

BEHAVIOURS = ("deploy", "stop", "update", "off")

# The first place is where a component starts. Some of these are not text to YAML 1.1.
_PLACES = ("off", "on", "1", "null", "half way", "Café")

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
"""Scalars that JSON can hold."""

data = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
"""What a data port can carry."""

_arguments = st.dictionaries(st.text(max_size=5), data, max_size=2)

actions = (
    st.builds(
        Action,
        verb=st.sampled_from([each for each in Verb if not each.is_own]),
        arguments=_arguments,
    )
    | st.builds(
        lambda name, more: Action(verb=Verb.CALL, arguments={**more, "name": name}),
        st.sampled_from(["resize", "a.b:c"]),
        _arguments | st.fixed_dictionaries({"with": _arguments}),
    )
    | st.builds(
        lambda argv, more: Action(verb=Verb.COMMAND, arguments={**more, "argv": argv}),
        st.lists(st.text(max_size=5), min_size=1, max_size=3),
        _arguments | st.fixed_dictionaries({"timeout_s": st.floats(0, 9)}),
    )
)
"""What a transition can do."""


@st.composite
def component_types(
    draw: st.DrawFn,
    *,
    name: str = "T",
    has_switches: bool = True,
    can_fail: bool = False,
) -> ComponentType:
    """Any legal life cycle of one to six places and up to ten transitions.

    It has joins, alternatives by dock set, nested groups, ports of all kinds on places, groups and
    transitions, and durations in whole seconds, zero included. With `can_fail`, some transitions
    raise.
    """
    places = _PLACES[: draw(st.integers(1, len(_PLACES)))]
    groups = _groups(draw, places)
    steps = tuple(f"t{index}" for index in range(draw(st.integers(0, 10))))
    ports = _ports(draw, places, groups, steps)
    behaviours = BEHAVIOURS[: draw(st.integers(1, len(BEHAVIOURS)))]
    transitions = tuple(
        _transition(draw, each, places, behaviours, ports, can_fail=can_fail) for each in steps
    )
    return ComponentType(
        name=name,
        initial=places[0],
        places=places,
        transitions=transitions,
        groups=groups,
        switches=_switches(draw, transitions, ports) if has_switches else (),
        ports=ports,
    )


def _groups(draw: st.DrawFn, places: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Groups of places and of groups made before, so that there is no cycle."""
    groups: dict[str, tuple[str, ...]] = {}
    for index in range(draw(st.integers(0, 3))):
        parts = st.lists(st.sampled_from([*places, *groups]), min_size=1, max_size=4, unique=True)
        groups[f"g{index}"] = tuple(draw(parts))
    return groups


def _ports(
    draw: st.DrawFn,
    places: Sequence[str],
    groups: dict[str, tuple[str, ...]],
    steps: Sequence[str],
) -> tuple[Port, ...]:
    anywhere = [*places, *groups]
    later = [each for each in anywhere if places[0] not in places_of(each, places, groups)]
    bindings = {
        PortKind.USE: [*later, *steps],
        PortKind.PROVIDE: anywhere,
        PortKind.DATA_USE: [*anywhere, *steps],
        PortKind.DATA_PROVIDE: anywhere,
    }
    kinds = draw(st.lists(st.sampled_from([*PortKind]), max_size=5))
    return tuple(
        Port(
            name=f"{kind.value}{index}",
            kind=kind,
            on=tuple(draw(_some(bindings[kind], least=1, most=3))),
            interface=draw(st.sampled_from([None, "http", "sql"])),
            rebind_s=draw(st.sampled_from([None, None, 0.0, 2.0]))
            if kind is PortKind.USE
            else None,
        )
        for index, kind in enumerate(kinds)
        if bindings[kind]
    )


def _transition(
    draw: st.DrawFn,
    name: str,
    places: Sequence[str],
    behaviours: Sequence[str],
    ports: Sequence[Port],
    *,
    can_fail: bool,
) -> Transition:
    readable = [port.name for port in ports if port.kind.is_consumer]
    writable = [port.name for port in ports if not port.kind.is_consumer]
    durations = st.integers(0, 4).map(float)
    return Transition(
        name=name,
        source=draw(st.sampled_from(places)),
        target=draw(st.sampled_from(places)),
        behaviour=draw(st.sampled_from(behaviours)),
        durations_s=tuple(draw(st.lists(durations, min_size=1, max_size=2))),
        dock_set=draw(st.sampled_from(["", "", "", "1", "other"])),
        reads=tuple(draw(_some(readable, most=2))),
        writes={each: draw(data) for each in draw(_some(writable, most=2))},
        raises=draw(st.sampled_from([None, None, None, "disk full"])) if can_fail else None,
        action=draw(st.none() | actions) if can_fail else None,
    )


def _switches(
    draw: st.DrawFn, transitions: Sequence[Transition], ports: Sequence[Port]
) -> tuple[Switch, ...]:
    readable = [port.name for port in ports if port.kind is PortKind.DATA_USE]
    if not readable:
        return ()
    sources = list(dict.fromkeys(each.source for each in transitions))
    return tuple(
        Switch(
            place=place,
            reads=draw(st.sampled_from(readable)),
            rules=_rules(draw, [each.name for each in transitions if each.source == place]),
        )
        for place in draw(_some(sources, most=2))
    )


def _rules(draw: st.DrawFn, exits: Sequence[str]) -> tuple[SwitchRule, ...]:
    take = _some(exits, most=3).map(tuple)
    compared = st.builds(
        SwitchRule, take=take, comparison=st.sampled_from([*Comparison]), operand=scalars
    )
    return (*draw(st.lists(compared, max_size=2)), SwitchRule(take=draw(take)))


def _some(names: Sequence[str], *, least: int = 0, most: int) -> st.SearchStrategy[list[Any]]:
    if not names:
        return st.just([])
    return st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True)
