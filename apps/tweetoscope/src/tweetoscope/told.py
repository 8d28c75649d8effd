"""What a task had told at the broker that its pipeline left, though it never counted there.

A Tansu shows its readers also what was given up. So where a task is taken away in the middle of a
transaction, what it had sent is read all the same; and at the next broker the task makes it once
more, as it goes on from what counted. The move counts such messages, and the task passes over as
many of those that it makes first. That is done for each key of a topic: those are in one partition,
in the order in which they were sent, so what is there are the first of them.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import closing

from tweetoscope import origins
from tweetoscope.broker import Broker, Change, Message, Restored, Writer

TOLD = b"\0told"
"""Where the state of a task says how many messages it passes over."""
LAST = 10_000
"""More than a task sends in a transaction: so many of each partition are looked at."""

Told = Counter[tuple[str, bytes | None]]
"""How many messages, by topic and key."""


def given_up(broker: Broker, task: str, left: Restored, topics: Collection[str]) -> Told:
    """What readers of some topics are shown of a task beyond what counts. Raises: BrokerError."""
    whose, position = origins.whose(task), left.position or 0
    found: Told = Counter()
    with closing(broker.follow(topics, last=LAST)) as follower:
        while not follower.is_at_end():
            for record in follower.poll(0.1, LAST):
                if record.origin is None:
                    continue
                its, place = origins.parted(record.origin)
                if its == whose and origins.PLACE.unpack(place)[0] >= position:
                    found[record.topic, record.key] += 1
    return found


def added(left: Restored, found: Told) -> None:
    """Have a state that is carried say so, beside what it says already."""
    if told := _read(left.state.pop(TOLD, None)) + found:
        left.state[TOLD] = _written(told)


def passing(writer: Writer, restored: Restored) -> Writer:
    """The writer of a task that was restored so, which passes over what was told before."""
    told = _read(restored.state.pop(TOLD, None))
    return _Passing(writer, told) if told else writer


class _Passing:
    """A writer that passes over messages."""

    def __init__(self, writer: Writer, told: Told) -> None:
        self._writer, self._told = writer, told
        self.restore, self.commit, self.close = writer.restore, writer.commit, writer.close

    def send(
        self,
        messages: Iterable[Message],
        changes: Iterable[Change],
        position: int | None,
        whole: Callable[[], Iterable[Change]] | None = None,
    ) -> None:
        """Begin a transaction of what was not told before."""
        if self._told:
            messages = [each for each in messages if not self._is_told(each)]
            changes = [*changes, self._change()]
        every = None if whole is None else lambda: [*whole(), self._change()]
        self._writer.send(messages, changes, position, every)

    def _is_told(self, message: Message) -> bool:
        at = message.topic, message.key
        if at not in self._told:
            return False
        self._told[at] -= 1
        if not self._told[at]:
            del self._told[at]
        return True

    def _change(self) -> Change:
        return Change(TOLD, _written(self._told) if self._told else None)


def _written(told: Told) -> bytes:
    return json.dumps(
        [
            [topic, None if key is None else key.decode(errors="surrogateescape"), count]
            for (topic, key), count in told.items()
        ]
    ).encode()


def _read(written: bytes | None) -> Told:
    return Counter(
        {
            (topic, None if key is None else key.encode(errors="surrogateescape")): count
            for topic, key, count in json.loads(written or b"[]")
        }
    )
