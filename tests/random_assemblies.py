"""Life cycles, assemblies and programs at random, for the engine's property tests."""

from collections.abc import Sequence

from hypothesis import strategies as st

from ripieno.model.component_type import (
    Comparison,
    ComponentType,
    Switch,
    SwitchRule,
    Transition,
)
from ripieno.model.port import Port, PortKind, PortRef
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Instruction,
    Program,
    Push,
    Rebind,
    Wait,
    WaitAll,
)

BEHAVIOURS = ("go", "back", "turn")
NAMES = ("c0", "c1", "c2", "c3")


@st.composite
def life_cycles(draw: st.DrawFn, name: str) -> ComponentType:
    """Two to five places; transitions anywhere between them; ports of every kind on anything."""
    places = tuple(f"p{i}" for i in range(draw(st.integers(2, 5))))
    value_ports = (
        Port(name="u0", kind=PortKind.USE, on=("?",), rebind_s=1.0),
        Port(name="u1", kind=PortKind.USE, on=("?",)),
        Port(name="d", kind=PortKind.DATA_USE, on=("?",)),
    )
    transitions = tuple(
        Transition(
            name=f"t{i}",
            source=draw(st.sampled_from(places)),
            target=draw(st.sampled_from(places)),
            behaviour=draw(st.sampled_from(BEHAVIOURS)),
            durations_s=(draw(st.integers(0, 3)) / 1.0,),
            dock_set=draw(st.sampled_from(("", "", "", "1", "2"))),
            raises=draw(st.sampled_from((None,) * 9 + ("broken",))),
            writes={"data": draw(st.integers(0, 9))} if i == 0 else {},
        )
        for i in range(draw(st.integers(1, 7)))
    )
    groups = {"G": tuple(draw(st.sets(st.sampled_from(places), min_size=1, max_size=3)))}
    groups["G"] = tuple(sorted(groups["G"]))
    later = [*places[1:], *(t.name for t in transitions)]
    if places[0] not in groups["G"]:
        later.append("G")
    ports = [
        Port(
            name=port.name,
            kind=port.kind,
            on=tuple(sorted(draw(st.sets(st.sampled_from(later), min_size=1, max_size=3)))),
            rebind_s=port.rebind_s,
        )
        for port in value_ports
        if draw(st.booleans())
    ]
    anywhere = st.sets(st.sampled_from((*places, "G")), min_size=1, max_size=2)
    ports.append(Port(name="out", kind=PortKind.PROVIDE, on=tuple(sorted(draw(anywhere)))))
    ports.append(Port(name="data", kind=PortKind.DATA_PROVIDE, on=tuple(sorted(draw(anywhere)))))
    switches = []
    exits = [t.name for t in transitions if t.source == places[1]]
    if exits and any(port.name == "d" for port in ports) and draw(st.booleans()):
        taken = st.lists(st.sampled_from(exits), unique=True).map(tuple)
        rules = [SwitchRule(take=draw(taken), comparison=Comparison.LESS, operand=5)]
        if draw(st.booleans()):
            rules.append(SwitchRule(take=draw(taken)))
        switches.append(Switch(place=places[1], reads="d", rules=tuple(rules)))
    return ComponentType(
        name=name,
        initial=places[0],
        places=places,
        transitions=transitions,
        groups=groups,
        switches=tuple(switches),
        ports=tuple(ports),
    )


TYPES = st.tuples(life_cycles("A"), life_cycles("B"))


@st.composite
def building(draw: st.DrawFn, types: Sequence[ComponentType]) -> Program:
    """A program that adds components and connects most of what can be connected."""
    by_name = {name: draw(st.sampled_from(types)) for name in NAMES[: draw(st.integers(1, 4))]}
    instructions: list[Instruction] = [
        Add(component=name, type=each.name) for name, each in by_name.items()
    ]
    for name, each in by_name.items():
        others = [other for other in by_name if other != name]
        for port in each.ports:
            if port.kind.is_consumer and others and draw(st.integers(0, 9)):
                other = draw(st.sampled_from(others))
                provide = "data" if port.kind.is_data else "out"
                use = PortRef(name, port.name)
                instructions.append(Connect(one=use, other=PortRef(other, provide)))
    pushes = [
        Push(component=name, behaviour=behaviour)
        for name, each in by_name.items()
        for behaviour in each.behaviours
    ]
    instructions += draw(st.lists(st.sampled_from(pushes), max_size=6))
    return Program(name="build", instructions=tuple(instructions))


_NAME = st.sampled_from(NAMES)
_BEHAVIOUR = st.sampled_from(BEHAVIOURS)
_DEADLINE = st.sampled_from((None, None, 0.0, 1.0, 2.5))
_USE = st.builds(PortRef, _NAME, st.sampled_from(("u0", "u1", "d")))
_PROVIDE = st.builds(PortRef, _NAME, st.sampled_from(("out", "out", "data")))

INSTRUCTIONS: st.SearchStrategy[Instruction] = st.one_of(
    st.builds(Push, component=_NAME, behaviour=_BEHAVIOUR),
    st.builds(Push, component=_NAME, behaviour=_BEHAVIOUR),
    st.builds(Push, component=_NAME, behaviour=_BEHAVIOUR),
    st.builds(
        Wait,
        component=_NAME,
        behaviour=st.one_of(st.none(), _BEHAVIOUR),
        deadline_s=_DEADLINE,
    ),
    st.builds(WaitAll, deadline_s=_DEADLINE),
    st.builds(Connect, one=_USE, other=_PROVIDE),
    st.builds(Disconnect, one=_USE, other=_PROVIDE),
    st.builds(Rebind, use=_USE, provide=_PROVIDE),
    st.builds(Add, component=_NAME, type=st.sampled_from(("A", "B"))),
    st.builds(Delete, component=_NAME),
)


@st.composite
def programs(draw: st.DrawFn, name: str, *, longest: int = 5) -> Program:
    """A list or a partial order of any instructions; many are refused."""
    instructions = tuple(draw(st.lists(INSTRUCTIONS, min_size=1, max_size=longest)))
    after = None
    if draw(st.booleans()):
        after = tuple(
            tuple(sorted(draw(st.sets(st.integers(0, index - 1), max_size=2)))) if index else ()
            for index in range(len(instructions))
        )
    return Program(name=name, instructions=instructions, after=after, settles=draw(st.booleans()))
