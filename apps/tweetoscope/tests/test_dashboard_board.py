"""The state of the dashboard and what is shown of it: without a broker, and without a page."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetoscope.cascade import Tweet
from tweetoscope.dashboard import board as boards
from tweetoscope.dashboard import charts, words
from tweetoscope.dashboard.alarms import Outcome
from tweetoscope.dashboard.board import Board, Taught
from tweetoscope.dashboard.cascades import Phase
from tweetoscope.dashboard.standing import Link, Tone
from tweetoscope.dashboard.thinning import Series
from tweetoscope.dashboard.view import View, view
from tweetoscope.dashboard.wish import Wish
from tweetoscope.messages import Size
from tweetoscope.reports import Alert, Prediction, Stat

NOW_MS = 1_700_000_000_000
WINDOWS_S = (600.0, 1800.0)
FORETOLD = Prediction(
    cascade="tw1", text="whales", window_s=600.0, events=40, size=120.0, low=80.0, high=300.0,
    constant=70.0, n_star=0.8, beta=1e-3, g1=20.0, model_version=3, threshold=100.0,
    probability=0.6, passes_s=500.0, closed_ms=NOW_MS - 40,
)  # fmt: skip
ALERT = Alert(
    cascade="tw1", text="whales", window_s=600.0, size=120.0, low=80.0, high=300.0,
    threshold=100.0, probability=0.6, model_version=3,
)  # fmt: skip


def tweets(board: Board, times_s: Iterable[float], cascade: str = "tw1", pace: float = 1.0) -> None:
    """A cascade whose source began at 0 just now minus what has passed."""
    times = list(times_s)
    for number, time_s in enumerate(times):
        at_ms = NOW_MS - int(1000.0 * (times[-1] - time_s) / pace)
        board.tweet("s", Tweet(cascade, time_s, 5.0, number == 0, "whales"), at_ms)


def seen(board: Board, wish: Wish | None = None, link: Link | None = None) -> View:
    return view(board, link or Link(), wish or Wish(), WINDOWS_S, NOW_MS)


def test_a_cascade_is_shown_with_its_forecast_and_when_it_passes_the_threshold() -> None:
    board = Board()
    tweets(board, range(0, 600, 15), pace=60.0)
    board.predict(FORETOLD, NOW_MS)
    [row] = seen(board).rows
    assert (row.cascade.text, row.cascade.size, row.is_chosen) == ("whales", 40, True)
    assert row.passing.probability == 0.6
    assert row.passing.in_s is not None
    assert row.passing.at_ms == pytest.approx(NOW_MS + 1000.0 * row.passing.in_s / 60.0)
    # As the curve that is drawn has it: there it is at the threshold.
    growth = charts.growth(row.cascade, 585.0)
    ages, middle = growth["x"], growth["middle"]
    assert isinstance(ages, list)
    assert isinstance(middle, list)
    after = next(age for age, size in zip(ages, middle, strict=True) if size and size > 100.0)
    assert row.passing.in_s <= after - 600.0


@pytest.mark.parametrize(("threshold", "chance"), [(30.0, 1.0), (110.0, 0.5), (5000.0, 0.05)])
def test_another_threshold_than_the_predictors_has_its_own_chances(
    threshold: float, chance: float
) -> None:
    board = Board()
    board.predict(FORETOLD, NOW_MS)
    [row] = seen(board, Wish(threshold=threshold)).rows
    assert row.passing.probability == pytest.approx(chance, abs=0.15)
    assert row.passing.is_passed == (threshold < 40.0)


def test_the_largest_come_first_and_only_those_that_match() -> None:
    board = Board()
    for number, text in enumerate(["whales", "Wales", "sharks"], 1):
        told = replace(FORETOLD, cascade=f"tw{number}", text=text, size=100.0 * number)
        board.predict(told, NOW_MS)
    assert [row.cascade.text for row in seen(board).rows] == ["sharks", "Wales", "whales"]
    assert [row.cascade.text for row in seen(board, Wish(words="wAL")).rows] == ["Wales"]
    assert [row.cascade.text for row in seen(board, Wish(words="tw1")).rows] == ["whales"]
    assert seen(board, Wish(window_s=1800.0)).rows == []
    detail = seen(board, Wish(words="wal", cascade="tw1")).detail
    assert detail is not None
    assert detail.cascade.name == "tw1"


def test_an_alert_is_judged_by_when_the_cascade_passed() -> None:
    board = Board()
    tweets(board, range(0, 800, 10))
    board.alert(ALERT, NOW_MS)
    board.predict(FORETOLD, NOW_MS)
    alarm = board.alarms.newest["tw1"]
    assert alarm.outcome is Outcome.OPEN
    for time_s in range(800, 1020, 10):
        board.tweet("s", Tweet("tw1", float(time_s), 5.0, False), NOW_MS)
    # The 101st tweet comes at 1,000 s, 400 s after the window.
    assert (alarm.outcome, alarm.lead_s) == (Outcome.PASSED, 400.0)
    board.alert(replace(ALERT, window_s=1800.0), NOW_MS)
    assert board.alarms.newest["tw1"].lead_s == 400.0
    board.alert(replace(ALERT, cascade="tw2"), NOW_MS)
    board.end(Size(cascade="tw2", events=60, end_s=9.0), NOW_MS)
    assert board.alarms.decided() == (1, 1)
    assert board.alarms.lead_s() == 400.0


@pytest.mark.parametrize("turned", [False, True])
def test_a_cascade_that_has_ended_is_judged_whatever_came_first(turned: bool) -> None:
    board = Board()
    size = Size(cascade="tw1", events=100, end_s=4000.0)
    told: list[Callable[[], None]] = [
        lambda: board.predict(FORETOLD, NOW_MS),
        lambda: board.end(size, NOW_MS),
    ]
    for tell in reversed(told) if turned else told:
        tell()
    board.end(size, NOW_MS)  # told once for each window
    shown = seen(board, Wish(threshold=90.0))
    assert shown.rows == []
    [fate] = shown.fates
    assert fate.error == pytest.approx(0.2)
    assert fate.is_covered
    [judged] = shown.judged
    assert (judged.finding.foretold, judged.finding.passed, judged.finding.both) == (1, 1, 1)
    late = replace(FORETOLD, window_s=1800.0, size=95.0)
    board.predict(late, NOW_MS)
    assert board.record(1800.0).finding(90.0).both == 1


def test_trust_is_told_beside_the_constant() -> None:
    board = Board()
    for number in range(30):
        stat = Stat(
            cascade=f"tw{number}", window_s=600.0, error=0.2, error_of_constant=0.4,
            is_covered=number % 10 != 0,
        )  # fmt: skip
        board.score(stat, NOW_MS + 2000 * number)
    board.teach(Taught(window_s=600.0, version=4, samples=120), NOW_MS)
    [judged] = seen(board).judged
    assert judged.trust is not None
    assert judged.trust.is_deserved
    assert judged.trust.model == pytest.approx((0.2, 0.2))
    assert judged.coverage == pytest.approx(0.9)
    assert judged.record.model_version == 4
    drawn = seen(board).charts["errors"]
    assert isinstance(drawn, dict)
    assert len(drawn["columns"]) == 5
    assert len(drawn["columns"][0]) == 30
    # A program of the course's tells no more than the error.
    board.score(Stat(cascade="tw1", window_s=600.0, error=0.2), NOW_MS)


def test_growth_tells_what_phase_a_cascade_is_in() -> None:
    rising = Board()
    tweets(rising, range(0, 600, 10))
    fading = Board()
    tweets(fading, [n * n / 6.0 for n in range(60)])
    rising.predict(FORETOLD, NOW_MS)
    fading.predict(replace(FORETOLD, size=300.0), NOW_MS)
    assert seen(rising).rows[0].phase is Phase.RISING
    assert seen(fading).rows[0].phase is Phase.PAST
    fading.predict(replace(FORETOLD, size=61.0), NOW_MS)
    assert seen(fading).rows[0].phase is Phase.OVER


def test_latency_rates_and_pace_are_those_of_the_messages() -> None:
    board = Board()
    tweets(board, range(0, 600, 5), pace=20.0)
    board.predict(FORETOLD, NOW_MS)
    shown = seen(board)
    assert shown.latency_ms == (40.0, 40.0)
    assert shown.pace == pytest.approx(20.0, rel=0.05)
    assert shown.tweet_rate == pytest.approx(4.0, rel=0.2)


LOST = Link(since_ms=NOW_MS - 5000, lost="nobody answers")


@pytest.mark.parametrize(
    ("events", "pace", "link", "title", "tone"),
    [
        (0, 1.0, Link(), "No tweet has come yet", Tone.WAITING),
        (0, 1.0, Link(is_reading_past=True), "Reading what came before", Tone.WAITING),
        (0, 1.0, LOST, "Nothing can be read from the broker", Tone.BAD),
        (5, 1.0, Link(), "Waiting for a cascade", Tone.WAITING),
        (31, 1.0, Link(), "Waiting for the first window to close", Tone.WAITING),
        (100, 10.0, Link(lags={"estimator": 7}), "Windows have closed, but", Tone.BAD),
    ],
)
def test_why_there_is_nothing_yet_is_said(
    events: int, pace: float, link: Link, title: str, tone: Tone
) -> None:
    board = Board()
    if events:
        tweets(board, range(0, 10 * events, 10), pace=pace)
    said = seen(board, link=link).standing
    assert said.title.startswith(title)
    assert said.tone is tone
    if events == 31:
        # 300 of 600 s are over, at the pace of our clock.
        assert said.at_ms == NOW_MS + 300_000
    if not events and not link.lost and not link.is_reading_past:
        assert "says in its log what it waits for" in said.said
    if link.lags:
        assert "estimator (7 behind)" in said.said


def test_silence_is_said() -> None:
    board = Board()
    tweets(board, range(20))
    board.predict(FORETOLD, NOW_MS)
    assert seen(board).standing.tone is Tone.GOOD
    late = view(board, Link(), Wish(), WINDOWS_S, NOW_MS + 60_000)
    assert (late.standing.title, late.standing.at_ms) == ("No tweets come any more", NOW_MS)


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(-1e3, 1e9)), min_size=1))
def test_a_series_stays_small_ascends_and_ends_where_it_does(
    points: list[tuple[float, float]],
) -> None:
    series = Series(most=8)
    for point in points:
        series.add(*point)
        assert len(series.points) <= 8
    places = [place for place, _ in series.points]
    assert places == sorted(places)
    assert series.points[0][0] == points[0][0]
    assert series.points[-1][1] == points[-1][1]


NAMES = st.sampled_from([f"tw{number}" for number in range(6)])
WINDOWS = st.sampled_from([600.0, 1200.0, 1800.0])
SIZES = st.floats(1.0, 1e7)
STEPS = st.one_of(
    st.tuples(st.just("tweet"), NAMES, st.floats(0.0, 1e6), st.booleans()),
    st.tuples(st.just("predict"), NAMES, WINDOWS, st.integers(1, 1000), SIZES),
    st.tuples(st.just("alert"), NAMES, WINDOWS, SIZES),
    st.tuples(st.just("score"), NAMES, WINDOWS, st.floats(0.0, 1e4)),
    st.tuples(st.just("end"), NAMES, st.integers(1, 100_000)),
)


def tell(board: Board, step: tuple[Any, ...], at_ms: int) -> None:
    match step:
        case ("tweet", name, time_s, is_first):
            board.tweet("s", Tweet(name, time_s, 1.0, is_first), at_ms)
        case ("predict", name, window_s, events, size):
            told = replace(FORETOLD, cascade=name, window_s=window_s, events=events)
            size = max(size, events)
            board.predict(replace(told, size=size, low=float(events), high=2.0 * size), at_ms)
        case ("alert", name, window_s, size):
            board.alert(replace(ALERT, cascade=name, window_s=window_s, size=size), at_ms)
        case ("score", name, window_s, error):
            stat = Stat(
                cascade=name, window_s=window_s, error=error, error_of_constant=1.0, is_covered=True
            )
            board.score(stat, at_ms)
        case ("end", name, events):
            board.end(Size(cascade=name, events=events, end_s=1.0), at_ms)


@given(st.lists(STEPS, max_size=60), st.floats(0.0, 1e6))
def test_whatever_comes_in_whatever_order_is_shown_and_bounded(
    steps: list[tuple[Any, ...]], threshold: float
) -> None:
    board = Board()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MOST_CASCADES", "MOST_FORETOLD", "MOST_ENDED"):
            patch.setattr(boards, name, 3)
        for number, step in enumerate(steps):
            tell(board, step, NOW_MS - 1000 * (60 - number))
            assert max(len(board.begun), len(board.foretold), len(board.ended)) <= 3
            names = [*board.begun, *board.foretold]
            assert len(names) == len(set(names))
            assert not set(board.foretold) & set(board.ended)
        shown = seen(board, Wish(threshold=threshold))
        sizes = [max(row.told.size, row.cascade.size) for row in shown.rows]
        assert sizes == sorted(sizes, reverse=True)
        for row in shown.rows:
            assert 0.0 <= row.passing.probability <= 1.0
            assert row.passing.in_s is None or row.passing.in_s >= 0.0
        json.dumps(shown.charts, allow_nan=False)


def test_only_so_many_cascades_are_kept_and_those_heard_of_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boards, "MOST_CASCADES", 3)
    board = Board()
    for number in range(3):
        board.tweet("s", Tweet(f"tw{number}", 0.0, 1.0, True), NOW_MS)
    board.tweet("s", Tweet("tw0", 1.0, 1.0, False), NOW_MS)
    board.tweet("s", Tweet("tw3", 2.0, 1.0, True), NOW_MS)
    assert list(board.begun) == ["tw2", "tw0", "tw3"]


def test_a_wish_is_in_the_address_and_nonsense_is_as_if_not_said() -> None:
    asked = {"threshold": "50", "window": "inf", "words": " whales ", "cascade": "tw1"}
    wish = Wish.of(asked)
    assert (wish.threshold, wish.window_s, wish.words) == (50.0, None, "whales")
    assert wish.address("tw 2&") == "?threshold=50&words=whales&cascade=tw+2%26"
    assert Wish.of({"threshold": "-1", "window": "soon"}) == Wish()


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (words.span(0.0), "0 s"), (words.span(42.0), "42 s"), (words.span(90.0), "1.5 min"),
        (words.span(7200.0), "2 h"), (words.size(1234.4), "1,234"), (words.size(2.5e6), "2.5 M"),
        (words.percent(0.999), "over 99 %"), (words.percent(1.0), "100 %"),
        (words.percent(0.001), "under 1 %"), (words.percent(0.0), "0 %"),
        (words.latency(42.0), "42 ms"), (words.latency(2500.0), "2.5 s"),
        (words.pace(1.0), "in real time"), (words.pace(100.0), "100 times as fast as real time"),
        (words.error(math.inf), "over 1,000 %"), (words.iso(0), "1970-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_numbers_are_told_as_people_read_them(said: str, value: str) -> None:
    assert said == value
