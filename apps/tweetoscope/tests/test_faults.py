"""All services as processes over a real Apache Kafka, while everything goes wrong.

The long version is `benchmarks/chaos.py`, which can do it on Tansu, too. That is not done here:
Tansu (0.6.0) now and then leaves out a record when it shows a reader what several have written.
"""

from pathlib import Path

import pytest

from tweetoscope.testing import chaos
from tweetoscope.testing.brokers import ApacheKafka
from tweetoscope.testing.chaos import Trouble
from tweetoscope.testing.inputs import Input


@pytest.mark.long(shares="Apache Kafka")
def test_nothing_is_lost_or_doubled(apache_of_its_own: ApacheKafka, tmp_path: Path) -> None:
    given = Input.simulated(tmp_path, cascades=40, seed=8)
    trouble = Trouble(kills=7, added=2, broker_kills=1, poison=6, seconds=10.0, seed=3)
    found = chaos.run(given, trouble, apache_of_its_own, tmp_path / "said")
    assert found.problems == []
    assert {f"{service} killed" for service in chaos.KILLED} <= found.done.keys()
    assert found.done["broker killed"] == 1
