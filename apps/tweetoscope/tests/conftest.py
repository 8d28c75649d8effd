"""What the tests share. Where data are needed that may not be distributed, absence is said."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, settings

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope.broker import Broker, Topic, Writer, changelog
from tweetoscope.kafka import Kafka
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


@pytest.fixture(
    params=[
        "memory", "memory as Tansu",
        pytest.param("Tansu", marks=pytest.mark.long),  # not busy, but it takes its time
        pytest.param("Apache Kafka", marks=pytest.mark.long(shares="Apache Kafka")),
    ]
)  # fmt: skip
def broker(request: pytest.FixtureRequest) -> Broker:
    match request.param:
        case "Tansu":
            return Kafka(request.getfixturevalue("tansu"), commit_s=5.0)
        case "Apache Kafka":
            return Kafka(request.getfixturevalue("apache").address, commit_s=5.0)
    return MemoryBroker(shows_aborted=request.param != "memory")


@pytest.fixture
def topic(broker: Broker) -> str:
    """An input of two partitions, with the changelog of a group of the same name."""
    name = f"t{uuid.uuid4().hex[:8]}"
    broker.make(
        [
            Topic(name=name, partitions=2),
            Topic(name=changelog(name), partitions=2, is_compacted=True),
        ]
    )
    return name


@pytest.fixture
def writer(broker: Broker) -> Iterator[Writer]:
    name = f"w{uuid.uuid4().hex[:8]}"
    broker.make([Topic(name=changelog(name), is_compacted=True)])
    writer = broker.write(name)
    yield writer
    writer.close()
