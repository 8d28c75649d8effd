"""Which lanes a timeline has, and what is in their rows: the same for terminals and drawings.

A lane is a component; tokens that move side by side are put in rows of their own. Of a large
assembly only some lanes can be shown: those of the critical path first, then the busiest.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ripieno.model.simulation import PhaseReport, Span, SpanKind

WAITS = (SpanKind.WAITING, SpanKind.HOLDING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A component and its rows; the spans of a row do not overlap and are in order of time."""

    component: str
    rows: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lanes:
    """The lanes that are shown, in the order of the assembly, and what is not shown.

    `spans_left_out` are of the lanes that are shown. `idle`: components of which nothing happened
    in this phase; they have no lane.
    """

    shown: tuple[Lane, ...]
    lanes_left_out: int
    spans_left_out: int
    idle: tuple[str, ...]
    is_open: bool

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans that are shown."""
        return tuple(span for lane in self.shown for row in lane.rows for span in row)


def lay_out(phase: PhaseReport, *, most_lanes: int, most_spans: int) -> Lanes:
    """Choose the lanes of a phase and sort their spans into rows."""
    by_component: dict[str, list[Span]] = defaultdict(list)
    for span in phase.spans:
        by_component[span.component].append(span)
    kept: dict[str, list[Span]] = {}
    budget = most_spans
    for component in _ranked(by_component)[:most_lanes]:
        if budget <= 0:
            break
        kept[component] = _longest(by_component[component], budget)
        budget -= len(kept[component])
    order = {name: index for index, name in enumerate((*phase.final, *by_component))}
    shown = tuple(
        Lane(component=name, rows=_rows(kept[name])) for name in sorted(kept, key=order.__getitem__)
    )
    return Lanes(
        shown=shown,
        lanes_left_out=len(by_component) - len(kept),
        spans_left_out=sum(len(by_component[name]) - len(spans) for name, spans in kept.items()),
        idle=tuple(name for name in phase.final if name not in by_component),
        is_open=any(span.end_s is None for span in phase.spans),
    )


def _ranked(by_component: dict[str, list[Span]]) -> list[str]:
    """Critical components by their part of the critical path, failed ones, then the busiest."""
    critical: dict[str, float] = defaultdict(float)
    busy: dict[str, float] = defaultdict(float)
    failed = set()
    for name, spans in by_component.items():
        for span in spans:
            length_s = _length_s(span)
            if span.is_critical:
                critical[name] += max(length_s, 1e-9)  # an instant is critical, too
            if span.kind is SpanKind.FAILED:
                failed.add(name)
            if span.kind not in WAITS:
                busy[name] += length_s
    return sorted(by_component, key=lambda name: (name not in failed, -critical[name], -busy[name]))


def _length_s(span: Span) -> float:
    return 0.0 if span.end_s is None else span.end_s - span.start_s


def _longest(spans: list[Span], most: int) -> list[Span]:
    if len(spans) <= most:
        return spans
    return sorted(spans, key=lambda span: (not span.is_critical, -_length_s(span)))[:most]


def _rows(spans: Sequence[Span]) -> tuple[tuple[Span, ...], ...]:
    """Put each span in the row where the one before it has just ended, or else in the first free.

    Waits come before what runs at their end, so that a wait and what it was for share a row.
    """
    rows: list[list[Span]] = []
    ends: list[float] = []
    for span in sorted(spans, key=_by_time):
        free = [i for i, end in enumerate(ends) if end <= span.start_s]
        row = next((i for i in free if ends[i] == span.start_s), free[0] if free else len(rows))
        if row == len(rows):
            rows.append([])
            ends.append(0.0)
        rows[row].append(span)
        ends[row] = float("inf") if span.end_s is None else span.end_s
    return tuple(map(tuple, rows))


def _by_time(span: Span) -> tuple[float, bool, bool, float]:
    """Instants go first, then what runs, the longest first, then what waits."""
    end_s = float("inf") if span.end_s is None else span.end_s
    return (span.start_s, end_s > span.start_s, span.kind in WAITS, -end_s)
