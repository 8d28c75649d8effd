import dataclasses
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope import collector, generator, moving, sources, whereabouts
from tweetoscope.broker import Broker, BrokerError, Listed, Message, Records, Topic
from tweetoscope.cascade import Gathering
from tweetoscope.generator import Paced
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.moving import BadMove
from tweetoscope.processing import Loop, Task
from tweetoscope.sources import Emitted, Simulation, Spread, spread
from tweetoscope.testing.brokers import ApacheKafka, tansu_running
from tweetoscope.topics import (
    COLLECTOR,
    GENERATOR,
    MODELS,
    PROPERTIES,
    SERIES,
    TWEETS,
    all_topics,
)

GATHERING = Gathering(windows_s=(600.0, 1200.0), least_events=5)
WITHIN_S = 60.0
CLOSED = re.compile(rb',"closed_ms":\d+')


def there(broker: MemoryBroker, *topics: str) -> Counter[bytes]:
    """What can be read of topics, but for when it was told."""
    with broker.changed:
        return Counter(
            CLOSED.sub(b"", record.value or b"")
            for topic in topics
            for number in range(len(broker.topics[topic]))
            for record in broker.read(topic, number, 0, 1_000_000)[0]
        )


def collect(broker: MemoryBroker, until: Callable[[], bool], *, limit: int = 10_000) -> None:
    """Be a collector until something holds."""
    metrics, stop = Metrics("collector"), threading.Event()
    service = dataclasses.replace(collector.service(GATHERING, metrics), limit=limit)
    thread = threading.Thread(target=Loop(service, broker, metrics).run, args=[stop])
    thread.start()
    with broker.changed:
        held = broker.changed.wait_for(until, WITHIN_S)
    stop.set()
    thread.join(WITHIN_S)
    assert held


def generate(broker: Broker, emitted: list[Emitted]) -> None:
    feed = Paced(emitted=lambda: emitted, acceleration=0.0)
    generator.run(feed, broker, Metrics("generator"), threading.Event())


@pytest.fixture(scope="module")
def emitted() -> list[Emitted]:
    cascades = itertools.islice(Simulation(seed=3, horizon_s=9_000.0).cascades(), 24)
    return list(sources.closing(spread(cascades, Spread(sources=3, at_once=3)), 1e6))


@pytest.mark.parametrize("shows_aborted", [False, True])
def test_a_pipeline_goes_on_at_another_broker(
    emitted: list[Emitted], *, shows_aborted: bool
) -> None:
    alone = MemoryBroker()
    alone.make(all_topics(2))
    generate(alone, emitted)
    collect(alone, lambda: sum(alone.positions.values()) == 2 * len(emitted))
    old, new = (MemoryBroker(shows_aborted=shows_aborted) for _ in range(2))
    old.make(all_topics(2))
    generate(old, emitted[: len(emitted) // 2])
    collect(old, lambda: len(there(old, SERIES)) > 5, limit=40)
    # What is taken away in the middle of a transaction; only some brokers show it.
    generate(old, emitted[: 3 * len(emitted) // 4])
    begin(old, emitted[3 * len(emitted) // 4 :][:50])
    models = [Message(MODELS, key, value, 3) for key, value in ((b"600", b"a"), (b"600", b"b"))]
    writer = old.take("learner", "samples", 0)
    writer.send(models, [], None)
    writer.commit()

    unread = moving.move(old, new, "there:9092")
    assert unread
    assert unread > sum(there(old, SERIES).values())
    assert moving.move(old, new, "there:9092") is None
    with pytest.raises(BrokerError, match="has moved to there:9092"):
        whereabouts.check_stays(old.write(GENERATOR).restore())
    generate(new, emitted)
    expected = there(alone, SERIES, PROPERTIES)
    collect(new, lambda: there(new, SERIES, PROPERTIES).total() >= expected.total())
    # No estimator was at work, so nothing of what was told at the old one had been read there.
    assert there(new, SERIES, PROPERTIES) == expected
    assert there(new, MODELS) == {b"b": 1}


def begin(broker: Broker, emitted: list[Emitted]) -> None:
    """Be a generator and a collector of two partitions that have sent, and not committed."""
    metrics, handled = Metrics("collector"), 0
    for partition in range(2):
        writer = broker.take(COLLECTOR, TWEETS, partition)
        task = Task(collector.service(GATHERING, metrics), partition, writer, metrics, {})
        [records] = broker.rest(TWEETS, partition, task.position or 0)
        if some := records[: 3 * len(records) // 4]:
            task.handle(Listed(some))
            handled += len(some)
    assert handled > 100
    tweets = broker.write(GENERATOR)
    written = tweets.restore().position or 0
    tweets.send(
        [generator.message(each, written + number) for number, each in enumerate(emitted)],
        [],
        written + len(emitted),
    )


@contextmanager
def collecting(broker: Broker) -> Iterator[None]:
    metrics, stop = Metrics("collector"), threading.Event()
    loop = Loop(collector.service(GATHERING, metrics), broker, metrics)
    thread = threading.Thread(target=loop.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def read(broker: Broker, *topics: str, least: int) -> Counter[bytes]:
    """What is read of topics when so much of it is there."""
    found: Counter[bytes] = Counter()
    until = time.monotonic() + WITHIN_S
    with closing(broker.follow(topics)) as follower:
        while found.total() < least or not follower.is_at_end():
            assert time.monotonic() < until, found.total()
            found.update(
                CLOSED.sub(b"", record.value or b"") for record in follower.poll(0.1, 10_000)
            )
    return found


@pytest.mark.long(shares="Apache Kafka")
def test_a_pipeline_on_apache_kafka_goes_on_at_a_tansu(
    emitted: list[Emitted], apache_of_its_own: ApacheKafka
) -> None:
    """While a collector is still at work there, and one is waiting here."""
    alone = MemoryBroker()
    alone.make(all_topics(1))
    generate(alone, emitted)
    collect(alone, lambda: sum(alone.positions.values()) == 2 * len(emitted))
    expected = there(alone, SERIES, PROPERTIES)
    with tansu_running() as address:
        old, new = Kafka(apache_of_its_own.address), Kafka(address)
        old.make(all_topics(1))
        with collecting(old):
            generate(old, emitted[: len(emitted) // 2])
            assert read(old, SERIES, least=5)
            unread = moving.move(old, new, address)
            assert unread
            with closing(old.write(GENERATOR)) as writer, pytest.raises(BrokerError, match=address):
                whereabouts.check_stays(writer.restore())
            with collecting(new):
                generate(new, emitted)
                assert read(new, SERIES, PROPERTIES, least=expected.total()) == expected


class Interrupted(MemoryBroker):
    """A broker at which something happens when the second partition of a topic is carried."""

    def __init__(self, of: MemoryBroker, happens: Callable[[], object]) -> None:
        super().__init__()
        self.topics, self.positions, self.open = of.topics, of.positions, of.open
        self._happens = happens

    def rest(self, topic: str, partition: int, position: int) -> Iterator[Records]:
        if partition == 1:
            self._happens()
        return super().rest(topic, partition, position)


def gone() -> None:
    raise BrokerError("gone")


def test_a_move_that_was_interrupted_goes_on(emitted: list[Emitted]) -> None:
    old, new = MemoryBroker(), MemoryBroker(shows_aborted=True)
    old.make(all_topics(2))
    generate(old, emitted[:100])
    tweets = there(old, TWEETS)

    with pytest.raises(BrokerError, match="gone"):
        moving.move(Interrupted(old, gone), new, "there:9092")
    with pytest.raises(BrokerError, match="still being carried"):
        whereabouts.check_arrived(new)
    assert moving.move(old, new, "there:9092") is not None
    whereabouts.check_arrived(new)
    assert there(new, TWEETS) == tweets


def test_a_move_that_was_given_up_is_taken_back(emitted: list[Emitted]) -> None:
    old = MemoryBroker()
    old.make(all_topics(2))
    generate(old, emitted[:100])
    moving.move(old, MemoryBroker(), "there:9092")
    assert moving.take_back(old) == 9
    assert moving.take_back(old) == 0
    generate(old, emitted[:120])
    assert there(old, TWEETS).total() == 120


def test_one_who_goes_back_before_all_has_arrived_stays(emitted: list[Emitted]) -> None:
    old, new = MemoryBroker(), MemoryBroker()
    assert moving.stay(old) == 0
    old.make(all_topics(2))
    generate(old, emitted[:100])
    working = old.open["generator/0"]
    assert moving.stay(old) == 0
    assert old.open["generator/0"] is working
    with pytest.raises(BrokerError, match="gone"):
        moving.move(Interrupted(old, gone), new, "there:9092")
    assert moving.stay(old) == 3
    assert moving.stay(old) == 0
    generate(old, emitted[:120])
    assert there(old, TWEETS).total() == 120
    # There some tasks are as they were before that.
    with pytest.raises(BadMove, match="delete its topics there"):
        moving.move(old, new, "there:9092")
    moving.move(old, MemoryBroker(), "elsewhere:9092")


def test_one_who_goes_back_while_all_is_carried_stays(emitted: list[Emitted]) -> None:
    old, new = MemoryBroker(), MemoryBroker()
    old.make(all_topics(2))
    generate(old, emitted[:100])
    with pytest.raises(BadMove, match="given up meanwhile"):
        moving.move(Interrupted(old, partial(moving.stay, old)), new, "there:9092")
    assert whereabouts.is_arriving(new)
    assert moving.take_back(old) == 0
    generate(old, emitted[:120])
    assert there(old, TWEETS).total() == 120


def test_one_who_goes_back_to_where_a_pipeline_has_left_is_told_so(emitted: list[Emitted]) -> None:
    old = MemoryBroker()
    old.make(all_topics(1))
    generate(old, emitted[:100])
    moving.move(old, MemoryBroker(), "there:9092")
    with pytest.raises(BadMove, match="has moved to there:9092, and goes on there"):
        moving.stay(old)
    moving.take_back(old)
    assert moving.stay(old) == 0


def test_a_pipeline_is_not_moved_over_another() -> None:
    old, new = MemoryBroker(), MemoryBroker()
    with pytest.raises(BadMove, match="no pipeline that could move to there:9092"):
        moving.move(old, new, "there:9092")
    old.make(all_topics(1))
    new.make([Topic(name=TWEETS)])
    with pytest.raises(BadMove, match="there:9092 has a pipeline already, with the topics tweets"):
        moving.move(old, new, "there:9092")


def test_a_service_that_finds_its_pipeline_gone_is_as_ready_as_it_can_be(
    emitted: list[Emitted],
) -> None:
    old = MemoryBroker()
    old.make(all_topics(1))
    generate(old, emitted[:100])
    moving.move(old, MemoryBroker(), "there:9092")
    metrics, stop, told = Metrics("collector"), threading.Event(), threading.Event()
    loop = Loop(collector.service(GATHERING, metrics), old, metrics, joined=told.set)
    thread = threading.Thread(target=loop.run, args=[stop])
    thread.start()
    assert told.wait(WITHIN_S)
    stop.set()
    thread.join(WITHIN_S)
    assert not there(old, SERIES)
