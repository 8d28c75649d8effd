"""Golden messages: what each service writes when it reads what the one before it has written.

The files in `golden` are one for each topic, a message a line, beginning with tweets as a program
of the course's writes them: two sources, out of order by less than a minute, one of them poison and
one too late. When what is written is to change: python -m apps.tweetoscope.tests.golden
"""

import itertools
import json
import logging
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from tweetoscope import collector, estimator, learner, predictor, telling
from tweetoscope.broker import Listed, Message, Record
from tweetoscope.cascade import Gathering
from tweetoscope.errors import BadMessage
from tweetoscope.marks import PowerLaw
from tweetoscope.metrics import Metrics
from tweetoscope.prior import Prior
from tweetoscope.processing import DEAD_LETTERS, Service, dead_letter
from tweetoscope.sources import Simulation, Spread, closing, spread
from tweetoscope.testing.wire import Written
from tweetoscope.topics import (
    ALERTS,
    LOGS,
    MODELS,
    PREDICTIONS,
    PROPERTIES,
    SAMPLES,
    SERIES,
    STATS,
    TWEETS,
)

FOLDER = Path(__file__).parent / "golden"
GATHERING = Gathering(
    windows_s=(600.0, 1200.0), terminated_s=1800.0, least_events=4, lateness_s=60.0
)
ALARM = predictor.Alarm(threshold=12.0)
WRITTEN_BY = {
    "collector": (TWEETS, (SERIES, PROPERTIES)),
    "estimator": (SERIES, (PROPERTIES,)),
    "predictor": (PROPERTIES, (PREDICTIONS, ALERTS, STATS, SAMPLES)),
    "learner": (SAMPLES, (MODELS,)),
}


def tweets() -> list[Written]:
    """As a generator of the course's writes them, who knows of no other field."""
    draw = random.Random(2)
    simulation = Simulation(seed=5, n_star=0.45, horizon_s=1500.0)
    cascades = [
        whole
        for whole in itertools.islice(simulation.cascades(), 200)
        if 3 <= len(whole.times_s) <= 14
    ][:16]
    emitted = list(closing(spread(cascades, Spread(sources=2, at_once=3)), 604_800.0))
    by_time = sorted(emitted[:-2], key=lambda each: each.after_s + draw.uniform(0.0, 50.0))
    found = []
    for each in [*by_time, *emitted[-2:]]:
        number = int(each.tweet.cascade.removeprefix("tw")) + 5000
        value = {
            "type": "tweet" if each.tweet.is_first else "retweet",
            "msg": f"{each.tweet.text}, é",
            "t": int(each.tweet.time_s),
            "m": each.tweet.mark,
            "tweet_id": number,
            "info": f"cascade={number}",
        }
        text = json.dumps(value, ensure_ascii=False)
        found.append(Written(TWEETS, each.source.encode(), text.encode()))
    late = json.loads(found[0].value or b"") | {"type": "retweet", "tweet_id": 5002}
    found.insert(-2, Written(TWEETS, found[0].key, json.dumps(late).encode()))
    found.insert(9, Written(TWEETS, b"source-0", b'{"type": "like", "tweet_id": 5001}'))
    return found


class Kept:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.found: list[Written] = []

    def post(self, topic: str, key: bytes | None, value: bytes) -> None:
        self.found.append(Written(topic, key, value))

    def close(self) -> None:
        pass


def logs() -> list[Written]:
    """What a service says of itself, with fields and without."""
    kept = Kept()
    handler = telling.ToTopic(kept, "collector")
    for level, message, fields in (
        (logging.INFO, "started", {}),
        (
            logging.WARNING,
            "joining anew",
            {"reason": "the broker was not there, é", "pause_s": 0.1},
        ),
    ):
        said = {"name": "tweetoscope", "levelno": level, "levelname": logging.getLevelName(level)}
        handler.emit(logging.makeLogRecord(said | fields | {"msg": message, "created": 1000.25}))
    return kept.found


def read(topic: str) -> list[Written]:
    """The golden messages of a topic."""
    lines = (FOLDER / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        key, value = json.loads(line)
        found.append(Written(topic, key.encode(), json.dumps(value, ensure_ascii=False).encode()))
    return found


def keep(topic: str, messages: Iterable[Written]) -> None:
    """Make these the golden messages of a topic."""
    lines = []
    for message in messages:
        said = [(message.key or b"").decode(), json.loads(message.value or b"")]
        lines.append(json.dumps(said, ensure_ascii=False) + "\n")
    (FOLDER / f"{topic}.jsonl").write_text("".join(lines), encoding="utf-8")


def written(service: str) -> list[Written]:
    """What a service makes of the golden messages that it reads, one after another."""
    metrics = Metrics(service)
    services: dict[str, Callable[[], Service[object]]] = {
        "collector": lambda: collector.service(GATHERING, metrics),  # type: ignore[dict-item,return-value]
        "estimator": lambda: estimator.service(PowerLaw().mean, Prior.from_moments()),  # type: ignore[dict-item,return-value]
        "predictor": lambda: predictor.service(ALARM, metrics),  # type: ignore[dict-item,return-value]
        "learner": lambda: learner.service(learner.Learning(trees=2), metrics),  # type: ignore[dict-item,return-value]
    }
    made, (topic, _) = services[service](), WRITTEN_BY[service]
    process, found = made.open(0, {}), list[Message]()
    for offset, message in enumerate(read(topic)):
        record = Record(topic, 0, offset, message.key, message.value, 1_000 * (1 + offset), None)
        try:
            item = made.decode(record)
        except BadMessage as error:
            found.append(dead_letter(record, str(error)))
        else:
            found.extend(process.handle(Listed([record]), [item]))
    return [Written(each.topic, each.key, each.value) for each in found]


def main() -> None:
    """Write all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    keep(TWEETS, [each for each in tweets()])
    keep(LOGS, logs())
    properties: list[Written] = []
    for service, (_, topics) in WRITTEN_BY.items():
        found = written(service)
        for topic in topics:
            of_topic = [message for message in found if message.topic == topic]
            if topic == PROPERTIES:
                of_topic = properties = [*properties, *of_topic]
            keep(topic, of_topic)
        if service == "collector":
            keep(DEAD_LETTERS, [message for message in found if message.topic == DEAD_LETTERS])


if __name__ == "__main__":
    main()
