"""Writing for a task: its messages, its state and its position, in one transaction."""

from collections.abc import Callable, Iterable
from typing import Any

import confluent_kafka as rdkafka

from tweetoscope import origins
from tweetoscope.broker import Change, Message, Restored, changelog, task_name
from tweetoscope.kafka import headers, reading
from tweetoscope.kafka.state import State
from tweetoscope.kafka.transactions import Member, Transactions

ANY = -1
"""Of partitions: as the key decides."""
NOTHING = b"\0nothing"
"""What changes where nothing does: alone, Tansu (0.6.0) commits no position but a task's first."""


class KafkaWriter:
    """A task's messages in transactions, which may be those of other tasks, too.

    What counts of a task is decided by one thing, the offset that its transactions commit: of the
    input that `topic` names, or of the changelog where there is none.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        transactions: Transactions,
        *,
        group: str,
        partition: int = 0,
        topic: str | None = None,
        member: Member | None = None,
    ) -> None:
        task, at = task_name(group, partition), (changelog(group), partition)
        reader = reading.reader(settings, group)
        counted = rdkafka.TopicPartition(topic or at[0], partition)
        self._state = State(reader, task=task, state=at, counted=counted)
        self._member = member or reader.consumer_group_metadata
        self._transactions = transactions
        self._whose = origins.whose(task)

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
        self._transactions.begin()
        produce = self._transactions.produce
        cause, number, whose = -1, 0, self._whose
        for topic, key, value, its_cause, partition in messages:
            number = number + 1 if its_cause == cause else 0
            cause = its_cause
            its = headers.with_origin(whose + origins.PLACE.pack(cause, number))
            produce(topic, value, key, ANY if partition is None else partition, its)
        if position is None:
            return
        topic, own = self._state.at
        header = headers.with_position(position)
        is_empty = cause < 0
        for change in self._state.changed(changes, whole):
            produce(topic, change.value, change.key, own, header)
            is_empty = False
        if is_empty:
            produce(topic, None, NOTHING, own, header)
        self._transactions.count(self._state.positions(position))

    def commit(self) -> None:
        """Make what was sent count, all at once."""
        self._transactions.commit(self._member)

    def close(self) -> None:
        """Let go; what was not committed never counts."""
        self._transactions.abort()
        self._state.close()
