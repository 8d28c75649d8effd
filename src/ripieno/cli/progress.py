"""How far a reconfiguration is: a row for each component, from what the server tells.

Pure. Shown by `progress_view`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from ripieno.wire.deployment import Component, Deployment
from ripieno.wire.reconfiguration import ForecastSpan, Reconfiguration, Span


class Stand(IntEnum):
    """How it is with a component; what needs attention most comes first."""

    FAILED = 0
    BUSY = 1
    WAITING = 2
    DONE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One component: `doing` is in words; `elapsed_s` is how long it was worked on so far.

    `predicted_s` is None where nothing was predicted; `share` is from 0 to 1.
    """

    component: str
    stand: Stand
    doing: str
    elapsed_s: float
    predicted_s: float | None
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """All rows, in the order of the deployment, and the time of the whole."""

    rows: tuple[Row, ...]
    elapsed_s: float
    predicted_s: float | None

    def count(self, stand: Stand) -> int:
        """How many components are so."""
        return sum(row.stand is stand for row in self.rows)


def measure(
    reconfiguration: Reconfiguration, deployment: Deployment | None, now: datetime
) -> Progress:
    """How far it is. Without the deployment, rows cannot say where components stand."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for span in reconfiguration.timeline:
        spans[span.component].append(span)
    forecast: dict[str, list[ForecastSpan]] = defaultdict(list)
    for predicted in reconfiguration.forecast:
        forecast[predicted.component].append(predicted)
    views = {each.name: each for each in deployment.components} if deployment else {}
    concerned = {*reconfiguration.components, *spans, *forecast}
    order = [name for name in views if name in concerned]
    order += [name for name in (*reconfiguration.components, *spans) if name not in views]
    start = reconfiguration.started_at
    end = reconfiguration.ended_at or now
    return Progress(
        rows=tuple(
            _row(name, spans[name], forecast[name], views.get(name), now)
            for name in dict.fromkeys(order)
        ),
        elapsed_s=max(0.0, (end - start).total_seconds()) if start else 0.0,
        predicted_s=reconfiguration.predicted_s,
    )


def _row(
    name: str,
    spans: list[Span],
    forecast: list[ForecastSpan],
    view: Component | None,
    now: datetime,
) -> Row:
    expected_s: dict[str, float] = defaultdict(float)
    for each in forecast:
        expected_s[each.transition] += each.end_s - each.start_s
    total_s = sum(expected_s.values())
    latest = _latest(spans)
    running = [span for span in latest if span.end is None and span.state == "issued"]
    failed = [span for span in latest if span.state == "failed"]
    done = [span for span in latest if span.state == "done"]
    elapsed_s = sum(_length_s(span, now) for span in spans)
    stand, doing = _in_words(running, failed, done, forecast, view)
    return Row(
        component=name,
        stand=stand,
        doing=doing,
        elapsed_s=elapsed_s,
        predicted_s=total_s if forecast else None,
        share=1.0 if stand is Stand.DONE else _share(done, running, expected_s, forecast, now),
    )


def _latest(spans: Iterable[Span]) -> list[Span]:
    """The last attempt of each transition, in the order in which they began."""
    last: dict[str, Span] = {}
    for span in sorted(spans, key=lambda span: (span.start, span.attempt)):
        last.pop(span.transition, None)
        last[span.transition] = span
    return list(last.values())


def _in_words(
    running: list[Span],
    failed: list[Span],
    done: list[Span],
    forecast: list[ForecastSpan],
    view: Component | None,
) -> tuple[Stand, str]:
    if failed and not running:
        return Stand.FAILED, f"failed in {failed[-1].transition}"
    if running:
        return Stand.BUSY, ", ".join(span.transition for span in running)
    where = ", ".join(view.places) if view and view.places else ""
    if len(done) >= len({each.transition for each in forecast}):
        return Stand.DONE, where or "done"
    waits = view.waiting_for if view else None
    if waits:
        return Stand.WAITING, f"waits: {waits}"
    return Stand.WAITING, where or "waits"


def _share(
    done: list[Span],
    running: list[Span],
    expected_s: dict[str, float],
    forecast: list[ForecastSpan],
    now: datetime,
) -> float:
    total_s = sum(expected_s.values())
    if total_s <= 0:
        steps = len({each.transition for each in forecast})
        return min(1.0, len(done) / steps) if steps else 0.0
    passed_s = sum(expected_s.get(span.transition, 0.0) for span in done)
    for span in running:
        # What is late is nearly there, and not yet there.
        most_s = 0.95 * expected_s.get(span.transition, 0.0)
        passed_s += min(most_s, _length_s(span, now))
    return min(1.0, passed_s / total_s)


def _length_s(span: Span, now: datetime) -> float:
    return max(0.0, ((span.end or now) - span.start).total_seconds())
