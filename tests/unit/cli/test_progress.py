"""How far a reconfiguration is, in rows, and the picture that is drawn of them."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from ripieno.cli import progress, progress_view
from ripieno.cli.progress import Progress, Row, Stand
from ripieno.wire.reconfiguration import (
    ForecastSpan,
    Reconfiguration,
    ReconfigurationKind,
    ReconfigurationState,
    Span,
)

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(
    component: str,
    transition: str,
    start_s: float,
    end_s: float | None = None,
    state: str | None = None,
    attempt: int = 1,
) -> Span:
    return Span(
        component=component,
        transition=transition,
        behaviour="deploy",
        attempt=attempt,
        state=state or ("issued" if end_s is None else "done"),
        start=at(start_s),
        end=None if end_s is None else at(end_s),
        cause=None,
    )


def predicted(component: str, transition: str, start_s: float, end_s: float) -> ForecastSpan:
    return ForecastSpan(component=component, transition=transition, start_s=start_s, end_s=end_s)


def reconfiguration(
    *timeline: Span, forecast: tuple[ForecastSpan, ...] = (), components: tuple[str, ...] = ()
) -> Reconfiguration:
    return Reconfiguration(
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
        components=list(components),
        timeline=list(timeline),
        forecast=list(forecast),
    )


FORECAST = (predicted("web", "prepare", 0, 1), predicted("web", "start", 1, 4))


def row(found: Progress, component: str = "web") -> Row:
    return next(each for each in found.rows if each.component == component)


def test_nothing_has_begun() -> None:
    found = progress.measure(reconfiguration(forecast=FORECAST, components=("web",)), None, at(1))
    assert row(found).stand is Stand.WAITING and row(found).share == 0
    assert found.elapsed_s == 1 and found.predicted_s == 4


def test_what_runs_counts_as_far_as_it_should_be_and_never_as_done() -> None:
    asked = reconfiguration(
        span("web", "prepare", 0, 1), span("web", "start", 1), forecast=FORECAST
    )
    assert row(progress.measure(asked, None, at(2.5))).share == pytest.approx(0.625)
    late = row(progress.measure(asked, None, at(60)))
    assert late.stand is Stand.BUSY and 0.9 < late.share < 1
    assert late.doing == "start" and late.elapsed_s == 60


def test_what_is_done_is_whole() -> None:
    asked = reconfiguration(
        span("web", "prepare", 0, 1), span("web", "start", 1, 2), forecast=FORECAST
    )
    found = row(progress.measure(asked, None, at(9)))
    assert (found.stand, found.share, found.elapsed_s) == (Stand.DONE, 1.0, 2.0)


def test_the_last_attempt_is_what_counts() -> None:
    failed = span("web", "start", 1, 2, "failed")
    found = row(progress.measure(reconfiguration(failed, forecast=FORECAST), None, at(3)))
    assert found.stand is Stand.FAILED and found.doing == "failed in start"
    again = reconfiguration(failed, span("web", "start", 2, attempt=2), forecast=FORECAST)
    assert row(progress.measure(again, None, at(3))).stand is Stand.BUSY


def test_without_predicted_times_steps_are_counted() -> None:
    instant = (predicted("web", "prepare", 0, 0), predicted("web", "start", 0, 0))
    asked = reconfiguration(span("web", "prepare", 0, 1), span("web", "start", 1), forecast=instant)
    assert row(progress.measure(asked, None, at(2))).share == 0.5


def test_a_clock_that_goes_before_makes_no_negative_times() -> None:
    asked = reconfiguration(span("web", "prepare", 1), forecast=FORECAST)
    found = progress.measure(asked, None, at(-5))
    assert found.elapsed_s == 0 and row(found).elapsed_s == 0


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("height", [5, 24])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_the_picture_fits_the_terminal_and_shows_what_is_busy(
    width: int, height: int, is_ascii: bool
) -> None:
    timeline = [span(f"component-数{n}", "start", 0, 1) for n in range(50)]
    timeline.append(span("a-very-long-name-of-a-component-that-is-busy", "become_ready", 1))
    timeline.append(span("broken", "start", 0, 1, "failed"))
    forecast = [predicted(each.component, each.transition, 0, 3) for each in timeline]
    asked = reconfiguration(*timeline, forecast=tuple(forecast))
    measured = progress.measure(asked, None, at(2))
    lines = [
        line.plain
        for line in progress_view.draw(
            "shop", asked, measured, width=width, height=height, is_ascii=is_ascii
        )
    ]
    assert len(lines) <= height and max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert "failed in start" in text and "become" in text
    assert lines[0].startswith("shop: deploy  2 s of about 4 s")
    assert lines[-1].startswith("50 done, 1 busy, 1 failed  of 52"[:width])
