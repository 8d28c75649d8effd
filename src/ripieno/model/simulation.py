"""What a simulation found: times in model seconds, counted from the start of the phase."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.model.command import ReportWait
from ripieno.model.program import Outcome


class SpanKind(StrEnum):
    """What a component does in a span of time."""

    RUNNING = "running"
    FAILED = "failed"
    REBIND = "rebind"
    WAITING = "waiting"
    HOLDING = "holding"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Something that took a component's time.

    `name` is the transition (or the use port of a rebind) for what runs; for a wait it is what is
    waited for: provide ports (`WAITING`), or the use ports that have to be released first
    (`HOLDING`). `end_s` is None if it was not over when nothing could move any more.
    """

    component: str
    name: str
    kind: SpanKind
    start_s: float
    end_s: float | None
    is_critical: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedTransitions:
    """The final state of a component that failed."""

    transitions: tuple[str, ...]


Final = tuple[str, ...] | FailedTransitions | None
"""Marked places, or what failed, or None for a component that is absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseReport:
    """The result of one phase. `makespan_s` and the rest are empty for one that was refused."""

    name: str
    outcome: Outcome
    makespan_s: float | None = None
    timeline: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    final: Mapping[str, Final] = field(default_factory=dict)
    critical_path: tuple[str, ...] = ()
    reason: str | None = None
    spans: tuple[Span, ...] = ()
    reports: tuple[ReportWait, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseReport:
    """The phases of a case, in their order."""

    id: str
    phases: tuple[PhaseReport, ...]
    title: str = ""

    @property
    def completes(self) -> bool:
        """Whether every phase completes."""
        return all(phase.outcome is Outcome.COMPLETES for phase in self.phases)


def to_json(report: CaseReport) -> dict[str, Any]:
    """The report as `ripieno simulate --json` prints it."""
    return {"id": report.id, "phases": [phase_to_json(phase) for phase in report.phases]}


def phase_to_json(phase: PhaseReport) -> dict[str, Any]:
    """One phase as `ripieno simulate --json` prints it."""
    record: dict[str, Any] = {
        "name": phase.name,
        "outcome": phase.outcome.value,
        "makespan": phase.makespan_s,
        "timeline": {name: [list(run) for run in runs] for name, runs in phase.timeline.items()},
        "final": {name: _final_to_json(final) for name, final in phase.final.items()},
        "critical_path": list(phase.critical_path),
        "reason": phase.reason,
    }
    if phase.reports:
        record["wait_reports"] = [
            {
                "program": each.program,
                "instruction": each.instruction,
                "finished": each.finished,
                **{
                    name: {
                        "active_transitions": list(activity.active_transitions),
                        "active_places": list(activity.active_places),
                    }
                    for name, activity in each.waited_for.items()
                },
            }
            for each in phase.reports
        ]
    return record


def _final_to_json(final: Final) -> object:
    if final is None:
        return "absent"
    if isinstance(final, FailedTransitions):
        return {"failed": list(final.transitions)}
    return list(final)
