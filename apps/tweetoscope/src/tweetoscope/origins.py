"""Messages that were read before: told by their origins, which only grow in one partition."""

import json
from collections.abc import Iterable

from tweetoscope.broker import Record


class Fresh:
    """Remembers how far it has read what each task wrote, in each partition."""

    def __init__(self, state: bytes | None = None) -> None:
        self._seen: dict[tuple[str, int, str], tuple[int, int]] = {}
        self.repeated = 0
        if state is not None:
            for topic, partition, task, offset, number in json.loads(state):
                self._seen[topic, partition, task] = (offset, number)

    def of(self, records: Iterable[Record]) -> list[Record]:
        """Those that are read for the first time."""
        return [record for record in records if record.origin is None or self._is_new(record)]

    def state(self) -> bytes:
        """What a new one is made from that remembers the same."""
        return json.dumps([[*of, *seen] for of, seen in self._seen.items()]).encode()

    def _is_new(self, record: Record) -> bool:
        assert record.origin is not None
        task, offset, number = record.origin
        of = (record.topic, record.partition, task)
        if (offset, number) <= self._seen.get(of, (-1, -1)):
            self.repeated += 1
            return False
        self._seen[of] = (offset, number)
        return True
