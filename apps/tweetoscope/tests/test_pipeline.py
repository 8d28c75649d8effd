"""All services as processes over a real broker, killed in the middle of their work."""

import itertools
import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import confluent_kafka
import pyarrow
import pyarrow.parquet
import pytest

from tweetoscope import cli
from tweetoscope.broker import Follower, Record
from tweetoscope.cascade import Closed, Collector, Ended, Gathering
from tweetoscope.kafka import Kafka
from tweetoscope.processing import DEAD_LETTERS
from tweetoscope.replay import read_parquet
from tweetoscope.sources import Emitted, Simulation, Spread, closing, spread
from tweetoscope.testing.brokers import tansu_running
from tweetoscope.topics import (
    ALERTS,
    PREDICTIONS,
    PROPERTIES,
    SAMPLES,
    SERIES,
    STATS,
    TWEETS,
    all_topics,
)

WITHIN_S = 120.0
QUIET_S = 604_800.0
GATHERING = Gathering(windows_s=(600.0, 1200.0), terminated_s=1800.0, least_events=10)
SERVICES = {
    "collector": ["--observation", "600", "--observation", "1200", "--terminated", "1800"],
    "estimator": [],
    "predictor": ["--threshold", "100"],
    "learner": [],
}


class Services:
    """Processes made by forking one that has everything loaded, so that many cost little."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tweetoscope.cli"])
        self._running: dict[str, tuple[list[str], BaseProcess]] = {}

    def start(self, name: str, arguments: Sequence[str] = ()) -> None:
        command = [name, "--brokers", self._brokers, *arguments]
        process = self._context.Process(target=serve, args=[command])
        process.start()
        self._running[name] = (list(arguments), process)

    def restart(self, name: str) -> None:
        """Kill, as by the machine's going down, and start once more."""
        arguments, process = self._running.pop(name)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(WITHIN_S)
        self.start(name, arguments)

    def end(self) -> None:
        for _, process in self._running.values():
            process.terminate()
        for name, (_, process) in self._running.items():
            process.join(WITHIN_S)
            assert process.exitcode == 0, f"{name} did not end by itself"


def serve(command: list[str]) -> None:
    cli.app(command, standalone_mode=False)


class Reading:
    """What came on some topics so far."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._seen: list[Record] = []

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(record.value or b"") for record in self._seen if record.topic == topic]

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not is_so():
            counts = Counter(record.topic for record in self._seen)
            assert time.monotonic() < end, f"it did not come to be: {counts}"
            self._seen.extend(self._follower.poll(0.1, 1000))


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    with tansu_running() as address:
        yield address


def replayed(path: Path) -> list[Emitted]:
    how = Spread(sources=3, at_once=4, origins_s=1e6)
    return list(closing(spread(read_parquet(path), how), QUIET_S))


def undisturbed(emitted: Sequence[Emitted]) -> tuple[set[tuple[str, float, int]], set[str]]:
    """What must be predicted, as cascade, window and events seen; and what must be scored."""
    collector = Collector(gathering=GATHERING)
    predicted, scored = set[tuple[str, float, int]](), set[str]()
    for each in emitted:
        for happening in collector.take(each.source, (each.tweet,)):
            match happening:
                case Closed():
                    of = (happening.cascade, happening.window_s, len(happening.times_s))
                    predicted.add(of)
                case Ended():
                    scored.update(f"{happening.cascade} {w:g}" for w in happening.windows_s)
    return predicted, scored


def write_course(brokers: str, emitted: Sequence[Emitted]) -> None:
    """Tweets as a generator of the course's writes them."""
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
    for each in emitted:
        number = int(each.tweet.cascade.removeprefix("tw"))
        value = {
            "type": "tweet" if each.tweet.is_first else "retweet",
            "msg": each.tweet.text,
            "t": int(each.tweet.time_s),
            "m": each.tweet.mark,
            "tweet_id": number + 5000,
            "info": f"cascade={number + 5000}",
        }
        producer.produce(TWEETS, json.dumps(value).encode(), b"of the course")
    assert producer.flush(WITHIN_S) == 0


def read_course(brokers: str, topic: str, count: int) -> list[dict[str, Any]]:
    """Messages as a consumer of the course's reads them."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": "course", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[dict[str, Any]] = []
    end = time.monotonic() + WITHIN_S
    while len(found) < count and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            found.append(json.loads(message.value().decode()))
    consumer.close()
    return found


def test_no_prediction_is_lost_or_doubled_by_kills(brokers: str, tmp_path: Path) -> None:
    cascades = list(itertools.islice(Simulation(seed=8, horizon_s=9000.0).cascades(), 40))
    path = tmp_path / "cascades.parquet"
    rows = [
        (f"{number}", time_s, mark)
        for number, whole in enumerate(cascades)
        for time_s, mark in zip(whole.times_s, whole.marks, strict=True)
    ]
    names = ["cascade_id", "t_seconds", "magnitude"]
    columns = [list(column) for column in zip(*rows, strict=True)]
    pyarrow.parquet.write_table(pyarrow.table(dict(zip(names, columns, strict=True))), path)
    emitted = replayed(path)
    predicted, scored = undisturbed(emitted)
    course = list(closing(spread(cascades[:6], Spread(sources=1)), QUIET_S))
    predicted_of_course, scored_of_course = undisturbed(course)
    predictions = len(predicted) + len(predicted_of_course)
    scores = len(scored) + len(scored_of_course)

    cluster = Kafka(brokers)
    cluster.make(all_topics(3))
    reading = Reading(cluster.follow([PREDICTIONS, ALERTS, STATS, DEAD_LETTERS]))
    services = Services(brokers)
    for name, arguments in SERVICES.items():
        services.start(name, arguments)
    replay = ["--data", str(path), "--sources", "3", "--cascades", "4", "--quiet", str(QUIET_S)]
    services.start("generator", [*replay, "--acceleration", str(emitted[-1].after_s / 12.0)])
    poster = cluster.post()
    poisoned = [TWEETS, SERIES, PROPERTIES, SAMPLES]
    for topic in poisoned:
        poster.post(topic, b"600", b'{"type": "nothing of ours"}')
    poster.close()

    reading.until(lambda: len(reading.of(PREDICTIONS)) > len(predicted) // 4)
    for name in ("generator", *SERVICES):
        services.restart(name)
    write_course(brokers, course)
    reading.until(
        lambda: (
            len(reading.of(PREDICTIONS)) >= predictions
            and len(reading.of(STATS)) >= scores
            and len(reading.of(DEAD_LETTERS)) >= 4
        )
    )
    services.end()

    told = Counter(
        (one["cid"], float(one["T_obs"]), one["n_obs"]) for one in reading.of(PREDICTIONS)
    )
    assert set(told) == predicted | {
        (f"tw{int(cid[2:]) + 5000}", window_s, events)
        for cid, window_s, events in predicted_of_course
    }
    assert set(told.values()) == {1}
    assert len(reading.of(STATS)) == scores
    alerts = {(one["cid"], one["T_obs"]) for one in reading.of(ALERTS)}
    assert len(alerts) == len(reading.of(ALERTS))
    letters = reading.of(DEAD_LETTERS)
    assert Counter(one["topic"] for one in letters) == Counter(
        [TWEETS, SERIES, PROPERTIES, SAMPLES]
    )
    assert all("nothing of ours" in one["reason"] for one in letters)
    for one in read_course(brokers, ALERTS, len(alerts)):
        assert one["type"] == "alert"
        assert isinstance(one["cid"], str)
        assert isinstance(one["msg"], str)
        assert one["n_tot"] > 0.0
        assert one["T_obs"] in (600, 1200)
