"""The state of the dashboard: what messages have told, in bounded memory.

Pure: every message comes with the time at which it was written, in Unix milliseconds. Messages of
different topics may come in any order. Forgotten is what was not heard of for longest.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tweetoscope.cascade import Tweet
from tweetoscope.dashboard.alarms import Alarms
from tweetoscope.dashboard.cascades import Cascade
from tweetoscope.dashboard.flow import Flow
from tweetoscope.dashboard.trust import Record
from tweetoscope.messages import Size
from tweetoscope.reports import Alert, Prediction, Stat

MOST_CASCADES = 20_000
MOST_FORETOLD = 2_000
MOST_WINDOWS = 24
MOST_ENDED = 500

TWEETS, FORECASTS, ALERTS, SCORES = "tweets", "forecasts", "alerts", "scores"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """There is a newer model for a window."""

    window_s: float
    version: int
    samples: int


@dataclass(slots=True)
class Board:
    """`begun` has open cascades that nothing was foretold of yet, `foretold` the others."""

    begun: OrderedDict[str, Cascade] = field(default_factory=OrderedDict)
    foretold: OrderedDict[str, Cascade] = field(default_factory=OrderedDict)
    ended: OrderedDict[str, Cascade] = field(default_factory=OrderedDict)
    records: dict[float, Record] = field(default_factory=dict)
    alarms: Alarms = field(default_factory=Alarms)
    flow: Flow = field(default_factory=Flow)
    threshold: float | None = None
    unreadable: int = 0

    def tweet(self, source: str, tweet: Tweet, at_ms: int) -> None:
        """A tweet or retweet."""
        self.flow.count(TWEETS, at_ms)
        self.flow.clock(source, tweet.time_s, at_ms)
        cascade = self._heard_of(tweet.cascade)
        if tweet.is_first:
            if cascade is None:
                cascade = self._begin(tweet.cascade)
            if cascade.first_s is None and not cascade.forecasts:
                cascade.begin(source, tweet.text, tweet.time_s)
            return
        if cascade is None or cascade.first_s is None:
            return
        cascade.grow(tweet.time_s)
        self.alarms.grow(tweet.cascade, cascade.counted, tweet.time_s - cascade.first_s)

    def predict(self, told: Prediction, at_ms: int) -> None:
        """A forecast."""
        self.flow.count(FORECASTS, at_ms)
        if told.closed_ms is not None:
            self.flow.take(float(max(at_ms - told.closed_ms, 0)), at_ms)
        self.threshold = told.threshold
        record = self.record(told.window_s)
        record.teach(told.model_version, record.model_samples, record.model_ms or at_ms)
        if (ended := self.ended.get(told.cascade)) is not None:
            ended.foretell(told, at_ms)
            record.outcome(told, ended.final or told.events)
            return
        cascade = self._heard_of(told.cascade) or self._begin(told.cascade)
        if told.cascade in self.begun:
            del self.begun[told.cascade]
            self.foretold[told.cascade] = cascade
            if len(self.foretold) > MOST_FORETOLD:
                self.foretold.popitem(last=False)
        cascade.foretell(told, at_ms)
        if cascade.final is not None:
            self._end(cascade, at_ms)

    def alert(self, alert: Alert, at_ms: int) -> None:
        """A cascade is likely to pass the threshold."""
        self.flow.count(ALERTS, at_ms)
        alarm = self.alarms.take(alert, at_ms)
        if alarm is None:
            return
        cascade = self._heard_of(alert.cascade) or self.ended.get(alert.cascade)
        if cascade is None:
            return
        for age_s, size in cascade.points():
            alarm.grow(int(size), age_s)
        if cascade.final is not None:
            alarm.end(cascade.final)

    def score(self, stat: Stat, at_ms: int) -> None:
        """How wrong a forecast was."""
        self.flow.count(SCORES, at_ms)
        self.record(stat.window_s).score(stat, at_ms)

    def end(self, size: Size, at_ms: int) -> None:
        """A cascade has ended; told once for each of its windows."""
        if size.cascade in self.ended:
            return
        self.alarms.end(size.cascade, size.events)
        cascade = self._heard_of(size.cascade) or self._begin(size.cascade)
        cascade.final = size.events
        if cascade.forecasts:
            self._end(cascade, at_ms)

    def teach(self, taught: Taught, at_ms: int) -> None:
        """There is a newer model."""
        self.record(taught.window_s).teach(taught.version, taught.samples, at_ms)

    def record(self, window_s: float) -> Record:
        """What is known of a window."""
        if (found := self.records.get(window_s)) is None:
            found = self.records[window_s] = Record(window_s=window_s)
            if len(self.records) > MOST_WINDOWS:
                del self.records[next(iter(self.records))]
        return found

    def find(self, name: str) -> Cascade | None:
        """A cascade of which something was foretold."""
        return self.foretold.get(name) or self.ended.get(name)

    def age_s(self, cascade: Cascade) -> float | None:
        """How old a cascade is by the clock of its source; None where nobody knows."""
        clock = self.flow.clocks.get(cascade.source)
        if cascade.first_s is None or clock is None:
            return None
        return max(clock.newest_s - cascade.first_s, 0.0)

    def open(self) -> Iterator[Cascade]:
        """All cascades that may go on."""
        yield from self.begun.values()
        yield from self.foretold.values()

    def _begin(self, name: str) -> Cascade:
        cascade = self.begun[name] = Cascade(name)
        if len(self.begun) > MOST_CASCADES:
            self.begun.popitem(last=False)
        return cascade

    def _heard_of(self, name: str) -> Cascade | None:
        for kept in (self.foretold, self.begun):
            if (cascade := kept.get(name)) is not None:
                kept.move_to_end(name)
                return cascade
        return None

    def _end(self, cascade: Cascade, at_ms: int) -> None:
        """It is over, and was foretold: learn how well."""
        cascade.ended_ms = at_ms
        self.foretold.pop(cascade.name, None)
        self.ended[cascade.name] = cascade
        if len(self.ended) > MOST_ENDED:
            self.ended.popitem(last=False)
        for told in cascade.forecasts.values():
            self.record(told.window_s).outcome(told, cascade.final or told.events)
