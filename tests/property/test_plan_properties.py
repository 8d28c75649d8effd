"""What holds for every plan that the planner returns."""

from hypothesis import given

from ripieno.engine import invariants
from ripieno.engine.machine import Machine
from ripieno.engine.situation import machine_at, situation
from ripieno.model.assembly import Situation
from ripieno.model.command import EndProgram, StartTransition
from ripieno.model.event import ProgramsSubmitted, TransitionEnded
from ripieno.model.goal import Goal, Wish
from ripieno.model.plan import Plan
from ripieno.model.program import Outcome, Program, Push
from ripieno.plan import errors
from ripieno.plan.change import find
from ripieno.plan.planner import goal_of, plan
from tests.drawing import examples
from tests.scenarios import odd_scenarios, scenarios


def plan_or_none(now: Situation, goal: Goal) -> Plan | None:
    """The plan, None where the planner says with a reason that there is none."""
    try:
        return plan(now, goal)
    except errors.PlanError as refusal:
        assert len(str(refusal)) > 20
        return None


@given(scenarios())
def test_a_plan_from_a_state_to_itself_is_empty(scenario: tuple[Situation, Goal]) -> None:
    now, _ = scenario
    assert plan(now, goal_of(now)).is_empty


@given(scenarios())
def test_a_plan_reaches_its_goal_and_leaves_others_alone(
    scenario: tuple[Situation, Goal],
) -> None:
    now, goal = scenario
    found = plan_or_none(now, goal)
    if found is None:
        return
    machine = machine_at(now, {})
    machine.declare({c.type.name: c.type for c in goal.components.values()})
    outcome, ran = run(machine, found.program)
    assert outcome is Outcome.COMPLETES
    after = situation(machine)
    assert set(after.assembly.components) == set(goal.components)
    wanted = {tuple(sorted((str(a), str(b)))) for a, b in goal.connections}
    assert {tuple(sorted(map(str, each))) for each in after.assembly.connections} >= wanted
    for name, wish in goal.wishes.items():
        assert wish.state <= after.marking[name]
    touched = {each.component for each in found.touched}
    assert ran <= touched
    for name in goal.components:
        if name not in touched and name in now.marking:
            assert after.marking[name] == now.marking[name]


@given(scenarios())
def test_behaviours_that_are_asked_for_are_run(scenario: tuple[Situation, Goal]) -> None:
    now, goal = scenario
    found = plan_or_none(now, goal)
    if found is None:
        return
    for name, wish in goal.wishes.items():
        pushed = [
            each.behaviour
            for each in found.program.instructions
            if isinstance(each, Push) and each.component == name
        ]
        remaining = iter(pushed)
        assert all(behaviour in remaining for behaviour in wish.run)


@given(scenarios())
def test_a_second_plan_to_the_same_goal_runs_only_what_is_asked_again(
    scenario: tuple[Situation, Goal],
) -> None:
    now, goal = scenario
    states_only = Goal(
        components=goal.components,
        connections=goal.connections,
        wishes={name: Wish(state=wish.state) for name, wish in goal.wishes.items() if wish.state},
    )
    found = plan_or_none(now, states_only)
    if found is None:
        return
    machine = machine_at(now, {})
    run(machine, found.program)
    assert plan(situation(machine), states_only).is_empty


@examples(50)
@given(scenarios())
def test_planning_is_deterministic(scenario: tuple[Situation, Goal]) -> None:
    now, goal = scenario
    first, second = plan_or_none(now, goal), plan_or_none(now, goal)
    assert (first and first.program) == (second and second.program)


@given(scenarios())
def test_untouched_components_are_those_that_the_change_does_not_reach(
    scenario: tuple[Situation, Goal],
) -> None:
    now, goal = scenario
    found = plan_or_none(now, goal)
    if found is None:
        return
    rewired = {use.component for use in find(now, goal).rewired}
    touched = {each.component for each in found.touched}
    for each in found.touched:
        is_asked = each.component in goal.wishes or each.component not in goal.components
        below = {
            connection.provide.component
            for connection in now.assembly.connections
            if connection.use.component == each.component
        }
        above = {
            connection.use.component
            for connection in now.assembly.connections
            if connection.provide.component == each.component
        }
        assert is_asked or each.component in rewired or (below | above) & touched


def run(machine: Machine, program: Program) -> tuple[Outcome | None, set[str]]:
    """Execute a program, first started first ended; the invariants hold after every event."""
    commands = list(machine.handle(ProgramsSubmitted(programs=(program,))))
    outcome: Outcome | None = None
    ran: set[str] = set()
    while commands:
        command = commands.pop(0)
        if isinstance(command, EndProgram):
            outcome = command.outcome
        elif isinstance(command, StartTransition):
            ran.add(command.component)
            commands.extend(machine.handle(TransitionEnded(command=command.id)))
            invariants.check(machine)
    return outcome, ran


@given(odd_scenarios())
def test_plans_for_any_legal_life_cycles_reach_their_goals(
    scenario: tuple[Situation, Goal, Goal],
) -> None:
    now, *goals = scenario
    assert plan(now, goal_of(now)).is_empty
    for goal in goals:
        found = plan_or_none(now, goal)
        if found is None:
            continue
        machine = machine_at(now, {})
        outcome, _ = run(machine, found.program)
        assert outcome is Outcome.COMPLETES
        now = situation(machine)
        for name, wish in goal.wishes.items():
            assert wish.state <= now.marking[name]
        assert plan(now, goal_of(now)).is_empty
