"""The broker as any other program sees it, which knows no more than the topics and their JSON."""

import json
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import confluent_kafka as rdkafka

TIMEOUT_S = 60.0


class Written(NamedTuple):
    """A message as it is on the wire."""

    topic: str
    key: bytes | None
    value: bytes | None


class Reading:
    """All that is committed in some topics, from their beginning. It knows nothing of origins."""

    def __init__(self, brokers: str, topics: Sequence[str]) -> None:
        self._consumer = rdkafka.Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "any other program",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 0,
            }
        )
        known = self._consumer.list_topics(timeout=TIMEOUT_S).topics
        self._partitions = [
            rdkafka.TopicPartition(topic, number, rdkafka.OFFSET_BEGINNING)
            for topic in topics
            for number in known[topic].partitions
        ]
        self._consumer.assign(self._partitions)
        self._ended: set[tuple[str, int]] = set()

    def poll(self, timeout_s: float) -> list[Written]:
        """What is new, waiting only while there is nothing; a broker that is away is waited for."""
        first = self._consumer.poll(timeout_s)
        messages = [] if first is None else [first, *self._consumer.consume(1000, 0.0)]
        found = []
        for message in messages:
            if error := message.error():
                if error.code() == rdkafka.KafkaError._PARTITION_EOF:
                    self._ended.add((message.topic(), message.partition()))
            else:
                self._ended.discard((message.topic(), message.partition()))
                found.append(Written(message.topic(), message.key(), message.value()))
        return found

    def rest(self) -> list[Written]:
        """All that is left; nobody may be writing any more."""
        # Ends are told of once, so that they are asked for anew.
        self._ended.clear()
        self._consumer.assign(self._consumer.position(self._partitions))
        found = []
        until = time.monotonic() + TIMEOUT_S
        while len(self._ended) < len(self._partitions):
            found.extend(self.poll(0.5))
            if time.monotonic() > until:
                raise TimeoutError("topics have no end: a transaction was left open")
        return found

    def close(self) -> None:
        """Let go."""
        self._consumer.close()


def write(brokers: str, messages: Iterable[Written]) -> None:
    """Write, and return when the broker has all of it."""
    producer = rdkafka.Producer(
        {"bootstrap.servers": brokers, "enable.idempotence": True, "log_level": 0}
    )
    for message in messages:
        while True:
            try:
                producer.produce(message.topic, message.value, message.key)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(TIMEOUT_S):
        raise TimeoutError("the broker did not take what was written")


def said(message: Written) -> dict[str, object]:
    """The object that a message is."""
    found: dict[str, object] = json.loads(message.value or b"")
    return found


NUMBER = (int, float)
COURSE: dict[str, dict[str, tuple[type, ...]]] = {
    "tweet": {"msg": (str,), "t": (int,), "m": NUMBER, "tweet_id": (int,), "info": (str,)},
    "retweet": {"msg": (str,), "t": (int,), "m": NUMBER, "tweet_id": (int,), "info": (str,)},
    "serie": {"cid": (str,), "msg": (str,), "T_obs": (int,), "tweets": (list,)},
    "size": {"cid": (str,), "n_tot": (int,), "t_end": NUMBER},
    "parameters": {
        "cid": (str,), "msg": (str,), "n_obs": (int,), "n_supp": NUMBER, "params": (list,)
    },
    "sample": {"cid": (str,), "X": (list,), "W": NUMBER},
    "alert": {"cid": (str,), "msg": (str,), "T_obs": (int,), "n_tot": NUMBER},
    "stat": {"cid": (str,), "T_obs": (int,), "ARE": NUMBER},
}  # fmt: skip
"""What a program written for the course knows of each type of message."""


class Unreadable(Exception):
    """A program written for the course could do nothing with it."""


def known(message: Written) -> str:
    """Key and value as a program written for the course understands them, as one text.

    Raises: Unreadable.
    """
    fields = said(message)
    kind = str(fields.get("type"))
    found = {}
    for name, types in COURSE[kind].items():
        found[name] = value = fields.get(name)
        if type(value) not in types:
            raise Unreadable(f"{name} of a {kind} is {value!r}")
    key = "" if message.key is None else message.key.decode()
    return f"{key} {kind} {json.dumps(found)}"
