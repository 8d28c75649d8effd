"""What Tansu has left out of a partition that several write to, asked for once more.

Tansu (0.6.0) gives a batch its place before it has it there. Who reads between the two is shown
what another writer has put behind it, goes on from there, and is never shown what came before. Who
looks again finds it. So where several write, the places that nothing came from are counted: the end
of a transaction takes one, and nobody is shown it. Where there are more of them than transactions
that can have ended there, the place is looked at again.
"""

import time
from typing import Any

import confluent_kafka as rdkafka
from confluent_kafka import KafkaError, KafkaException

from tweetoscope.broker import Place
from tweetoscope.kafka import answers, headers, reading
from tweetoscope.origins import parted

RECENT_S = 10.0
"""What was written longer ago was there by the time it was read."""
WITHIN_S = 5.0
LOOK_S = 0.05


class Gaps:
    """The places of partitions that are read in order."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._reader: rdkafka.Consumer | None = None
        self._next: dict[Place, int] = {}
        # Whose transactions have messages in a partition, and no end that was counted. Tasks of
        # one service may have them together, so they count as one: rather look once too often.
        self._open: dict[Place, set[bytes]] = {}

    def begin(self) -> None:
        """Partitions are read from other places from now on."""
        self._next.clear()
        self._open.clear()

    def filled(self, messages: list[rdkafka.Message]) -> list[rdkafka.Message]:
        """The same, with what is missing between them. Ends of partitions are places, too.

        Raises: BrokerError.
        """
        found = []
        recent_ms = (time.time() - RECENT_S) * 1000.0
        for message in messages:
            error, offset = message.error(), message.offset()
            if error is None or error.code() == KafkaError._PARTITION_EOF:
                at = (message.topic(), message.partition())
                expected = self._next.get(at, offset)
                is_recent = error is not None or message.timestamp()[1] > recent_ms
                if offset > expected and not self._are_ends(at, offset - expected) and is_recent:
                    found.extend(self._between(at, expected, offset))
                self._next[at] = max(expected, offset + (error is None))
                if error is None and (origin := headers.origin(message.headers())) is not None:
                    service, _, _ = parted(origin)[0].rpartition(b"/")
                    self._open.setdefault(at, set()).add(service)
            found.append(message)
        return found

    def close(self) -> None:
        """Let go."""
        if self._reader is not None:
            self._reader.close()

    def _are_ends(self, at: Place, places: int) -> bool:
        """Whether so many places may be those of ends of transactions."""
        began = self._open.setdefault(at, set())
        if places > len(began):
            began.clear()
            return False
        for _ in range(places):
            began.pop()
        return True

    def _between(self, at: Place, start: int, end: int) -> list[rdkafka.Message]:
        """What is in a partition from one place to before another."""
        found: list[rdkafka.Message] = []
        until = time.monotonic() + WITHIN_S
        try:
            reader = self._reader = self._reader or self._opened()
            reader.assign([rdkafka.TopicPartition(*at, start)])
            while (message := reader.poll(LOOK_S)) is None or message.offset() < end:
                if message is not None and message.error() is None:
                    found.append(message)
                elif time.monotonic() > until:
                    answers.log.warning(
                        "what the broker has left out is not to be had",
                        extra={"topic": at[0], "partition": at[1], "start": start, "end": end},
                    )
                    break
            reader.unassign()
        except KafkaException as error:
            raise answers.failed(f"{at[0]} is not shown from {start} to {end}", error) from error
        if found:
            answers.log.info(
                "the broker had left out records",
                extra={"topic": at[0], "partition": at[1], "records": len(found)},
            )
        return found

    def _opened(self) -> rdkafka.Consumer:
        """One that asks for a batch at a time, not hastily: a busy Tansu shows it nothing then."""
        return rdkafka.Consumer(
            self._settings
            | {
                "group.id": reading.FOLLOWERS,
                "isolation.level": "read_uncommitted",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.message.max.bytes": 1,
                "fetch.queue.backoff.ms": 1,
                "fetch.wait.max.ms": 100,
            }
        )
