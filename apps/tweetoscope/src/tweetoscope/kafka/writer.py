"""Writing for a task: its messages, its state and its position, in one transaction."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException

from tweetoscope import origins
from tweetoscope.broker import BrokerError, Change, Message, Restored, Superseded
from tweetoscope.kafka import answers, headers
from tweetoscope.kafka.state import State

ANY = -1
"""Of partitions: as the key decides."""


class KafkaWriter:
    """A transactional producer whose id is the task's, so that a newer one fences this one.

    What counts of a task is decided by one thing, the offset that its transactions commit.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        commit_s: float,
        *,
        task: str,
        state: tuple[str, int],
        counted: rdkafka.TopicPartition,
        reader: rdkafka.Consumer,
        member: Callable[[], Any],
    ) -> None:
        self._task, self._changelog, self._member = task, state, member
        self._state = State(reader, task=task, state=state, counted=counted)
        self._commit_s = commit_s
        self._is_open = False
        self._position: int | None = None
        self._producer = rdkafka.Producer(
            settings
            | {
                "transactional.id": f"tweetoscope/{task}",
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
            raise answers.failed(f"{task} cannot be written for", error) from error

    def restore(self) -> Restored:
        """What was committed last."""
        return self._state.restore()

    def send(
        self,
        messages: Iterable[Message],
        changes: Iterable[Change],
        position: int | None,
        whole: Callable[[], Iterable[Change]] | None = None,
    ) -> None:
        """Begin a transaction of messages, changes of state and the position in the input."""
        self._position = position
        try:
            self._producer.begin_transaction()
            self._is_open = True
            cause, number, whose = -1, 0, origins.whose(self._task)
            for topic, key, value, its_cause, partition in messages:
                number = number + 1 if its_cause == cause else 0
                cause = its_cause
                its = headers.with_origin(whose + origins.PLACE.pack(cause, number))
                self._produce(topic, value, key, ANY if partition is None else partition, its)
            if position is None:
                return
            topic, own = self._changelog
            header = headers.with_position(position)
            for change in self._state.changed(changes, whole):
                self._produce(topic, change.value, change.key, own, header)
        except KafkaException as error:
            raise self._lost(error) from error

    def commit(self) -> None:
        """Make what was sent count, all at once.

        Tansu does not tell who was superseded, but goes silent; so that shows as a failure.
        """
        until = time.monotonic() + self._commit_s
        if self._is_open and self._position is not None:
            self._send_position(self._position)
        while self._is_open:
            try:
                self._producer.commit_transaction(max(until - time.monotonic(), 0.1))
                self._is_open = False
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > until:
                    raise self._lost(error) from error

    def close(self) -> None:
        """Let go; what was not committed never counts."""
        self._abort()
        self._state.close()

    def _send_position(self, position: int) -> None:
        positions = self._state.positions(position)
        try:
            self._producer.send_offsets_to_transaction(positions, self._member(), answers.TIMEOUT_S)
        except KafkaException as error:
            raise self._lost(error) from error

    def _produce(
        self, topic: str, value: bytes | None, key: bytes | None, to: int, its: headers.Headers
    ) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, to, headers=its)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _lost(self, error: KafkaException) -> BrokerError:
        self._abort()
        if answers.code(error) in answers.SUPERSEDED:
            return Superseded(f"another process has taken over {self._task}")
        return answers.failed(f"what {self._task} wrote was not committed", error)

    def _abort(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._producer.abort_transaction(5.0)
        except KafkaException:
            # The next writer of this task, or the broker when it has waited long enough, does it.
            answers.log.info("a transaction was left open", extra={"task": self._task})
