"""Simulation: the declared durations, in virtual time, on the same machine that runs for real.

Time is counted in whole nanoseconds, so that sums of decimal durations are exact and two things
that should happen at the same moment do. What ends first is handled first, at one moment in the
order of starting.
"""

import heapq
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ripieno.engine import explain
from ripieno.engine.admission import Draft
from ripieno.engine.machine import Machine
from ripieno.engine.tracing import Trace
from ripieno.model import errors
from ripieno.model.case import Case
from ripieno.model.command import EndProgram, ReportWait, StartTimer, StartTransition, StopTimer
from ripieno.model.event import (
    DeadlineReached,
    Event,
    ProgramsSubmitted,
    TransitionEnded,
    TransitionFailed,
)
from ripieno.model.program import Add, Outcome, Program
from ripieno.model.simulation import CaseReport, FailedTransitions, Final, PhaseReport

NANOSECONDS = 1_000_000_000


class Moment(NamedTuple):
    """Something that will happen: when, in which order, what, and the span it ends (or -1).

    A deadline comes after all else of its moment: what ends just in time is in time.
    """

    time_ns: int
    is_deadline: bool
    order: int
    event: Event
    span: int


class Simulation:
    """A machine with a clock of its own. Keeps counting the executions of every transition."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.now_ns = 0
        self.trace = Trace()
        self.reports: list[ReportWait] = []
        self.ends: list[EndProgram] = []
        self._agenda: list[Moment] = []
        self._order = 0
        self._stopped_timers: set[int] = set()
        self._executions: dict[tuple[str, str], int] = {}
        self._seen: dict[str, None] = {}

    def run_phase(self, name: str, programs: Sequence[Program]) -> PhaseReport:
        """Submit programs and let time pass until nothing can happen any more.

        Raises: a `ProgramError` if a program is refused; nothing has happened then.
        """
        self._seen.update(dict.fromkeys(self.machine.core.components))
        self.now_ns = 0
        self.trace = Trace()
        self.reports, self.ends = [], []
        self._apply(ProgramsSubmitted(programs=tuple(programs)), cause=-1)
        instructions = itertools.chain.from_iterable(each.instructions for each in programs)
        self._seen.update((each.component, None) for each in instructions if isinstance(each, Add))
        while self._agenda:
            moment = heapq.heappop(self._agenda)
            event = moment.event
            if isinstance(event, DeadlineReached) and event.timer in self._stopped_timers:
                self._stopped_timers.discard(event.timer)
                continue
            self.now_ns = moment.time_ns
            self._apply(moment.event, cause=moment.span)
        return self._report(name)

    def _apply(self, event: Event, cause: int) -> None:
        """Hand an event to the machine, and put what it commands on the agenda."""
        if cause >= 0:
            self.trace.end(cause, self.now_ns, has_failed=isinstance(event, TransitionFailed))
        commands = self.machine.handle(event)
        self.trace.note(self.machine.core, self.now_ns)
        for command in commands:
            if isinstance(command, StartTransition):
                self._start(command, cause)
            elif isinstance(command, EndProgram):
                self.ends.append(command)
            elif isinstance(command, StartTimer):
                self._at(command.delay_s, DeadlineReached(timer=command.id), -1)
            elif isinstance(command, StopTimer):
                self._stopped_timers.add(command.id)
            else:
                self.reports.append(command)

    def _start(self, command: StartTransition, cause: int) -> None:
        state = self.machine.core.components[command.component]
        span = self.trace.start(
            command.component,
            command.transition,
            self.now_ns,
            cause,
            is_rebind=command.rebinds is not None,
        )
        if command.rebinds is not None:
            use = state.use_number(command.rebinds)
            delay_s = state.table.rebind_s[use] or 0.0
            self._at(delay_s, TransitionEnded(command=command.id), span)
            return
        transition = state.table.type.transition_by_name[command.transition]
        key = (command.component, command.transition)
        execution = self._executions.get(key, 0)
        self._executions[key] = execution + 1
        event: Event = (
            TransitionEnded(command=command.id)
            if transition.raises is None
            else TransitionFailed(command=command.id, cause=transition.raises)
        )
        self._at(transition.duration_s(execution), event, span)

    def _at(self, delay_s: float, event: Event, span: int) -> None:
        self._order += 1
        time_ns = self.now_ns + round(delay_s * NANOSECONDS)
        is_deadline = isinstance(event, DeadlineReached)
        heapq.heappush(self._agenda, Moment(time_ns, is_deadline, self._order, event, span))

    def _report(self, name: str) -> PhaseReport:
        outcome, reason = self._outcome()
        # What ended last did not decide how long a deadlock takes: that has no critical path.
        critical = () if outcome is Outcome.DEADLOCK else self.trace.critical_path()
        report = PhaseReport(
            name=name,
            outcome=outcome,
            makespan_s=self.now_ns / NANOSECONDS,
            timeline=self.trace.timeline(),
            final=_final(self.machine, self._seen, shows_docked=outcome is Outcome.FAILED),
            critical_path=critical,
            reason=reason,
            spans=self.trace.spans(marks_critical=bool(critical)),
            reports=tuple(self.reports),
        )
        # What is stuck is left behind; what it pushed stays queued for the phases that follow.
        self.machine.end_programs()
        return report

    def _outcome(self) -> tuple[Outcome, str | None]:
        failures = [end for end in self.ends if end.outcome is Outcome.FAILED]
        if failures:
            reasons = dict.fromkeys(end.reason for end in failures if end.reason)
            return Outcome.FAILED, "; ".join(reasons)
        if self.machine.running_programs():
            explanation = explain.explain(self.machine)
            outcome = Outcome.FAILED if explanation.failed else Outcome.DEADLOCK
            return outcome, explanation.text
        return Outcome.COMPLETES, None


def simulate(case: Case, machine: Machine | None = None) -> CaseReport:
    """Run the phases of a case one after the other.

    `machine` is where the case begins, an empty one if it is None. A case whose programs are not
    legal is not run at all: its report has one phase, rejected.
    """
    machine = machine or Machine(case.component_types)
    machine.declare(case.component_types)
    draft = Draft(machine.core)
    for phase in case.phases:
        try:
            draft.check(phase.programs)
        except errors.ProgramError as refusal:
            return rejected(case.id, phase.name, refusal, title=case.title)
    simulation = Simulation(machine)
    reports = []
    for phase in case.phases:
        try:
            reports.append(simulation.run_phase(phase.name, phase.programs))
        except errors.ProgramError as refusal:
            # Legal if those before it had completed, which they have not.
            reports.append(_refused(phase.name, refusal))
    return CaseReport(id=case.id, title=case.title, phases=tuple(reports))


def rejected(case: str, phase: str, error: errors.ModelError, *, title: str = "") -> CaseReport:
    """The report of a case that is refused before anything runs."""
    return CaseReport(id=case, title=title, phases=(_refused(phase, error),))


def _refused(phase: str, error: errors.ModelError) -> PhaseReport:
    return PhaseReport(name=phase, outcome=Outcome.REJECTED, reason=str(error))


def _final(machine: Machine, seen: Iterable[str], *, shows_docked: bool) -> Mapping[str, Final]:
    """Where every component is at the end, and that those seen before are absent.

    A token at an output dock has started nothing. In a phase that failed it is shown on the place
    that it would leave, since what it waits for has failed with it.
    """
    final: dict[str, Final] = dict.fromkeys(seen)
    for name, state in machine.core.components.items():
        if state.has_failed:
            table = state.table
            failed = [t for i, t in enumerate(table.transitions) if state.failed >> i & 1]
            failed += [
                state.use_name(use)
                for use, rebind in (state.rebinds or {}).items()
                if rebind.cause is not None
            ]
            final[name] = FailedTransitions(transitions=tuple(failed))
            continue
        marked = state.marked
        docked = state.docked if shows_docked else 0
        for transition, place in enumerate(state.table.source):
            if docked >> transition & 1:
                marked |= 1 << place
        final[name] = tuple(
            place for index, place in enumerate(state.table.places) if marked >> index & 1
        )
    return final
