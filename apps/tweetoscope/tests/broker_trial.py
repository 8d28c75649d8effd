"""What the tests of brokers share: a member of a group, and ways to write, read and wait."""

import time
from collections.abc import Callable, Collection

from tweetoscope.broker import (
    Broker,
    Change,
    Follower,
    Membership,
    Message,
    Record,
    Writer,
)

WITHIN_S = 60.0


class Member:
    """Joins, and has the writers of what it was given."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.writers: dict[int, Writer] = {}
        self.records: list[Record] = []
        self.membership: Membership = broker.join(
            topic, topic, on_assigned=self._assigned, on_revoked=self._revoked
        )

    def _assigned(self, partitions: Collection[int]) -> dict[int, int | None]:
        self.writers = dict(self.membership.writers(partitions))
        return {number: writer.restore().position for number, writer in self.writers.items()}

    def _revoked(self, partitions: Collection[int]) -> None:
        for number in partitions:
            self.writers.pop(number).close()

    def poll(self) -> None:
        self.records.extend(self.membership.poll(0.05, 100))

    def commit(self, partition: int, position: int, *messages: Message) -> None:
        self.writers[partition].send(messages, [], position)
        self.writers[partition].commit()


def until(is_so: Callable[[], bool], *steps: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        for step in steps:
            step()


def read(follower: Follower, count: int) -> list[Record]:
    records: list[Record] = []
    until(lambda: len(records) >= count, lambda: records.extend(follower.poll(0.1, 100)))
    return records


def committed(writer: Writer, *messages: Message, changes: tuple[Change, ...] = ()) -> None:
    writer.send(messages, changes, messages[-1].cause + 1 if messages else 1)
    writer.commit()


def texts(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]
