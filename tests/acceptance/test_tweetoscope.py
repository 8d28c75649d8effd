"""Tweetoscope is deployed from its file, and the stream goes on while it is rearranged."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from apps.tweetoscope.tests.loki_server import LokiServer, loki_running
from ripieno.control.views import DeploymentView
from ripieno.testing import control_rig
from ripieno.testing.control_rig import Rig, component, open_rig, pids
from tweetoscope import messages
from tweetoscope.broker import Record
from tweetoscope.cascade import Closed, Collector, Gathering
from tweetoscope.kafka import Kafka
from tweetoscope.origins import PLACE, parted
from tweetoscope.testing.brokers import BrokerAbsent, kafka_running, tansu_running
from tweetoscope.topics import PREDICTIONS, TWEETS

WITHIN_S = 120.0
LOOK_S = 0.5
FOLDER = Path(__file__).resolve().parents[2] / "apps" / "tweetoscope"
WINDOWS_S = (600.0, 1800.0)
ADDED_S = 1200.0

Told = tuple[str, float, int]


class Stream:
    """What a broker has of tweets and predictions, read while it comes."""

    def __init__(self, broker: str) -> None:
        self._follower = Kafka(broker).follow([TWEETS, PREDICTIONS], patience_s=LOOK_S)
        self._records: list[Record] = []

    def of(self, topic: str) -> list[Record]:
        """In the order of each partition."""
        return [record for record in self._records if record.topic == topic]

    async def until(self, is_so: Callable[[], bool]) -> None:
        def read() -> None:
            end = time.monotonic() + WITHIN_S
            while not is_so():  # which may take longer than to read what there is
                assert time.monotonic() < end, Counter(each.topic for each in self._records)
                again = time.monotonic() + LOOK_S
                while time.monotonic() < again:
                    self._records.extend(self._follower.poll(0.1, 10_000))

        await asyncio.to_thread(read)

    async def more(self, count: int = 15) -> None:
        """Wait until so many predictions came that were not there."""
        wanted = len(self.of(PREDICTIONS)) + count
        await self.until(lambda: len(self.of(PREDICTIONS)) >= wanted)

    async def end(self) -> None:
        """Read what there is at last."""
        await self.until(self._follower.is_at_end)
        self._records.extend(await asyncio.to_thread(self._follower.poll, 2.0, 100_000))
        self._follower.close()


def write_cascades(path: Path) -> None:
    """So many small cascades that they do not come to an end."""
    random = np.random.default_rng(0)
    times_s = np.sort(2000.0 * random.random((4000, 30)) ** 2.0, axis=1)
    columns = {
        "cascade_id": np.repeat(np.arange(len(times_s)), times_s.shape[1]),
        "t_seconds": times_s.ravel(),
        "magnitude": np.floor(random.pareto(1.4, times_s.size) * 10.0),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def told(record: Record) -> Told:
    said: dict[str, Any] = json.loads(record.value or b"")
    return said["cid"], float(said["T_obs"]), said["n_obs"]


def due(tweets: list[Record], windows_s: tuple[float, ...]) -> set[Told]:
    """What has to be predicted of tweets."""
    collector = Collector(gathering=Gathering(windows_s=windows_s))
    return {
        (each.cascade, each.window_s, len(each.times_s))
        for record in tweets
        for each in collector.take(*_source_and_tweets(record))
        if isinstance(each, Closed)
    }


def _source_and_tweets(record: Record) -> tuple[str, tuple[Any, ...]]:
    source, tweet = messages.read_tweet(record.value or b"", record.key)
    return source, (tweet,)


async def applied(rig: Rig, **asked: Any) -> DeploymentView:
    record = await rig.ask("tweetoscope", "apply", **asked)
    await rig.ended(record.id)
    return await rig.control.deployment("tweetoscope")


def changed(before: DeploymentView, after: DeploymentView) -> set[str]:
    """The components with other processes than before."""
    one, other = set(pids(before).items()), set(pids(after).items())
    return {name.partition("/")[0] for name, _ in one ^ other}


@pytest.fixture
def outside() -> Iterator[str]:
    """The address of a broker that is there already: an Apache Kafka, or else another Tansu."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(kafka_running()).address
        except BrokerAbsent:
            yield stack.enter_context(tansu_running())


@pytest.fixture
def loki() -> Iterator[LokiServer]:
    with loki_running() as server:
        yield server


@pytest.mark.long
async def test_the_stream_goes_on_while_the_pipeline_is_rearranged_and_moves(
    tmp_path: Path, outside: str, loki: LokiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setattr(control_rig, "PATIENCE_S", 2.0 * WITHIN_S)  # eight processes that start
    document = (FOLDER / "application.yaml").read_text(encoding="utf-8")
    async with open_rig(tmp_path / "home") as rig:
        path = tmp_path / "cascades.parquet"
        await asyncio.to_thread(write_cascades, path)
        given: dict[str, Any] = {
            "source": "file", "data": str(path), "acceleration": 300,
            "kafka_port": int(outside.rpartition(":")[2]), "loki": loki.url,
        }  # fmt: skip
        view = await rig.deploy(document, parameters=given, directory=FOLDER)
        (broker,) = component(view, "embedded-broker").replicas
        old = Stream(f"127.0.0.1:{broker.tcp_ports['kafka']}")

        for replicas in (3, 1):
            await old.more()
            scaled = await rig.change(view.name, "scale", replicas={"estimator": replicas})
            assert len(component(scaled, "estimator").replicas) == replicas
            assert changed(view, scaled) <= {"estimator"}
        await old.more()

        wide = {"windows_s": [600, 1200, 1800]}
        wider = await applied(rig, parameters=wide)
        assert changed(scaled, wider) == {"collector", "dashboard"}
        await old.until(lambda: any(told(each)[1] == ADDED_S for each in old.of(PREDICTIONS)))

        newer = document.replace("version: 0.1.0", "version: 0.2.0").replace(
            "[tweetoscope, estimator, ", "[tweetoscope, estimator, --no-prior, "
        )
        swapped = await applied(rig, document=newer, parameters={**given, **wide})
        assert changed(wider, swapped) == {"estimator"}
        await old.more()

        moved = await applied(rig, configuration="to-existing")
        assert pids(moved)["embedded-broker/0"] == pids(swapped)["embedded-broker/0"]
        new = Stream(outside)
        await new.more()
        await old.end()
        alone = await applied(rig, configuration="existing")
        assert changed(moved, alone) == {"embedded-broker"}
        await new.more()
        await rig.change(view.name, "stop", components=["generator"])

        # Of the tweets at the new broker some were carried there from the old one.
        def generated(tweet: Record) -> bool:
            return tweet.origin is not None and parted(tweet.origin)[0] == b"generator/0\0"

        def written() -> list[Record]:
            return [*old.of(TWEETS), *filter(generated, new.of(TWEETS))]

        def predicted() -> list[Told]:
            return [told(each) for stream in (old, new) for each in stream.of(PREDICTIONS)]

        def is_all() -> bool:
            places = [parted(each.origin)[1] for each in written() if each.origin]
            causes = sorted(PLACE.unpack(place)[0] for place in places)
            return causes == list(range(len(causes))) and due(written(), WINDOWS_S) <= set(
                predicted()
            )

        await new.until(is_all)
        services = {line.labels["service"] for line in loki.taken}
        assert {"collector", "estimator", "generator", "predictor"} <= services
        await new.end()
        counted = Counter(predicted())
        assert not [each for each, count in counted.items() if count > 1]
        added = {each for each in counted if each[1] == ADDED_S}
        assert counted.keys() - added == due(written(), WINDOWS_S)
        all_due = due(written(), (*WINDOWS_S[:1], ADDED_S, *WINDOWS_S[1:]))
        assert added <= all_due
        begun = {messages.read_tweet(each.value or b"", each.key)[1] for each in new.of(TWEETS)}
        begun_there = {tweet.cascade for tweet in begun if tweet.is_first}
        assert {each for each in all_due if each[0] in begun_there} <= counted.keys()
