"""The contract of a broker for those who share its partitions, over the same brokers."""

import threading
import uuid
from contextlib import closing

import pytest

from apps.tweetoscope.tests.broker_trial import Member, committed, read, texts, until
from tweetoscope.broker import (
    Broker,
    BrokerError,
    Change,
    Message,
    Topic,
    Writer,
    changelog,
)
from tweetoscope.kafka import Kafka, membership


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
