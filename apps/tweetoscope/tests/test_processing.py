import json
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest

from apps.tweetoscope.tests.memory_broker import MemoryBroker, MemoryWriter
from tweetoscope.broker import BrokerError, Change, Message, Record, Topic, changelog
from tweetoscope.errors import BadMessage
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.processing import DEAD_LETTERS, Loop, Service

WITHIN_S = 60.0


class Counting:
    """Writes after each word how often it came so far."""

    def __init__(self, state: Mapping[bytes, bytes]) -> None:
        self._counts = {word: int(count) for word, count in state.items()}
        self._changed: set[bytes] = set()

    def handle(self, records: Sequence[Record], values: Sequence[bytes]) -> Iterable[Message]:
        for record, word in zip(records, values, strict=True):
            count = self._counts[word] = self._counts.get(word, 0) + 1
            self._changed.add(word)
            yield Message("counts", word, b"%s %d" % (word, count), cause=record.offset)

    def changes(self) -> Iterable[Change]:
        for word in sorted(self._changed):
            yield Change(word, str(self._counts[word]).encode())
        self._changed.clear()

    def state(self) -> Iterable[Change]:
        return [Change(word, str(count).encode()) for word, count in self._counts.items()]

    def figures(self) -> Iterable[Figure]:
        return ()


def word(record: Record) -> bytes:
    value = record.value or b""
    if not value.isalpha():
        raise BadMessage(f"{value!r} is no word")
    return value


def counting(limit: int = 7, **more: object) -> Service[bytes]:
    given: dict[str, object] = {"open": lambda _, state: Counting(state), **more}
    return Service(
        group="counter",
        topic="words",
        decode=word,
        limit=limit,
        **given,  # type: ignore[arg-type]  # a test names what it needs
    )


WORDS = [random.Random(5).choice([b"a", b"b", b"c", b"d"]) for _ in range(300)]


@pytest.fixture(params=[False, True], ids=["memory", "memory as Tansu"])
def broker(request: pytest.FixtureRequest) -> MemoryBroker:
    broker = MemoryBroker(shows_aborted=request.param)
    broker.make(
        [
            Topic(name="words", partitions=3),
            Topic(name=changelog("counter"), partitions=3, is_compacted=True),
            Topic(name="counts", partitions=2),
            Topic(name=DEAD_LETTERS),
            Topic(name="table"),
            Topic(name=changelog("source")),
        ]
    )
    return broker


def put(broker: MemoryBroker, topic: str, values: Sequence[bytes]) -> None:
    writer = broker.write("source")
    start = writer.restore().position or 0
    writer.send(
        [Message(topic, value, value, cause=start + n) for n, value in enumerate(values)],
        [],
        start + len(values),
    )
    writer.commit()


def read(broker: MemoryBroker, topic: str, count: int) -> list[bytes]:
    """What is there once so much of it is there, and all is done."""
    follower = broker.follow([topic])
    values: list[bytes] = []

    def is_there() -> bool:
        values.extend(record.value or b"" for record in follower.poll(0.0, 1000))
        return len(values) >= count

    with broker.changed:
        assert broker.changed.wait_for(is_there, WITHIN_S), f"only {len(values)} of {count}"
    return values


class Running:
    """Members in threads, each of which can be stopped."""

    def __init__(self, broker: MemoryBroker, service: Callable[[], Service[bytes]]) -> None:
        self._broker, self._service = broker, service
        self._members: list[tuple[threading.Thread, threading.Event]] = []
        self.metrics = Metrics("counter")

    def __enter__(self) -> "Running":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        while self._members:
            self.stop()

    def start(self) -> None:
        stop = threading.Event()
        loop = Loop(self._service(), self._broker, self.metrics)
        thread = threading.Thread(target=loop.run, args=[stop])
        thread.start()
        self._members.append((thread, stop))

    def stop(self) -> None:
        thread, stop = self._members.pop(0)
        stop.set()
        thread.join(WITHIN_S)
        assert not thread.is_alive()

    def number(self, name: str) -> float:
        value = self.metrics.registry.get_sample_value(
            f"tweetoscope_{name}", {"service": "counter"}
        )
        assert value is not None
        return value


def expected() -> list[bytes]:
    counts: dict[bytes, int] = {}
    result = []
    for each in WORDS:
        counts[each] = counts.get(each, 0) + 1
        result.append(b"%s %d" % (each, counts[each]))
    return sorted(result)


def test_each_record_counts_once(broker: MemoryBroker) -> None:
    put(broker, "words", WORDS)
    with Running(broker, counting):
        assert sorted(read(broker, "counts", len(WORDS))) == expected()


def test_a_task_writes_what_is_gathered_into_the_partition_of_its_number(
    broker: MemoryBroker,
) -> None:
    put(broker, "words", WORDS)
    with Running(broker, lambda: counting(gathered=["counts"])):
        assert sorted(read(broker, "counts", len(WORDS))) == expected()
    for number in range(2):
        tasks = {entry.record.origin[:9] for entry in broker.partition("counts", number)}  # type: ignore[index]
        assert tasks <= {b"counter/%d" % task for task in range(3) if task % 2 == number}


def test_state_goes_with_the_partition(broker: MemoryBroker) -> None:
    with Running(broker, counting) as running:
        for start in range(0, len(WORDS), 50):
            put(broker, "words", WORDS[start : start + 50])
            running.start()
            if start % 100:
                running.stop()
        assert sorted(read(broker, "counts", len(WORDS))) == expected()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fails_in", ["send", "commit", "after commit"])
def test_nothing_is_lost_or_doubled_by_failures(
    broker: MemoryBroker, seed: int, fails_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    send, commit = MemoryWriter.send, MemoryWriter.commit

    def fail(where: str, writer: MemoryWriter) -> None:
        if where == fails_in and writer._task.startswith("counter") and draw.random() < 0.2:
            raise BrokerError("the broker is away")

    def failing_send(self: MemoryWriter, *arguments: object) -> None:
        send(self, *arguments)  # type: ignore[arg-type]  # passed on as they are
        fail("send", self)

    def failing_commit(self: MemoryWriter) -> None:
        fail("commit", self)
        commit(self)
        fail("after commit", self)

    monkeypatch.setattr(MemoryWriter, "send", failing_send)
    monkeypatch.setattr(MemoryWriter, "commit", failing_commit)
    put(broker, "words", WORDS)
    stop = threading.Event()
    loop = Loop(counting(), broker, Metrics("counter"), pauses_s=(0.0, 0.0))
    thread = threading.Thread(target=loop.run, args=[stop])
    thread.start()
    try:
        assert sorted(read(broker, "counts", len(WORDS))) == expected()
    finally:
        stop.set()
        thread.join(WITHIN_S)


def test_bad_messages_are_put_aside_with_the_reason(broker: MemoryBroker) -> None:
    put(broker, "words", [b"good", b"4711", b"\xff\xfe", b"good"])
    with Running(broker, counting) as running:
        assert sorted(read(broker, "counts", 2)) == [b"good 1", b"good 2"]
        letters = [json.loads(value) for value in read(broker, DEAD_LETTERS, 2)]
    assert running.number("dead_letters_total") == 2
    assert {letter["reason"] for letter in letters} == {
        "b'4711' is no word",
        "b'\\xff\\xfe' is no word",
    }
    assert {letter.get("value") or letter["value_base64"] for letter in letters} == {"4711", "//4="}
    assert {letter["topic"] for letter in letters} == {"words"}


def test_records_read_before_are_passed_over(broker: MemoryBroker) -> None:
    """A source whose transaction was cut off writes the same again; Tansu shows both."""
    first = broker.write("source")
    first.send(
        [Message("words", b"a", b"a", cause=0), Message("words", b"a", b"a", cause=1)], [], 2
    )
    first.close()
    put(broker, "words", [b"a", b"a", b"a"])
    with Running(broker, counting) as running:
        assert read(broker, "counts", 3) == [b"a 1", b"a 2", b"a 3"]
    assert running.number("repeated_total") == (2 if broker.shows_aborted else 0)


def test_tables_are_read_before_anything_is_handled(broker: MemoryBroker) -> None:
    put(broker, "table", [b"x", b"y"])
    put(broker, "words", [b"a"])
    known: list[bytes] = []
    at_first: list[int] = []

    def learn(record: Record) -> None:
        if record.value == b"y":
            raise BadMessage("no such entry")
        known.append(record.value or b"")

    def decode(record: Record) -> bytes:
        at_first.append(len(known))
        return word(record)

    def service() -> Service[bytes]:
        return Service(
            group="counter",
            topic="words",
            decode=decode,
            open=lambda _, state: Counting(state),
            tables={"table": learn},
        )

    with Running(broker, service) as running:
        read(broker, "counts", 1)
        assert running.number("dead_letters_total") == 1
    assert (known, at_first) == ([b"x"], [1])


PLACES = [("counter", "words", number) for number in range(3)]


def test_what_a_slow_service_has_not_handled_stays_with_the_broker(broker: MemoryBroker) -> None:
    """However much waits, it takes a batch at a time, and commits it before the next."""
    put(broker, "words", WORDS)
    polled: list[int] = []
    committed: list[int] = []
    goes_on = threading.Event()

    class Slow(Counting):
        def handle(self, records: Sequence[Record], values: Sequence[bytes]) -> Iterable[Message]:
            polled.append(len(values))
            committed.append(sum(broker.positions.get(at, 0) for at in PLACES))
            assert goes_on.wait(WITHIN_S)
            return super().handle(records, values)

    def service() -> Service[bytes]:
        return counting(open=lambda _, state: Slow(state))

    with Running(broker, service):
        put(broker, "words", WORDS)
        goes_on.set()
        assert len(read(broker, "counts", 2 * len(WORDS))) == 2 * len(WORDS)
    assert max(polled) <= 7
    # What was taken before a batch and is not committed is of the same poll.
    before = [sum(polled[:number]) for number in range(len(polled))]
    assert all(0 <= taken - kept < 7 for taken, kept in zip(before, committed, strict=True))
