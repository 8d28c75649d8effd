"""How quick planning is: updates of one component in thousands, and the reading of large files.

    .venv/bin/python benchmarks/planning.py [--json]

A tree of components, each the provider of those below it. An update takes a component down, so its
users have to let go of it first: an update at the root touches all of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import measure
from measure import Extent, Figure
from ripieno.model import document
from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.goal import Goal, Wish
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.model.reading_goals import read_goal
from ripieno.plan import planner

FAN_OUT = 8

UP = frozenset(("up",))
UPDATE = Wish(run=("stop", "update"), state=UP)
SERVED = Port(name="served", kind=PortKind.PROVIDE, on=("up",))

ROOT = ComponentType(
    name="Root",
    initial="off",
    places=("off", "ready", "up"),
    transitions=(
        Transition(
            name="install", source="off", target="ready", behaviour="deploy", durations_s=(1.0,)
        ),
        Transition(
            name="start", source="ready", target="up", behaviour="deploy", durations_s=(2.0,)
        ),
        Transition(name="stop", source="up", target="ready", behaviour="stop", durations_s=(1.0,)),
        Transition(
            name="update", source="ready", target="off", behaviour="update", durations_s=(3.0,)
        ),
    ),
    ports=(SERVED,),
)
NODE = replace(
    ROOT, name="Node", ports=(SERVED, Port(name="parent", kind=PortKind.USE, on=("up",)))
)


def tree(count: int, fan_out: int) -> Situation:
    """A tree of components that are all up; `n0` is its root."""
    components = {"n0": Component(name="n0", type=ROOT)}
    connections = []
    for number in range(1, count):
        name, parent = f"n{number}", f"n{(number - 1) // fan_out}"
        components[name] = Component(name=name, type=NODE)
        connections.append(Connection(PortRef(name, "parent"), PortRef(parent, "served")))
    return Situation(
        assembly=Assembly(components=components, connections=frozenset(connections)),
        marking=dict.fromkeys(components, UP),
    )


def updating(situation: Situation, names: list[str]) -> Goal:
    """The goal that these components are updated and everything stays otherwise as it is."""
    goal = planner.goal_of(situation)
    return replace(goal, wishes={**goal.wishes, **dict.fromkeys(names, UPDATE)})


def plan_s(situation: Situation, goal: Goal, touched_count: int) -> float:
    """CPU seconds to make a plan, all its simulations included."""
    plans = []
    duration_s = measure.cpu_s(lambda: plans.append(planner.plan(situation, goal)))
    assert len(plans[0].touched) == touched_count, "another plan than expected"
    return duration_s


def goal_text(count: int) -> str:
    """A YAML file of a tree of components with their connections."""
    lines = [
        "component_types:",
        "  Node:",
        "    initial: off",
        "    places: ['off', up]",
        "    transitions:",
        "      start: {from: 'off', to: up, behavior: deploy, duration: 2}",
        "    ports:",
        "      served: {kind: provide, on: up, interface: http}",
        "      parent: {kind: use, on: up, interface: http}",
        "components:",
    ]
    lines += [f"  n{number}: {{type: Node, state: up}}" for number in range(count)]
    lines.append("connections:")
    lines += [
        f"  - [n{number}.parent, n{(number - 1) // FAN_OUT}.served]" for number in range(1, count)
    ]
    return "\n".join(lines)


def read_s(text: str, count: int) -> float:
    """CPU seconds to read a YAML file of an assembly."""
    goals = []
    duration_s = measure.cpu_s(lambda: goals.append(read_goal(document.parse(text), {})[1]))
    assert len(goals[0].components) == count
    return duration_s


def figures(extent: Extent) -> Iterator[Figure]:
    """All that is measured of planning."""
    many, middle = extent.size(10_000), extent.size(5_000)
    changes = many // 100
    situation = tree(many, FAN_OUT)
    leaves = updating(situation, [f"n{number}" for number in range(many - changes, many)])
    yield Figure(
        name=f"plan for {many:,} components, {changes} of them updated",
        unit="s",
        budget=2.0,
        runs=measure.each_run(extent, lambda: plan_s(situation, leaves, changes)),
    )
    for shape, fan_out in ((f"fan-out {FAN_OUT}", FAN_OUT), ("all users of the root", middle)):
        below = tree(middle, fan_out)
        goal = updating(below, ["n0"])
        yield Figure(
            name=f"plan for an update at the root of {middle:,} components, {shape}",
            unit="s",
            budget=2.0,
            runs=measure.each_run(extent, partial(plan_s, below, goal, middle)),
        )
    text = goal_text(many)
    yield Figure(
        name=f"YAML of {many:,} components, read and checked",
        unit="s",
        runs=measure.each_run(extent, lambda: read_s(text, many)),
    )


if __name__ == "__main__":
    measure.main("Planning", figures)
