"""A reconfiguration as it went beside how it was predicted, ready to be drawn.

Pure. Drawn by `comparison_text` and `comparison_svg`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ripieno.wire.reconfiguration import Reconfiguration, Span

TOLERANCE_S = 0.002
"""The next transition is begun in the turn in which the one before it is noted as done."""


class BarKind(StrEnum):
    """What became of a transition, or that it was predicted."""

    DONE = "done"
    OPEN = "open"
    FAILED = "failed"
    DROPPED = "dropped"
    PREDICTED = "predicted"


MEANINGS = {
    BarKind.DONE: "done",
    BarKind.OPEN: "going on",
    BarKind.FAILED: "failed",
    BarKind.DROPPED: "given up",
    BarKind.PREDICTED: "predicted",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A transition over time, in seconds from the start of the reconfiguration."""

    name: str
    kind: BarKind
    start_s: float
    end_s: float
    cause: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A component: rows as it went, rows as it was predicted; the bars of a row do not overlap."""

    component: str
    went: tuple[tuple[Bar, ...], ...]
    predicted: tuple[tuple[Bar, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A transition that took another time than was predicted."""

    component: str
    transition: str
    took_s: float
    predicted_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All lanes that are shown. `differences`: the largest first."""

    lanes: tuple[Lane, ...]
    lanes_left_out: int
    elapsed_s: float
    predicted_s: float | None
    horizon_s: float
    differences: tuple[Difference, ...]

    @property
    def kinds(self) -> tuple[BarKind, ...]:
        """The kinds that occur."""
        found = {
            bar.kind for lane in self.lanes for row in (*lane.went, *lane.predicted) for bar in row
        }
        return tuple(kind for kind in BarKind if kind in found)


def compare(reconfiguration: Reconfiguration, now: datetime, *, most_lanes: int) -> Comparison:
    """The comparison at a moment; what has not ended goes on until then."""
    start = reconfiguration.started_at or reconfiguration.created_at
    went: dict[str, list[Bar]] = defaultdict(list)
    for span in sorted(reconfiguration.timeline, key=lambda span: span.start):
        went[span.component].append(_bar(span, start, now))
    predicted: dict[str, list[Bar]] = defaultdict(list)
    for each in reconfiguration.forecast:
        predicted[each.component].append(
            Bar(
                name=each.transition,
                kind=BarKind.PREDICTED,
                start_s=each.start_s,
                end_s=each.end_s,
            )
        )
    every = list(dict.fromkeys((*went, *predicted)))
    kept = set(sorted(every, key=lambda name: _importance(went[name]))[:most_lanes])
    lanes = tuple(
        Lane(component=name, went=_rows(went[name]), predicted=_rows(predicted[name]))
        for name in every
        if name in kept
    )
    elapsed_s = ((reconfiguration.ended_at or now) - start).total_seconds()
    elapsed_s = max(0.0, elapsed_s) if reconfiguration.started_at else 0.0
    ends = [bar.end_s for bars in (*went.values(), *predicted.values()) for bar in bars]
    return Comparison(
        lanes=lanes,
        lanes_left_out=len(every) - len(lanes),
        elapsed_s=elapsed_s,
        predicted_s=reconfiguration.predicted_s,
        horizon_s=max([*ends, elapsed_s, reconfiguration.predicted_s or 0.0]),
        differences=_differences(went, predicted),
    )


def _bar(span: Span, start: datetime, now: datetime) -> Bar:
    if span.state == "failed":
        kind = BarKind.FAILED
    elif span.end is None:
        kind = BarKind.OPEN
    else:
        kind = BarKind.DONE if span.state == "done" else BarKind.DROPPED
    start_s = max(0.0, (span.start - start).total_seconds())
    name = span.transition if span.attempt <= 1 else f"{span.transition} #{span.attempt}"
    return Bar(
        name=name,
        kind=kind,
        start_s=start_s,
        end_s=max(start_s, ((span.end or now) - start).total_seconds()),
        cause=span.cause,
    )


def _importance(bars: Iterable[Bar]) -> tuple[bool, float]:
    """What failed comes first, then what took the longest."""
    every = list(bars)
    has_failed = any(bar.kind is BarKind.FAILED for bar in every)
    return (not has_failed, -sum(bar.end_s - bar.start_s for bar in every))


def _rows(bars: Iterable[Bar]) -> tuple[tuple[Bar, ...], ...]:
    """Each bar in the first row that is free."""
    rows: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.start_s, bar.end_s)):
        row = next((row for row in rows if row[-1].end_s <= bar.start_s + TOLERANCE_S), None)
        if row is None:
            rows.append([bar])
        else:
            row.append(bar)
    return tuple(map(tuple, rows))


def _differences(
    went: dict[str, list[Bar]], predicted: dict[str, list[Bar]]
) -> tuple[Difference, ...]:
    found = []
    for component, bars in went.items():
        expected = {bar.name: bar.end_s - bar.start_s for bar in predicted.get(component, ())}
        for bar in bars:
            if bar.kind is BarKind.DONE and bar.name in expected:
                found.append(
                    Difference(
                        component=component,
                        transition=bar.name,
                        took_s=bar.end_s - bar.start_s,
                        predicted_s=expected[bar.name],
                    )
                )
    return tuple(sorted(found, key=lambda each: -abs(each.took_s - each.predicted_s)))
