"""Plans for reconfigurations whose answer is known, none slower than the best that can be found."""

import random
from pathlib import Path

import pytest

from ripieno.engine.machine import Machine
from ripieno.engine.simulate import Simulation, simulate
from ripieno.engine.situation import machine_at, situation
from ripieno.model import document
from ripieno.model.assembly import Situation
from ripieno.model.case import Case
from ripieno.model.goal import Goal, Wish
from ripieno.model.plan import Plan
from ripieno.model.program import Instruction, Outcome, Program, Wait, in_words
from ripieno.model.reading import read_cases
from ripieno.model.reading_goals import read_goal
from ripieno.plan.planner import goal_of, plan
from ripieno.plan.standing import situation_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "plans"


def from_example(name: str) -> tuple[Situation, Goal]:
    current, goal = (
        document.parse((EXAMPLES / file).read_text(encoding="utf-8"), file)
        for file in (f"{name}.yaml", f"{name}-goal.yaml")
    )
    types, described = read_goal(current, {})
    return situation_of(described), read_goal(goal, types)[1]


def steps(found: Plan) -> list[str]:
    return [in_words(each) for each in found.program.instructions]


def waits(found: Plan) -> list[Instruction]:
    return [each for each in found.program.instructions if isinstance(each, Wait)]


def best_found(now: Situation, goal: Goal, found: Plan, tries: int = 300) -> float:
    """The shortest makespan among orders of the plan's own instructions, drawn at random.

    Behaviours of one component keep their order, as do the instructions on one connection; waits
    are left out at random. Orders that do not reach the end that the plan reaches do not count.
    """
    draw = random.Random(1)
    best = found.makespan_s
    for _ in range(tries):
        program = shuffled(found.program, draw)
        machine = machine_at(now, {})
        machine.declare({c.type.name: c.type for c in goal.components.values()})
        report = Simulation(machine).run_phase("other", (program,))
        if report.outcome is Outcome.COMPLETES and report.final == found.forecast.final:
            best = min(best, report.makespan_s or 0.0)
    return best


def shuffled(program: Program, draw: random.Random) -> Program:
    left: list[int] = [
        index
        for index, each in enumerate(program.instructions)
        if not (isinstance(each, Wait) and draw.random() < 0.5)
    ]
    after = program.after or ()
    order: list[int] = []
    while left:
        ready = [
            index
            for index in left
            if not any(other in left and binds(program, other, index) for other in after[index])
        ]
        chosen = draw.choice(ready)
        order.append(chosen)
        left.remove(chosen)
    number = {index: place for place, index in enumerate(order)}
    return Program(
        name="other",
        instructions=tuple(program.instructions[index] for index in order),
        after=tuple(
            tuple(
                sorted(
                    number[other]
                    for other in after[index]
                    if other in number and binds(program, other, index)
                )
            )
            for index in order
        ),
        settles=True,
    )


def binds(program: Program, earlier: int, later: int) -> bool:
    """Whether two instructions have to stay in their order: all but pushes to two components."""
    words = [in_words(program.instructions[index]).split() for index in (earlier, later)]
    return not (words[0][0] == words[1][0] == "push" and words[0][1] != words[1][1])


def case(folder: Path, prefix: str) -> Case:
    path = next(folder.glob(f"{prefix}_*.yaml"))
    read = read_cases(document.parse(path.read_text(encoding="utf-8"), path.name))
    assert isinstance(read[0], Case)
    return read[0]


def openstack(shared: Path) -> Situation:
    whole = case(shared / "conformance", "16")
    deploy = Case(id=whole.id, component_types=whole.component_types, phases=(whole.phases[0],))
    machine = Machine(whole.component_types)
    simulate(deploy, machine)
    return situation(machine)


def test_openstack_is_updated_where_a_published_plan_deadlocks(shared: Path) -> None:
    now = openstack(shared)
    still = goal_of(now)
    update = {"master": Wish(run=("update",), state=frozenset(("deployed",)))}
    found = plan(now, Goal(components=still.components, wishes=update))
    assert found.makespan_s == 305.27
    assert waits(found) == []
    assert set(found.forecast.final.values()) == {("deployed",)}


def test_the_update_of_openstack_is_found_from_the_behaviour_alone(shared: Path) -> None:
    now = openstack(shared)
    update = {"master": Wish(run=("update",))}
    found = plan(now, Goal(components=goal_of(now).components, wishes=update))
    assert found.makespan_s == 305.27


def test_children_of_a_removed_agent_are_rebound_and_never_down() -> None:
    now, goal = from_example("sed-tree")
    found = plan(now, goal)
    touched = {each.component: each for each in found.touched}
    assert set(touched) == {"la1", "la2", "sed1"}
    assert touched["la2"].downtime_s == touched["sed1"].downtime_s == 0
    assert found.forecast.final["la1"] is None
    assert waits(found) == []
    assert found.makespan_s == 2.5


def test_without_a_rebind_the_whole_subtree_disconnects_first() -> None:
    text = (EXAMPLES / "sed-tree.yaml").read_text(encoding="utf-8").replace(", rebind: 0.5", "")
    types, described = read_goal(document.parse(text, "sed-tree.yaml"), {})
    goal_text = (EXAMPLES / "sed-tree-goal.yaml").read_text(encoding="utf-8")
    goal = read_goal(document.parse(goal_text, "goal"), types)[1]
    found = plan(situation_of(described), goal)
    down = {each.component for each in found.touched if each.downtime_s}
    assert down == {"la2", "sed1", "sed2"}
    assert {s for s in steps(found) if s.startswith("push") and s.endswith(" disconnect")} == {
        "push la1 disconnect",
        "push la2 disconnect",
        "push sed1 disconnect",
        "push sed2 disconnect",
    }


def test_a_database_is_updated_under_three_levels_of_users() -> None:
    now, goal = from_example("database")
    found = plan(now, goal)
    assert {each.component for each in found.touched} == {"db", "api", "worker", "reports"}
    assert waits(found) == []
    assert found.makespan_s == 25


def test_a_provider_is_swapped_under_its_users() -> None:
    now, goal = from_example("provider-swap")
    found = plan(now, goal)
    down = {each.component: each.downtime_s for each in found.touched}
    assert down["web1"] == 0
    assert found.forecast.final["cache"] is None
    assert found.makespan_s == pytest.approx(9.2)


@pytest.mark.parametrize("name", ["sed-tree", "database", "provider-swap"])
def test_no_other_order_of_the_same_steps_is_quicker(name: str) -> None:
    now, goal = from_example(name)
    found = plan(now, goal)
    assert best_found(now, goal, found) == found.makespan_s


@pytest.mark.parametrize("name", ["sed-tree", "database", "provider-swap"])
def test_a_plan_from_an_example_to_itself_is_empty(name: str) -> None:
    now, _ = from_example(name)
    assert plan(now, goal_of(now)).is_empty


def test_no_other_order_of_the_openstack_update_is_quicker(shared: Path) -> None:
    now = openstack(shared)
    update = {"master": Wish(run=("update",))}
    goal = Goal(components=goal_of(now).components, wishes=update)
    found = plan(now, goal)
    assert best_found(now, goal, found, tries=100) == found.makespan_s
