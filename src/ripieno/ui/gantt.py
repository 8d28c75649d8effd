"""A reconfiguration over time, ready to be drawn: what was predicted beside what happened.

Pure: from a view and a moment to places in percent of the width. Drawn by
`templates/deployment_gantt.html`, again and again while the reconfiguration goes on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ripieno.control.views import ReconfigurationView, Span
from ripieno.model.plan import Plan

MOST_LANES = 200
MOST_TICKS = 8

TOLERANCE_S = 0.01
"""The next transition begins in the turn in which the one before it is noted as done."""

_STEPS = (1, 2, 5)


class BarKind(StrEnum):
    """What became of a transition, or that it was predicted."""

    DONE = "done"
    OPEN = "open"
    FAILED = "failed"
    DROPPED = "dropped"
    PREDICTED = "predicted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A transition over time, in seconds from the start, and where that is, in percent."""

    name: str
    kind: BarKind
    start_s: float
    end_s: float
    is_critical: bool = False
    attempt: int = 1
    cause: str | None = None
    left: float = 0.0
    width: float = 0.0

    @property
    def length_s(self) -> float:
        """How long it took, or was to take."""
        return self.end_s - self.start_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A component: rows of bars that do not overlap, as it went and as it was predicted."""

    component: str
    went: tuple[tuple[Bar, ...], ...]
    predicted: tuple[tuple[Bar, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A transition in words, for whoever does not see the drawing; either part may be missing."""

    component: str
    name: str
    went: Bar | None
    predicted: Bar | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gantt:
    """The whole drawing; `now` is where time stands, in percent, while it goes on."""

    lanes: tuple[Lane, ...]
    lanes_left_out: int
    ticks: tuple[tuple[float, float], ...]
    elapsed_s: float
    predicted_s: float | None
    now: float | None
    steps: tuple[Step, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that occur, for a legend."""
        bars = (bar for lane in self.lanes for row in (*lane.went, *lane.predicted) for bar in row)
        return frozenset(bar.kind.value for bar in bars)

    @property
    def is_forecast(self) -> bool:
        """Whether nothing of it has happened: then what is predicted is all there is to show."""
        return not any(lane.went for lane in self.lanes)

    @property
    def has_critical(self) -> bool:
        """Whether a critical path is known."""
        return any(step.predicted and step.predicted.is_critical for step in self.steps)


def draw(view: ReconfigurationView, now: datetime) -> Gantt:
    """The drawing at a moment; what has not ended goes on until then."""
    start = view.started_at or view.created_at
    critical = {(each.component, each.transition) for each in view.forecast if each.is_critical}
    went: dict[str, list[Bar]] = defaultdict(list)
    for span in sorted(view.timeline, key=lambda span: span.start):
        bar = _bar(span, start, now, (span.component, span.transition) in critical)
        went[span.component].append(bar)
    predicted: dict[str, list[Bar]] = defaultdict(list)
    for each in sorted(view.forecast, key=lambda each: each.start_s):
        predicted[each.component].append(
            Bar(
                name=each.transition,
                kind=BarKind.PREDICTED,
                start_s=each.start_s,
                end_s=each.end_s,
                is_critical=each.is_critical,
            )
        )
    elapsed_s = max(0.0, ((view.ended_at or now) - start).total_seconds())
    if view.started_at is None:
        elapsed_s = 0.0
    return _chart(went, predicted, elapsed_s, view.predicted_s, is_over=view.state.is_over)


def forecast(plan: Plan) -> Gantt:
    """How a plan would go; nothing of it has happened."""
    critical = set(plan.forecast.critical_path)
    predicted: dict[str, list[Bar]] = defaultdict(list)
    runs = [(run, name) for name, runs in plan.forecast.timeline.items() for run in runs]
    for (start_s, end_s), name in sorted(runs):
        component, _, transition = name.partition(".")
        predicted[component].append(
            Bar(
                name=transition,
                kind=BarKind.PREDICTED,
                start_s=start_s,
                end_s=end_s,
                is_critical=name in critical,
            )
        )
    return _chart({}, predicted, 0.0, plan.makespan_s, is_over=True)


def _chart(
    went: Mapping[str, Sequence[Bar]],
    predicted: Mapping[str, Sequence[Bar]],
    elapsed_s: float,
    predicted_s: float | None,
    *,
    is_over: bool,
) -> Gantt:
    ends = [bar.end_s for bars in (*went.values(), *predicted.values()) for bar in bars]
    horizon_s = max([*ends, elapsed_s, predicted_s or 0.0, 0.001])
    every = sorted(
        dict.fromkeys((*predicted, *went)), key=lambda name: _first_s(name, went, predicted)
    )
    lanes = tuple(
        Lane(
            component=name,
            went=_rows(went.get(name, ()), horizon_s),
            predicted=_rows(predicted.get(name, ()), horizon_s),
        )
        for name in every[:MOST_LANES]
    )
    return Gantt(
        lanes=lanes,
        lanes_left_out=max(0, len(every) - MOST_LANES),
        ticks=tuple((each, 100.0 * each / horizon_s) for each in _ticks(horizon_s)),
        elapsed_s=elapsed_s,
        predicted_s=predicted_s,
        now=None if is_over else 100.0 * elapsed_s / horizon_s,
        steps=tuple(_steps(every, went, predicted)),
    )


def _bar(span: Span, start: datetime, now: datetime, is_critical: bool) -> Bar:
    if span.state == "failed":
        kind = BarKind.FAILED
    elif span.end is None:
        kind = BarKind.OPEN
    else:
        kind = BarKind.DONE if span.state == "done" else BarKind.DROPPED
    start_s = max(0.0, (span.start - start).total_seconds())
    return Bar(
        name=span.transition,
        kind=kind,
        start_s=start_s,
        end_s=max(start_s, ((span.end or now) - start).total_seconds()),
        is_critical=is_critical,
        attempt=span.attempt,
        cause=span.cause,
    )


def _first_s(
    name: str, went: Mapping[str, Sequence[Bar]], predicted: Mapping[str, Sequence[Bar]]
) -> float:
    """When a component is first at work, by which lanes are in order."""
    bars = (*predicted.get(name, ()), *went.get(name, ()))
    return min(bar.start_s for bar in bars)


def _rows(bars: Iterable[Bar], horizon_s: float) -> tuple[tuple[Bar, ...], ...]:
    """Put each bar in the first row that is free when it begins."""
    rows: list[list[Bar]] = []
    for bar in bars:
        placed = Bar(
            name=bar.name,
            kind=bar.kind,
            start_s=bar.start_s,
            end_s=bar.end_s,
            is_critical=bar.is_critical,
            attempt=bar.attempt,
            cause=bar.cause,
            left=round(100.0 * bar.start_s / horizon_s, 3),
            width=round(100.0 * bar.length_s / horizon_s, 3),
        )
        row = next((each for each in rows if each[-1].end_s <= bar.start_s + TOLERANCE_S), None)
        if row is None:
            rows.append([placed])
        else:
            row.append(placed)
    return tuple(map(tuple, rows))


def _ticks(horizon_s: float) -> list[float]:
    """Round numbers of seconds, as many as can be read."""
    power = 0.001
    while True:
        for step in _STEPS:
            length_s = step * power
            if horizon_s / length_s <= MOST_TICKS:
                return [number * length_s for number in range(int(horizon_s / length_s) + 1)]
        power *= 10


def _steps(
    every: Sequence[str],
    went: Mapping[str, Sequence[Bar]],
    predicted: Mapping[str, Sequence[Bar]],
) -> Iterable[Step]:
    for component in every:
        left = list(predicted.get(component, ()))
        for bar in went.get(component, ()):
            match = next((each for each in left if each.name == bar.name), None)
            if match is not None:
                left.remove(match)
            yield Step(component=component, name=bar.name, went=bar, predicted=match)
        for each in left:
            yield Step(component=component, name=each.name, went=None, predicted=each)
