"""Reading all of some topics, in no group."""

from collections.abc import Collection, Sequence

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException

from tweetoscope.broker import BrokerError, Record
from tweetoscope.kafka import answers, reading
from tweetoscope.origins import Fresh


class KafkaFollower:
    """A consumer of all partitions of some topics, in no group."""

    def __init__(
        self, consumer: rdkafka.Consumer, topics: Collection[str], *, last: int | None
    ) -> None:
        self._consumer = consumer
        self._fresh = Fresh()
        self._failing = f"{', '.join(topics)} cannot be read"
        try:
            known = self._consumer.list_topics(timeout=answers.TIMEOUT_S).topics
            if missing := [name for name in topics if name not in known]:
                raise BrokerError(
                    f"the broker has no topic {', '.join(missing)}; make them: tweetoscope topics"
                )
            partitions = [
                rdkafka.TopicPartition(name, number, self._start(name, number, last))
                for name in topics
                for number in known[name].partitions
            ]
            self._consumer.assign(partitions)
        except KafkaException as error:
            raise answers.failed(self._failing, error) from error
        self._behind = set() if last == 0 else {(at.topic, at.partition) for at in partitions}

    def _start(self, topic: str, partition: int, last: int | None) -> int:
        if last is None:
            return int(rdkafka.OFFSET_BEGINNING)
        # Asked now, as the client would look for an end some time after it was told to.
        where = rdkafka.TopicPartition(topic, partition)
        low, high = answers.asked(
            self._failing,
            lambda: self._consumer.get_watermark_offsets(where, answers.TIMEOUT_S),
        )
        return int(max(low, high - last))

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records not read yet, waiting only while there are none. Committed ones only."""
        records = reading.poll(self._consumer, timeout_s, limit, at_end=self._at_end)
        return [each for share in records.shares.values() for each in self._fresh.of(share)]

    def is_at_end(self) -> bool:
        """Whether all has been read that was there when it began."""
        return not self._behind

    def close(self) -> None:
        """Let go."""
        self._consumer.close()

    def _at_end(self, at: tuple[str, int], _: int) -> None:
        self._behind.discard(at)
