"""Messages as the client has them, as records: fields are fetched from them when asked for."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Self

import confluent_kafka as rdkafka

from tweetoscope.broker import Place, Record, Records
from tweetoscope.kafka import headers

OF = rdkafka.Message


class KafkaRecords(Records):
    """A column takes a call of each message; so who needs none of it does not pay for it."""

    def __init__(self, messages: list[rdkafka.Message]) -> None:
        self._messages = messages

    def __len__(self) -> int:
        return len(self._messages)

    @cached_property
    def offsets(self) -> Sequence[int]:
        """Where each is in its partition."""
        return list(map(OF.offset, self._messages))

    @property
    def keys(self) -> Sequence[bytes | None]:
        """The key of each."""
        return list(map(OF.key, self._messages))

    @property
    def values(self) -> Sequence[bytes | None]:
        """The value of each."""
        return list(map(OF.value, self._messages))

    @cached_property
    def origins(self) -> Sequence[bytes | None]:
        """The origin of each."""
        return headers.origins(map(OF.headers, self._messages))

    def _places(self) -> list[Place]:
        return list(
            zip(map(OF.topic, self._messages), map(OF.partition, self._messages), strict=True)
        )

    def _record(self, at: int) -> Record:
        message = self._messages[at]
        return Record(
            message.topic(),
            message.partition(),
            message.offset(),
            message.key(),
            message.value(),
            message.timestamp()[1],
            self.origins[at],
        )

    def _chosen(self, some: Iterable[int]) -> Self:
        return type(self)([self._messages[at] for at in some])
