"""Brokers in trouble that those of the other tests do not get into."""

import contextlib
import socket
from concurrent.futures import Future
from contextlib import closing
from threading import Thread

import confluent_kafka as rdkafka
import pytest
from confluent_kafka import KafkaError

from apps.tweetoscope.tests.mock_cluster import MockCluster
from tweetoscope.broker import BrokerError, Message, Writer, changelog
from tweetoscope.kafka import Kafka, answers
from tweetoscope.testing.brokers import tansu_running

WITHIN_S = 60.0
LIST_OFFSETS = 2
OFFSET_FETCH = 9
PASSING = sorted(answers.PASSING)


def committed(writer: Writer, position: int) -> Future[None]:
    """What comes of a commit, in a thread that keeps nobody from ending."""
    done: Future[None] = Future()

    def commit() -> None:
        try:
            writer.send([Message("input", b"k", b"v", position)], [], position)
            writer.commit()
            done.set_result(None)
        except BrokerError as error:
            done.set_exception(error)

    Thread(target=commit, daemon=True).start()
    return done


def test_a_writer_gives_up_when_the_broker_that_keeps_its_position_is_lost() -> None:
    cluster = MockCluster()
    for topic in ("input", changelog("group")):
        cluster.make(topic, leader=1)
    for name in ("tweetoscope/group/0", "tweetoscope/group"):
        cluster.coordinate("transaction", name, 1)
    cluster.coordinate("group", "group", 2)
    broker = Kafka(cluster.address, commit_s=1.0)
    with closing(broker.take("group", "input", 0)) as writer:
        committed(writer, 1).result(WITHIN_S)
        cluster.lose(2)
        cluster.coordinate("group", "group", 3)
        with pytest.raises(BrokerError, match="group/0 wrote was not committed"):
            committed(writer, 2).result(WITHIN_S)
    with closing(broker.take("group", "input", 0)) as writer:
        committed(writer, 2).result(WITHIN_S)


def test_who_looks_at_groups_lives_on_when_another_broker_keeps_their_positions() -> None:
    """librdkafka's administrator would end the process."""
    cluster = MockCluster()
    cluster.make("input", leader=1)
    watch = Kafka(cluster.address).watch({"group": "input"})
    assert watch.lags() == {"group": 0}
    cluster.refuse(OFFSET_FETCH, KafkaError.NOT_COORDINATOR)
    assert watch.lags() == {"group": 0}


@pytest.mark.parametrize("answer", PASSING, ids=[KafkaError(code).name() for code in PASSING])
def test_who_is_told_to_ask_another_broker_asks_again(answer: int) -> None:
    cluster = MockCluster()
    for topic in ("input", changelog("group")):
        cluster.make(topic, leader=1)
    # The cluster keeps no position that a transaction commits.
    member = rdkafka.Consumer({"bootstrap.servers": cluster.address, "group.id": "group"})
    member.commit(offsets=[rdkafka.TopicPartition("input", 0, 7)], asynchronous=False)
    member.close()
    broker = Kafka(cluster.address)
    with closing(broker.take("group", "input", 0)) as writer:
        cluster.refuse(OFFSET_FETCH, answer, times=2)
        assert writer.restore().position == 7
    watch = broker.watch({"group": "input"})
    for request in (OFFSET_FETCH, LIST_OFFSETS):
        cluster.refuse(request, answer, times=2)
        assert watch.lags() == {"group": 0}
    cluster.refuse(LIST_OFFSETS, answer, times=2)
    with closing(broker.follow(["input"], last=1)) as follower:
        assert not follower.is_at_end()


def test_who_may_not_know_a_position_does_not_begin_anew() -> None:
    cluster = MockCluster()
    for topic in ("input", changelog("group")):
        cluster.make(topic, leader=1)
    with closing(Kafka(cluster.address).take("group", "input", 0)) as writer:
        cluster.refuse(OFFSET_FETCH, KafkaError.GROUP_AUTHORIZATION_FAILED)
        with pytest.raises(BrokerError, match="position of group/0 is not known"):
            writer.restore()


def test_a_tansu_may_complain_as_much_as_it_likes() -> None:
    with tansu_running() as address:
        host, port = address.split(":")
        # Three lines each time; what nobody reads of them is kept for it up to 64 KiB.
        for _ in range(500):
            with socket.create_connection((host, int(port)), WITHIN_S) as connection:
                connection.settimeout(WITHIN_S)
                connection.sendall(b"\0\0\0\x08nonsense")
                with contextlib.suppress(ConnectionResetError):
                    assert connection.recv(1) == b""
        assert Kafka(address).answers(WITHIN_S)
