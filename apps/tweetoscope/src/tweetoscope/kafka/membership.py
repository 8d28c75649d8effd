"""A member of a group: the partitions that it shares with the others, and their writers.

On Tansu (0.6.0) a group may hang for good: when its leader leaves, dies or is missed while
partitions are shared out anew, no other is ever chosen, whoever comes or goes. So a member that was
given nothing for long enough begins another *round*: a group of another name, to which all follow.
"""

import time
from collections.abc import Collection
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaException

from tweetoscope.broker import Assigned, BrokerError, Records, Revoked
from tweetoscope.kafka import answers, reading
from tweetoscope.kafka.gaps import Gaps
from tweetoscope.kafka.transactions import fencing
from tweetoscope.kafka.writer import KafkaWriter

LEAVE_S = 6.0
"""How long a member that leaves waits at most; less than it is given until it is killed."""
HUNG_S = 12.0
"""Twice the silence after which a member is missed: no sharing out takes as long."""
WAIT_S = 1.0
"""No poll counts for more."""
LOOK_S = 2.0
"""How often a member looks whether others have begun another round."""
SOON_S = 5.0
"""How long the broker has to say so."""


class KafkaMembership:
    """A consumer in a group. Offsets are committed by the writers of its tasks only."""

    def __init__(
        self,
        settings: dict[str, Any],
        commit_s: float,
        group: str,
        topic: str,
        on_assigned: Assigned,
        on_revoked: Revoked,
        patience_s: float,
        is_mixed: bool,
    ) -> None:
        self._settings, self._commit_s = settings, commit_s
        self._group, self._topic = group, topic
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._read: dict[int, int] = {}
        self._gaps = Gaps(settings) if is_mixed and reading.is_embedded(settings) else None
        self._failure: Exception | None = None
        self._is_settled = self._is_leaving = False
        # The group's positions, in whatever round; and the number of the round, which is the
        # position of a group that nobody is in.
        self._positions = reading.reader(settings, group)
        self._rounds = reading.reader(settings, f"{group}-rounds")
        self._round = self._newest_round()
        self._polled_s = self._looked_s = time.monotonic()
        self._waited_s = 0.0
        self._consumer = reading.reader(
            settings, f"{group}-{self._round}" if self._round else group, patience_s
        )
        self._consumer.subscribe(
            [topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke
        )

    def poll(self, timeout_s: float, limit: int) -> Records:
        """Records of the partitions that are one's own, waiting only while there are none."""
        filled = None if self._gaps is None else self._gaps.filled
        records = reading.poll(self._consumer, timeout_s, limit, at_end=self._at_end, filled=filled)
        if self._failure is not None:
            raise self._failure
        self._look_at_round()
        for (_, partition), share in records.shares.items():
            self._read[partition] = share[-1].offset + 1
        return records

    def lags(self) -> dict[int, int]:
        """How many records each own partition has that were not polled yet."""
        lags = {}
        try:
            for partition, read in self._read.items():
                at = rdkafka.TopicPartition(self._topic, partition)
                low, high = self._consumer.get_watermark_offsets(at, cached=True)
                lags[partition] = max(high - max(read, low), 0)
        except KafkaException as error:
            raise answers.failed(f"how far {self._topic} was read is not known", error) from error
        return lags

    def writers(self, partitions: Collection[int]) -> dict[int, KafkaWriter]:
        """The writers of own partitions' tasks, their state kept in the group's changelog."""
        found = fencing(
            self._settings, self._commit_s, self._group, partitions, of=self._partitions()
        )
        # Kafka refuses what a member of a group's generation gone by commits. In later rounds
        # it does not know of generations, and the name of the transaction alone has to do.
        member = (self._positions if self._round else self._consumer).consumer_group_metadata
        return {
            partition: KafkaWriter(
                self._settings,
                transactions,
                group=self._group,
                partition=partition,
                topic=self._topic,
                member=member,
            )
            for partition, transactions in found.items()
        }

    def leave(self) -> None:
        """Take no more partitions, and wait until it is a good time to close.

        Tansu (0.6.0) never finds another leader for a group whose leader leaves while partitions
        are shared out anew. So who leaves looks whether that is so, and waits until it is over.
        """
        self._is_leaving = True
        began_s = time.monotonic()
        while (waited_s := time.monotonic() - began_s) < LEAVE_S:
            if self._is_settled and waited_s > 2.0 * reading.HEARTBEAT_S:
                return
            reading.poll(self._consumer, 0.05, 1)

    def close(self) -> None:
        """Leave, so that others have the partitions at once."""
        for consumer in (self._consumer, self._positions, self._rounds):
            consumer.close()
        if self._gaps is not None:
            self._gaps.close()

    def _look_at_round(self) -> None:
        """Raises: BrokerError, where this round is over."""
        now_s = time.monotonic()
        # A process that was paused has not waited.
        self._waited_s += min(now_s - self._polled_s, WAIT_S)
        self._polled_s = now_s
        if self._is_settled:
            self._waited_s = 0.0
        elif self._waited_s > HUNG_S:
            if self._newest_round() == self._round:
                self._begin_round(self._round + 1)
            raise BrokerError(
                f"the group {self._group} has shared nothing out for {HUNG_S:.0f} s: its members "
                "meet anew"
            )
        if now_s - self._looked_s > LOOK_S:
            self._looked_s = now_s
            if self._newest_round() != self._round:
                raise BrokerError(f"the members of {self._group} meet anew")

    def _partitions(self) -> int:
        try:
            known = self._rounds.list_topics(self._topic, answers.TIMEOUT_S).topics
        except KafkaException as error:
            raise answers.failed(f"the partitions of {self._topic} are not known", error) from error
        return len(known[self._topic].partitions)

    def _newest_round(self) -> int:
        [found] = answers.asked(
            f"where {self._group} meets is not known",
            lambda: answers.known(self._rounds.committed([self._place()], SOON_S)),
            SOON_S,
        )
        return max(int(found.offset), 0)

    def _begin_round(self, number: int) -> None:
        answers.asked(
            f"{self._group} cannot meet anew",
            lambda: self._rounds.commit(offsets=[self._place(number)], asynchronous=False),
            SOON_S,
        )

    def _place(self, number: int = rdkafka.OFFSET_INVALID) -> rdkafka.TopicPartition:
        return rdkafka.TopicPartition(self._topic, 0, number)

    def _at_end(self, at: tuple[str, int], offset: int) -> None:
        # The ends of transactions have offsets too, but are never polled.
        if at[1] in self._read:
            self._read[at[1]] = offset

    # librdkafka calls these back within poll and close; what they raise would be lost there.

    def _assign(self, consumer: rdkafka.Consumer, partitions: list[rdkafka.TopicPartition]) -> None:
        self._is_settled = True
        if self._gaps is not None:
            self._gaps.begin()
        if self._is_leaving:
            consumer.assign([])
            return
        try:
            positions = self._on_assigned([at.partition for at in partitions])
        except BrokerError as error:
            self._failure = error
            return
        for at in partitions:
            position = positions[at.partition]
            at.offset = rdkafka.OFFSET_BEGINNING if position is None else position
        self._read = {at.partition: positions[at.partition] or 0 for at in partitions}
        consumer.assign(partitions)

    def _revoke(self, consumer: rdkafka.Consumer, partitions: list[rdkafka.TopicPartition]) -> None:
        had, self._read, self._is_settled = self._read, {}, False
        if had or not self._is_leaving:
            self._on_revoked([at.partition for at in partitions])
