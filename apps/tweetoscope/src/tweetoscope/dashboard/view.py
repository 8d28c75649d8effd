"""What the page shows: answers to what its users ask, out of the board, for one wish.

Pure: the same board, wish and time make the same view.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tweetoscope.dashboard import charts
from tweetoscope.dashboard.alarms import Alarm
from tweetoscope.dashboard.board import ALERTS, FORECASTS, TWEETS, Board
from tweetoscope.dashboard.cascades import Cascade, Phase, halving_s, hawkes_size, seconds_to
from tweetoscope.dashboard.standing import Link, Standing, standing
from tweetoscope.dashboard.trust import Finding, Record
from tweetoscope.dashboard.wish import Wish
from tweetoscope.drift import Trust
from tweetoscope.reports import Prediction

MOST_ROWS = 12
MOST_ALARMS = 8
MOST_ENDED = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Passing:
    """Whether a cascade passes the threshold, and when: in `in_s` of the stream, at our `at_ms`."""

    probability: float
    is_passed: bool
    in_s: float | None = None
    at_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """An interval on a scale of 100 that all rows share, logarithmic."""

    now: float
    low: float
    middle: float
    high: float
    threshold: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One of the largest cascades."""

    rank: int
    cascade: Cascade
    told: Prediction
    is_beyond: bool
    age_s: float | None
    phase: Phase
    passing: Passing
    bar: Bar
    address: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """The chosen cascade."""

    cascade: Cascade
    told: Prediction
    age_s: float | None
    phase: Phase
    passing: Passing
    forecasts: Sequence[Prediction]
    halving_s: float
    hawkes_size: float
    samples: int
    growth: dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A window, and how far its forecasts can be trusted."""

    record: Record
    trust: Trust | None
    coverage: float | None
    finding: Finding
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """A cascade that has ended: what was foretold of it first, and what became of it."""

    cascade: Cascade
    told: Prediction
    error: float
    is_covered: bool
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """All that the page shows."""

    standing: Standing
    wish: Wish
    threshold: float
    windows_s: Sequence[float]
    rows: Sequence[Row]
    open_count: int
    detail: Detail | None
    alarms: Sequence[Alarm]
    alarms_decided: tuple[int, int]
    lead_s: float | None
    judged: Sequence[Judged]
    fates: Sequence[Fate]
    pace: float | None
    tweet_rate: float
    forecast_rate: float
    alerts: int
    latency_ms: tuple[float | None, float | None]
    lags: Sequence[tuple[str, int]]
    unreadable: int
    charts: dict[str, object]


def view(board: Board, link: Link, wish: Wish, windows_s: Sequence[float], now_ms: int) -> View:
    """What to show of a board now; `windows_s` are those that the collector is to have."""
    asked = wish.threshold if wish.threshold is not None else board.threshold
    threshold = 0.0 if asked is None else asked
    rows = _rows(board, wish, threshold, now_ms)
    chosen = board.find(wish.cascade) or (rows[0].cascade if rows else None)
    detail = _detail(board, chosen, threshold, now_ms) if chosen is not None else None
    judged = _judged(board, wish, threshold)
    alarms = list(board.alarms.newest.values())[: -1 - MOST_ALARMS : -1]
    flow = board.flow
    drawn: dict[str, object] = {
        "growth": None if detail is None else detail.growth | {"threshold": threshold},
        "errors": next((charts.errors(each.record) for each in judged if each.is_chosen), None),
        "rates": charts.rates(board, now_ms),
        "latencies": charts.latencies(board, now_ms),
    }
    return View(
        standing=standing(board, link, windows_s, now_ms),
        wish=wish,
        threshold=threshold,
        windows_s=sorted({*windows_s, *board.records}),
        rows=rows,
        open_count=len(board.foretold),
        detail=detail,
        alarms=alarms,
        alarms_decided=board.alarms.decided(),
        lead_s=board.alarms.lead_s(),
        judged=judged,
        fates=_fates(board, wish),
        pace=flow.pace(),
        tweet_rate=flow.rate(TWEETS, now_ms),
        forecast_rate=flow.rate(FORECASTS, now_ms),
        alerts=flow.totals.get(ALERTS, 0),
        latency_ms=(flow.quantile(0.5), flow.quantile(0.95)),
        lags=sorted(link.lags.items()),
        unreadable=board.unreadable,
        charts=drawn,
    )


def _rows(board: Board, wish: Wish, threshold: float, now_ms: int) -> list[Row]:
    words = wish.words.casefold()
    found = []
    for cascade in board.foretold.values():
        told = cascade.newest if wish.window_s is None else cascade.forecasts.get(wish.window_s)
        if told is not None and words in f"{cascade.name} {cascade.text}".casefold():
            found.append((told, cascade))
    largest = heapq.nlargest(MOST_ROWS, found, key=_expected)
    scale = _Scale([each[0] for each in largest], threshold)
    chosen = wish.cascade or (largest[0][1].name if largest else "")
    return [
        Row(
            rank=rank,
            cascade=cascade,
            told=told,
            is_beyond=cascade.size > told.size,
            age_s=(age_s := board.age_s(cascade)),
            phase=cascade.phase(age_s),
            passing=_passing(board, cascade, told, threshold, now_ms),
            bar=scale.bar(told, cascade.size),
            address=wish.address(cascade.name),
            is_chosen=cascade.name == chosen,
        )
        for rank, (told, cascade) in enumerate(largest, 1)
    ]


def _expected(found: tuple[Prediction, Cascade]) -> tuple[float, str]:
    told, cascade = found
    return max(told.size, float(cascade.size)), cascade.name


class _Scale:
    def __init__(self, shown: Sequence[Prediction], threshold: float) -> None:
        low = min((each.events for each in shown), default=1)
        # Intervals may be very wide at first, which would leave no room for anything else.
        high = max((min(each.high, 4.0 * each.size) for each in shown), default=10.0)
        self._start = math.log(max(low, 1))
        self._length = max(math.log(max(high, 1.0)) - self._start, 0.1)
        self._threshold = threshold

    def bar(self, told: Prediction, size: int) -> Bar:
        """The bar of a forecast."""
        mark = self._at(self._threshold) if self._threshold > 0.0 else None
        return Bar(
            now=self._at(size),
            low=self._at(told.low),
            middle=self._at(told.size),
            high=self._at(told.high),
            threshold=mark if mark is not None and 0.0 < mark < 100.0 else None,
        )

    def _at(self, size: float) -> float:
        place = 100.0 * (math.log(max(size, 1.0)) - self._start) / self._length
        return round(min(max(place, 0.0), 100.0), 2)


def _passing(
    board: Board, cascade: Cascade, told: Prediction, threshold: float, now_ms: int
) -> Passing:
    size = cascade.size
    if size > threshold:
        return Passing(probability=1.0, is_passed=True)
    if cascade.final is not None:
        return Passing(probability=0.0, is_passed=False)
    probability = board.record(told.window_s).probability(threshold, told)
    in_s = seconds_to(threshold, told, size)
    if not math.isfinite(in_s):
        return Passing(probability=probability, is_passed=False)
    pace = board.flow.pace()
    at_ms = now_ms + 1000.0 * in_s / pace if pace else None
    return Passing(probability=probability, is_passed=False, in_s=in_s, at_ms=at_ms)


def _detail(board: Board, cascade: Cascade, threshold: float, now_ms: int) -> Detail | None:
    told = cascade.newest
    if told is None:
        return None
    age_s = board.age_s(cascade)
    return Detail(
        cascade=cascade,
        told=told,
        age_s=age_s,
        phase=cascade.phase(age_s),
        passing=_passing(board, cascade, told, threshold, now_ms),
        forecasts=[cascade.forecasts[window] for window in sorted(cascade.forecasts)],
        halving_s=halving_s(told),
        hawkes_size=hawkes_size(told),
        samples=board.record(told.window_s).model_samples,
        growth=charts.growth(cascade, age_s),
    )


def _judged(board: Board, wish: Wish, threshold: float) -> list[Judged]:
    records = [board.records[window] for window in sorted(board.records)]
    known = [record.window_s for record in records if record.scored]
    chosen = wish.window_s if wish.window_s in known else next(iter(known), None)
    return [
        Judged(
            record=record,
            trust=record.trust(),
            coverage=record.coverage(),
            finding=record.finding(threshold),
            is_chosen=record.window_s == chosen,
        )
        for record in records
    ]


def _fates(board: Board, wish: Wish) -> list[Fate]:
    fates = []
    for cascade in list(board.ended.values())[: -1 - MOST_ENDED : -1]:
        told, final = cascade.forecasts[min(cascade.forecasts)], cascade.final or 1
        fates.append(
            Fate(
                cascade=cascade,
                told=told,
                error=abs(told.size - final) / final,
                is_covered=told.low <= final <= told.high,
                address=wish.address(cascade.name),
            )
        )
    return fates
