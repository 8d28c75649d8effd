"""Reports made by hand, for what shows them."""

from ripieno.model.program import Outcome
from ripieno.model.simulation import PhaseReport, Span, SpanKind


def span(
    component: str,
    name: str,
    start_s: float,
    end_s: float | None,
    kind: SpanKind = SpanKind.RUNNING,
    *,
    is_critical: bool = False,
) -> Span:
    return Span(
        component=component,
        name=name,
        kind=kind,
        start_s=start_s,
        end_s=end_s,
        is_critical=is_critical,
    )


def phase(
    *spans: Span,
    makespan_s: float | None = None,
    outcome: Outcome = Outcome.COMPLETES,
    reason: str | None = None,
) -> PhaseReport:
    ends = [each.end_s for each in spans if each.end_s is not None]
    return PhaseReport(
        name="deploy",
        outcome=outcome,
        makespan_s=max(ends, default=0.0) if makespan_s is None else makespan_s,
        spans=spans,
        final=dict.fromkeys((each.component for each in spans), ("up",)),
        critical_path=tuple(f"{s.component}.{s.name}" for s in spans if s.is_critical),
        reason=reason,
    )
