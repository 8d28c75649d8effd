"""The contract of a broker, over one in memory, one in memory that is as Tansu, and real ones."""

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import closing

import confluent_kafka as rdkafka
import pytest

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope.broker import (
    Broker,
    BrokerError,
    Change,
    Follower,
    Listed,
    Membership,
    Message,
    Record,
    Topic,
    Writer,
    changelog,
)
from tweetoscope.kafka import Kafka, membership, reading, state
from tweetoscope.origins import PLACE, Fresh, parted

WITHIN_S = 60.0


@pytest.fixture(
    params=[
        "memory", "memory as Tansu",
        pytest.param("Tansu", marks=pytest.mark.long),  # not busy, but it takes its time
        pytest.param("Apache Kafka", marks=pytest.mark.long(shares="Apache Kafka")),
    ]
)  # fmt: skip
def broker(request: pytest.FixtureRequest) -> Broker:
    match request.param:
        case "Tansu":
            return Kafka(request.getfixturevalue("tansu"), commit_s=5.0)
        case "Apache Kafka":
            return Kafka(request.getfixturevalue("apache").address, commit_s=5.0)
    return MemoryBroker(shows_aborted=request.param != "memory")


@pytest.fixture
def topic(broker: Broker) -> str:
    """An input of two partitions, with the changelog of a group of the same name."""
    name = f"t{uuid.uuid4().hex[:8]}"
    broker.make(
        [
            Topic(name=name, partitions=2),
            Topic(name=changelog(name), partitions=2, is_compacted=True),
        ]
    )
    return name


class Member:
    """Joins, and has the writers of what it was given."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.writers: dict[int, Writer] = {}
        self.records: list[Record] = []
        self.membership: Membership = broker.join(
            topic, topic, on_assigned=self._assigned, on_revoked=self._revoked
        )

    def _assigned(self, partitions: Collection[int]) -> dict[int, int | None]:
        self.writers = dict(self.membership.writers(partitions))
        return {number: writer.restore().position for number, writer in self.writers.items()}

    def _revoked(self, partitions: Collection[int]) -> None:
        for number in partitions:
            self.writers.pop(number).close()

    def poll(self) -> None:
        self.records.extend(self.membership.poll(0.05, 100))

    def commit(self, partition: int, position: int, *messages: Message) -> None:
        self.writers[partition].send(messages, [], position)
        self.writers[partition].commit()


def until(is_so: Callable[[], bool], *steps: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        for step in steps:
            step()


def read(follower: Follower, count: int) -> list[Record]:
    records: list[Record] = []
    until(lambda: len(records) >= count, lambda: records.extend(follower.poll(0.1, 100)))
    return records


def committed(writer: Writer, *messages: Message, changes: tuple[Change, ...] = ()) -> None:
    writer.send(messages, changes, messages[-1].cause + 1 if messages else 1)
    writer.commit()


def texts(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


@pytest.fixture
def writer(broker: Broker) -> Iterator[Writer]:
    name = f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=changelog(name), is_compacted=True)])
    writer = broker.write(name)
    yield writer
    writer.close()


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


@pytest.mark.long
def test_members_of_a_group_that_hangs_meet_anew(
    tansu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Tansu one hangs whose leader leaves while partitions are shared out anew."""
    monkeypatch.setattr(membership, "HUNG_S", 5.0)
    broker, name = Kafka(tansu), f"t{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=each, partitions=2) for each in (name, changelog(name))])
    leader = Member(broker, name)
    until(lambda: len(leader.writers) == 2, leader.poll)
    follower = Member(broker, name)
    until(lambda: not leader.writers, leader.poll, follower.poll)
    leader.membership.close()
    with pytest.raises(BrokerError, match="meet anew"):
        until(lambda: bool(follower.writers), follower.poll)
    follower.membership.close()
    # Whoever comes is where the others are.
    again = Member(broker, name)
    until(lambda: len(again.writers) == 2, again.poll)
    again.membership.close()


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


def test_a_member_goes_on_where_its_task_was_committed(
    broker: Broker, topic: str, writer: Writer
) -> None:
    committed(
        writer,
        *[Message(topic, b"k", str(n).encode(), cause=n, partition=0) for n in range(6)],
    )
    first = Member(broker, topic)
    until(lambda: len(first.records) == 6, first.poll)
    first.commit(0, first.records[3].offset + 1)
    first.membership.close()
    second = Member(broker, topic)
    until(lambda: len(second.records) == 2, second.poll)
    assert texts(second.records) == [b"4", b"5"]
    second.membership.close()


def test_members_share_and_take_over(broker: Broker, topic: str, writer: Writer) -> None:
    first, second = Member(broker, topic), Member(broker, topic)
    until(lambda: len(first.writers) == 1 and len(second.writers) == 1, first.poll, second.poll)
    assert {*first.writers, *second.writers} == {0, 1}
    taken = next(iter(second.writers))
    committed(writer, Message(topic, b"k", b"x", cause=0, partition=taken))
    until(lambda: len(second.records) == 1, first.poll, second.poll)
    second.commit(taken, second.records[0].offset + 1)
    second.membership.close()
    until(lambda: len(first.writers) == 2, first.poll)
    committed(writer, Message(topic, b"k", b"y", cause=1, partition=taken))
    until(lambda: len(first.records) == 1, first.poll)
    assert texts(first.records) == [b"y"]
    first.membership.close()


def test_what_may_be_lost_is_read_like_the_rest(broker: Broker, topic: str) -> None:
    poster = broker.post()
    poster.post(topic, b"k", b"a line")
    poster.close()
    [record] = read(broker.follow([topic]), 1)
    assert (record.key, record.value, record.origin) == (b"k", b"a line", None)


def test_lag_is_what_was_not_polled(broker: Broker, topic: str, writer: Writer) -> None:
    member = Member(broker, topic)
    until(lambda: len(member.writers) == 2, member.poll)
    committed(writer, *[Message(topic, b"k", b"x", cause=n, partition=1) for n in range(4)])
    # Neither the ends of transactions nor what was committed long ago counts.
    until(
        lambda: len(member.records) == 4 and not any(member.membership.lags().values()), member.poll
    )
    member.commit(1, member.records[-1].offset + 1)
    member.membership.close()
    again = Member(broker, topic)
    until(lambda: again.membership.lags() == {0: 0, 1: 0}, again.poll)
    assert not again.records
    again.membership.close()


def test_how_far_a_group_is_behind_is_seen_from_outside(
    broker: Broker, topic: str, writer: Writer
) -> None:
    watch = broker.watch({topic: topic})
    committed(writer, *[Message(topic, b"k", b"x", cause=n, partition=1) for n in range(4)])
    until(lambda: watch.lags() == {topic: 4})
    member = Member(broker, topic)
    until(lambda: len(member.records) == 4, member.poll)
    assert watch.lags() == {topic: 4}
    member.commit(1, 3)
    until(lambda: watch.lags() == {topic: 1})
    member.membership.close()


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


def test_a_task_is_taken_by_one_who_is_no_member(
    broker: Broker, topic: str, writer: Writer
) -> None:
    assert broker.partitions()[topic] == 2
    tweets = [Message(topic, b"k", b"%d" % at, at, partition=1) for at in range(5)]
    committed(writer, *tweets)
    member = Member(broker, topic)
    until(lambda: len(member.records) == 5, member.poll)
    last = member.records[2].offset + 1
    member.writers[1].send([], [Change(b"a", b"1")], last)
    member.writers[1].commit()

    taker = broker.take(topic, topic, 1)
    restored = taker.restore()
    assert (restored.position, restored.state) == (last, {b"a": b"1"})
    taker.send([], [Change(b"a", b"2")], last)
    taker.commit()
    taker.close()
    member.membership.close()
    again = broker.take(topic, topic, 1)
    assert again.restore().state == {b"a": b"2"}
    again.close()
    rest = [each for records in broker.rest(topic, 1, last) for each in records]
    assert texts(rest) == [b"3", b"4"]


def test_who_has_all_partitions_commits_for_all_at_once(broker: Broker, topic: str) -> None:
    member = Member(broker, topic)
    until(lambda: len(member.writers) == 2, member.poll)
    for number, writer in member.writers.items():
        writer.send(
            [Message(topic, b"k", b"%d" % number, 0, number)], [Change(b"a", b"%d" % number)], 1
        )
    member.writers[0].commit()
    member.writers[1].commit()
    assert sorted(text or b"" for text in texts(read(broker.follow([topic]), 2))) == [b"0", b"1"]
    member.membership.close()
    for number in range(2):
        with closing(broker.take(topic, topic, number)) as taker:
            restored = taker.restore()
            assert (restored.position, restored.state) == (1, {b"a": b"%d" % number})


def test_who_takes_a_task_supersedes_one_that_has_all(broker: Broker, topic: str) -> None:
    member = Member(broker, topic)
    until(lambda: len(member.writers) == 2, member.poll)
    for writer in member.writers.values():
        writer.send([Message(topic, b"k", b"lost", 0)], [Change(b"a", b"lost")], 1)
    taken = broker.take(topic, topic, 1)
    with pytest.raises(BrokerError):
        member.writers[0].commit()
    for number in range(2):
        with closing(broker.take(topic, topic, number)) as taker:
            restored = taker.restore()
            assert (restored.position, restored.state) == (None, {})
    taken.close()
    member.membership.close()


def test_who_gets_all_supersedes_one_that_has_a_task(broker: Broker, topic: str) -> None:
    taker = broker.take(topic, topic, 1)
    taker.send([Message(topic, b"k", b"lost", 0)], [Change(b"a", b"lost")], 1)
    member = Member(broker, topic)
    until(lambda: len(member.writers) == 2, member.poll)
    with pytest.raises(BrokerError):
        taker.commit()
    committed(member.writers[1], Message(topic, b"k", b"1", 0), changes=(Change(b"a", b"1"),))
    member.membership.close()
    with closing(broker.take(topic, topic, 1)) as again:
        restored = again.restore()
        assert (restored.position, restored.state) == (1, {b"a": b"1"})


def test_a_member_that_leaves_while_another_joins_leaves_it_all(broker: Broker, topic: str) -> None:
    first = Member(broker, topic)
    until(lambda: len(first.writers) == 2, first.poll)
    second = Member(broker, topic)
    until(lambda: not first.writers or len(second.writers) == 1, first.poll, second.poll)

    def go() -> None:
        first.membership.leave()
        first.membership.close()

    going = threading.Thread(target=go)
    going.start()
    until(lambda: not going.is_alive() and len(second.writers) == 2, second.poll)
    second.membership.close()
