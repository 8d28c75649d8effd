"""Whoever reads all topics while a pipeline works, and says in the end what is wrong in them."""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import closing
from typing import Protocol, TypeVar

from tweetoscope.broker import Follower, Record
from tweetoscope.processing import DEAD_LETTERS
from tweetoscope.testing.inputs import Expected
from tweetoscope.testing.wire import Written, known, said
from tweetoscope.topics import (
    ALERTS,
    MODELS,
    PREDICTIONS,
    PROPERTIES,
    SAMPLES,
    SERIES,
    STATS,
    TWEETS,
)

TOPICS = [
    TWEETS, SERIES, PROPERTIES, SAMPLES, MODELS, PREDICTIONS, ALERTS, STATS, DEAD_LETTERS,
]  # fmt: skip
STALLED_S = 120.0

Thing = TypeVar("Thing", bound=Hashable)


class Reader(Protocol):
    """What a witness reads with: `wire.Reading`, or `Following` where origins have to be known."""

    def poll(self, timeout_s: float) -> list[Written]:
        """What is new, waiting only while there is nothing."""

    def rest(self) -> list[Written]:
        """All that is left."""

    def close(self) -> None:
        """Let go."""


class Following:
    """A reader that passes over what was repeated, as those on Tansu have to.

    Tansu may show it what came after a record and never the record, so in the end it looks again.
    """

    def __init__(self, follower: Follower, again: Callable[[], Follower]) -> None:
        self._follower, self._again = follower, again
        self._read: set[tuple[str, int, int]] = set()

    def poll(self, timeout_s: float) -> list[Written]:
        """What is new, waiting only while there is nothing."""
        return self._new(self._follower.poll(timeout_s, 1000))

    def rest(self) -> list[Written]:
        """All that is left, and what was not shown."""
        found: list[Written] = []
        with closing(self._again()) as other:
            while not other.is_at_end():
                found.extend(self._new(other.poll(0.1, 1000)))
        return found

    def close(self) -> None:
        """Let go."""
        self._follower.close()

    def _new(self, records: Sequence[Record]) -> list[Written]:
        new = [each for each in records if each[:3] not in self._read]
        self._read.update(each[:3] for each in new)
        return [Written(each.topic, each.key, each.value) for each in new]


class Witness:
    """What came so far. `poison` is what was written by others who are none of ours."""

    def __init__(self, reader: Reader, expected: Expected) -> None:
        self._reader, self._expected = reader, expected
        self._seen: dict[str, list[Written]] = {topic: [] for topic in TOPICS}
        self.poison: Counter[Written] = Counter()

    def count(self, topic: str) -> int:
        """How many messages came on a topic."""
        return len(self._seen[topic])

    def read(self, timeout_s: float) -> bool:
        """Read on; whether anything came."""
        found = self._reader.poll(timeout_s)
        self._take(found)
        return bool(found)

    def until(self, time_s: float) -> None:
        """Read until then, in seconds of the monotonic clock."""
        while (left_s := time_s - time.monotonic()) > 0.0:
            self.read(min(left_s, 0.2))

    def until_all_came(self) -> None:
        """Read until all is there that has to be, or nothing has come for long."""
        expected = self._expected
        awaited = {
            TWEETS: expected.tweets.total() + self._poisoned(TWEETS),
            SERIES: expected.series.total() + self._poisoned(SERIES),
            PREDICTIONS: expected.predictions.total(),
            STATS: expected.scores.total(),
            DEAD_LETTERS: sum(map(self._poisoned, (TWEETS, SERIES, PROPERTIES, SAMPLES))),
        }
        last_s = time.monotonic()
        while any(self.count(topic) < count for topic, count in awaited.items()):
            if self.read(0.2):
                last_s = time.monotonic()
            elif time.monotonic() - last_s > STALLED_S:
                return

    def finish(self) -> list[str]:
        """Read the rest, and say what is wrong with it all; nothing, if nothing is."""
        self._take(self._reader.rest())
        expected = self._expected
        models, versions = self._clean(MODELS), dict[bytes, list[int]]()
        for model in models:
            versions.setdefault(model.key or b"", []).append(_whole(said(model)["version"]))
        properties = self._clean(PROPERTIES)
        sizes = [each for each in properties if said(each)["type"] == "size"]
        predictions = [said(each) for each in self._clean(PREDICTIONS)]
        letters = [said(each) for each in self._clean(DEAD_LETTERS)]
        return [
            *_compare("tweets", _known(self._clean(TWEETS)), expected.tweets),
            *self._back_in_time(),
            *_compare("series", _known(self._clean(SERIES)), expected.series),
            *_compare("sizes", _known(sizes), expected.sizes),
            *_compare(
                "parameters",
                Counter(
                    (str(one["cid"]), float(each.key or b""), _whole(one["n_obs"]))
                    for each in properties
                    if (one := said(each))["type"] == "parameters"
                ),
                expected.predictions,
            ),
            *_compare(
                "predictions",
                Counter((*_of(one), _whole(one["n_obs"])) for one in predictions),
                expected.predictions,
            ),
            *_compare(
                "alerts",
                Counter(_of(said(each)) for each in self._clean(ALERTS)),
                Counter(_of(one) for one in predictions if _real(one["probability"]) >= 0.5),
            ),
            *_compare(
                "stats", Counter(_of(said(each)) for each in self._clean(STATS)), expected.scores
            ),
            *_compare(
                "samples",
                Counter(
                    (str(said(each)["cid"]), float(each.key or b""))
                    for each in self._clean(SAMPLES)
                ),
                expected.scores,
            ),
            *_compare(
                "dead letters",
                Counter(str(letter["topic"]) for letter in letters),
                Counter(each.topic for each in self.poison.elements() if each.topic != MODELS),
            ),
            *[
                f"models of {key!r} have versions {of}"
                for key, of in versions.items()
                if of != sorted(set(of))
            ],
        ]

    def counts(self) -> dict[str, int]:
        """How many messages each topic has."""
        return {topic: len(seen) for topic, seen in self._seen.items()}

    def _back_in_time(self) -> list[str]:
        """A source is in one partition, so that its tweets come in the order of their times."""
        newest, problems = dict[bytes | None, float](), []
        for tweet in self._clean(TWEETS):
            time_s = _real(said(tweet)["t"])
            if time_s < newest.get(tweet.key, time_s):
                problems.append(f"tweets: {tweet.key!r} goes back in time to {time_s:g}")
            newest[tweet.key] = time_s
        return problems

    def _take(self, found: Sequence[Written]) -> None:
        for message in found:
            self._seen[message.topic].append(message)

    def _poisoned(self, topic: str) -> int:
        return sum(count for message, count in self.poison.items() if message.topic == topic)

    def _clean(self, topic: str) -> list[Written]:
        """What came that is no poison."""
        return [message for message in self._seen[topic] if message not in self.poison]


def _known(found: Sequence[Written]) -> Counter[str]:
    return Counter(map(known, found))


def _of(one: dict[str, object]) -> tuple[str, float]:
    return str(one["cid"]), _real(one["T_obs"])


def _real(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _compare(name: str, found: Counter[Thing], expected: Counter[Thing]) -> list[str]:
    """What is lost, and what is too much."""
    problems = []
    for what, few in (("lost", expected - found), ("too many", found - expected)):
        if few:
            shown = ", ".join(str(each)[:100] for each in list(few)[:3])
            problems.append(f"{name}: {few.total()} {what}, as {shown}")
    return problems
