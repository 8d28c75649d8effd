"""What the charts of the page draw: columns of numbers, the first of them along the x axis."""

import math
from collections.abc import Sequence

from tweetoscope.dashboard.board import FORECASTS, TWEETS, Board
from tweetoscope.dashboard.cascades import Cascade, approach_rate, halving_s
from tweetoscope.dashboard.flow import BUCKET_S
from tweetoscope.dashboard.trust import Record
from tweetoscope.reports import Prediction

Column = list[float | None]
STEPS = 32
MOST_PAST = 3
HALVINGS = 4.3
"""After so many half-lives 95 % of what is to come has come."""


def growth(cascade: Cascade, age_s: float | None) -> dict[str, object]:
    """The size at ages, the newest forecast's fan, and the middle of those before it.

    Forecasts begin with what they had seen at the end of their window.
    """
    told = [cascade.forecasts[window] for window in sorted(cascade.forecasts)]
    newest, past = told[-1], told[-1 - MOST_PAST : -1]
    grown = cascade.points()
    if age_s is not None and cascade.final is None:
        grown = [*grown, (age_s, float(cascade.size))]
    until_s = max(_horizon_s(newest), grown[-1][0])
    ages = {age for age, _ in grown}
    for each in told[-1 - MOST_PAST :]:
        ages.update(_grid(each.window_s, until_s))
    x = sorted(ages)
    sizes = dict(grown)
    return {
        "x": x,
        "observed": [sizes.get(age) for age in x],
        "middle": _approach(newest, newest.size, x),
        "low": _approach(newest, newest.low, x),
        "high": _approach(newest, newest.high, x),
        "past": [{"window": each.window_s, "y": _approach(each, each.size, x)} for each in past],
        "window": newest.window_s,
        "final": cascade.final,
    }


def errors(record: Record) -> dict[str, list[list[float | None]]]:
    """Times in seconds; mean and median error of the model, and of the constant."""
    columns = [[*map(_finite, column)] for column in record.history.columns()]
    if not columns:
        return {"columns": [[], [], [], [], []]}
    times = [None if at is None else at / 1000.0 for at in columns[0]]
    return {"columns": [times, columns[1], columns[3], columns[2], columns[4]]}


def rates(board: Board, now_ms: int) -> dict[str, list[list[float]]]:
    """Times in seconds; tweets and forecasts a second."""
    return {"columns": _columns(list(board.flow.rates(now_ms, (TWEETS, FORECASTS))), 3)}


def latencies(board: Board, now_ms: int) -> dict[str, list[list[float]]]:
    """Times in seconds; median and p95 latency in milliseconds, of buckets that are over."""
    rows = [row for row in board.flow.latency() if row[0] + BUCKET_S <= now_ms // 1000]
    return {"columns": _columns(rows, 3)}


def _columns(rows: Sequence[Sequence[float]], count: int) -> list[list[float]]:
    return [[row[at] for row in rows] for at in range(count)]


def _horizon_s(told: Prediction) -> float:
    wanted_s = told.window_s + HALVINGS * halving_s(told)
    return min(max(wanted_s, 1.5 * told.window_s), 12.0 * told.window_s)


def _grid(start_s: float, end_s: float) -> list[float]:
    return [
        round(start_s + (end_s - start_s) * (step / STEPS) ** 2, 1) for step in range(STEPS + 1)
    ]


def _approach(told: Prediction, final: float, ages_s: Sequence[float]) -> Column:
    """From what was seen towards a final size; None before the window's end."""
    rate = approach_rate(told)
    return [
        None
        if age_s < told.window_s
        else told.events + (final - told.events) * -math.expm1(-rate * (age_s - told.window_s))
        for age_s in ages_s
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
