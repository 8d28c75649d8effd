"""Writing outside of any transaction what may also be lost."""

import contextlib
from typing import Any

import confluent_kafka as rdkafka


class KafkaPoster:
    """A plain producer."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._producer = rdkafka.Producer(
            settings | {"linger.ms": 100, "message.timeout.ms": 10_000, "acks": 1}
        )

    def post(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Send soon, without waiting for anything; dropped when too much waits already."""
        with contextlib.suppress(BufferError):
            self._producer.produce(topic, value, key)
        self._producer.poll(0.0)

    def close(self) -> None:
        """Wait a little for what was not sent yet."""
        self._producer.flush(2.0)
