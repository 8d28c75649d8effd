"""Rows, lanes and what is left out; ticks and amounts."""

import pytest

from ripieno.cli import axis, lanes
from ripieno.model.simulation import SpanKind
from tests.unit.cli.reports import phase, span


def test_what_runs_at_the_same_time_gets_rows_of_its_own() -> None:
    report = phase(span("a", "short", 0, 2), span("a", "long", 0, 5), span("a", "next", 2, 4))
    (lane,) = lanes.lay_out(report, most_lanes=9, most_spans=9).shown
    assert [[each.name for each in row] for row in lane.rows] == [["long"], ["short", "next"]]


def test_a_wait_and_what_it_was_for_share_a_row() -> None:
    report = phase(
        span("a", "other", 1, 3),
        span("a", "db.sql", 1, 4, SpanKind.WAITING),
        span("a", "start", 4, 6),
    )
    (lane,) = lanes.lay_out(report, most_lanes=9, most_spans=9).shown
    assert [[each.name for each in row] for row in lane.rows] == [["other"], ["db.sql", "start"]]


def test_an_instant_keeps_its_place_in_the_row() -> None:
    report = phase(span("a", "one", 0, 5), span("a", "next", 5, 6), span("a", "instant", 5, 5))
    (lane,) = lanes.lay_out(report, most_lanes=9, most_spans=9).shown
    assert [each.name for each in lane.rows[0]] == ["one", "instant", "next"]


def test_of_many_lanes_the_critical_and_the_busiest_are_shown_in_the_order_of_the_assembly() -> (
    None
):
    spans = [span(f"c{i}", "t", 0, i) for i in range(1, 9)]
    spans[2] = span("c3", "t", 0, 3, is_critical=True)
    laid_out = lanes.lay_out(phase(*spans), most_lanes=3, most_spans=99)
    assert [lane.component for lane in laid_out.shown] == ["c3", "c7", "c8"]
    assert laid_out.lanes_left_out == 5 and laid_out.spans_left_out == 0


def test_of_many_spans_the_longest_are_shown_and_the_rest_is_counted() -> None:
    busy = [span("busy", f"t{i}", i, i + 1) for i in range(50)]
    laid_out = lanes.lay_out(phase(*busy, span("calm", "t", 0, 3)), most_lanes=9, most_spans=20)
    assert len(laid_out.spans) == 20
    assert laid_out.spans_left_out == 30 and laid_out.lanes_left_out == 1


@pytest.mark.parametrize(
    ("makespan_s", "unit", "last"),
    [
        (1e-6, "µs", "1"),
        (0.25, "ms", "250"),
        (13, "s", "12"),
        (305.3, "s", "300"),
        (7_200, "min", "120"),
        (1e9, "d", "10000"),
    ],
)
def test_ticks_are_round_and_few(makespan_s: float, unit: str, last: str) -> None:
    made = axis.make(makespan_s, most_ticks=10)
    assert made.unit == unit and made.ticks[-1][1] == last
    assert 2 <= len(made.ticks) <= 11
    assert all(seconds <= made.horizon_s * (1 + 1e-9) for seconds, _ in made.ticks)


def test_an_axis_of_nothing_has_one_tick() -> None:
    assert axis.make(0, most_ticks=10).ticks == ((0.0, "0"),)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (1e-6, "0.000001 s"), (61.4, "61.4 s"), (305.27, "305.27 s (5.09 min)")],
)
def test_amounts_are_exact_and_in_words_where_that_helps(seconds: float, words: str) -> None:
    assert axis.amount(seconds) == words
