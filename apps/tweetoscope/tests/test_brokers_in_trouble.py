"""Brokers in trouble that those of the other tests do not get into."""

import contextlib
import socket
from concurrent.futures import Future
from contextlib import closing
from threading import Thread

import pytest
from confluent_kafka import KafkaError

from apps.tweetoscope.tests.mock_cluster import MockCluster
from tweetoscope.broker import BrokerError, Message, Writer, changelog
from tweetoscope.kafka import Kafka
from tweetoscope.testing.brokers import tansu_running

WITHIN_S = 60.0
OFFSET_FETCH = 9


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
    with contextlib.suppress(BrokerError):
        assert watch.lags() == {"group": 0}
    assert watch.lags() == {"group": 0}


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
