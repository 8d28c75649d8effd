"""Cascades of one source, gathered from its tweets: windows that close, cascades that end.

Pure state: tweets in, what has happened out. Time is that of the source and moves with its tweets
alone, so how sources are interleaved, or tweets split into batches, changes nothing. Tweets may
come out of order by up to `lateness_s`: they are held back so long and then taken in the order of
their times; one that comes later still is counted and left out. With 0 nothing is held back.

- A window of T seconds holds what came until T after the first tweet, and closes with the first
  tweet of the source after that.
- A cascade ends when there was nothing of it for `terminated_s`, or at `horizon_s` of its life.
- A retweet of a cascade that has ended, or never began, is counted and left out.

Memory is that of open cascades: 12 bytes an event until the last window, none after it.
"""

import heapq
import operator
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from tweetoscope.errors import BadParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathering:
    """How cascades are gathered; times in seconds."""

    windows_s: tuple[float, ...] = (600.0, 1200.0)
    terminated_s: float = 1800.0
    least_events: int = 10
    lateness_s: float = 0.0
    horizon_s: float = 7.0 * 86_400.0

    def __post_init__(self) -> None:
        ascending = tuple(sorted(set(self.windows_s)))
        if not self.windows_s or ascending != self.windows_s or self.windows_s[0] <= 0.0:
            raise BadParameters(f"windows are above 0 and ascend, unlike {self.windows_s}")
        if self.windows_s[-1] > self.horizon_s:
            raise BadParameters(
                f"a window of {self.windows_s[-1]:g} s is longer than the {self.horizon_s:g} s "
                "that a cascade is followed; leave it out or raise the horizon"
            )
        if self.terminated_s <= 0.0 or self.lateness_s < 0.0 or self.least_events < 1:
            raise BadParameters("terminated and least size are above 0, lateness is not below it")


class Tweet(NamedTuple):
    """A tweet or retweet; `position` is where in its stream it was read.

    A tuple, as there are a hundred thousand of them a second.
    """

    cascade: str
    time_s: float
    mark: float
    is_first: bool
    text: str = ""
    position: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A window has closed: all that was in it, times from the first tweet.

    `cause` is the position of the tweet that moved the source's time past its end.
    """

    cascade: str
    window_s: float
    text: str
    times_s: "array[float]"
    marks: "array[float]"
    cause: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A cascade has ended, for each window that had closed with enough events.

    `cause` is the position of the tweet that told.
    """

    cascade: str
    windows_s: tuple[float, ...]
    events: int
    end_s: float
    cause: int = 0


Happening: TypeAlias = Closed | Ended


@dataclass(kw_only=True, slots=True)
class Counts:
    """What was taken in and what was left out."""

    taken: int = 0
    late: int = 0
    strays: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Open:
    """A cascade that may go on. Its arrays are emptied when no window needs them any more.

    `closed_s` is the last window that has closed, whoever had it then.
    """

    first_s: float
    last_s: float
    text: str
    position: int
    serial: int
    events: int = 0
    closed_s: float = 0.0
    next_window: int = 0
    reported: tuple[float, ...] = ()
    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    marks: "array[float]" = field(default_factory=lambda: array("f"))


# In a heap of what is due: the time, the cascade's serial number and name, and whether it is its
# end (else a window's). The number tells it from a later one of the same name.
_Due: TypeAlias = tuple[float, int, str, bool]
# In the heap of what is held back: a tweet's place, which does not hang on when it came; the serial
# number is for tweets that are the same.
_Held: TypeAlias = tuple[float, bool, str, float, int, Tweet]


class Source:
    """The open cascades of one source."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._windows = len(gathering.windows_s)
        self.open: dict[str, Open] = {}
        self._due: list[_Due] = []
        self._held: list[_Held] = []
        self._serial = 0
        self._cause = 0
        self.newest_s = float("-inf")
        self.counts = Counts()

    def take(self, tweets: Sequence[Tweet]) -> list[Happening]:
        """Take tweets in as they come, and say what happens by it."""
        happened: list[Happening] = []
        if self._gathering.lateness_s or self._held or not self._ascend(tweets):
            self._follow(self._in_order(tweets), happened)
        else:
            self._follow(tweets, happened, is_own_cause=True)
        return happened

    def advance(self, time_s: float) -> list[Happening]:
        """Move the source's time on without a tweet, as when a replay has come to its end."""
        happened: list[Happening] = []
        self.newest_s = max(self.newest_s, time_s)
        now_s = self.newest_s - self._gathering.lateness_s
        self._follow(self._released(now_s), happened)
        self._until(now_s, happened)
        return happened

    def restore(self, newest_s: float, cascades: Mapping[str, Open], held: Iterable[Tweet]) -> None:
        """Be as one was whose `newest_s`, `open` and `held` these were.

        That one may have had other windows. Of an open cascade those of today close that lie ahead
        of its last tweet and of the last window that has closed, if its events were kept for one
        that lay ahead then.
        """
        self.newest_s = newest_s
        self.open.update(cascades)
        for name, cascade in cascades.items():
            self._serial = max(self._serial, cascade.serial)
            self._resume(cascade)
            self._await(name, cascade)
        for tweet in held:
            self._hold(tweet)

    @property
    def held(self) -> list[Tweet]:
        """What is held back."""
        return [held[-1] for held in self._held]

    @property
    def open_cascades(self) -> int:
        """How many cascades may go on."""
        return len(self.open)

    @property
    def stored_events(self) -> int:
        """How many events are in memory."""
        return len(self._held) + sum(len(each.times_s) for each in self.open.values())

    @property
    def low_water(self) -> int | None:
        """The earliest position that is still needed; all before it need not be read again."""
        positions = [each.position for each in self.open.values()]
        positions += [held[-1].position for held in self._held]
        return min(positions, default=None)

    def _hold(self, tweet: Tweet) -> None:
        self._serial += 1
        place = (tweet.time_s, not tweet.is_first, tweet.cascade, tweet.mark)
        heapq.heappush(self._held, (*place, self._serial, tweet))

    def _ascend(self, tweets: Sequence[Tweet]) -> bool:
        """Whether none comes late; then time is moved on to the last."""
        times_s = list(map(_TIME_S, tweets))
        if not times_s or times_s[0] < self.newest_s or times_s != sorted(times_s):
            return False
        self.newest_s, self._cause = times_s[-1], tweets[-1].position
        return True

    def _in_order(self, tweets: Iterable[Tweet]) -> Iterator[Tweet]:
        """Tweets in the order of their times, those that come too late left out."""
        lateness_s = self._gathering.lateness_s
        for tweet in tweets:
            time_s, self._cause = tweet.time_s, tweet.position
            if time_s > self.newest_s:
                self.newest_s = time_s
                yield from self._released(time_s - lateness_s)
            elif time_s < self.newest_s - lateness_s:
                self.counts.late += 1
                continue
            if lateness_s:
                self._hold(tweet)
            else:
                yield tweet

    def _released(self, until_s: float) -> Iterator[Tweet]:
        """What was held back up to a time, which nothing can come before any more."""
        while self._held and self._held[0][0] < until_s:
            yield heapq.heappop(self._held)[-1]

    def _follow(
        self, tweets: Iterable[Tweet], happened: list[Happening], *, is_own_cause: bool = False
    ) -> None:
        """Take in tweets in the order of their times: one loop, for there are very many."""
        opened, due, windows, counts = self.open, self._due, self._windows, self.counts
        for tweet in tweets:
            name, time_s, mark, is_first, _, position = tweet
            if due and due[0][0] < time_s:
                if is_own_cause:
                    self._cause = position
                self._until(time_s, happened)
            cascade = opened.get(name)
            if cascade is None:
                if not is_first:
                    counts.strays += 1
                    continue
                cascade = self._begin(tweet)
            elif is_first:
                counts.repeated += 1
                continue
            counts.taken += 1
            cascade.events += 1
            cascade.last_s = time_s
            if cascade.next_window < windows:
                cascade.times_s.append(time_s - cascade.first_s)
                cascade.marks.append(mark)

    def _begin(self, tweet: Tweet) -> Open:
        self._serial += 1
        cascade = Open(tweet.time_s, tweet.time_s, tweet.text, tweet.position, self._serial)
        self.open[tweet.cascade] = cascade
        self._await(tweet.cascade, cascade)
        return cascade

    def _resume(self, cascade: Open) -> None:
        windows_s = self._gathering.windows_s
        age_s = cascade.last_s - cascade.first_s
        cascade.next_window = sum(w <= cascade.closed_s or w < age_s for w in windows_s)
        if len(cascade.times_s) < cascade.events or cascade.next_window == len(windows_s):
            cascade.next_window = len(windows_s)
            cascade.times_s, cascade.marks = array("d"), array("f")

    def _await(self, name: str, cascade: Open) -> None:
        if cascade.next_window < self._windows:
            due_s = cascade.first_s + self._gathering.windows_s[cascade.next_window]
            heapq.heappush(self._due, (due_s, cascade.serial, name, False))
        heapq.heappush(self._due, (self._end_s(cascade), cascade.serial, name, True))

    def _until(self, now_s: float, happened: list[Happening]) -> None:
        """All that was due before a time, in the order in which it was."""
        while self._due and self._due[0][0] < now_s:
            due_s, serial, name, is_end = heapq.heappop(self._due)
            cascade = self.open.get(name)
            if cascade is None or cascade.serial != serial:
                continue  # It ended before this window of it would have closed.
            if not is_end:
                self._close(name, cascade, happened)
            elif self._end_s(cascade) > due_s:
                heapq.heappush(self._due, (self._end_s(cascade), serial, name, True))
            else:
                del self.open[name]
                if cascade.reported:
                    happened.append(
                        Ended(
                            cascade=name,
                            windows_s=cascade.reported,
                            events=cascade.events,
                            end_s=cascade.last_s,
                            cause=self._cause,
                        )
                    )

    def _close(self, name: str, cascade: Open, happened: list[Happening]) -> None:
        windows_s = self._gathering.windows_s
        window_s = windows_s[cascade.next_window]
        cascade.next_window += 1
        cascade.closed_s = window_s
        is_last = cascade.next_window == len(windows_s)
        if not is_last:
            due_s = cascade.first_s + windows_s[cascade.next_window]
            heapq.heappush(self._due, (due_s, cascade.serial, name, False))
        times_s, marks = cascade.times_s, cascade.marks
        if is_last:
            cascade.times_s, cascade.marks = array("d"), array("f")
        if cascade.events >= self._gathering.least_events:
            cascade.reported += (window_s,)
            happened.append(
                Closed(
                    cascade=name,
                    window_s=window_s,
                    text=cascade.text,
                    times_s=times_s if is_last else times_s[:],
                    marks=marks if is_last else marks[:],
                    cause=self._cause,
                )
            )

    def _end_s(self, cascade: Open) -> float:
        quiet_s = cascade.last_s + self._gathering.terminated_s
        return min(quiet_s, cascade.first_s + self._gathering.horizon_s)


@dataclass(kw_only=True, slots=True)
class Collector:
    """All sources of a partition, each with a time of its own."""

    gathering: Gathering
    sources: dict[str, Source] = field(default_factory=dict)

    def take(self, source: str, tweets: Sequence[Tweet]) -> list[Happening]:
        """Take in tweets of a source, in the order in which they were read."""
        return self.source(source).take(tweets)

    def source(self, name: str) -> Source:
        """A source, which is new when it is asked for first."""
        found = self.sources.get(name)
        if found is None:
            found = self.sources[name] = Source(self.gathering)
        return found

    @property
    def low_water(self) -> int | None:
        """The earliest position that any source still needs."""
        marks = [each.low_water for each in self.sources.values()]
        return min((mark for mark in marks if mark is not None), default=None)


_TIME_S: Callable[[Tweet], float] = operator.itemgetter(1)
