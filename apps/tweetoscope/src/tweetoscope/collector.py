"""The collector: tweets become cascades, told of when a window closes and when they end."""

import bisect
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tweetoscope import messages, spool
from tweetoscope.broker import Change, Message, Record, Records
from tweetoscope.cascade import Closed, Collector, Ended, Gathering, Happening, Tweet
from tweetoscope.errors import BadMessage
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.processing import Service
from tweetoscope.topics import COLLECTOR, PROPERTIES, SERIES, TWEETS, window_key

Item = tuple[str, list[Tweet]]
"""A source, and tweets of it."""


class Collecting:
    """What the collector does with one partition, in which each source is whole."""

    def __init__(
        self, gathering: Gathering, metrics: Metrics, state: Mapping[bytes, bytes]
    ) -> None:
        self._collector = Collector(gathering=gathering)
        self._metrics = metrics
        self._spools = spool.restored(self._collector, state)
        self._touched: dict[str, set[str]] = {}

    def handle(self, records: Records, values: Sequence[Item]) -> Iterable[Message]:
        """Series of windows that close, sizes of cascades that end."""
        by_source: dict[str, list[Tweet]] = {}
        for name, some in values:
            by_source.setdefault(name, []).extend(some)
        written: list[Message] = []
        offsets = records.offsets
        for name, tweets in by_source.items():
            touched = self._touched.setdefault(name, set())
            touched.update(map(_CASCADE, tweets))
            for happening in self._collector.take(name, tweets):
                touched.add(happening.cascade)
                self._count(happening)
                at = bisect.bisect_left(offsets, happening.cause)
                written.extend(_told(happening, records[at]))
        written.sort(key=_cause)
        return written

    def changes(self) -> Iterable[Change]:
        """What is different in the sources that had tweets."""
        late = strays = 0
        for name, touched in self._touched.items():
            source = self._collector.source(name)
            if (found := self._spools.get(name)) is None:
                found = self._spools[name] = spool.Spool(name=name, source=source)
            yield from found.changes(touched)
            late, strays = late + source.counts.late, strays + source.counts.strays
            source.counts.late = source.counts.strays = 0
        self._touched.clear()
        self._metrics.count("late_total", late)
        self._metrics.count("strays_total", strays)

    def state(self) -> Iterator[Change]:
        """All sources."""
        for each in self._spools.values():
            yield from each.whole()

    def figures(self) -> Iterator[Figure]:
        """What is in memory."""
        sources = self._collector.sources.values()
        yield Figure("open_cascades", sum(source.open_cascades for source in sources))
        yield Figure("held_events", sum(source.stored_events for source in sources))

    def _count(self, happening: Happening) -> None:
        match happening:
            case Closed():
                self._metrics.count("closed_windows_total", 1, f"{happening.window_s:g}")
            case Ended():
                self._metrics.count("ended_cascades_total")


def service(gathering: Gathering, metrics: Metrics) -> Service[Item]:
    """The collector as the loop runs it."""
    return Service(
        group=COLLECTOR,
        topic=TWEETS,
        decode=_decode,
        decode_all=_decode_all,
        open=lambda _, state: Collecting(gathering, metrics, state),
    )


def _decode(record: Record) -> Item:
    source, tweet = messages.read_tweet(record.value or b"", record.key, record.offset)
    return source, [tweet]


def _decode_all(records: Records) -> list[Item]:
    values = [value for value in records.values if value is not None]
    if len(values) < len(records):
        raise BadMessage("one has no value")
    return list(messages.read_tweets(values, records.keys, records.offsets).items())


def _told(happening: Happening, by: Record) -> Iterator[Message]:
    key, cause = happening.cascade.encode(), by.offset
    match happening:
        case Closed():
            value = messages.write_serie(happening, by.time_ms if by.time_ms > 0 else None)
            yield Message(SERIES, key, value, cause)
        case Ended():
            value = messages.write_size(happening)
            for window_s in happening.windows_s:
                yield Message(PROPERTIES, window_key(window_s), value, cause)


def _cause(message: Message) -> int:
    return message.cause


_CASCADE: Callable[[Tweet], str] = operator.itemgetter(0)
