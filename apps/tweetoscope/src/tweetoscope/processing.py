"""The loop of every service: read, handle, write, so that each record counts exactly once.

A task's messages, its state and its position in the input are committed in one transaction. So a
process that ends in whatever way leaves nothing half done, and whoever has the task next goes on
where the last transaction ended, with the state as it was then. Why: docs/decisions of this
application.
"""

import base64
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from tweetoscope import told, whereabouts
from tweetoscope.broker import (
    Broker,
    BrokerError,
    Change,
    Follower,
    Listed,
    Membership,
    Message,
    Record,
    Records,
    Writer,
)
from tweetoscope.errors import BadMessage
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.origins import Fresh

DEAD_LETTERS = "dead_letters"
SEEN = b"\0seen"
POLL_S = 0.1
LAG_EVERY_S = 1.0
TABLES_S = 0.5
"""So late what is new in a table may be known."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")
Handled = TypeVar("Handled", contravariant=True)


class Process(Protocol[Handled]):
    """What a service does for one task. It knows of no broker and of no other task."""

    def handle(self, records: Records, values: Sequence[Handled]) -> Iterable[Message]:
        """The messages that follow from records, in order, each with its record as the cause.

        `values` is what was decoded of them: one of each, but for what `decode_all` makes.
        """

    def changes(self) -> Iterable[Change]:
        """What is different in its state since it was last asked."""

    def state(self) -> Iterable[Change]:
        """All of its state, as its changes so far have left it."""

    def figures(self) -> Iterable[Figure]:
        """What there is of it, for people to look at; asked once a second."""


@dataclass(frozen=True, kw_only=True)
class Service(Generic[Value]):
    """What distinguishes one service from another.

    `open` makes the process of a partition from the state that was committed last. `decode_all`
    does for many records what `decode` does for one, where that is quicker. It may make one value
    of what belongs together, and refuse all for the sake of one; then each is decoded by itself.
    Its topic `is_mixed` where several write to one partition at a time, which not all brokers cope
    with. `tables` are topics that every member reads whole, and has read once before it handles
    anything. Of the topics `gathered` a task writes into the partition of its own number, whatever
    the key: one request rather than one for each partition, where nobody needs what several tasks
    say of a key together.

    A transaction costs the broker more than what is in it. So after a batch, unless it was as large
    as `limit`, a service waits for more as long as the batch took, but not beyond `patience_s`
    from the batch's beginning: one that is quick tells soon, one that is busy never waits. One that
    is not `is_urgent` always takes `patience_s` from one batch to the next.
    """

    group: str
    topic: str
    decode: Callable[[Record], Value]
    open: Callable[[int, Mapping[bytes, bytes]], Process[Value]]
    decode_all: Callable[[Records], Sequence[Value]] | None = None
    tables: Mapping[str, Callable[[Record], None]] = field(default_factory=dict)
    gathered: Collection[str] = ()
    limit: int = 10_000
    patience_s: float = 0.04
    is_urgent: bool = True
    is_mixed: bool = False


class Task(Generic[Value]):
    """One partition of the input, with its state and the only writer there is for it.

    `placed` says for topics into which partition it writes, where that is not for keys to decide.
    """

    def __init__(
        self,
        service: Service[Value],
        partition: int,
        writer: Writer,
        metrics: Metrics,
        placed: Mapping[str, int],
    ) -> None:
        self._metrics, self._placed = metrics, placed
        self._decode, self._decode_all = service.decode, service.decode_all
        restored = writer.restore()
        whereabouts.check_stays(restored)
        self._writer = told.passing(writer, restored)
        self.position = restored.position
        self._fresh = Fresh(restored.state.pop(SEEN, None))
        self._process = service.open(partition, restored.state)
        metrics.watch(partition, self._process.figures)

    def handle(self, records: Records) -> None:
        """Send what follows from records; it counts when it is committed.

        Raises: BrokerError.
        """
        fresh = self._fresh.of(records)
        good, values, dead = self._decoded(fresh)
        messages = [*self._process.handle(good, values), *dead]
        messages.sort(key=_cause)
        if self._placed:
            messages = [each._replace(partition=self._placed.get(each.topic)) for each in messages]
        changes = list(self._process.changes())
        if any(fresh.origins):
            changes.append(Change(SEEN, self._fresh.state()))
        self.position = records[-1].offset + 1
        self._writer.send(messages, changes, self.position, self._state)
        self._metrics.handled(len(good), len(messages), dead=len(dead))
        self._metrics.repeated(len(records) - len(fresh))

    def _state(self) -> Iterator[Change]:
        yield from self._process.state()
        yield Change(SEEN, self._fresh.state())

    def _decoded(self, records: Records) -> tuple[Records, Sequence[Value], list[Message]]:
        """Records that can be read, what they say, and dead letters about the rest."""
        if self._decode_all is not None and records:
            with contextlib.suppress(BadMessage):
                return records, self._decode_all(records), []
        good: list[Record] = []
        values: list[Value] = []
        dead: list[Message] = []
        for record in records:
            try:
                values.append(self._decode(record))
                good.append(record)
            except BadMessage as error:
                dead.append(dead_letter(record, str(error)))
        return Listed(good), values, dead

    def commit(self) -> None:
        """Make it count. Raises: BrokerError."""
        self._writer.commit()

    def close(self) -> None:
        """Let go of the task."""
        self._writer.close()


class Loop(Generic[Value]):
    """One member of a service's group.

    `joined` is called when it is one for the first time, or cannot be since its pipeline moves.
    """

    def __init__(
        self,
        service: Service[Value],
        broker: Broker,
        metrics: Metrics,
        *,
        joined: Callable[[], None] = lambda: None,
        pauses_s: tuple[float, float] = (0.1, 5.0),
    ) -> None:
        self._service, self._broker, self._metrics = service, broker, metrics
        self._joined: Callable[[], None] | None = joined
        self._pauses_s = pauses_s
        self._tasks: dict[int, Task[Value]] = {}
        self._handled = 0

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop; what was begun is finished first.

        When the broker fails, or another member has taken a task over, all is let go and joined
        anew: what was not committed is handled again, by whoever has it then.
        """
        pause_s, longest_s = self._pauses_s
        while not stop.is_set():
            handled = self._handled
            try:
                self._work(stop)
            except BrokerError as error:
                if isinstance(error, whereabouts.Elsewhere):
                    self._tell()
                self._metrics.rejoined()
                log.warning("joining anew", extra={"reason": str(error), "pause_s": pause_s})
                stop.wait(pause_s)
                pause_s = min(2.0 * pause_s, longest_s)
                if self._handled > handled:
                    pause_s = self._pauses_s[0]

    def _work(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor() as pool:
            tables = self._tables()
            try:
                membership = self._broker.join(
                    self._service.group,
                    self._service.topic,
                    on_assigned=lambda partitions: self._open(membership, partitions, pool),
                    on_revoked=self._close,
                    patience_s=self._service.patience_s,
                    is_mixed=self._service.is_mixed,
                )
                try:
                    self._cycle(membership, tables, pool, stop)
                    self._close(list(self._tasks))
                    membership.leave()
                finally:
                    self._close(list(self._tasks))
                    membership.close()
            finally:
                if tables is not None:
                    tables.close()

    def _cycle(
        self,
        membership: Membership,
        tables: Follower | None,
        pool: ThreadPoolExecutor,
        stop: threading.Event,
    ) -> None:
        look_at_lag = 0.0
        while not stop.is_set():
            if tables is not None:
                self._learn(tables)
            records = membership.poll(POLL_S, self._service.limit)
            began = time.monotonic()
            if records:
                self._handle(records, pool)
                self._handled += 1
                self._metrics.took(time.monotonic() - began)
            if began >= look_at_lag:
                self._metrics.lags(self._service.topic, membership.lags())
                self._metrics.look()
                look_at_lag = began + LAG_EVERY_S
            is_full = len(records) in (0, self._service.limit)
            # The next batch has its memory, which is in the processor's cache.
            del records
            if not is_full:
                stop.wait(self._rest_s(time.monotonic() - began))

    def _rest_s(self, took_s: float) -> float:
        left_s = max(self._service.patience_s - took_s, 0.0)
        return min(took_s, left_s) if self._service.is_urgent else left_s

    def _handle(self, records: Records, pool: ThreadPoolExecutor) -> None:
        tasks = []
        for (_, partition), share in records.shares.items():
            # Records that were polled before the partition was revoked are the new owner's.
            if (task := self._tasks.get(partition)) is not None:
                task.handle(share)
                tasks.append(task)
        if len(tasks) == 1:
            tasks[0].commit()
            return
        for committed in [pool.submit(task.commit) for task in tasks]:
            committed.result()

    def _tables(self) -> Follower | None:
        if not self._service.tables:
            return None
        tables = self._broker.follow(list(self._service.tables), patience_s=TABLES_S)
        while not tables.is_at_end():
            self._learn(tables, POLL_S)
        return tables

    def _learn(self, tables: Follower, timeout_s: float = 0.0) -> None:
        for record in tables.poll(timeout_s, self._service.limit):
            try:
                self._service.tables[record.topic](record)
            except BadMessage as error:
                # Every member reads tables, so none of them writes a dead letter about it.
                self._metrics.handled(0, 0, dead=1)
                log.warning(
                    "a message was passed over",
                    extra={"topic": record.topic, "offset": record.offset, "reason": str(error)},
                )

    def _open(
        self, membership: Membership, partitions: Collection[int], pool: ThreadPoolExecutor
    ) -> dict[int, int | None]:
        def task(partition: int) -> Task[Value]:
            placed = {
                topic: partition % counts[topic]
                for topic in self._service.gathered
                if topic in counts
            }
            return Task(self._service, partition, writers[partition], self._metrics, placed)

        whereabouts.check_arrived(self._broker)
        counts = self._broker.partitions() if self._service.gathered else {}
        writers = membership.writers(partitions)
        opened = dict(zip(partitions, pool.map(task, partitions), strict=True))
        self._tasks.update(opened)
        self._tell()
        self._metrics.tasks(self._tasks)
        return {partition: task.position for partition, task in opened.items()}

    def _tell(self) -> None:
        if self._joined is not None:
            self._joined()
            self._joined = None

    def _close(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            if (task := self._tasks.pop(partition, None)) is not None:
                task.close()
        self._metrics.tasks(self._tasks)


def dead_letter(record: Record, reason: str) -> Message:
    """A message that could not be used, with the reason, for people to look at.

    What is not text is in base64, so that nothing of it is lost.
    """
    letter = {
        "reason": reason,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "t": record.time_ms // 1000,
        **_readable("key", record.key),
        **_readable("value", record.value),
    }
    return Message(DEAD_LETTERS, record.key, json.dumps(letter).encode(), cause=record.offset)


def _readable(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _cause(message: Message) -> int:
    return message.cause
