"""The contract of a broker, over one in memory, one in memory that is as Tansu, and real ones."""

import uuid
from contextlib import closing

import confluent_kafka as rdkafka
import pytest

from apps.tweetoscope.tests.broker_trial import WITHIN_S, committed, read, texts, until
from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope.broker import (
    Broker,
    BrokerError,
    Change,
    Listed,
    Message,
    Record,
    Topic,
    Writer,
    changelog,
)
from tweetoscope.kafka import Kafka, reading, state
from tweetoscope.origins import PLACE, Fresh, parted


def test_topics_are_made_once(broker: Broker, topic: str) -> None:
    assert broker.make([Topic(name=topic, partitions=2)]) == []


def test_messages_of_a_key_stay_in_order(broker: Broker, topic: str, writer: Writer) -> None:
    keys = [b"a", b"b", b"c", b"d"]
    for start in (0, 20):
        committed(
            writer,
            *[
                Message(topic, keys[number % 4], str(number).encode(), cause=number)
                for number in range(start, start + 20)
            ],
        )
    records = read(broker.follow([topic]), 40)
    for key in keys:
        numbers = [int(record.value or b"") for record in records if record.key == key]
        assert numbers == sorted(numbers)
        assert len({record.partition for record in records if record.key == key}) == 1
    assert {record.partition for record in records} == {0, 1}


def test_origins_tell_what_made_a_message(broker: Broker, topic: str, writer: Writer) -> None:
    committed(
        writer,
        Message(topic, b"k", b"x", cause=4),
        Message(topic, b"k", b"y", cause=4),
        Message(topic, b"k", b"z", cause=7),
    )
    origins = [parted(record.origin or b"") for record in read(broker.follow([topic]), 3)]
    assert [PLACE.unpack(place) for _, place in origins] == [(4, 0), (4, 1), (7, 0)]
    assert len({task for task, _ in origins}) == 1


def test_what_is_not_committed_is_not_seen(broker: Broker, topic: str, writer: Writer) -> None:
    follower = broker.follow([topic])
    writer.send([Message(topic, b"k", b"1", cause=0)], [], 1)
    seen = list(follower.poll(0.2, 10))
    # Readers of Tansu do not wait for a transaction's end; they see what it has once all the same.
    waits = not isinstance(broker, Kafka) or reading.isolation(broker.address) == "read_committed"
    assert not (waits and seen)
    writer.commit()
    assert texts(seen or read(follower, 1)) == [b"1"]
    assert not follower.poll(0.2, 10)


def test_a_follower_knows_when_it_has_caught_up(broker: Broker, topic: str, writer: Writer) -> None:
    committed(writer, *[Message(topic, b"k", b"x", cause=number) for number in range(5)])
    follower = broker.follow([topic])
    records: list[Record] = []
    until(follower.is_at_end, lambda: records.extend(follower.poll(0.1, 2)))
    assert len(records) == 5


def test_a_follower_may_begin_with_the_last_records(
    broker: Broker, topic: str, writer: Writer
) -> None:
    for number in range(6):
        committed(writer, Message(topic, b"k", b"%d" % number, cause=number, partition=0))
    some, none = broker.follow([topic], last=4), broker.follow([topic], last=0)
    found: list[Record] = []
    until(some.is_at_end, lambda: found.extend(some.poll(0.1, 100)))
    assert none.is_at_end()
    assert 1 <= len(found) <= 4
    assert found[-1].value == b"5"
    committed(writer, Message(topic, b"k", b"6", cause=6, partition=0))
    assert texts(read(some, 1)) == texts(read(none, 1)) == [b"6"]
    some.close()
    none.close()


def test_a_topic_that_is_missing_is_named(broker: Broker) -> None:
    with pytest.raises(BrokerError, match="nowhere"):
        broker.follow(["nowhere"])


def test_state_and_position_are_as_committed_last(broker: Broker) -> None:
    name = f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=changelog(name), is_compacted=True)])
    first = broker.write(name)
    assert first.restore().position is None
    first.send([], [Change(b"a", b"1"), Change(b"b", b"1")], 5)
    first.commit()
    first.send([], [Change(b"a", None), Change(b"c", b"2")], 9)
    first.commit()
    first.close()
    restored = broker.write(name).restore()
    assert (restored.position, restored.state) == (9, {b"b": b"1", b"c": b"2"})


def test_a_position_is_committed_also_where_nothing_follows(broker: Broker, topic: str) -> None:
    for position in (1, 2, 3):
        with closing(broker.take(topic, topic, 0)) as writer:
            writer.send([], [], position)
            writer.commit()
            writer.send([], [], position + 1)
            writer.commit()
        with closing(broker.take(topic, topic, 0)) as writer:
            assert (restored := writer.restore()).position == position + 1
            assert restored.state == {}


def test_state_is_read_from_where_all_of_it_was_written_last(
    broker: Broker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "LEAST", 60)
    monkeypatch.setattr(state, "TIMES", 2)
    expected: dict[bytes, bytes] = {}
    for life in range(3):
        with closing(broker.take(topic, topic, 1)) as writer:
            assert writer.restore().state == expected
            for number in range(10 * life, 10 * life + 10):
                changes = [Change(b"%d" % key, b"%d" % number) for key in range(number, 2, -3)]
                changes += [Change(b"%d" % (number - 4), None), Change(b"all", b"%d" % number)]
                expected.update((key, value) for key, value in changes if value is not None)
                expected.pop(b"%d" % (number - 4), None)
                whole = [Change(key, value) for key, value in expected.items()]
                writer.send([], changes, number + 1, whole.copy)
                writer.commit()
            writer.send([], [Change(b"all", b"never")], 1000)
    with closing(broker.take(topic, topic, 1)) as writer:
        restored = writer.restore()
        assert (restored.position, restored.state) == (30, expected)
    if isinstance(broker, Kafka):
        [begins] = reading.reader(broker._settings, topic).committed(
            [rdkafka.TopicPartition(changelog(topic), 1)], WITHIN_S
        )
        assert begins.offset > 100


def test_a_newer_writer_supersedes_an_older_one(broker: Broker, topic: str) -> None:
    name = f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=changelog(name), is_compacted=True)])
    old = broker.write(name)
    old.send([Message(topic, b"k", b"1", cause=0)], [Change(b"a", b"1")], 1)
    old.commit()
    old.send([Message(topic, b"k", b"lost", cause=1)], [Change(b"a", b"lost")], 2)
    new = broker.write(name)
    with pytest.raises(BrokerError):
        old.commit()
    restored = new.restore()
    assert (restored.position, restored.state) == (1, {b"a": b"1"})
    new.send([Message(topic, b"k", b"2", cause=1)], [Change(b"a", b"2")], 2)
    new.commit()
    read(broker.follow([topic]), 2)
    assert new.restore().state == {b"a": b"2"}


def test_what_was_given_up_is_told_by_its_origin(broker: Broker, topic: str) -> None:
    """Brokers that show it show it once: whoever reads remembers the origin and passes over."""
    name = f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=changelog(name), is_compacted=True)])
    old = broker.write(name)
    old.send([Message(topic, b"k", b"1", cause=0)], [], 1)
    old.close()
    new = broker.write(name)
    assert new.restore().position is None
    committed(new, Message(topic, b"k", b"1", cause=0), Message(topic, b"k", b"2", cause=1))
    assert texts(read(broker.follow([topic]), 2)) == [b"1", b"2"]


def test_what_may_be_lost_is_read_like_the_rest(broker: Broker, topic: str) -> None:
    poster = broker.post()
    poster.post(topic, b"k", b"a line")
    poster.close()
    [record] = read(broker.follow([topic]), 1)
    assert (record.key, record.value, record.origin) == (b"k", b"a line", None)


def test_origins_are_remembered_in_state() -> None:
    broker = MemoryBroker(shows_aborted=True)
    broker.make([Topic(name="t"), Topic(name=changelog("w"))])
    old = broker.write("w")
    old.send([Message("t", b"k", b"1", cause=3)], [], 4)
    old.close()
    committed(broker.write("w"), Message("t", b"k", b"1", cause=3))
    shown = [entry.record for entry in broker.partition("t", 0)]
    assert len(shown) == 2
    fresh = Fresh()
    assert len(fresh.of(Listed(shown[:1]))) == 1
    again = Fresh(fresh.state())
    assert not again.of(Listed(shown[1:]))
    assert again.repeated == 1
