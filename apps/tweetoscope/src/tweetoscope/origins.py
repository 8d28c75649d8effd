"""Messages that were read before: told by their origins, which only grow in one partition.

An origin is the name of the task that wrote the message, a zero byte, the offset in its input that
the message follows from, and its number among those that do. As bytes they sort as they grow, so
that they are compared without being taken apart: there are a hundred thousand a second.
"""

import json
import operator
import struct

from tweetoscope.broker import Listed, Record, Records

PLACE = struct.Struct(">QI")
"""The offset and the number."""


def origin(task: str, offset: int, number: int) -> bytes:
    """Of a message that `task` writes."""
    return whose(task) + PLACE.pack(offset, number)


def whose(task: str) -> bytes:
    """What all origins of a task begin with."""
    return task.encode() + b"\0"


def parted(its: bytes) -> tuple[bytes, bytes]:
    """Whose an origin is, and its place among those."""
    return its[: -PLACE.size], its[-PLACE.size :]


class Fresh:
    """Remembers how far it has read what each task wrote, in each partition."""

    def __init__(self, state: bytes | None = None) -> None:
        self._seen: dict[tuple[str, int, bytes], bytes] = {}
        self.repeated = 0
        if state is not None:
            for topic, partition, task, offset, number in json.loads(state):
                of = task.encode(errors="surrogateescape")
                self._seen[topic, partition, of] = PLACE.pack(offset, number)

    def of(self, records: Records) -> Records:
        """Those of a partition's records that are read for the first time."""
        if self._are_new(records):
            return records
        return Listed(record for record in records if self._is_new(record))

    def state(self) -> bytes:
        """What a new one is made from that remembers the same."""
        return json.dumps(
            [
                [topic, partition, of.decode(errors="surrogateescape"), *PLACE.unpack(place)]
                for (topic, partition, of), place in self._seen.items()
            ]
        ).encode()

    def _are_new(self, records: Records) -> bool:
        """Whether all are new and of one task, as those of a batch mostly are.

        Where each is above the one before, all begin with what the first and the last begin with.
        """
        its = [origin for origin in records.origins if origin is not None]
        if not 0 < len(its) == len(records) or not all(map(operator.lt, its, its[1:])):
            return False
        (task, first), (last_task, last) = parted(its[0]), parted(its[-1])
        of = (records[0].topic, records[0].partition, task)
        if task != last_task or first <= self._seen.get(of, b""):
            return False
        self._seen[of] = last
        return True

    def _is_new(self, record: Record) -> bool:
        if record.origin is None:
            return True
        task, place = parted(record.origin)
        of = (record.topic, record.partition, task)
        if place <= self._seen.get(of, b""):
            self.repeated += 1
            return False
        self._seen[of] = place
        return True
