"""Transactions, one after another, of a producer whose name fences whoever had it before."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException

from tweetoscope.broker import BrokerError, Superseded, task_name
from tweetoscope.kafka import answers, headers

Member = Callable[[], Any]
"""What a consumer says of its membership, by which Kafka refuses one of a generation gone by."""


class Transactions:
    """Several writers may share them: then what all have sent is committed at once.

    Raises: BrokerError.
    """

    def __init__(self, settings: dict[str, Any], commit_s: float, name: str) -> None:
        self._commit_s, self._name = commit_s, name
        self._is_open = False
        self._positions: dict[tuple[str, int], rdkafka.TopicPartition] = {}
        self._committing = threading.Lock()
        self._producer = rdkafka.Producer(
            settings
            | {
                "transactional.id": f"tweetoscope/{name}",
                "transaction.timeout.ms": int(answers.TIMEOUT_S * 1000),
                # Whole requests rather than one for each message; to commit sends what waits. On
                # Tansu a seventh more tweets come through than with 5.
                "linger.ms": 100,
                # Kafka says "not yet" while the transaction before is being closed.
                "retry.backoff.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        try:
            self._producer.init_transactions(answers.TIMEOUT_S)
        except KafkaException as error:
            raise answers.failed(f"{name} cannot be written for", error) from error

    def begin(self) -> None:
        """Begin one, unless it has begun. Raises: BrokerError."""
        if self._is_open:
            return
        try:
            self._producer.begin_transaction()
        except KafkaException as error:
            raise self._lost(error) from error
        self._is_open = True

    def produce(
        self, topic: str, value: bytes | None, key: bytes | None, to: int, its: headers.Headers
    ) -> None:
        """Write a message in it. Raises: BrokerError."""
        while True:
            try:
                self._producer.produce(topic, value, key, to, headers=its)
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise self._lost(error) from error

    def count(self, positions: Iterable[rdkafka.TopicPartition]) -> None:
        """Let it commit positions, too."""
        self._positions.update(((at.topic, at.partition), at) for at in positions)

    def commit(self, member: Member) -> None:
        """Make what was sent count, all at once.

        Tansu does not tell who was superseded, but goes silent; so that shows as a failure.
        """
        with self._committing:
            until = time.monotonic() + self._commit_s
            if self._is_open and self._positions:
                self._send_positions(member, max(until - time.monotonic(), 0.1))
            while self._is_open:
                try:
                    self._producer.commit_transaction(max(until - time.monotonic(), 0.1))
                    self._is_open = False
                except KafkaException as error:
                    if not error.args[0].retriable() or time.monotonic() > until:
                        raise self._lost(error) from error

    def abort(self) -> None:
        """Let what was not committed never count."""
        if not self._is_open:
            return
        self._is_open, self._positions = False, {}
        try:
            self._producer.abort_transaction(5.0)
        except KafkaException:
            # Whoever has the name next, or the broker when it has waited long enough, does it.
            answers.log.info("a transaction was left open", extra={"task": self._name})

    def _send_positions(self, member: Member, within_s: float) -> None:
        positions, self._positions = list(self._positions.values()), {}
        send = self._producer.send_offsets_to_transaction
        try:
            # A second more, as librdkafka says better why it failed, where it heeds the time.
            answers.within(
                within_s + 1.0,
                partial(send, positions, member(), within_s),
                # Whoever reads them may begin so much sooner.
                meanwhile=partial(self._producer.flush, within_s),
            )
        except KafkaException as error:
            raise self._lost(error) from error

    def _lost(self, error: KafkaException) -> BrokerError:
        self.abort()
        if answers.code(error) in answers.SUPERSEDED:
            return Superseded(f"another process has taken over {self._name}")
        return answers.failed(f"what {self._name} wrote was not committed", error)


def fencing(
    settings: dict[str, Any], commit_s: float, group: str, partitions: Collection[int], of: int = 0
) -> dict[int, Transactions]:
    """The transactions of a group's tasks, when nobody else can commit for them any more.

    Who has all of a topic's partitions, `of` which there are so many, commits for all at once: the
    group's name fences. Otherwise it is each task's name. Both ways fence who went the other way,
    and only after they have a name of their own: of two who begin at a time one is fenced.

    Raises: BrokerError.
    """

    def begin(name: str) -> Transactions:
        return Transactions(settings, commit_s, name)

    names = [task_name(group, partition) for partition in partitions]
    with ThreadPoolExecutor() as pool:
        if 1 < of == len(names):
            shared = begin(group)
            list(pool.map(begin, names))
            return dict.fromkeys(partitions, shared)
        own = dict(zip(partitions, pool.map(begin, names), strict=True))
        if of != 1:
            begin(group)
        return own
