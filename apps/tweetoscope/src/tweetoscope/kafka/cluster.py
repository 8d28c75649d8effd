"""A cluster of brokers: topics are made, and all that reads or writes begins here."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import admin as rdadmin

from tweetoscope.broker import Assigned, Records, Revoked, Topic, task_name
from tweetoscope.kafka import answers, reading
from tweetoscope.kafka.follower import KafkaFollower
from tweetoscope.kafka.membership import KafkaMembership
from tweetoscope.kafka.poster import KafkaPoster
from tweetoscope.kafka.transactions import Transactions, fencing
from tweetoscope.kafka.watch import KafkaWatch
from tweetoscope.kafka.writer import KafkaWriter


class Kafka:
    """A cluster. `brokers` are addresses, host:port, with commas between.

    A transaction that is not committed within `commit_s` is given up.
    """

    def __init__(self, brokers: str, *, replication: int = 1, commit_s: float = 10.0) -> None:
        self._replication, self._commit_s = replication, commit_s
        self.address = brokers.removeprefix("kafka://")
        self._asking: rdadmin.AdminClient | None = None
        self._settings: dict[str, Any] = {
            "bootstrap.servers": self.address,
            "logger": answers.log,
            "reconnect.backoff.max.ms": 1000,
        }

    def answers(self, within_s: float) -> bool:
        """Whether it is there and says so within some seconds."""
        if self._asking is None:
            self._asking = rdadmin.AdminClient(self._settings)
        try:
            self._asking.list_topics(timeout=within_s)
        except KafkaException:
            return False
        self._asking = None
        return True

    def make(self, topics: Collection[Topic]) -> list[str]:
        """Make those topics that are not there yet, and say which these were."""
        admin = rdadmin.AdminClient(self._settings)
        asked = admin.create_topics(
            [
                rdadmin.NewTopic(
                    topic.name,
                    topic.partitions,
                    self._replication,
                    config={"cleanup.policy": "compact"} if topic.is_compacted else {},
                )
                for topic in topics
            ],
            operation_timeout=answers.TIMEOUT_S,
        )
        made = []
        for name, answer in asked.items():
            try:
                answer.result(answers.TIMEOUT_S)
                made.append(name)
            except KafkaException as error:
                if answers.code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise answers.failed(f"topic {name} was not made", error) from error
        return made

    def partitions(self) -> dict[str, int]:
        """How many partitions each topic has."""
        try:
            known = rdadmin.AdminClient(self._settings).list_topics(timeout=answers.TIMEOUT_S)
        except KafkaException as error:
            raise answers.failed("the broker does not say what it has", error) from error
        return {name: len(topic.partitions) for name, topic in known.topics.items()}

    def join(
        self,
        group: str,
        topic: str,
        *,
        on_assigned: Assigned,
        on_revoked: Revoked,
        patience_s: float = 0.0,
        is_mixed: bool = False,
    ) -> KafkaMembership:
        """Share a topic with the other members of a group."""
        return KafkaMembership(
            self._settings,
            self._commit_s,
            group,
            topic,
            on_assigned,
            on_revoked,
            patience_s,
            is_mixed,
        )

    def follow(
        self, topics: Collection[str], *, last: int | None = None, patience_s: float = 0.0
    ) -> KafkaFollower:
        """Read all partitions of topics, from their beginning or about so many last records."""
        consumer = reading.reader(self._settings, reading.FOLLOWERS, patience_s)
        return KafkaFollower(consumer, topics, last=last)

    def watch(self, inputs: Mapping[str, str]) -> KafkaWatch:
        """A way to see how far groups are behind, each in the topic that it reads."""
        return KafkaWatch(self._settings, inputs)

    def take(self, group: str, topic: str, partition: int) -> KafkaWriter:
        """The writer of a group's task for one who is no member of it."""
        [transactions] = fencing(self._settings, self._commit_s, group, [partition]).values()
        return KafkaWriter(
            self._settings, transactions, group=group, partition=partition, topic=topic
        )

    def rest(self, topic: str, partition: int, position: int) -> Iterator[Records]:
        """What a partition has from a position to its present end."""
        return reading.rest(self._settings, topic, partition, position)

    def write(self, name: str) -> KafkaWriter:
        """The writer of a task that has no input; its state is in the changelog of `name`."""
        transactions = Transactions(self._settings, self._commit_s, task_name(name, 0))
        return KafkaWriter(self._settings, transactions, group=name)

    def post(self) -> KafkaPoster:
        """A way to write what may also be lost."""
        return KafkaPoster(self._settings)
