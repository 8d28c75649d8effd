"""A pipeline on a real broker in which, at random moments, things go wrong.

Processes are killed, held up until others have taken over what they had, added and ended; the
broker is killed and started again; messages come that nobody can read. In the end each thing that
has to come of the input must have come once.
"""

import heapq
import itertools
import random
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tweetoscope.kafka import Kafka
from tweetoscope.testing import wire
from tweetoscope.testing.brokers import ApacheKafka, free_ports
from tweetoscope.testing.inputs import Input
from tweetoscope.testing.services import Fleet, Replica
from tweetoscope.testing.wire import Written
from tweetoscope.testing.witness import TOPICS, Following, Witness
from tweetoscope.topics import (
    COLLECTOR,
    DASHBOARD,
    ESTIMATOR,
    GENERATOR,
    LEARNER,
    LOGGER,
    LOGS,
    MODELS,
    PREDICTOR,
    PROPERTIES,
    SAMPLES,
    SERIES,
    TWEETS,
    all_topics,
)

WITHIN_S = 120.0
HELD_UP_S = 8.0
"""Longer than a session, so that a group goes on without who is held up."""
SHARED = (COLLECTOR, ESTIMATOR, PREDICTOR, LEARNER)
KILLED = (GENERATOR, *SHARED, LOGGER, DASHBOARD)
POISON = [
    (b"600", None),
    (b"600", b""),
    (b"600", b"\xff\xfe"),
    (b"600", b"[" * 2000),
    (b"600", b'{"type": "nothing of ours"}'),
    (None, b'{"type": "retweet", "tweet_id": 1, "t": "now", "m": 1, "msg": ""}'),
    (b"600", b'{"type": "serie", "cid": "x", "T_obs": 600, "tweets": [], "msg": ""}'),
    (b"x", b'{"type": "size", "cid": "x", "n_tot": -1, "t_end": 1e999}'),
    (b"600", b'{"type": "sample", "cid": "x", "X": [1], "W": 1}'),
]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How much goes wrong, within which time."""

    kills: int
    seconds: float
    held_up: int = 0
    added: int = 0
    broker_kills: int = 0
    poison: int = 0
    partitions: int = 3
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was done, what came, and what is wrong with that."""

    done: dict[str, int]
    messages: dict[str, int]
    seconds: float
    problems: list[str]


def run(given: Input, trouble: Trouble, broker: ApacheKafka | str, folder: Path) -> Outcome:
    """Let an input through a pipeline, in trouble. On an Apache Kafka, or on an address of Tansu's.

    The broker must be a new one. What services say goes to files in `folder`.
    """
    address = broker if isinstance(broker, str) else broker.address
    cluster = Kafka(address)
    cluster.make(all_topics(trouble.partitions))
    # Tansu shows what was never committed, so that readers have to know origins.
    reader = (
        Following(cluster.follow(TOPICS), lambda: cluster.follow(TOPICS))
        if isinstance(broker, str)
        else wire.Reading(address, TOPICS)
    )
    witness = Witness(reader, given.expected())
    fleet = Fleet(address, folder)
    began_s = time.monotonic()
    try:
        fleet.start(COLLECTOR, given.collector())
        for service in (ESTIMATOR, PREDICTOR, LEARNER):
            fleet.start(service)
        fleet.start(LOGGER)
        [port] = free_ports(1)
        fleet.start(DASHBOARD, ["--port", str(port)])
        fleet.start(GENERATOR, given.generator(within_s=trouble.seconds))
        chaos = Chaos(fleet, witness, trouble, broker)
        chaos.go_on()
        witness.until_all_came()
        problems = [*chaos.problems, *_behind(cluster), *_hidden(port)]
        problems += [f"{name} ended with {code}" for name, code in fleet.end().items()]
        problems += witness.finish()
    finally:
        fleet.close()
        reader.close()
    return Outcome(
        done=dict(chaos.done),
        messages=witness.counts(),
        seconds=time.monotonic() - began_s,
        problems=problems,
    )


class Chaos:
    """What goes wrong, one after another, each at its moment."""

    def __init__(
        self, fleet: Fleet, witness: Witness, trouble: Trouble, broker: ApacheKafka | str
    ) -> None:
        self._fleet, self._witness, self._broker = fleet, witness, broker
        self._address = broker if isinstance(broker, str) else broker.address
        self._random = random.Random(trouble.seed)
        self._held_up: set[Replica] = set()
        self._victims = itertools.cycle(self._random.sample(KILLED, len(KILLED)))
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        for what, times in (
            (self._kill, trouble.kills),
            (self._hold_up, trouble.held_up),
            (self._add, trouble.added),
            (self._kill_broker, trouble.broker_kills),
            (self._poison, trouble.poison),
        ):
            for _ in range(times):
                self._in(self._random.uniform(0.0, trouble.seconds), what)

    def go_on(self) -> None:
        """Until all has happened; the witness reads in between."""
        while self._due:
            due_s, _, what = heapq.heappop(self._due)
            self._witness.until(due_s)
            what()

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), what))

    def _kill(self) -> None:
        service = next(self._victims)
        replica = self._random.choice(list(self._of(service)))
        self._fleet.restart(replica)
        self.done[f"{service} killed"] += 1

    def _hold_up(self) -> None:
        """A replica that stands still while another takes over, and then goes on as if nothing."""
        service = self._random.choice([GENERATOR, *SHARED])
        replica = self._random.choice(list(self._of(service)))
        replica.signal(signal.SIGSTOP)
        self._held_up.add(replica)
        self._fleet.start(service, replica.arguments)
        self._in(self._random.uniform(1.0, 1.5) * HELD_UP_S, lambda: self._let_go(replica))
        self.done[f"{service} held up"] += 1

    def _let_go(self, replica: Replica) -> None:
        replica.signal(signal.SIGCONT)
        # Two generators would supersede each other for ever.
        self._in(2.0, lambda: self._fleet.kill(replica))

    def _add(self) -> None:
        service = self._random.choice(SHARED)
        [some, *_] = self._of(service)
        self._fleet.start(service, some.arguments)
        self._in(self._random.uniform(1.0, 10.0), lambda: self._end(service))
        self.done[f"{service} added"] += 1

    def _end(self, service: str) -> None:
        replicas = list(self._of(service))
        if len(replicas) > 1:
            for name, code in self._fleet.end(self._random.choice(replicas)).items():
                self.problems.append(f"{name} ended with {code}")
            self.done[f"{service} ended"] += 1

    def _kill_broker(self) -> None:
        assert isinstance(self._broker, ApacheKafka), "Tansu keeps nothing"
        self._broker.kill()
        self._broker.start()
        self.done["broker killed"] += 1

    def _poison(self) -> None:
        topic = self._random.choice([TWEETS, SERIES, PROPERTIES, SAMPLES, MODELS])
        key, value = self._random.choice(POISON)
        # A compacted topic takes nothing without a key, and keeps what is newest of each.
        message = Written(topic, b"poison" if topic == MODELS else key, value)
        wire.write(self._address, [message])
        self._witness.poison[message] += 1
        self.done["poison"] += 1

    def _of(self, service: str) -> Iterator[Replica]:
        """Those of a service that are not held up."""
        for replica in self._fleet.replicas:
            if replica.service == service and replica not in self._held_up:
                yield replica


def _behind(cluster: Kafka) -> list[str]:
    """Whether the logger never came to the end of what the others said."""
    watch = cluster.watch({LOGGER: LOGS})
    until = time.monotonic() + WITHIN_S
    while (lag := watch.lags()[LOGGER]) and time.monotonic() < until:
        time.sleep(0.2)
    return [f"the logger is {lag} lines behind"] if lag else []


def _hidden(port: int) -> list[str]:
    """Whether the dashboard never came to show anything again."""
    until = time.monotonic() + WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=WITHIN_S):
                return []
        except (urllib.error.URLError, ConnectionError) as reason:
            if time.monotonic() > until:
                return [f"the dashboard does not answer: {reason}"]
            time.sleep(0.2)
