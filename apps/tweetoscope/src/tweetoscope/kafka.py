"""The broker as Kafka's protocol has it, through librdkafka: the only module that knows it.

It is written against what Apache Kafka and Tansu both do. Tansu shows readers what a transaction
has written that was never committed. So each message has its origin with it and each change of
state the position it was made at; by these, readers here pass over what does not count.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import admin as rdadmin

from tweetoscope.broker import (
    Assigned,
    BrokerError,
    Change,
    Message,
    Origin,
    Record,
    Restored,
    Revoked,
    Superseded,
    Topic,
    changelog,
    task_name,
)
from tweetoscope.origins import Fresh

ORIGIN = "tweetoscope-origin"
POSITION = "tweetoscope-position"
TIMEOUT_S = 30.0
SUPERSEDED = {
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
}

log = logging.getLogger(__name__)


class Kafka:
    """A cluster. `brokers` are addresses, host:port, with commas between.

    A transaction that is not committed within `commit_s` is given up.
    """

    def __init__(self, brokers: str, *, replication: int = 1, commit_s: float = 10.0) -> None:
        self._replication, self._commit_s = replication, commit_s
        self._settings: dict[str, Any] = {
            "bootstrap.servers": brokers.removeprefix("kafka://"),
            "logger": log,
            "reconnect.backoff.max.ms": 1000,
        }

    def make(self, topics: Collection[Topic]) -> list[str]:
        """Make those topics that are not there yet, and say which these were."""
        admin = rdadmin.AdminClient(self._settings)
        asked = admin.create_topics(
            [
                rdadmin.NewTopic(
                    topic.name,
                    topic.partitions,
                    self._replication,
                    config={"cleanup.policy": "compact"} if topic.is_compacted else {},
                )
                for topic in topics
            ],
            operation_timeout=TIMEOUT_S,
        )
        made = []
        for name, answer in asked.items():
            try:
                answer.result(TIMEOUT_S)
                made.append(name)
            except KafkaException as error:
                if _code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise _failed(f"topic {name} was not made", error) from error
        return made

    def join(
        self, group: str, topic: str, *, on_assigned: Assigned, on_revoked: Revoked
    ) -> "KafkaMembership":
        """Share a topic with the other members of a group."""
        return KafkaMembership(
            self._settings, self._commit_s, group, topic, on_assigned, on_revoked
        )

    def follow(self, topics: Collection[str], *, from_end: bool = False) -> "KafkaFollower":
        """Read all partitions of topics from their beginning, or only what comes from now on."""
        return KafkaFollower(self._settings, topics, from_end=from_end)

    def write(self, name: str) -> "KafkaWriter":
        """The writer of a task that has no input; its state is in the changelog of `name`."""
        reader = _reader(self._settings, name)
        return KafkaWriter(
            self._settings,
            self._commit_s,
            task=task_name(name, 0),
            state=(changelog(name), 0),
            counted=rdkafka.TopicPartition(changelog(name), 0),
            reader=reader,
            member=reader.consumer_group_metadata,
        )

    def post(self) -> "KafkaPoster":
        """A way to write what may also be lost."""
        return KafkaPoster(self._settings)


class KafkaPoster:
    """A plain producer."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._producer = rdkafka.Producer(
            settings | {"linger.ms": 100, "message.timeout.ms": 10_000, "acks": 1}
        )

    def post(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Send soon, without waiting for anything; dropped when too much waits already."""
        with contextlib.suppress(BufferError):
            self._producer.produce(topic, value, key)
        self._producer.poll(0.0)

    def close(self) -> None:
        """Wait a little for what was not sent yet."""
        self._producer.flush(2.0)


class KafkaMembership:
    """A consumer in a group. Offsets are committed by the writers of its tasks only."""

    def __init__(
        self,
        settings: dict[str, Any],
        commit_s: float,
        group: str,
        topic: str,
        on_assigned: Assigned,
        on_revoked: Revoked,
    ) -> None:
        self._settings, self._commit_s = settings, commit_s
        self._group, self._topic = group, topic
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._own: list[rdkafka.TopicPartition] = []
        self._failure: Exception | None = None
        self._consumer = _reader(settings, group)
        self._consumer.subscribe(
            [topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke
        )

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records of the partitions that are one's own, waiting only while there are none."""
        records = _poll(self._consumer, timeout_s, limit)
        if self._failure is not None:
            raise self._failure
        return records

    def lags(self) -> dict[int, int]:
        """How many records each own partition has that were not polled yet."""
        lags = {}
        try:
            for at in self._consumer.position(self._own):
                low, high = self._consumer.get_watermark_offsets(at, cached=True)
                lags[at.partition] = max(high - max(at.offset, low), 0)
        except KafkaException as error:
            raise _failed(f"how far {self._topic} was read is not known", error) from error
        return lags

    def writer(self, partition: int) -> "KafkaWriter":
        """The writer of an own partition's task, its state kept in the group's changelog."""
        return KafkaWriter(
            self._settings,
            self._commit_s,
            task=task_name(self._group, partition),
            state=(changelog(self._group), partition),
            counted=rdkafka.TopicPartition(self._topic, partition),
            reader=_reader(self._settings, self._group),
            member=self._consumer.consumer_group_metadata,
        )

    def close(self) -> None:
        """Leave, so that others have the partitions at once."""
        self._consumer.close()

    # librdkafka calls these back within poll and close; what they raise would be lost there.

    def _assign(self, consumer: rdkafka.Consumer, partitions: list[rdkafka.TopicPartition]) -> None:
        try:
            positions = self._on_assigned([at.partition for at in partitions])
        except BrokerError as error:
            self._failure = error
            return
        for at in partitions:
            position = positions[at.partition]
            at.offset = rdkafka.OFFSET_BEGINNING if position is None else position
        self._own = partitions
        consumer.assign(partitions)

    def _revoke(self, consumer: rdkafka.Consumer, partitions: list[rdkafka.TopicPartition]) -> None:
        self._own = []
        self._on_revoked([at.partition for at in partitions])


class KafkaFollower:
    """A consumer of all partitions of some topics, in no group."""

    def __init__(
        self, settings: dict[str, Any], topics: Collection[str], *, from_end: bool
    ) -> None:
        self._consumer = _reader(settings, "tweetoscope-followers")
        self._fresh = Fresh()
        start = rdkafka.OFFSET_END if from_end else rdkafka.OFFSET_BEGINNING
        try:
            known = self._consumer.list_topics(timeout=TIMEOUT_S).topics
            if missing := [name for name in topics if name not in known]:
                raise BrokerError(
                    f"the broker has no topic {', '.join(missing)}; make them: tweetoscope topics"
                )
            partitions = [
                rdkafka.TopicPartition(name, number, start)
                for name in topics
                for number in known[name].partitions
            ]
            self._consumer.assign(partitions)
        except KafkaException as error:
            raise _failed(f"{', '.join(topics)} cannot be read", error) from error
        self._behind = set() if from_end else {(at.topic, at.partition) for at in partitions}

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records not read yet, waiting only while there are none. Committed ones only."""
        records = _poll(self._consumer, timeout_s, limit, at_end=self._behind.discard)
        return self._fresh.of(records)

    def is_at_end(self) -> bool:
        """Whether all has been read that was there when it began."""
        return not self._behind

    def close(self) -> None:
        """Let go."""
        self._consumer.close()


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
        self._task, self._state, self._counted = task, state, counted
        self._reader, self._member = reader, member
        self._commit_s = commit_s
        self._is_open = False
        self._producer = rdkafka.Producer(
            settings
            | {
                "transactional.id": f"tweetoscope/{task}",
                "transaction.timeout.ms": int(TIMEOUT_S * 1000),
                "linger.ms": 0,
                # Kafka says "not yet" while the transaction before is being closed.
                "retry.backoff.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        try:
            self._producer.init_transactions(TIMEOUT_S)
        except KafkaException as error:
            raise _failed(f"{task} cannot be written for", error) from error

    def restore(self) -> Restored:
        """What was committed last."""
        try:
            [counted] = self._reader.committed([self._counted], TIMEOUT_S)
        except KafkaException as error:
            raise _failed(f"the position of {self._task} is not known", error) from error
        position = counted.offset if counted.offset >= 0 else None
        state: dict[bytes, bytes] = {}
        if position is None:
            return Restored(position=None, state=state)
        for key, value, at in self._changes():
            if at > position:
                continue
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        return Restored(position=position, state=state)

    def send(
        self, messages: Iterable[Message], changes: Iterable[Change], position: int | None
    ) -> None:
        """Begin a transaction of messages, changes of state and the position in the input."""
        try:
            self._producer.begin_transaction()
            self._is_open = True
            cause, number = -1, 0
            for message in messages:
                number = number + 1 if message.cause == cause else 0
                cause = message.cause
                origin = f"{cause} {number} {self._task}".encode()
                self._produce(message, [(ORIGIN, origin)])
            if position is None:
                return
            topic, partition = self._state
            header = [(POSITION, str(position).encode())]
            for key, value in changes:
                self._produce(Message(topic, key, value, partition=partition), header)
            counted = rdkafka.TopicPartition(self._counted.topic, self._counted.partition, position)
            self._producer.send_offsets_to_transaction([counted], self._member(), TIMEOUT_S)
        except KafkaException as error:
            raise self._lost(error) from error

    def commit(self) -> None:
        """Make what was sent count, all at once.

        Tansu does not tell who was superseded, but goes silent; so that shows as a failure.
        """
        until = time.monotonic() + self._commit_s
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
        self._reader.close()

    def _produce(self, message: Message, headers: list[tuple[str, bytes]]) -> None:
        arguments = {} if message.partition is None else {"partition": message.partition}
        while True:
            try:
                self._producer.produce(
                    message.topic, message.value, message.key, headers=headers, **arguments
                )
                return
            except BufferError:
                self._producer.poll(0.1)

    def _changes(self) -> Iterable[tuple[bytes, bytes | None, int]]:
        """All changes of state that can be read, with the positions that they were made at."""
        topic, partition = self._state
        self._reader.assign([rdkafka.TopicPartition(topic, partition, rdkafka.OFFSET_BEGINNING)])
        behind = {(topic, partition)}
        until = time.monotonic() + TIMEOUT_S
        while behind:
            messages = self._reader.consume(10_000, 0.0) or [self._reader.poll(0.1)]
            for message in messages:
                if message is None:
                    continue
                until = time.monotonic() + TIMEOUT_S
                if error := message.error():
                    _ended_or_raise(error, message, behind.discard)
                    continue
                headers = dict(message.headers() or [])
                yield message.key(), message.value(), int(headers.get(POSITION, b"0"))
            if time.monotonic() > until:
                raise BrokerError(f"the state of {self._task} cannot be read from {topic}")
        self._reader.unassign()

    def _lost(self, error: KafkaException) -> BrokerError:
        self._abort()
        if _code(error) in SUPERSEDED:
            return Superseded(f"another process has taken over {self._task}")
        return _failed(f"what {self._task} wrote was not committed", error)

    def _abort(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._producer.abort_transaction(5.0)
        except KafkaException:
            # The next writer of this task, or the broker when it has waited long enough, does it.
            log.info("a transaction was left open", extra={"task": self._task})


def _reader(settings: dict[str, Any], group: str) -> rdkafka.Consumer:
    return rdkafka.Consumer(
        settings
        | {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1000,
            # Tansu answers when half of this is over, even if records came before.
            "fetch.wait.max.ms": 20,
            # Together with `limit` this is the backpressure: what is not handled stays there.
            "queued.max.messages.kbytes": 16_384,
        }
    )


def _poll(
    consumer: rdkafka.Consumer,
    timeout_s: float,
    limit: int,
    at_end: Callable[[tuple[str, int]], None] = lambda _: None,
) -> list[Record]:
    """Wait for one message only, since to wait for many is to wait until there are many."""
    records: list[Record] = []
    try:
        first = consumer.poll(timeout_s)
        messages = [] if first is None else [first, *consumer.consume(limit - 1, 0.0)]
        for message in messages:
            if error := message.error():
                _ended_or_raise(error, message, at_end)
            else:
                records.append(_record(message))
    except KafkaException as error:
        raise _failed("nothing can be read", error) from error
    return records


def _record(message: rdkafka.Message) -> Record:
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.timestamp()[1],
        _origin(message.headers()),
    )


def _origin(headers: list[tuple[str, bytes]] | None) -> Origin | None:
    for name, value in headers or ():
        if name == ORIGIN:
            offset, number, task = value.split(b" ", 2)
            return Origin(task.decode(), int(offset), int(number))
    return None


def _ended_or_raise(
    error: KafkaError, message: rdkafka.Message, at_end: Callable[[tuple[str, int]], None]
) -> None:
    if error.code() == KafkaError._PARTITION_EOF:
        at_end((message.topic(), message.partition()))
    elif error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise BrokerError(f"{message.topic()} cannot be read: {error.str()}")
    else:
        log.warning("the broker is in trouble", extra={"reason": error.str()})


def _code(error: KafkaException) -> int:
    code: int = error.args[0].code()
    return code


def _failed(what: str, error: KafkaException) -> BrokerError:
    return BrokerError(f"{what}: {error.args[0].str()}")
