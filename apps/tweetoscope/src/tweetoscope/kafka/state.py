"""The state of a task: what its changelog says, read from the last place where all of it is.

A changelog grows with the stream. Apache Kafka compacts what is old, Tansu nothing, and reads the
slower the more there is. So who writes changes writes now and then, in one transaction with them,
all that there is: a *snapshot*. Where it begins is committed beside the position in the input.
What there is it asks of whoever has it: a copy, in pieces that come and go, took several times
the memory of what it was a copy of.
"""

import time
from collections.abc import Callable, Iterable, Iterator

import confluent_kafka as rdkafka

from tweetoscope.broker import BrokerError, Change, Restored
from tweetoscope.kafka import answers, headers

LEAST = 20_000
"""So much is written at least between two snapshots, and ..."""
TIMES = 10
"""... so many times as much as there is state: a changelog grows by a tenth of itself for them."""
TRANSACTION = 20
"""What to read one more transaction costs, in changes."""


class State:
    """What is in a changelog. Without an input's position beside it there are no snapshots.

    `at` is the changelog's topic, and the task's partition of it.
    """

    def __init__(
        self,
        reader: rdkafka.Consumer,
        *,
        task: str,
        state: tuple[str, int],
        counted: rdkafka.TopicPartition,
    ) -> None:
        self._reader, self._task, self.at, self._counted = reader, task, state, counted
        self._has_snapshots = (counted.topic, counted.partition) != state
        self._begins: int | None = None
        self._written = self._size = 0

    def restore(self) -> Restored:
        """What was committed last."""
        asked = [self._counted, rdkafka.TopicPartition(*self.at)]
        counted, begins = answers.asked(
            f"the position of {self._task} is not known",
            # A position that is an error has none: to go on with that were to begin anew.
            lambda: answers.known(self._reader.committed(asked, answers.TIMEOUT_S)),
        )
        position = counted.offset if counted.offset >= 0 else None
        if self._has_snapshots and begins.offset >= 0:
            self._begins = begins.offset
        state: dict[bytes, bytes] = {}
        if position is not None:
            for key, value, at in self._changes():
                self._written += 1
                if at > position:
                    continue
                if value is None:
                    state.pop(key, None)
                else:
                    state[key] = value
        self._size = len(state)
        return Restored(position=position, state=state)

    def changed(
        self, changes: Iterable[Change], whole: Callable[[], Iterable[Change]] | None
    ) -> Iterator[Change]:
        """Changes as they are to be written, and after them a snapshot if it is time for one."""
        self._written += TRANSACTION
        for change in changes:
            self._written += 1
            yield change
        if whole is not None and self._has_snapshots and self._is_time():
            # No later than where the next message comes to be.
            self._begins = self._end()
            self._written = self._size = 0
            for change in whole():
                self._size += 1
                yield change

    def positions(self, position: int) -> list[rdkafka.TopicPartition]:
        """What is committed: the position in the input, and where the last snapshot begins."""
        found = [rdkafka.TopicPartition(self._counted.topic, self._counted.partition, position)]
        if self._begins is not None:
            found.append(rdkafka.TopicPartition(*self.at, self._begins))
        return found

    def close(self) -> None:
        """Let go."""
        self._reader.close()

    def _is_time(self) -> bool:
        return self._written >= max(LEAST, TIMES * self._size)

    def _end(self) -> int:
        asked = rdkafka.TopicPartition(*self.at)
        _, end = answers.asked(
            f"where {self.at[0]} ends is not known",
            lambda: self._reader.get_watermark_offsets(asked, answers.TIMEOUT_S),
        )
        return int(end)

    def _changes(self) -> Iterator[tuple[bytes, bytes | None, int]]:
        """The changes since the last snapshot began, with the positions they were made at."""
        begins = rdkafka.OFFSET_BEGINNING if self._begins is None else self._begins
        self._reader.assign([rdkafka.TopicPartition(*self.at, begins)])
        behind = {self.at}
        until = time.monotonic() + answers.TIMEOUT_S
        while behind:
            messages = self._reader.consume(10_000, 0.0) or [self._reader.poll(0.1)]
            for message in messages:
                if message is None:
                    continue
                until = time.monotonic() + answers.TIMEOUT_S
                if error := message.error():
                    answers.ended_or_raise(error, message, lambda at, _: behind.discard(at))
                    continue
                yield message.key(), message.value(), headers.position(message.headers())
            if time.monotonic() > until:
                raise BrokerError(f"the state of {self._task} cannot be read from {self.at[0]}")
        self._reader.unassign()
