"""How the stream flows: messages a second, and how long forecasts take."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

KEPT_S = 600
BUCKET_S = 5
MOST_IN_BUCKET = 200
PACE_S = 30.0
MOST_SOURCES = 1000


@dataclass(slots=True)
class Clock:
    """The time of one source, and how fast it goes: seconds of it in a second of ours."""

    newest_s: float
    at_ms: int
    began_s: float
    began_ms: int
    pace: float | None = None

    def move(self, time_s: float, at_ms: int) -> None:
        """A tweet of that time was written then."""
        if time_s <= self.newest_s:
            return
        self.newest_s, self.at_ms = time_s, at_ms
        for_s = (at_ms - self.began_ms) / 1000.0
        if for_s >= 1.0:
            self.pace = (time_s - self.began_s) / for_s
        if for_s >= PACE_S:
            self.began_s, self.began_ms = time_s, at_ms


@dataclass(slots=True)
class Flow:
    """Counts for each second by kind of message, latencies, and the clocks of sources."""

    seconds: OrderedDict[int, dict[str, int]] = field(default_factory=OrderedDict)
    latencies: OrderedDict[int, list[float]] = field(default_factory=OrderedDict)
    totals: dict[str, int] = field(default_factory=dict)
    last_ms: dict[str, int] = field(default_factory=dict)
    clocks: OrderedDict[str, Clock] = field(default_factory=OrderedDict)
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=500))

    def count(self, kind: str, at_ms: int) -> None:
        """A message of a kind was written then."""
        self.totals[kind] = self.totals.get(kind, 0) + 1
        self.last_ms[kind] = max(self.last_ms.get(kind, 0), at_ms)
        second = at_ms // 1000
        counts = self.seconds.get(second)
        if counts is None:
            counts = self.seconds[second] = {}
            _forget(self.seconds, KEPT_S)
        counts[kind] = counts.get(kind, 0) + 1

    def take(self, latency_ms: float, at_ms: int) -> None:
        """A forecast was written so long after its window had closed."""
        self.recent.append(latency_ms)
        bucket = at_ms // 1000 // BUCKET_S * BUCKET_S
        found = self.latencies.get(bucket)
        if found is None:
            found = self.latencies[bucket] = []
            _forget(self.latencies, KEPT_S // BUCKET_S)
        if len(found) < MOST_IN_BUCKET:
            found.append(latency_ms)

    def clock(self, source: str, time_s: float, at_ms: int) -> Clock:
        """The clock of a source, moved on."""
        clock = self.clocks.get(source)
        if clock is None:
            clock = self.clocks[source] = Clock(time_s, at_ms, time_s, at_ms)
            if len(self.clocks) > MOST_SOURCES:
                self.clocks.popitem(last=False)
        else:
            clock.move(time_s, at_ms)
            self.clocks.move_to_end(source)
        return clock

    def pace(self) -> float | None:
        """Seconds of the stream in a second, of most sources; None before it is known."""
        paces = [clock.pace for clock in self.clocks.values() if clock.pace is not None]
        return median(paces) if paces else None

    def rate(self, kind: str, now_ms: int, over_s: int = 10) -> float:
        """Messages a second in the last whole seconds."""
        now = now_ms // 1000
        counts = (self.seconds.get(second, {}) for second in range(now - over_s, now))
        return sum(each.get(kind, 0) for each in counts) / over_s

    def quantile(self, part: float) -> float | None:
        """The latency that so large a part of the last forecasts had at most, in milliseconds."""
        return _quantile(list(self.recent), part)

    def rates(self, now_ms: int, kinds: tuple[str, ...]) -> Iterator[tuple[float, ...]]:
        """For each bucket, its time in seconds and messages a second of each kind."""
        if not self.seconds:
            return
        now = now_ms // 1000 // BUCKET_S * BUCKET_S
        first = max(min(self.seconds) // BUCKET_S * BUCKET_S, now - KEPT_S)
        for start in range(first, now, BUCKET_S):
            within = [self.seconds.get(start + second, {}) for second in range(BUCKET_S)]
            yield start, *(sum(each.get(kind, 0) for each in within) / BUCKET_S for kind in kinds)

    def latency(self) -> Iterator[tuple[float, float, float]]:
        """For each bucket that had forecasts, its time in seconds, median and p95 latency."""
        for start, found in sorted(self.latencies.items()):
            yield start, _quantile(found, 0.5) or 0.0, _quantile(found, 0.95) or 0.0


def _quantile(values: list[float], part: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else None


def _forget(
    kept: OrderedDict[int, dict[str, int]] | OrderedDict[int, list[float]], most: int
) -> None:
    """Messages come nearly in the order of their times, so the oldest is the least."""
    while len(kept) > most:
        del kept[min(kept)]
