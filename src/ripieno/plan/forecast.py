"""What a plan will take: simulated, checked against the goal, and read off per component."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ripieno.engine.core import Happening
from ripieno.engine.rules import Fact
from ripieno.engine.simulate import Simulation
from ripieno.engine.situation import machine_at
from ripieno.model.component_type import ComponentType
from ripieno.model.program import Outcome, Program
from ripieno.model.simulation import PhaseReport
from ripieno.plan import errors
from ripieno.plan.negotiation import Mover, Negotiation

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """When a component is touched, and how long it is down, in seconds."""

    start_s: float
    end_s: float
    downtime_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The simulated phase, and the course of every component that something happens to."""

    report: PhaseReport
    courses: Mapping[str, Course]

    @property
    def cost(self) -> tuple[float, float]:
        """What to compare plans by: the makespan, then the sum of the downtimes."""
        down = sum(course.downtime_s for course in self.courses.values())
        return (self.report.makespan_s or 0.0, down)


def simulate(
    negotiation: Negotiation, program: Program, types: Mapping[str, ComponentType]
) -> Forecast:
    """Run a plan's program in virtual time.

    Raises: `PlanWouldFail` if it does not complete or does not reach the goal.
    """
    machine = machine_at(negotiation.change.situation, types)
    simulation = Simulation(machine)
    report = simulation.run_phase("plan", (program,))
    if report.outcome is not Outcome.COMPLETES:
        raise errors.PlanWouldFail(
            f"the plan was simulated and would end in {report.outcome.value} after "
            f"{report.makespan_s:g} s: {report.reason}"
        )
    _check_goal(negotiation, report)
    by_component: dict[str, list[tuple[int, Happening]]] = defaultdict(list)
    for moment, happening in simulation.trace.happenings:
        by_component[happening[0]].append((moment, happening))
    movers = {mover.name: mover for mover in negotiation.movers}
    replaced = negotiation.change.added.keys() & negotiation.change.removed.keys()
    courses = {
        name: _course(happenings, movers.get(name), is_replaced=name in replaced)
        for name, happenings in by_component.items()
    }
    return Forecast(report=report, courses=courses)


def _check_goal(negotiation: Negotiation, report: PhaseReport) -> None:
    for mover in negotiation.movers:
        final = report.final.get(mover.name)
        if mover.is_removed and mover.name not in negotiation.change.added and final is not None:
            raise errors.PlanWouldFail(f"{mover.name} would still be there at the end of the plan")
        if mover.is_removed:
            continue
        if not isinstance(final, tuple) or frozenset(final) != mover.path.target:
            raise errors.PlanWouldFail(
                f"{mover.name} would end on {_said(final)}, not on "
                f"{', '.join(sorted(mover.path.target))}"
            )


def _said(final: object) -> str:
    return ", ".join(map(str, final)) if isinstance(final, tuple) and final else "no place"


def _course(
    happenings: list[tuple[int, Happening]], mover: Mover | None, *, is_replaced: bool
) -> Course:
    active = [moment for moment, (_, fact, _) in happenings if fact not in (Fact.PUSHED, Fact.USES)]
    begin, end = (active[0], active[-1]) if active else (0, 0)
    down_ns = 0 if mover is None else _down_ns(happenings, mover)
    if is_replaced:
        down_ns = end - begin
    return Course(
        start_s=begin / NANOSECONDS, end_s=end / NANOSECONDS, downtime_s=down_ns / NANOSECONDS
    )


def _down_ns(happenings: list[tuple[int, Happening]], mover: Mover) -> int:
    """How long a kept component lacks something that it has before and after."""
    if mover.is_added or mover.is_removed:
        return 0
    lifecycle, way = mover.lifecycle, mover.path
    if all(lifecycle.stays(move) for move in way.moves):
        return 0
    steady = lifecycle.offered(way.source) & lifecycle.offered(way.target)
    if steady:
        return _away_ns(happenings, steady, steady, Fact.PROVIDES, Fact.WITHDRAWS)
    return _away_ns(happenings, way.source, way.target, Fact.ENTERED, Fact.LEFT)


def _away_ns(
    happenings: list[tuple[int, Happening]],
    before: frozenset[str],
    after: frozenset[str],
    comes: Fact,
    goes: Fact,
) -> int:
    """Nanoseconds from when a thing of `before` goes until all of `after` are there again."""
    there = set(before)
    away_ns = 0
    since: int | None = None
    for moment, (_, fact, name) in happenings:
        if fact is goes:
            there.discard(name)
            if since is None and name in before | after:
                since = moment
        elif fact is comes:
            there.add(name)
            if since is not None and (after <= there or before <= there):
                away_ns += moment - since
                since = None
    if since is not None:
        away_ns += max(0, happenings[-1][0] - since)
    return away_ns
