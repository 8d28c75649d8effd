"""Reading all of some topics, in no group."""

from collections.abc import Collection, Sequence
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException

from tweetoscope.broker import BrokerError, Record
from tweetoscope.kafka import answers, reading
from tweetoscope.origins import Fresh


class KafkaFollower:
    """A consumer of all partitions of some topics, in no group."""

    def __init__(
        self, settings: dict[str, Any], topics: Collection[str], *, from_end: bool
    ) -> None:
        self._consumer = reading.reader(settings, reading.FOLLOWERS)
        self._fresh = Fresh()
        start = rdkafka.OFFSET_END if from_end else rdkafka.OFFSET_BEGINNING
        try:
            known = self._consumer.list_topics(timeout=answers.TIMEOUT_S).topics
            if missing := [name for name in topics if name not in known]:
                raise BrokerError(
                    f"the broker has no topic {', '.join(missing)}; make them: tweetoscope topics"
                )
            partitions = [
                rdkafka.TopicPartition(name, number, start)
                for name in topics
                for number in known[name].partitions
            ]
            self._consumer.assign(partitions)
        except KafkaException as error:
            raise answers.failed(f"{', '.join(topics)} cannot be read", error) from error
        self._behind = set() if from_end else {(at.topic, at.partition) for at in partitions}

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records not read yet, waiting only while there are none. Committed ones only."""
        records = reading.poll(self._consumer, timeout_s, limit, at_end=self._behind.discard)
        return self._fresh.of(records)

    def is_at_end(self) -> bool:
        """Whether all has been read that was there when it began."""
        return not self._behind

    def close(self) -> None:
        """Let go."""
        self._consumer.close()
