"""A reconfiguration over time: where its bars are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ripieno.control.views import (
    ForecastSpan,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
    Span,
)
from ripieno.ui import gantt
from ripieno.ui.gantt import BarKind

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
VIEW = ReconfigurationView(
    id="r-1",
    deployment="d-1",
    kind=ReconfigurationKind.DEPLOY,
    state=ReconfigurationState.RUNNING,
    reason=None,
    requested_by="alice",
    created_at=START,
    started_at=START,
    ended_at=None,
    predicted_s=4.0,
    components=("a", "b"),
)


def span(component: str, name: str, start_s: float, end_s: float | None, **more: object) -> Span:
    made = Span(
        component=component,
        transition=name,
        behaviour="deploy",
        attempt=1,
        state="done" if end_s is not None else "issued",
        start=START + timedelta(seconds=start_s),
        end=None if end_s is None else START + timedelta(seconds=end_s),
        cause=None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def forecast(component: str, name: str, start_s: float, end_s: float) -> ForecastSpan:
    return ForecastSpan(
        component=component, transition=name, start_s=start_s, end_s=end_s, is_critical=name == "y"
    )


def test_what_goes_on_reaches_to_now() -> None:
    view = replace(VIEW, timeline=(span("a", "x", 0, 1), span("a", "y", 1.002, None)))
    drawn = gantt.draw(view, START + timedelta(seconds=2))
    ((one, other),) = drawn.lanes[0].went
    assert (one.kind, one.left, one.width) == (BarKind.DONE, 0.0, 25.0)
    assert (other.kind, other.end_s) == (BarKind.OPEN, 2.0)
    assert drawn.now == 50.0 and drawn.elapsed_s == 2.0


def test_what_happens_side_by_side_has_rows_of_its_own() -> None:
    view = replace(VIEW, timeline=(span("a", "x", 0, 2), span("a", "y", 1, 3)))
    drawn = gantt.draw(view, START + timedelta(seconds=4))
    assert [[bar.name for bar in row] for row in drawn.lanes[0].went] == [["x"], ["y"]]


def test_what_is_predicted_is_matched_with_what_happened() -> None:
    view = replace(
        VIEW,
        state=ReconfigurationState.FAILED,
        ended_at=START + timedelta(seconds=3),
        timeline=(span("b", "y", 0, 3, state="failed", cause="no room"),),
        forecast=(forecast("b", "y", 0, 2), forecast("a", "z", 2, 4)),
    )
    drawn = gantt.draw(view, START + timedelta(hours=1))
    assert drawn.now is None and drawn.elapsed_s == 3.0 and drawn.has_critical
    assert [lane.component for lane in drawn.lanes] == ["b", "a"]
    failed, missing = drawn.steps
    assert failed.went is not None and failed.predicted is not None and missing.went is None
    assert (failed.went.kind, failed.went.cause) == (BarKind.FAILED, "no room")
    assert failed.went.is_critical and failed.predicted.length_s == 2.0
    assert drawn.kinds == {"failed", "predicted"}


def test_one_that_has_not_begun_has_its_prediction_only() -> None:
    queued = replace(
        VIEW,
        started_at=None,
        state=ReconfigurationState.QUEUED,
        forecast=(forecast("a", "x", 0, 4),),
    )
    drawn = gantt.draw(queued, START + timedelta(seconds=9))
    assert drawn.elapsed_s == 0.0 and drawn.now == 0.0 and drawn.lanes[0].went == ()


def test_ticks_are_few_and_round() -> None:
    for seconds in (0.05, 1, 7, 61, 3600, 90_000):
        view = replace(VIEW, predicted_s=seconds)
        ticks = gantt.draw(view, START).ticks
        assert 2 <= len(ticks) <= gantt.MOST_TICKS + 1
        assert ticks[0] == (0.0, 0.0) and ticks[-1][1] <= 100.0


def test_very_many_components_are_not_all_drawn() -> None:
    spans = tuple(span(f"c{number}", "x", 0, 1) for number in range(gantt.MOST_LANES + 5))
    drawn = gantt.draw(replace(VIEW, timeline=spans), START + timedelta(seconds=1))
    assert len(drawn.lanes) == gantt.MOST_LANES and drawn.lanes_left_out == 5
    assert len(drawn.steps) == len(spans)
