"""How far groups are behind, asked from outside of them."""

from collections.abc import Collection, Mapping
from typing import Any

import confluent_kafka as rdkafka

from tweetoscope.kafka import answers, reading

WITHIN_S = 5.0


class KafkaWatch:
    """Compares what groups have committed with where their topics end.

    The end of a transaction takes a place of its own in a topic, which nobody reads: a group that
    is one record behind in a partition has read all. Tansu tells ends that are a batch too early.
    """

    def __init__(self, settings: dict[str, Any], inputs: Mapping[str, str]) -> None:
        # The administrator's ways to ask (librdkafka 2.x) may end the process: that for ends where
        # a broker goes after it was late with its answer, that for positions where another broker
        # keeps them by now.
        self._reader = rdkafka.Consumer(
            settings | {"group.id": reading.FOLLOWERS, "isolation.level": "read_uncommitted"}
        )
        self._positions = {
            group: rdkafka.Consumer(settings | {"group.id": group}) for group in inputs
        }
        self._inputs = dict(inputs)

    def lags(self) -> dict[str, int]:
        """Records that each group has not read yet. Raises: BrokerError."""
        return answers.asked("how far services are behind is not known", self._look, WITHIN_S)

    def _look(self) -> dict[str, int]:
        known = self._reader.list_topics(timeout=WITHIN_S).topics
        parts = {
            group: [rdkafka.TopicPartition(topic, at) for at in known[topic].partitions]
            for group, topic in self._inputs.items()
            if topic in known
        }
        ends = self._ends({(at.topic, at.partition) for each in parts.values() for at in each})
        return {group: self._behind(group, each, ends) for group, each in parts.items()}

    def _ends(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        if not partitions:
            return {}
        # At the time that stands for the end, as in the protocol.
        asked = [rdkafka.TopicPartition(*each, rdkafka.OFFSET_END) for each in partitions]
        found = answers.known(self._reader.offsets_for_times(asked, WITHIN_S))
        return {(at.topic, at.partition): at.offset for at in found}

    def _behind(
        self,
        group: str,
        partitions: list[rdkafka.TopicPartition],
        ends: dict[tuple[str, int], int],
    ) -> int:
        return sum(
            max(ends[at.topic, at.partition] - max(at.offset, 0) - 1, 0)
            for at in answers.known(self._positions[group].committed(partitions, WITHIN_S))
        )
