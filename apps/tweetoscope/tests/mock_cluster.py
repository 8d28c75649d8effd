"""A cluster of which one broker may be lost: librdkafka's own, in the memory of this process."""

import ctypes
from pathlib import Path

import confluent_kafka

BROKERS = 3


class Pointer(ctypes.c_void_p):
    """As it is, where ctypes would make a number of it and cut that off."""


class MockCluster:
    """Its brokers have the numbers from 1 on. It goes on until the process ends."""

    def __init__(self) -> None:
        near = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
        [found] = near.glob("librdkafka*")
        self._library = library = ctypes.CDLL(str(found))
        for made in (
            library.rd_kafka_conf_new,
            library.rd_kafka_new,
            library.rd_kafka_mock_cluster_new,
        ):
            made.restype = Pointer
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        settings, said = library.rd_kafka_conf_new(), ctypes.create_string_buffer(512)
        # Its owner would warn that it knows no broker.
        library.rd_kafka_conf_set(settings, b"bootstrap.servers", b"127.0.0.1:1", said, 512)
        library.rd_kafka_conf_set(settings, b"log_level", b"0", said, 512)
        owner = library.rd_kafka_new(0, settings, said, 512)
        self._cluster = library.rd_kafka_mock_cluster_new(owner, BROKERS)
        self.address: str = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def make(self, topic: str, leader: int) -> None:
        """A topic of one partition, which all brokers have and one of them leads."""
        name = topic.encode()
        self._library.rd_kafka_mock_topic_create(self._cluster, name, 1, BROKERS)
        self._library.rd_kafka_mock_partition_set_leader(self._cluster, name, 0, leader)

    def coordinate(self, kind: str, name: str, broker: int) -> None:
        """Let a broker be asked about what is called so, a `group` or a `transaction`."""
        coordinate = self._library.rd_kafka_mock_coordinator_set
        coordinate(self._cluster, kind.encode(), name.encode(), broker)

    def refuse(self, request: int, error: int, *, times: int = 1) -> None:
        """Answer the next requests of a kind, by its number in the protocol, with an error."""
        errors = [error] * times
        self._library.rd_kafka_mock_push_request_errors(self._cluster, request, times, *errors)

    def lose(self, broker: int) -> None:
        """Nobody answers there any more."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, broker)
