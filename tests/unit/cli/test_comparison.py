"""A reconfiguration beside its prediction: lanes, rows and differences."""

from ripieno.cli import comparison, comparison_svg
from ripieno.cli.comparison import BarKind
from tests.unit.cli.test_progress import at, predicted, reconfiguration, span


def test_transitions_that_follow_each_other_share_a_row_and_those_beside_do_not() -> None:
    asked = reconfiguration(
        span("web", "prepare", 0, 1),
        span("web", "start", 0.9995, 2),
        span("web", "warm", 1.5, 1.8),
    )
    [lane] = comparison.compare(asked, at(3), most_lanes=10).lanes
    assert [[bar.name for bar in row] for row in lane.went] == [["prepare", "start"], ["warm"]]


def test_what_has_not_ended_goes_on_until_now() -> None:
    compared = comparison.compare(reconfiguration(span("web", "start", 1)), at(5), most_lanes=10)
    [[bar]] = compared.lanes[0].went
    assert (bar.kind, bar.end_s) == (BarKind.OPEN, 5.0)
    assert compared.horizon_s == 5.0


def test_the_largest_differences_come_first_and_failures_are_none() -> None:
    asked = reconfiguration(
        span("web", "prepare", 0, 1),
        span("web", "start", 1, 9),
        span("db", "start", 0, 3, "failed"),
        forecast=(
            predicted("web", "prepare", 0, 2),
            predicted("web", "start", 2, 4),
            predicted("db", "start", 0, 1),
        ),
    )
    compared = comparison.compare(asked, at(9), most_lanes=10)
    assert [each.transition for each in compared.differences] == ["start", "prepare"]
    assert compared.kinds == (BarKind.DONE, BarKind.FAILED, BarKind.PREDICTED)


def test_of_many_components_those_that_failed_and_took_long_are_kept_in_their_order() -> None:
    timeline = [span(f"c{n}", "start", n, n + 1) for n in range(100)]
    timeline += [span("slow", "start", 200, 290), span("broken", "start", 300, 300.1, "failed")]
    compared = comparison.compare(reconfiguration(*timeline), at(400), most_lanes=3)
    assert [lane.component for lane in compared.lanes] == ["c0", "slow", "broken"]
    assert compared.lanes_left_out == 99
    assert "99 more components" in comparison_svg.draw("shop", compared)


def test_nothing_at_all_can_be_compared_and_drawn() -> None:
    compared = comparison.compare(reconfiguration(), at(1), most_lanes=10)
    assert not compared.lanes
    assert "No transition was begun" in comparison_svg.draw("shop", compared)
