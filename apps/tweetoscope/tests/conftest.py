"""What the tests share. Where data are needed that may not be distributed, absence is said."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, settings

from tweetoscope.testing.brokers import ApacheKafka, BrokerAbsent, kafka_running, tansu_running
from tweetoscope.topics import all_topics

REPOSITORY = Path(__file__).resolve().parents[3]

# Compiling at the first call takes seconds, and machines are noisy. What is drawn is the same in
# every run, unless somebody has the time to look for more.
THOROUGH = os.environ.get("RIPIENO_HYPOTHESIS_PROFILE") == "thorough"
settings.register_profile(
    "tweetoscope",
    deadline=None,
    derandomize=not THOROUGH,
    max_examples=1000 if THOROUGH else 50,
    suppress_health_check=(HealthCheck.too_slow,),
)
settings.load_profile("tweetoscope")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real cascades; see its README for where they are from."""
    folder = Path(os.environ.get("RIPIENO_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("needs the shared data sets: set RIPIENO_SHARED or put them in ../shared")
    return folder


@pytest.fixture(scope="session")
def tansu() -> Iterator[str]:
    """The address of a Tansu, one for each test process."""
    with tansu_running() as address:
        yield address


@pytest.fixture
def apache_of_its_own(apache: ApacheKafka) -> Iterator[ApacheKafka]:
    """An Apache Kafka without a pipeline, of which there may be one at a broker."""
    yield apache
    admin = AdminClient({"bootstrap.servers": apache.address})
    theirs = [topic.name for topic in all_topics(1)]
    for deleted in admin.delete_topics(theirs, operation_timeout=60.0).values():
        deleted.result()


@pytest.fixture(scope="session")
def apache() -> Iterator[ApacheKafka]:
    """An Apache Kafka, one for each test process; it takes seconds to start."""
    try:
        with kafka_running() as node:
            yield node
    except BrokerAbsent as reason:
        pytest.skip(str(reason))
