"""Consumers, and what is read with them."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException
from confluent_kafka import admin as rdadmin

from tweetoscope.broker import EMBEDDED, BrokerError, Records
from tweetoscope.kafka import answers
from tweetoscope.kafka.records import KafkaRecords

FOLLOWERS = "tweetoscope-followers"
"""The group of those that are in none."""

HEARTBEAT_S = 0.3
"""Within so long a member hears that partitions are shared out anew."""


LEAST_WAIT_S = 0.02
"""So long a broker may wait for records before it says that there are none."""


@functools.cache
def isolation(brokers: str) -> str:
    """What readers see at a broker. Raises: BrokerError.

    Tansu (0.6.0) may hold back for ever what comes after transactions that overlapped, of which
    one was superseded. As it shows what was given up in any case, by which readers do not go,
    nothing is lost by not waiting for it.
    """
    admin = rdadmin.AdminClient({"bootstrap.servers": brokers, "logger": answers.log})
    try:
        found = admin.list_topics(timeout=answers.TIMEOUT_S)
    except KafkaException as error:
        raise answers.failed("the broker does not say what it is", error) from error
    return "read_uncommitted" if found.cluster_id == EMBEDDED else "read_committed"


def is_embedded(settings: dict[str, Any]) -> bool:
    """Whether the broker is a Tansu. Raises: BrokerError."""
    return isolation(settings["bootstrap.servers"]) == "read_uncommitted"


def reader(settings: dict[str, Any], group: str, patience_s: float = 0.0) -> rdkafka.Consumer:
    """A consumer that reads what is committed only, and commits nothing by itself.

    Raises: BrokerError.
    """
    return rdkafka.Consumer(
        settings
        | {
            "group.id": group,
            "enable.auto.commit": False,
            # Nor is noted what might be committed, of each message anew.
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation(settings["bootstrap.servers"]),
            "enable.partition.eof": True,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": int(HEARTBEAT_S * 1000),
            # Tansu answers when half of this is over, even if records came before.
            "fetch.wait.max.ms": int(max(LEAST_WAIT_S, patience_s) * 1000),
            # Together with `limit` this is the backpressure: what is not handled stays there.
            "queued.max.messages.kbytes": 16_384,
        }
    )


def poll(
    consumer: rdkafka.Consumer,
    timeout_s: float,
    limit: int,
    at_end: answers.AtEnd = lambda _, __: None,
    filled: Callable[[list[rdkafka.Message]], list[rdkafka.Message]] | None = None,
) -> Records:
    """Wait for one message only, since to wait for many is to wait until there are many."""
    try:
        first = consumer.poll(timeout_s)
        messages = [] if first is None else [first, *consumer.consume(limit - 1, 0.0)]
        if filled is not None:
            messages = filled(messages)
        good = [message for message in messages if message.error() is None]
        if len(good) < len(messages):
            for message in messages:
                if (error := message.error()) is not None:
                    answers.ended_or_raise(error, message, at_end)
    except KafkaException as error:
        raise answers.failed("nothing can be read", error) from error
    return KafkaRecords(good)


def rest(settings: dict[str, Any], topic: str, partition: int, position: int) -> Iterator[Records]:
    """What a partition has from a position to its present end."""
    consumer = reader(settings, FOLLOWERS)
    try:
        consumer.assign([rdkafka.TopicPartition(topic, partition, position)])
        behind = {(topic, partition)}
        until = time.monotonic() + answers.TIMEOUT_S
        while behind:
            if records := poll(consumer, 0.1, 10_000, at_end=lambda at, _: behind.discard(at)):
                until = time.monotonic() + answers.TIMEOUT_S
                yield records
            elif time.monotonic() > until:
                raise BrokerError(f"the rest of {topic}/{partition} cannot be read")
    finally:
        consumer.close()
