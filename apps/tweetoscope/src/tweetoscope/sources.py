"""Sources of tweets: whole cascades, spread over sources and begun one after another.

Deterministic: from the same cascades, settings and seed follow the same tweets in the same order,
so that a generator which was killed goes on where it was. Times grow within each source.
"""

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import NamedTuple

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.cascade import Tweet
from tweetoscope.errors import BadParameters
from tweetoscope.estimates import Parameters
from tweetoscope.hawkes import DAY_S, simulate
from tweetoscope.marks import PowerLaw


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """A cascade from its beginning to its end: times `(n,)` from 0, and magnitudes `(n,)`."""

    text: str
    times_s: Reals
    marks: Reals


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How cascades are spread over sources.

    Each source has `at_once` cascades; when one ends, the next begins within `pause_s`. Sources
    begin at different times of their own, within `origins_s`.
    """

    sources: int = 5
    at_once: int = 5
    pause_s: float = 600.0
    origins_s: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sources < 1 or self.at_once < 1 or min(self.pause_s, self.origins_s) < 0.0:
            raise BadParameters("there is a source at least, with a cascade at once")


class Emitted(NamedTuple):
    """A tweet, and when it comes after the beginning, in seconds of its source."""

    after_s: float
    source: str
    tweet: Tweet


class _Going(NamedTuple):
    """A cascade that is going on: when its tweets come, in the seconds of what is emitted."""

    name: str
    source: str
    origin_s: float
    text: str
    after_s: list[float]
    marks: list[float]


def spread(cascades: Iterable[Whole], how: Spread) -> Iterator[Emitted]:
    """The tweets of all sources in the order in which they come."""
    random = np.random.default_rng(how.seed)
    origins_s = np.floor(random.random(how.sources) * how.origins_s).tolist()
    numbered = zip(count(1), cascades, strict=False)
    # Of all that is going on: when its next tweet comes, in which cascade, its source and place.
    going: list[tuple[float, int, int, int, _Going]] = []

    def begin(source: int, now_s: float) -> None:
        for number, whole in islice(numbered, 1):
            start_s = math.floor(now_s + random.random() * how.pause_s)
            # Whole seconds, as the course's programs have them.
            after_s = (start_s + np.floor(whole.times_s)).tolist()
            after_s[0] = float(start_s)
            one = _Going(
                f"tw{number}", f"source-{source}", origins_s[source], whole.text,
                after_s, whole.marks.tolist(),
            )  # fmt: skip
            heapq.heappush(going, (after_s[0], number, source, 0, one))

    for slot in range(how.sources * how.at_once):
        begin(slot % how.sources, 0.0)
    new = tuple.__new__
    while going:
        after_s, number, source, at, one = going[0]
        name, source_name, origin_s, text, all_after_s, marks = one
        # Past the constructors, as there are tens of thousands a second.
        tweet = new(Tweet, (name, origin_s + after_s, marks[at], at == 0, text, 0))
        yield new(Emitted, (after_s, source_name, tweet))
        at += 1
        if at < len(all_after_s):
            heapq.heapreplace(going, (all_after_s[at], number, source, at, one))
        else:
            heapq.heappop(going)
            begin(source, after_s)


def closing(emitted: Iterable[Emitted], quiet_s: float) -> Iterator[Emitted]:
    """A last tweet in each source after all others, so that all that is open closes."""
    last: dict[str, Emitted] = {}
    after_s, largest = 0.0, 0
    for each in emitted:
        last[each.source], after_s = each, each.after_s
        largest = max(largest, int(each.tweet.cascade.removeprefix("tw")))
        yield each
    for number, (source, each) in enumerate(sorted(last.items()), start=largest + 1):
        time_s = each.tweet.time_s + (after_s - each.after_s) + quiet_s
        tweet = Tweet(cascade=f"tw{number}", time_s=time_s, mark=1.0, is_first=True, text="the end")
        yield Emitted(after_s, source, tweet)


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """Cascades of marked Hawkes processes, whose n* and duration differ as those of real ones.

    Authors of first tweets have `fame` times the followers of others.
    """

    marks: PowerLaw = field(default_factory=PowerLaw)
    fame: float = 100.0
    n_star: float = 0.75
    mean_delay_s: float = 1800.0
    horizon_s: float = DAY_S
    seed: int = 0

    def cascades(self) -> Iterator[Whole]:
        """Without end."""
        for number in count():
            random = np.random.default_rng([self.seed, number])
            n_star = random.beta(8.0, 8.0 * (1.0 - self.n_star) / self.n_star)
            beta = math.exp(random.normal(0.0, 0.7)) / self.mean_delay_s
            first = float(self.marks.draw(random, 1)[0]) * self.fame
            times_s, marks = simulate(
                Parameters(p=min(n_star, 0.98) / self.marks.mean, beta=beta),
                first_mark=first,
                marks=self.marks.draw,
                random=random,
                horizon_s=self.horizon_s,
                most_events=20_000,
            )
            yield Whole(text=f"simulated {number}", times_s=times_s, marks=np.floor(marks))
