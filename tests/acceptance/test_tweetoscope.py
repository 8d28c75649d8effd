"""Tweetoscope is deployed from its file, and goes on while its estimators are scaled."""

import asyncio
import sys
from pathlib import Path

import pytest

from ripieno.testing.control_rig import component, open_rig
from tweetoscope.broker import Follower
from tweetoscope.kafka import Kafka
from tweetoscope.topics import PREDICTIONS

WITHIN_S = 60.0
FOLDER = Path(__file__).resolve().parents[2] / "apps" / "tweetoscope"


def wait_for(follower: Follower, count: int) -> int:
    """How many more predictions came, as soon as they are so many."""
    found = 0
    while found < count:
        found += len(follower.poll(1.0, 1000))
    return found


async def test_tweetoscope_predicts_while_it_is_scaled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    document = (FOLDER / "application.yaml").read_text(encoding="utf-8")
    async with open_rig(tmp_path / "home") as rig:
        fast = {"acceleration": 5000}
        view = await rig.deploy(document, parameters=fast, directory=FOLDER)
        (broker,) = component(view, "embedded-broker").replicas
        follower = Kafka(f"127.0.0.1:{broker.tcp_ports['kafka']}").follow([PREDICTIONS])
        for replicas in (3, 1):
            await asyncio.wait_for(asyncio.to_thread(wait_for, follower, 20), WITHIN_S)
            view = await rig.change(view.name, "scale", replicas={"estimator": replicas})
            assert len(component(view, "estimator").replicas) == replicas
        await asyncio.wait_for(asyncio.to_thread(wait_for, follower, 20), WITHIN_S)
        follower.close()
