"""A broker in memory that passes the contract of the real ones, for tests of what stands on it."""

import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tweetoscope.broker import (
    Assigned,
    BrokerError,
    Change,
    Listed,
    Message,
    Record,
    Records,
    Restored,
    Revoked,
    Superseded,
    Topic,
    changelog,
    task_name,
)
from tweetoscope.origins import Fresh, origin


@dataclass(eq=False)
class Transaction:
    """`counts` is None while it is open."""

    counts: bool | None = None


@dataclass
class Entry:
    record: Record
    transaction: Transaction
    position: int | None = None


@dataclass
class Group:
    members: list["MemoryMembership"] = field(default_factory=list)
    generation: int = 0

    def share(self, member: "MemoryMembership", partitions: int) -> list[int]:
        at = self.members.index(member)
        return [number for number in range(partitions) if number % len(self.members) == at]


class MemoryBroker:
    """`shows_aborted`: readers see what was never committed, as Tansu lets them."""

    def __init__(self, *, shows_aborted: bool = False) -> None:
        self.shows_aborted = shows_aborted
        self.changed = threading.Condition(threading.RLock())
        self.topics: dict[str, list[list[Entry]]] = {}
        self.positions: dict[tuple[str, str, int], int] = {}
        self.groups: dict[str, Group] = {}
        self.open: dict[str, MemoryTransactions] = {}
        self.is_lost = False

    def check(self) -> None:
        """As a broker that may be lost."""
        if self.is_lost:
            raise BrokerError("nobody answers")

    @property
    def address(self) -> str:
        """Where it is."""
        return "memory"

    def answers(self, within_s: float) -> bool:
        """It is there."""
        return True

    def make(self, topics: Collection[Topic]) -> list[str]:
        with self.changed:
            made = [topic for topic in topics if topic.name not in self.topics]
            for topic in made:
                self.topics[topic.name] = [[] for _ in range(topic.partitions)]
            return [topic.name for topic in made]

    def partitions(self) -> dict[str, int]:
        with self.changed:
            return {name: len(partitions) for name, partitions in self.topics.items()}

    def take(self, group: str, topic: str, partition: int) -> "MemoryWriter":
        transactions = MemoryTransactions(self, task_name(group, partition))
        MemoryTransactions(self, group)
        return MemoryWriter(self, transactions, group, topic, partition)

    def rest(self, topic: str, partition: int, position: int) -> Iterator[Records]:
        with self.changed:
            records, _ = self.read(topic, partition, position, 1_000_000)
        yield Listed(records)

    def join(
        self,
        group: str,
        topic: str,
        *,
        on_assigned: Assigned,
        on_revoked: Revoked,
        patience_s: float = 0.0,
        is_mixed: bool = False,
    ) -> "MemoryMembership":
        with self.changed:
            return MemoryMembership(self, group, topic, on_assigned, on_revoked)

    def follow(
        self, topics: Collection[str], *, last: int | None = None, patience_s: float = 0.0
    ) -> "MemoryFollower":
        with self.changed:
            return MemoryFollower(self, topics, last=last)

    def watch(self, inputs: Mapping[str, str]) -> "MemoryWatch":
        return MemoryWatch(self, inputs)

    def write(self, name: str) -> "MemoryWriter":
        return MemoryWriter(
            self, MemoryTransactions(self, task_name(name, 0)), name, changelog(name), 0
        )

    def post(self) -> "MemoryPoster":
        return MemoryPoster(self)

    def partition(self, topic: str, number: int) -> list[Entry]:
        self.check()
        if topic not in self.topics:
            raise BrokerError(f"there is no topic {topic}")
        return self.topics[topic][number]

    def append(self, message: Message, origin: bytes | None, entry: Transaction) -> Entry:
        partitions = self.topics[message.topic]
        number = message.partition
        if number is None:
            number = zlib.crc32(message.key or b"") % len(partitions)
        record = Record(
            message.topic,
            number,
            len(partitions[number]),
            message.key,
            message.value,
            int(time.time() * 1000),
            origin,
        )
        made = Entry(record, entry)
        partitions[number].append(made)
        return made

    def read(self, topic: str, number: int, start: int, limit: int) -> tuple[list[Record], int]:
        """What may be seen from an offset on, and the offset after it."""
        found: list[Record] = []
        at = start
        for entry in self.partition(topic, number)[start:]:
            if entry.transaction.counts is None or len(found) == limit:
                break
            at += 1
            if entry.transaction.counts or self.shows_aborted:
                found.append(entry.record)
        return found, at


class Reading:
    """Where one reader is in several partitions."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.at: dict[tuple[str, int], int] = {}

    def poll(
        self, timeout_s: float, limit: int, wanted: Callable[[], bool] = lambda: False
    ) -> list[Record]:
        records: list[Record] = []

        def found() -> bool:
            for (topic, number), start in self.at.items():
                more, end = self.broker.read(topic, number, start, limit - len(records))
                records.extend(more)
                self.at[topic, number] = end
            return bool(records) or wanted()

        self.broker.changed.wait_for(found, timeout_s)
        return records


class MemoryMembership:
    def __init__(
        self,
        broker: MemoryBroker,
        group: str,
        topic: str,
        on_assigned: Assigned,
        on_revoked: Revoked,
    ) -> None:
        self._broker, self._group, self._topic = broker, group, topic
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._reading = Reading(broker)
        self._generation = 0
        self._members = broker.groups.setdefault(group, Group())
        self._members.members.append(self)
        self._members.generation += 1
        broker.changed.notify_all()

    def poll(self, timeout_s: float, limit: int) -> Records:
        with self._broker.changed:
            if self._is_changed():
                self._rebalance()
            return Listed(self._reading.poll(timeout_s, limit, self._is_changed))

    def lags(self) -> dict[int, int]:
        with self._broker.changed:
            return {
                number: len(self._broker.partition(topic, number)) - at
                for (topic, number), at in self._reading.at.items()
            }

    def writers(self, partitions: Collection[int]) -> dict[int, "MemoryWriter"]:
        with self._broker.changed:
            all_of_them = MemoryTransactions(self._broker, self._group)
            own = {
                number: MemoryTransactions(self._broker, task_name(self._group, number))
                for number in partitions
            }
            if 1 < len(own) == len(self._broker.topics[self._topic]):
                own = dict.fromkeys(own, all_of_them)
            return {
                number: MemoryWriter(self._broker, its, self._group, self._topic, number)
                for number, its in own.items()
            }

    def leave(self) -> None:
        """It is always a good time."""

    def close(self) -> None:
        with self._broker.changed:
            self._on_revoked([number for _, number in self._reading.at])
            self.vanish()

    def vanish(self) -> None:
        """Be gone as after a kill: the others get the partitions, and nobody is told here."""
        with self._broker.changed:
            self._members.members.remove(self)
            self._members.generation += 1
            self._broker.changed.notify_all()

    def _is_changed(self) -> bool:
        return self._generation != self._members.generation

    def _rebalance(self) -> None:
        self._generation = self._members.generation
        self._on_revoked([number for _, number in self._reading.at])
        share = self._members.share(self, len(self._broker.topics[self._topic]))
        # Writers are opened by threads of the callback's, which need the lock.
        depth = self._broker.changed._release_save()  # type: ignore[attr-defined]  # RLock's own
        try:
            positions = self._on_assigned(share)
        finally:
            self._broker.changed._acquire_restore(depth)  # type: ignore[attr-defined]  # as above
        self._reading.at = {(self._topic, number): positions[number] or 0 for number in share}


class MemoryWatch:
    def __init__(self, broker: MemoryBroker, inputs: Mapping[str, str]) -> None:
        self._broker, self._inputs = broker, inputs

    def lags(self) -> dict[str, int]:
        with self._broker.changed:
            self._broker.check()
            return {
                group: sum(
                    len(entries) - self._broker.positions.get((group, topic, number), 0)
                    for number, entries in enumerate(self._broker.topics[topic])
                )
                for group, topic in self._inputs.items()
                if topic in self._broker.topics
            }


class MemoryFollower:
    def __init__(self, broker: MemoryBroker, topics: Collection[str], *, last: int | None) -> None:
        self._broker = broker
        self._reading = Reading(broker)
        self._fresh = Fresh()
        self._ends: dict[tuple[str, int], int] = {}
        for topic in topics:
            if topic not in broker.topics:
                raise BrokerError(f"there is no topic {topic}")
            for number, entries in enumerate(broker.topics[topic]):
                self._ends[topic, number] = len(entries)
                start = 0 if last is None else max(len(entries) - last, 0)
                self._reading.at[topic, number] = start

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        with self._broker.changed:
            found = Listed(self._reading.poll(timeout_s, limit))
            return [each for share in found.shares.values() for each in self._fresh.of(share)]

    def is_at_end(self) -> bool:
        return all(self._reading.at[where] >= end for where, end in self._ends.items())

    def close(self) -> None:
        self._reading.at = {}


class MemoryPoster:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def post(self, topic: str, key: bytes | None, value: bytes) -> None:
        with self._broker.changed:
            self._broker.append(Message(topic, key, value), None, Transaction(counts=True))
            self._broker.changed.notify_all()

    def close(self) -> None:
        """Nothing is under way."""


class MemoryTransactions:
    """Those of a name, which fences whoever had it before."""

    def __init__(self, broker: MemoryBroker, name: str) -> None:
        self._broker, self._name = broker, name
        self._open: Transaction | None = None
        self._positions: dict[tuple[str, str, int], int] = {}
        with broker.changed:
            if (other := broker.open.get(name)) is not None:
                other.abort()
            broker.open[name] = self

    def begin(self) -> Transaction:
        self._check()
        if self._open is None:
            self._open = Transaction()
        return self._open

    def count(self, of: tuple[str, str, int], position: int | None) -> None:
        if position is not None:
            self._positions[of] = position

    def commit(self) -> None:
        self._check()
        if self._open is None:
            return
        self._open.counts, self._open = True, None
        self._broker.positions.update(self._positions)
        self._positions = {}
        self._broker.changed.notify_all()

    def abort(self) -> None:
        if self._open is not None:
            self._open.counts, self._open = False, None
            self._positions = {}
            self._broker.changed.notify_all()

    def _check(self) -> None:
        if self._broker.open.get(self._name) is not self:
            raise Superseded(f"another process has taken over {self._name}")


class MemoryWriter:
    def __init__(
        self,
        broker: MemoryBroker,
        transactions: MemoryTransactions,
        group: str,
        topic: str,
        partition: int,
    ) -> None:
        self._broker, self._transactions = broker, transactions
        self._task, self._state = task_name(group, partition), (changelog(group), partition)
        self._counted = (group, topic, partition)

    def restore(self) -> Restored:
        with self._broker.changed:
            position = self._broker.positions.get(self._counted)
            state: dict[bytes, bytes] = {}
            for entry in self._broker.partition(*self._state):
                if not (entry.transaction.counts or self._broker.shows_aborted):
                    continue
                if position is None or entry.position is None or entry.position > position:
                    continue
                key, value = entry.record.key or b"", entry.record.value
                if value is None:
                    state.pop(key, None)
                else:
                    state[key] = value
            return Restored(position=position, state=state)

    def send(
        self,
        messages: Iterable[Message],
        changes: Iterable[Change],
        position: int | None,
        whole: Callable[[], Iterable[Change]] | None = None,
    ) -> None:
        with self._broker.changed:
            transaction = self._transactions.begin()
            cause, index = -1, 0
            for message in messages:
                index = index + 1 if message.cause == cause else 0
                cause = message.cause
                self._broker.append(message, origin(self._task, cause, index), transaction)
            topic, partition = self._state
            for key, value in changes:
                message = Message(topic, key, value, partition=partition)
                self._broker.append(message, None, transaction).position = position
            self._transactions.count(self._counted, position)

    def commit(self) -> None:
        with self._broker.changed:
            self._transactions.commit()

    def close(self) -> None:
        with self._broker.changed:
            self._transactions.abort()
