"""All services as processes over real brokers, while everything goes wrong.

The long version is `benchmarks/chaos.py`.
"""

from pathlib import Path

import pytest

from tweetoscope.testing import chaos
from tweetoscope.testing.brokers import ApacheKafka, tansu_running
from tweetoscope.testing.chaos import Trouble
from tweetoscope.testing.inputs import Input
from tweetoscope.topics import GENERATOR


@pytest.fixture
def given(tmp_path: Path) -> Input:
    return Input.simulated(tmp_path, cascades=60, seed=8)


def test_nothing_is_lost_or_doubled_on_apache_kafka(
    given: Input, apache: ApacheKafka, tmp_path: Path
) -> None:
    trouble = Trouble(kills=5, added=2, broker_kills=1, poison=6, seconds=12.0, seed=3)
    found = chaos.run(given, trouble, apache, tmp_path / "said")
    assert found.problems == []
    assert {f"{service} killed" for service in (GENERATOR, *chaos.SHARED)} <= found.done.keys()
    assert found.done["broker killed"] == 1


def test_nothing_is_lost_or_doubled_on_tansu(given: Input, tmp_path: Path) -> None:
    trouble = Trouble(kills=5, added=1, poison=6, seconds=10.0, seed=4)
    with tansu_running() as address:
        found = chaos.run(given, trouble, address, tmp_path / "said")
    assert found.problems == []
