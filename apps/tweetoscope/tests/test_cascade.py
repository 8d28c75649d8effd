from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetoscope.cascade import Closed, Collector, Ended, Gathering, Happening, Source, Tweet
from tweetoscope.errors import BadParameters

GATHERING = Gathering(windows_s=(10.0, 30.0), terminated_s=25.0, least_events=2, horizon_s=100.0)


def tweet(time_s: float, cascade: str = "a", *, first: bool = False, mark: float = 1.0) -> Tweet:
    return Tweet(cascade=cascade, time_s=time_s, mark=mark, is_first=first)


def play(*tweets: Tweet, gathering: Gathering = GATHERING) -> list[Happening]:
    return Source(gathering).take(tweets)


def windows(happened: list[Happening]) -> list[tuple[str, float, list[float]]]:
    return [
        (each.cascade, each.window_s, list(each.times_s))
        for each in happened
        if isinstance(each, Closed)
    ]


def test_window_holds_its_last_second_and_closes_after_it() -> None:
    source = Source(GATHERING)
    assert source.take([tweet(100, first=True), tweet(110), tweet(110)]) == []
    (closed,) = source.take([tweet(111)])
    assert isinstance(closed, Closed)
    assert (closed.cascade, closed.window_s, list(closed.times_s)) == ("a", 10.0, [0, 10, 10])


def test_any_tweet_of_the_source_moves_its_time() -> None:
    happened = play(tweet(0, first=True), tweet(5), tweet(50, "b", first=True))
    assert windows(happened) == [("a", 10.0, [0, 5]), ("a", 30.0, [0, 5])]
    # Silent since 5, it ended at 30: when its second window closed, in the order of what was due.
    assert happened[-1] == Ended(cascade="a", windows_s=(10.0, 30.0), events=2, end_s=5.0)


def test_cascade_that_ends_before_a_window_has_none_of_it() -> None:
    gathering = Gathering(windows_s=(10.0, 60.0), terminated_s=20.0, least_events=2)
    happened = play(tweet(0, first=True), tweet(4), tweet(90, "b", first=True), gathering=gathering)
    assert windows(happened) == [("a", 10.0, [0, 4])]
    assert happened[-1] == Ended(cascade="a", windows_s=(10.0,), events=2, end_s=4.0)


def test_small_cascades_are_dropped() -> None:
    assert play(tweet(0, first=True), tweet(200, "b", first=True)) == []


def test_cascade_is_not_followed_past_the_horizon() -> None:
    many = [tweet(float(t)) for t in range(5, 140, 5)]
    happened = play(tweet(0, first=True), *many)
    assert happened[-1] == Ended(cascade="a", windows_s=(10.0, 30.0), events=21, end_s=100.0)


def test_what_cannot_be_taken_in_is_counted() -> None:
    source = Source(GATHERING)
    source.take([tweet(3, "dead"), tweet(4, first=True), tweet(5, first=True), tweet(1, "late")])
    counts = source.counts
    assert (counts.strays, counts.repeated, counts.late, counts.taken) == (1, 1, 1, 1)
    source.take([tweet(50), tweet(60)])
    assert counts.strays == 3


def test_time_moves_on_at_the_end_of_a_replay() -> None:
    source = Source(GATHERING)
    assert source.take([tweet(0, first=True), tweet(5)]) == []
    assert len(source.advance(1000.0)) == 3
    assert source.open_cascades == 0


def test_events_are_kept_no_longer_than_windows_need_them() -> None:
    gathering = Gathering(windows_s=(10.0,), terminated_s=1000.0)
    source = Source(gathering)
    source.take([tweet(0, first=True), *[tweet(t / 100.0) for t in range(1, 900)]])
    assert source.stored_events == 900
    source.take([tweet(float(t)) for t in range(11, 500)])
    assert (source.stored_events, source.open_cascades) == (0, 1)


def test_low_water_is_the_earliest_position_still_needed() -> None:
    collector = Collector(gathering=GATHERING)
    assert collector.low_water is None
    collector.take("s", [Tweet("a", 0.0, 1.0, True, "", 7), Tweet("b", 50.0, 1.0, True, "", 9)])
    collector.take("other", [Tweet("c", 3.0, 1.0, True, "", 8)])
    assert collector.low_water == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"windows_s": ()},
        {"windows_s": (30.0, 10.0)},
        {"windows_s": (1e9,)},
        {"terminated_s": 0.0},
        {"lateness_s": -1.0},
    ],
)
def test_gathering_that_cannot_be_done_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadParameters):
        Gathering(**wrong)  # type: ignore[arg-type]  # what is wrong may be of any type


@st.composite
def streams(draw: st.DrawFn) -> list[Tweet]:
    """Tweets of one source in the order of their times, strays among them."""
    count = draw(st.integers(0, 40))
    names = st.sampled_from("abcd")
    time_s, found = 0.0, []
    for serial in range(count):
        time_s += draw(st.sampled_from([0.0, 1.0, 4.0, 9.5, 40.0]))
        is_first = draw(st.integers(0, 3)) == 0
        found.append(tweet(time_s, draw(names), first=is_first, mark=float(serial)))
    return found


@given(streams(), streams(), st.data())
def test_neither_interleaving_nor_chunks_change_what_happens(
    one: list[Tweet], other: list[Tweet], data: st.DataObject
) -> None:
    expected = {"one": play(*one), "other": play(*other)}
    collector, happened = Collector(gathering=GATHERING), defaultdict[str, list[Happening]](list)
    left = {"one": list(one), "other": list(other)}
    while any(left.values()):
        source = data.draw(st.sampled_from([name for name, tweets in left.items() if tweets]))
        count = data.draw(st.integers(1, len(left[source])))
        happened[source] += collector.take(source, left[source][:count])
        del left[source][:count]
    assert expected == {"one": happened["one"], "other": happened["other"]}


@given(streams(), st.data())
def test_disorder_within_the_lateness_changes_nothing(
    tweets: list[Tweet], data: st.DataObject
) -> None:
    lateness_s = 12.0
    gathering = Gathering(
        windows_s=(10.0, 30.0), terminated_s=25.0, least_events=2, horizon_s=100.0,
        lateness_s=lateness_s,
    )  # fmt: skip
    delays = [data.draw(st.floats(0.0, lateness_s)) for _ in tweets]
    order = sorted(range(len(tweets)), key=lambda at: tweets[at].time_s + delays[at])
    results = []
    for stream in (tweets, [tweets[at] for at in order]):
        source = Source(gathering)
        happened = source.take(stream)
        happened += source.advance(10_000.0)
        results.append((happened, source.counts))
    assert results[0] == results[1]
    assert results[0][1].late == 0


@given(streams())
def test_every_tweet_is_counted_once(tweets: list[Tweet]) -> None:
    source = Source(GATHERING)
    happened = source.take(tweets)
    happened += source.advance(10_000.0)
    counts = source.counts
    assert counts.taken + counts.strays + counts.repeated + counts.late == len(tweets)
    assert source.open_cascades == source.stored_events == 0
    for each in happened:
        if isinstance(each, Closed):
            assert each.times_s[0] == 0.0
            assert max(each.times_s) <= each.window_s
            assert len(each.times_s) >= GATHERING.least_events


def test_other_windows_take_over_what_lies_ahead_of_them() -> None:
    def gathering(*windows_s: float) -> Gathering:
        return Gathering(windows_s=windows_s, least_events=1)

    before = Source(gathering(100.0))
    before.take([tweet(0, "a", first=True), tweet(10, "a")])
    before.take([tweet(40, "b", first=True), tweet(95, "b"), tweet(120, "c", first=True)])
    after = Source(gathering(50.0, 100.0, 200.0))
    after.restore(before.newest_s, before.open, ())
    happened = after.take([tweet(1000, "d", first=True)])
    # All of a that was asked for is told, and its events are gone; b is past 50 s.
    assert windows(happened) == [
        ("b", 100.0, [0.0, 55.0]),
        ("c", 50.0, [0.0]),
        ("c", 100.0, [0.0]),
        ("b", 200.0, [0.0, 55.0]),
        ("c", 200.0, [0.0]),
    ]
    ends = {
        each.cascade: each.windows_s for each in after.advance(9000.0) if isinstance(each, Ended)
    }
    assert ends["a"] == (100.0,)
    assert ends["b"] == (100.0, 200.0)
