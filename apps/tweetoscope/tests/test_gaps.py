"""What Tansu leaves out where several write is found; ends of transactions are not looked for."""

import time
import uuid
from collections.abc import Iterator

import confluent_kafka as rdkafka
import pytest
from confluent_kafka import KafkaError

from tweetoscope.broker import Message, Topic, changelog
from tweetoscope.kafka import Kafka, headers, reading
from tweetoscope.kafka.gaps import RECENT_S, Gaps
from tweetoscope.origins import origin

WITHIN_S = 60.0
WRITERS = ("collector/0", "estimator/0")


class Told:
    """A message as the client would tell of it, or with no task the end of a partition."""

    def __init__(self, offset: int, task: str | None, *, age_s: float = 0.0) -> None:
        self._offset, self._age_s = offset, age_s
        self._error = KafkaError(KafkaError._PARTITION_EOF) if task is None else None
        self._headers = None if task is None else headers.with_origin(origin(task, offset, 0))

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def headers(self) -> headers.Headers | None:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        return 1, int((time.time() - self._age_s) * 1000.0)


class Looked(Gaps):
    """Notes where is looked, and finds a message of another writer there."""

    def __init__(self) -> None:
        super().__init__({})
        self.looked: list[tuple[int, int]] = []

    def _between(self, at: tuple[str, int], start: int, end: int) -> list[rdkafka.Message]:
        assert at == ("t", 0)
        self.looked.append((start, end))
        return [Told(start, WRITERS[1])]


C, E = WRITERS
END = None


@pytest.mark.parametrize(
    ("told", "looked"),
    [
        pytest.param([(0, C), (1, C), (3, C), (5, C)], [], id="ends of one after the other"),
        pytest.param([(0, C), (1, E), (4, C), (5, E)], [], id="two that end together"),
        pytest.param([(0, C), (2, END), (2, C), (4, END)], [], id="an end of the partition"),
        pytest.param([(0, C), (3, C)], [(1, 3)], id="more than one that can have ended"),
        pytest.param([(0, C), (2, END), (3, C)], [(2, 3)], id="none that can have ended"),
        pytest.param([(0, C), (1, E), (5, E)], [(2, 5)], id="more than two"),
        pytest.param([(0, C), (2, C), (3, "collector/1"), (6, C)], [(4, 6)], id="of one service"),
        pytest.param([(7, C), (8, E)], [], id="what is before the first"),
    ],
)
def test_it_is_looked_where_more_is_missing_than_ends(
    told: list[tuple[int, str | None]], looked: list[tuple[int, int]]
) -> None:
    gaps = Looked()
    messages = [Told(offset, task) for offset, task in told]
    found = [(each.offset(), each.error() is None) for each in gaps.filled(messages)]
    assert gaps.looked == looked
    at_places = {offset for offset, _ in looked}
    assert [each for each in found if not (each[1] and each[0] in at_places)] == [
        (offset, task is not END) for offset, task in told
    ]
    assert [offset for offset, _ in found] == sorted(offset for offset, _ in found)


def test_one_message_at_a_time_is_as_all_at_once() -> None:
    gaps = Looked()
    for offset in (0, 2, 4, 7, 9):
        gaps.filled([Told(offset, C)])
    assert gaps.looked == [(5, 7)]


def test_what_was_written_long_ago_is_not_looked_for() -> None:
    gaps = Looked()
    gaps.filled([Told(0, C), Told(9, C, age_s=2.0 * RECENT_S), Told(12, C)])
    assert gaps.looked == [(10, 12)]


def test_who_begins_elsewhere_misses_nothing_there() -> None:
    gaps = Looked()
    gaps.filled([Told(0, C)])
    gaps.begin()
    gaps.filled([Told(40, C), Told(42, C)])
    assert not gaps.looked


@pytest.fixture
def gaps(tansu: str) -> Iterator[Gaps]:
    gaps = Gaps({"bootstrap.servers": tansu})
    yield gaps
    gaps.close()


@pytest.mark.long
def test_what_tansu_left_out_is_had_by_looking_again(tansu: str, gaps: Gaps) -> None:
    broker, topic, name = Kafka(tansu), f"t{uuid.uuid4().hex[:8]}", f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=topic), Topic(name=changelog(name), is_compacted=True)])
    writer = broker.write(name)
    for start in range(0, 40, 4):
        texts = [b"%d" % number for number in range(start, start + 4)]
        sent = [Message(topic, b"k", text, start + at) for at, text in enumerate(texts)]
        writer.send(sent, [], start + 4)
        writer.commit()
    writer.close()
    consumer = reading.reader({"bootstrap.servers": tansu}, reading.FOLLOWERS)
    consumer.assign([rdkafka.TopicPartition(topic, 0, rdkafka.OFFSET_BEGINNING)])
    messages: list[rdkafka.Message] = []
    until = time.monotonic() + WITHIN_S
    while len(messages) < 41:
        assert time.monotonic() < until, "not all was shown"
        messages.extend(consumer.consume(41, 0.1))
    consumer.close()
    shown = [*messages[:8], *messages[12:20], *messages[24:36], messages[40]]
    filled = [each.value() for each in gaps.filled(shown) if each.error() is None]
    assert filled == [b"%d" % number for number in range(40)]
