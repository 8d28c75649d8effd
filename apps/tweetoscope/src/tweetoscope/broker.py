"""What the services see of a message broker: records, messages, and who may write where.

`kafka` implements it for every broker that speaks Kafka's protocol; the tests have one in memory
that passes the same contract. A *task* is one partition of a service's input topic, with the state
that belongs to it. Whoever has it alone may write for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, Self, overload

from tweetoscope.errors import TweetoscopeError

EMBEDDED = "tweetoscope"
"""What the cluster of an embedded broker is called, by which clients know that it is a Tansu."""


class BrokerError(TweetoscopeError):
    """The broker did not do what it was asked. It may well do so later: join again."""


class Superseded(BrokerError):
    """Another process has taken over what this one was writing for; nothing of it was kept."""


class Record(NamedTuple):
    """A message as it was read. `origin` is one of `origins`, None if no task of ours wrote it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    time_ms: int
    origin: bytes | None


Place = tuple[str, int]
"""A topic and one of its partitions."""


class Records(Sequence[Record], ABC):
    """Records as they were read, in order. One is made when somebody asks for it.

    Who handles a hundred thousand a second asks for columns, and for hardly any record.
    """

    @property
    @abstractmethod
    def offsets(self) -> Sequence[int]:
        """Where each is in its partition."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[bytes | None]:
        """The key of each."""

    @property
    @abstractmethod
    def values(self) -> Sequence[bytes | None]:
        """The value of each."""

    @property
    @abstractmethod
    def origins(self) -> Sequence[bytes | None]:
        """The origin of each."""

    @cached_property
    def shares(self) -> Mapping[Place, Self]:
        """Those of each partition."""
        places = self._places()
        if places and places.count(places[0]) == len(places):
            return {places[0]: self}
        found: dict[Place, list[int]] = {}
        for at, place in enumerate(places):
            found.setdefault(place, []).append(at)
        return {place: self._chosen(share) for place, share in found.items()}

    def __iter__(self) -> Iterator[Record]:
        return map(self._record, range(len(self)))

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | slice) -> Record | Self:
        if isinstance(at, slice):
            return self._chosen(range(len(self))[at])
        return self._record(at)

    @abstractmethod
    def _places(self) -> list[Place]: ...

    @abstractmethod
    def _record(self, at: int) -> Record: ...

    @abstractmethod
    def _chosen(self, some: Iterable[int]) -> Self: ...


class Listed(Records):
    """Records that are there."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._all = list(records)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def offsets(self) -> Sequence[int]:
        """Where each is in its partition."""
        return [record.offset for record in self._all]

    @property
    def keys(self) -> Sequence[bytes | None]:
        """The key of each."""
        return [record.key for record in self._all]

    @property
    def values(self) -> Sequence[bytes | None]:
        """The value of each."""
        return [record.value for record in self._all]

    @property
    def origins(self) -> Sequence[bytes | None]:
        """The origin of each."""
        return [record.origin for record in self._all]

    def _places(self) -> list[Place]:
        return [(record.topic, record.partition) for record in self._all]

    def _record(self, at: int) -> Record:
        return self._all[at]

    def _chosen(self, some: Iterable[int]) -> Self:
        return type(self)(self._all[at] for at in some)


class Message(NamedTuple):
    """A message to be written. `cause` is the offset of the input record that it follows from.

    Without a `partition` the key decides, so that equal keys stay in order.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    cause: int = 0
    partition: int | None = None


class Change(NamedTuple):
    """What the state of a task has under `key` from now on; None: nothing any more."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A topic to be made. A compacted one keeps the newest message of each key for ever."""

    name: str
    partitions: int = 1
    is_compacted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """A task as it was committed last: where its input goes on (None: at its beginning)."""

    position: int | None
    state: dict[bytes, bytes]


class Writer(Protocol):
    """Writes for one task. To have one is to have superseded all that others have for it."""

    def restore(self) -> Restored:
        """What was committed last."""

    def send(
        self,
        messages: Iterable[Message],
        changes: Iterable[Change],
        position: int | None,
        whole: Callable[[], Iterable[Change]] | None = None,
    ) -> None:
        """Begin a transaction of messages, changes of state and the position in the input.

        `whole` is all state there is after the changes, for a writer that wants to write it anew.

        Raises: Superseded, BrokerError. Then nothing of it counts, and the writer is of no use.
        """

    def commit(self) -> None:
        """Make what was sent count, all at once. Raises: Superseded, BrokerError."""

    def close(self) -> None:
        """Let go; what was not committed never counts."""


class Membership(Protocol):
    """A share of a topic's partitions, among all members of a group."""

    def poll(self, timeout_s: float, limit: int) -> Records:
        """Records of the partitions that are one's own, waiting only while there are none.

        Calls back `on_assigned` and `on_revoked` of `Broker.join`, and never else.
        """

    def lags(self) -> dict[int, int]:
        """How many records each own partition has that were not polled yet."""

    def writers(self, partitions: Collection[int]) -> Mapping[int, Writer]:
        """The writers of own partitions' tasks, their state kept in the group's changelog.

        Nobody else can commit for these tasks any more. Of one who has all partitions to commit
        with one writer is to commit with all that have sent something.
        """

    def leave(self) -> None:
        """Take no more partitions, and wait until it is a good time to close."""

    def close(self) -> None:
        """Leave, so that others have the partitions at once."""


class Follower(Protocol):
    """Reads all of some topics, by itself, from their beginning."""

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records not read yet, waiting only while there are none. Committed ones only."""

    def is_at_end(self) -> bool:
        """Whether all has been read that was there when it began."""

    def close(self) -> None:
        """Let go."""


class Watch(Protocol):
    """Looks at groups from outside."""

    def lags(self) -> dict[str, int]:
        """Records that each group has not read yet. Raises: BrokerError."""


class Poster(Protocol):
    """Writes outside of any transaction what may also be lost, as lines of a log."""

    def post(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Send soon, without waiting for anything; dropped when too much waits already."""

    def close(self) -> None:
        """Wait a little for what was not sent yet."""


Assigned = Callable[[Collection[int]], dict[int, int | None]]
Revoked = Callable[[Collection[int]], None]


class Broker(Protocol):
    """A broker, or a cluster of them. `address` is for people."""

    @property
    def address(self) -> str:
        """Where it is."""

    def answers(self, within_s: float) -> bool:
        """Whether it is there and says so within some seconds."""

    def make(self, topics: Collection[Topic]) -> list[str]:
        """Make those topics that are not there yet, and say which these were."""

    def partitions(self) -> dict[str, int]:
        """How many partitions each topic has."""

    def join(
        self,
        group: str,
        topic: str,
        *,
        on_assigned: Assigned,
        on_revoked: Revoked,
        patience_s: float = 0.0,
        is_mixed: bool = False,
    ) -> Membership:
        """Share a topic with the other members of a group.

        A topic `is_mixed` where several write to one partition at a time.
        Who has patience learns later of what came, and asks the broker less often. `on_assigned`
        takes the writer of each partition that it is given, and returns where to go on reading:
        that is after other members can no longer write for it.
        """

    def follow(
        self, topics: Collection[str], *, last: int | None = None, patience_s: float = 0.0
    ) -> Follower:
        """Read all partitions of topics from their beginning.

        With `last`, of what is there already only about so many records of each partition.
        """

    def watch(self, inputs: Mapping[str, str]) -> Watch:
        """A way to see how far groups are behind, each in the topic that it reads."""

    def take(self, group: str, topic: str, partition: int) -> Writer:
        """The writer of a group's task for one who is no member of it."""

    def rest(self, topic: str, partition: int, position: int) -> Iterator[Records]:
        """What a partition has from a position to its present end."""

    def write(self, name: str) -> Writer:
        """The writer of a task that has no input; its state is in the changelog of `name`."""

    def post(self) -> Poster:
        """A way to write what may also be lost."""


def task_name(group: str, partition: int) -> str:
    """What a task is called in origins and towards the broker."""
    return f"{group}/{partition}"


def changelog(group: str) -> str:
    """The topic that keeps the state of a group's tasks, as partitioned as their input."""
    return f"{group}_state"
