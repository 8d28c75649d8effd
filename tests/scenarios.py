"""Assemblies and goals to plan for: life cycles as people write them, wired at random."""

from hypothesis import strategies as st

from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.goal import Goal, Wish
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.plan.planner import goal_of
from tests.strategies import component_types


def step(name: str, source: str, target: str, behaviour: str, duration_s: float) -> Transition:
    return Transition(
        name=name, source=source, target=target, behaviour=behaviour, durations_s=(duration_s,)
    )


def use(name: str, *on: str, rebind_s: float | None = None) -> Port:
    return Port(name=name, kind=PortKind.USE, on=on, interface="any", rebind_s=rebind_s)


def provide(*on: str) -> Port:
    return Port(name="svc", kind=PortKind.PROVIDE, on=on, interface="any")


def plain(uses: int) -> ComponentType:
    """Off or up; uses and provides while up."""
    return ComponentType(
        name=f"plain{uses}",
        initial="off",
        places=("off", "up"),
        transitions=(step("start", "off", "up", "deploy", 2), step("stop", "up", "off", "stop", 1)),
        ports=(provide("up"), *(use(f"u{i}", "up") for i in range(uses))),
    )


def installed(uses: int) -> ComponentType:
    """With a place in between, where an update begins; some uses are held there, too."""
    return ComponentType(
        name=f"installed{uses}",
        initial="off",
        places=("off", "mid", "up"),
        transitions=(
            step("install", "off", "mid", "deploy", 2),
            step("start", "mid", "up", "deploy", 1),
            step("halt", "up", "mid", "halt", 1),
            step("update", "mid", "off", "update", 3),
        ),
        ports=(
            provide("up"),
            *(use(f"u{i}", *(("mid", "up") if i % 2 else ("up",))) for i in range(uses)),
        ),
    )


def preparing(uses: int) -> ComponentType:
    """Goes on providing while it prepares, and withdraws in a later behaviour."""
    return ComponentType(
        name=f"preparing{uses}",
        initial="off",
        places=("off", "up", "ready"),
        transitions=(
            step("start", "off", "up", "deploy", 2),
            step("backup", "up", "ready", "backup", 10),
            step("swap", "ready", "off", "swap", 2),
        ),
        ports=(provide("up", "ready"), *(use(f"u{i}", "up", "ready") for i in range(uses))),
    )


def overlapping(uses: int) -> ComponentType:
    """Releases its uses at different moments, one being taken up again before the other goes."""
    return ComponentType(
        name=f"overlapping{uses}",
        initial="off",
        places=("off", "pulled", "up", "interrupted"),
        transitions=(
            step("pull", "off", "pulled", "deploy", 3),
            step("start", "pulled", "up", "deploy", 4),
            step("interrupt", "up", "interrupted", "interrupt", 0.5),
            step("unpull", "interrupted", "pulled", "update", 3),
            step("remove", "pulled", "off", "remove", 1),
        ),
        ports=(
            provide("up"),
            *(
                use(f"u{i}", *(("up", "interrupted") if i % 2 else ("pulled", "up")))
                for i in range(uses)
            ),
        ),
    )


def signing_off(uses: int) -> ComponentType:
    """Needs some of its providers once more, to stop."""
    return ComponentType(
        name=f"signing_off{uses}",
        initial="off",
        places=("off", "up"),
        transitions=(step("start", "off", "up", "deploy", 2), step("stop", "up", "off", "stop", 1)),
        ports=(provide("up"), *(use(f"u{i}", "up" if i % 2 else "stop") for i in range(uses))),
    )


def rebinding(uses: int) -> ComponentType:
    """Can change its providers while it is up."""
    return ComponentType(
        name=f"rebinding{uses}",
        initial="off",
        places=("off", "up"),
        transitions=(step("start", "off", "up", "deploy", 2), step("stop", "up", "off", "stop", 1)),
        ports=(provide("up"), *(use(f"u{i}", "up", rebind_s=0.5) for i in range(uses))),
    )


UPDATES = {
    plain: ("stop",),
    installed: ("halt", "update"),
    preparing: ("backup", "swap"),
    overlapping: ("interrupt", "update"),
    signing_off: ("stop",),
    rebinding: ("stop",),
}
"""The life cycles, and the behaviours that an update of each has to run."""

MOST_USES = 3


@st.composite
def scenarios(draw: st.DrawFn, most: int = 8) -> tuple[Situation, Goal]:
    """A running assembly without cycles, and a goal: updates, rewiring, removals."""
    kinds = draw(st.lists(st.sampled_from(list(UPDATES)), min_size=2, max_size=most))
    components: dict[str, Component] = {}
    connections: dict[PortRef, PortRef] = {}
    for number, kind in enumerate(kinds):
        uses = draw(st.integers(0, min(MOST_USES, number)))
        name = f"c{number}"
        components[name] = Component(name=name, type=kind(uses))
        for index in range(uses):
            below = draw(st.integers(0, number - 1))
            connections[PortRef(name, f"u{index}")] = PortRef(f"c{below}", "svc")
    situation = Situation(
        assembly=Assembly(
            components=components,
            connections=frozenset(Connection(*pair) for pair in connections.items()),
        ),
        marking={name: frozenset(("up",)) for name in components},
    )
    wishes = {}
    for number, kind in enumerate(kinds):
        if draw(st.booleans()):
            state = frozenset(("up",)) if draw(st.booleans()) else frozenset[str]()
            wishes[f"c{number}"] = Wish(run=UPDATES[kind], state=state)
    used = {provide.component for provide in connections.values()}
    gone = {name for name in components if name not in used and draw(st.integers(0, 4)) == 0}
    after = dict(connections)
    for use_port in (
        draw(st.lists(st.sampled_from(sorted(connections)), max_size=2)) if (connections) else ()
    ):
        below = draw(st.integers(0, int(use_port.component[1:]) - 1))
        after[use_port] = PortRef(f"c{below}", "svc")
    kept = {
        name: component
        for name, component in goal_of(situation).components.items()
        if name not in gone
    }
    return situation, Goal(
        components=kept,
        connections=tuple(pair for pair in after.items() if pair[0].component not in gone),
        wishes={name: wish for name, wish in wishes.items() if name not in gone},
    )


@st.composite
def odd_scenarios(draw: st.DrawFn) -> tuple[Situation, Goal, Goal]:
    """Components of any legal types, wired wherever ports fit, and two goals in turn."""
    types = [draw(component_types(name=f"T{number}")) for number in range(draw(st.integers(1, 3)))]
    components = {
        f"c{number}": Component(name=f"c{number}", type=draw(st.sampled_from(types)))
        for number in range(draw(st.integers(1, 4)))
    }
    offers: dict[PortKind, list[PortRef]] = {kind: [] for kind in PortKind}
    for name, component in components.items():
        for port in component.type.ports:
            offers[port.kind].append(PortRef(name, port.name))
    connections = set()
    for kind in (PortKind.USE, PortKind.DATA_USE):
        for use in offers[kind]:
            fitting = [each for each in offers[kind.counterpart] if fits(components, use, each)]
            provide = draw(st.sampled_from([None, *fitting]))
            if provide is not None:
                connections.add(Connection(use, provide))
    now = Situation(
        assembly=Assembly(components=components, connections=frozenset(connections)),
        marking={name: frozenset((each.type.initial,)) for name, each in components.items()},
    )
    first, second = (
        Goal(
            components=goal_of(now).components,
            wishes={
                name: draw(odd_wishes(component.type))
                for name, component in components.items()
                if draw(st.booleans())
            },
        )
        for _ in range(2)
    )
    return now, first, second


def fits(components: dict[str, Component], use: PortRef, provide: PortRef) -> bool:
    one = components[use.component].type.port_by_name[use.port].interface
    other = components[provide.component].type.port_by_name[provide.port].interface
    return use.component != provide.component and (not one or not other or one == other)


@st.composite
def odd_wishes(draw: st.DrawFn, component_type: ComponentType) -> Wish:
    state = draw(st.lists(st.sampled_from(component_type.places), max_size=1))
    run = (
        draw(st.lists(st.sampled_from(component_type.behaviours), max_size=2))
        if component_type.behaviours
        else []
    )
    return Wish(state=frozenset(state), run=tuple(run))
