"""The wire contract: golden messages of every topic, and the services among programs that know none
of what is not of the course's format."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from apps.tweetoscope.tests import golden
from tweetoscope.broker import changelog
from tweetoscope.kafka import Kafka
from tweetoscope.processing import DEAD_LETTERS
from tweetoscope.testing import wire
from tweetoscope.testing.brokers import tansu_running
from tweetoscope.testing.services import Fleet
from tweetoscope.testing.wire import Written, known, said
from tweetoscope.topics import (
    ALERTS,
    GENERATOR,
    INPUTS,
    LOGGER,
    LOGS,
    NOTIFIER,
    PREDICTIONS,
    PROPERTIES,
    SAMPLES,
    SERIES,
    STATS,
    TWEETS,
    all_topics,
)

WITHIN_S = 120.0
OF_THE_COURSE = [TWEETS, SERIES, PROPERTIES, SAMPLES, ALERTS, STATS]
COLLECTOR = [
    *["--observation", "600", "--observation", "1200", "--terminated", "1800"],
    *["--min-cascade-size", "4", "--lateness", "60"],
]


def form(value: Any) -> Any:
    """What a message is made of, whatever its numbers and texts are."""
    match value:
        case dict():
            return tuple((name, form(each)) for name, each in sorted(value.items()))
        case float() | None:
            return "a number, or nothing"
        case _:
            return type(value).__name__


@pytest.mark.parametrize("service", golden.WRITTEN_BY)
def test_each_service_writes_messages_of_the_golden_form(service: str) -> None:
    written = golden.written(service)
    for topic in golden.WRITTEN_BY[service][1]:
        found = [message for message in written if message.topic == topic]
        expected = golden.read(topic)
        if topic == PROPERTIES:
            is_size = service == "collector"
            expected = [each for each in expected if (said(each)["type"] == "size") == is_size]
        assert {form(said(each)) for each in found} == {form(said(each)) for each in expected}, (
            f"{topic} are not as in {golden.FOLDER}; if they are to be so: "
            "python -m apps.tweetoscope.tests.golden"
        )
        keys = {message.key for message in expected}
        # Which cascades are alerted of is the model's business.
        assert topic == ALERTS or {message.key for message in found} == keys


def test_a_collector_writes_the_golden_messages() -> None:
    found = [message for message in golden.written("collector") if message.topic == SERIES]
    assert [said(each) for each in found] == [said(each) for each in golden.read(SERIES)]


def test_a_service_writes_the_golden_lines() -> None:
    written = golden.logs()
    assert [(each.key, said(each)) for each in written] == [
        (each.key, said(each)) for each in golden.read(LOGS)
    ]
    for each in written:
        assert set(said(each)) == {"t", "source", "level", "message"}


def test_every_topic_has_golden_messages() -> None:
    states = {changelog(group) for group in (*INPUTS, GENERATOR, LOGGER, NOTIFIER)}
    topics = {topic.name for topic in all_topics(3)} - states
    assert {path.stem for path in golden.FOLDER.glob("*.jsonl")} == topics
    assert all(golden.read(topic) for topic in topics)


@pytest.mark.parametrize("topic", OF_THE_COURSE)
def test_a_program_of_the_course_can_read_the_golden_messages(topic: str) -> None:
    messages = golden.read(topic)
    assert messages
    for message in messages:
        if b'"like"' not in (message.value or b""):
            known(message)


class Reader:
    """A program that reads some topics and understands the course's format only."""

    def __init__(self, brokers: str, topics: list[str]) -> None:
        self._reading = wire.Reading(brokers, topics)
        self.seen: dict[str, list[Written]] = {topic: [] for topic in topics}

    def until(self, counts: dict[str, int], *, alert: tuple[str, int] | None = None) -> None:
        """Read on until there are so many, and that cascade's alert at that window."""
        end_s = time.monotonic() + WITHIN_S
        while any(len(self.seen[topic]) < count for topic, count in counts.items()) or (
            alert is not None and alert not in self.alerts()
        ):
            assert time.monotonic() < end_s, {name: len(each) for name, each in self.seen.items()}
            for message in self._reading.poll(0.2):
                self.seen[message.topic].append(message)

    def alerts(self) -> set[tuple[object, object]]:
        """The cascades and windows of alerts."""
        return {(one["cid"], one["T_obs"]) for one in map(said, self.seen[ALERTS])}

    def known(self, topic: str, kind: str) -> Counter[str]:
        return Counter(
            known(message) for message in self.seen[topic] if said(message)["type"] == kind
        )

    def close(self) -> None:
        self._reading.close()


def of_kind(topic: str, kind: str) -> Counter[str]:
    return Counter(known(each) for each in golden.read(topic) if said(each)["type"] == kind)


@pytest.mark.long
def test_services_work_among_programs_of_the_course(tmp_path: Path) -> None:
    sizes, series = of_kind(PROPERTIES, "size"), of_kind(SERIES, "serie")
    with tansu_running() as brokers:
        Kafka(brokers).make(all_topics(3))
        fleet = Fleet(brokers, tmp_path)
        reader = Reader(brokers, [*OF_THE_COURSE, PREDICTIONS, DEAD_LETTERS, LOGS])
        try:
            fleet.start("collector", COLLECTOR)
            fleet.start("estimator")
            fleet.start("predictor", ["--threshold", "12"])
            fleet.start("learner")
            # In place of the generator.
            wire.write(brokers, golden.read(TWEETS))
            reader.until(
                {PREDICTIONS: series.total(), STATS: sizes.total(), SAMPLES: sizes.total()}
            )
            # In place of the collector: times are those of the source, and there is no key.
            [serie, *_] = [said(each) for each in golden.read(SERIES)]
            tweets = [[9000 + t, m] for t, m in serie["tweets"]]  # type: ignore[attr-defined]  # a list
            other = {"type": "serie", "cid": "tw7", "msg": "", "T_obs": 600, "tweets": tweets}
            others = Written(SERIES, None, json.dumps(other).encode())
            size = {"type": "size", "cid": "tw7", "n_tot": 40, "t_end": 12_000}
            wire.write(
                brokers,
                [
                    others,
                    Written(PROPERTIES, b"600", json.dumps(size).encode()),
                ],
            )
            # In place of the estimator too.
            parameters = {
                "type": "parameters", "cid": "tw8", "msg": "", "n_obs": 20, "n_supp": 11.5,
                "params": [0.02, 0.0003],
            }  # fmt: skip
            wire.write(brokers, [Written(PROPERTIES, b"1200", json.dumps(parameters).encode())])
            reader.until(
                {
                    PREDICTIONS: series.total() + 2,
                    STATS: sizes.total() + 1,
                    SAMPLES: sizes.total() + 1,
                    DEAD_LETTERS: 1,
                    LOGS: 4,
                },
                # It is in another topic than its prediction, and may be read later.
                alert=("tw8", 1200),
            )
            assert fleet.end() == {}
        finally:
            fleet.close()
            reader.close()
    assert reader.known(SERIES, "serie") == series + Counter([known(others)])
    assert sizes <= reader.known(PROPERTIES, "size")
    for topic in OF_THE_COURSE[2:]:
        for message in reader.seen[topic]:
            known(message)
    told = {(one["cid"], one["T_obs"]): one for one in map(said, reader.seen[PREDICTIONS])}
    assert told["tw7", 600]["n_obs"] == len(tweets)
    assert told["tw8", 1200]["n_tot"] == pytest.approx(31.5)
    [letter] = map(said, reader.seen[DEAD_LETTERS])
    [expected] = map(said, golden.read(DEAD_LETTERS))
    assert {**letter, "offset": 0, "partition": 0, "t": 0} == {**expected, "offset": 0, "t": 0}
    for line in map(said, reader.seen[LOGS]):
        assert [type(line[name]) for name in ("t", "source", "level", "message")] == [
            int, str, str, str,
        ]  # fmt: skip
