"""Time in simulations: deadlines, phases that follow others, and what is reported."""

import pytest

from ripieno.engine.simulate import simulate
from ripieno.model.case import Case, Phase
from ripieno.model.component_type import ComponentType
from ripieno.model.program import Outcome, Program
from ripieno.model.simulation import CaseReport, FailedTransitions, SpanKind
from tests.machines import CLIENT, SERVER, STEPS, life, move, program, provide, use


def simulated(
    types: tuple[ComponentType, ...], *phases: Program | tuple[Program, ...]
) -> CaseReport:
    return simulate(
        Case(
            id="case",
            component_types={each.name: each for each in types},
            phases=tuple(
                Phase(name=f"{n}", programs=each if isinstance(each, tuple) else (each,))
                for n, each in enumerate(phases)
            ),
        )
    )


@pytest.mark.parametrize(("deadline_s", "reported"), [(1.5, True), (2.0, False), (2.5, False)])
def test_what_ends_at_the_moment_of_its_deadline_is_in_time(
    deadline_s: float, reported: bool
) -> None:
    wait = ["wait", "x", {"deadline_s": deadline_s}]
    report = simulated((STEPS,), program("p", "add x Steps", "push x go", wait))
    (phase,) = report.phases
    assert bool(phase.reports) is reported
    assert phase.makespan_s == 2.0


def test_executions_of_a_transition_are_listed_each() -> None:
    report = simulated(
        (STEPS,), program("p", "add x Steps", "push x go", "push x reset", "push x go", "wait_all")
    )
    assert report.phases[0].timeline["x.one"] == ((0.0, 1.0), (3.0, 4.0))


def test_phases_after_one_that_deadlocks_still_run() -> None:
    report = simulated(
        (SERVER, CLIENT),
        program(
            "p", "add s Server", "add x Client", "connect x.svc s.svc", "push x join", "wait x"
        ),
        program("p", "push s start", "wait x", "disconnect x.svc s.svc"),
        program("p", "push x part", "wait x"),
    )
    outcomes = [phase.outcome for phase in report.phases]
    assert outcomes == [Outcome.DEADLOCK, Outcome.DEADLOCK, Outcome.COMPLETES]
    assert not report.completes


def test_phase_that_is_not_legal_after_one_that_deadlocked_is_refused_alone() -> None:
    report = simulated(
        (SERVER, CLIENT),
        program("p", "add x Client", "push x join", "wait x", "delete x"),
        program("p", "add x Client"),
        program("p", "add s Server"),
    )
    outcomes = [phase.outcome for phase in report.phases]
    assert outcomes == [Outcome.DEADLOCK, Outcome.REJECTED, Outcome.COMPLETES]
    assert "name already used: x" in (report.phases[1].reason or "")


def test_case_with_an_illegal_phase_is_not_run_at_all() -> None:
    report = simulated((SERVER,), program("p", "add s Server"), program("p", "push z start"))
    (phase,) = report.phases
    assert (phase.name, phase.outcome) == ("1", Outcome.REJECTED)


def test_components_that_are_gone_are_absent() -> None:
    report = simulated(
        (STEPS,), program("p", "add x Steps", "add y Steps", "delete y"), program("p", "delete x")
    )
    assert report.phases[0].final == {"x": ("a",), "y": None}
    assert report.phases[1].final == {"x": None, "y": None}


def test_failure_is_told_with_its_cause_and_what_else_runs_goes_on() -> None:
    broken = life("Broken", move("t", "a", "b", raises="disk full"), provide("svc", "b"))
    report = simulated(
        (broken, STEPS),
        program("p", "add f Broken", "add x Steps", "push f go", "push x go", "wait_all"),
    )
    (phase,) = report.phases
    assert (phase.outcome, phase.reason) == (Outcome.FAILED, "f.t: disk full")
    assert phase.final == {"f": FailedTransitions(transitions=("t",)), "x": ("c",)}
    assert phase.makespan_s == 2.0


def test_wait_for_something_that_waits_for_a_failure_counts_as_failed() -> None:
    broken = life("Broken", move("t", "a", "b", raises="disk full"), provide("svc", "b"))
    report = simulated(
        (broken, CLIENT),
        program(
            "p", "add f Broken", "add x Client", "connect x.svc f.svc", "push f go", "push x join",
            "wait x",
        ),
    )  # fmt: skip
    (phase,) = report.phases
    assert phase.outcome is Outcome.FAILED
    assert "f.t: disk full" in (phase.reason or "")


def test_rebind_takes_its_declared_time_and_is_in_the_timeline() -> None:
    report = simulated(
        (SERVER, CLIENT),
        program(
            "p", "add s Server", "add t Server", "add x Client", "connect x.svc s.svc",
            "push s start", "push t start", "push x join", "wait_all", "rebind x.svc t.svc",
        ),
    )  # fmt: skip
    (phase,) = report.phases
    assert phase.timeline["x.svc"] == ((1.0, 2.0),)
    assert phase.critical_path[-1] == "x.svc"
    assert [s.kind for s in phase.spans if s.name == "svc"] == [SpanKind.REBIND]


def test_critical_path_goes_through_what_was_waited_for() -> None:
    link = life("Link", move("go", "a", "b", seconds=2), provide("out", "b"), use("in", "go"))
    first = life("First", move("go", "a", "b", seconds=3), provide("out", "b"))
    report = simulated(
        (link, first),
        program(
            "p", "add a First", "add b Link", "add c Link", "connect b.in a.out",
            "connect c.in b.out", "push c go", "push b go", "push a go", "wait_all",
        ),
    )  # fmt: skip
    assert report.phases[0].critical_path == ("a.go", "b.go", "c.go")
    assert report.phases[0].makespan_s == 7.0
