"""A pipeline moves to another broker, and goes on there as if nothing had been.

Called by the command `topics --from`. Of each task its state is carried over, and what it has not
read yet of its input; so no cascade is forgotten, and nothing is predicted twice. Tasks are taken
in the order in which they feed each other: whoever feeds a task writes no more when it is taken.

To take a task is to fence who has it, and to leave a mark in its state by which who opens it next
knows that it is elsewhere. What it had sent in a transaction that is given up by that may have been
read (see `told`); then it is not sent again.

All can be done once more where it was interrupted. Or it is given up: whoever makes topics at the
old broker again, as one who goes back to an old configuration does, has the pipeline stay there,
unless it has arrived. Which of both is so, the generator's task decides.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from tweetoscope import told
from tweetoscope.broker import (
    Broker,
    BrokerError,
    Change,
    Message,
    Record,
    Restored,
    Superseded,
    Topic,
    Writer,
    changelog,
    task_name,
)
from tweetoscope.errors import TweetoscopeError
from tweetoscope.origins import Fresh
from tweetoscope.processing import SEEN
from tweetoscope.topics import ALERTS, GENERATOR, INPUTS, MODELS, NOTIFIER, OUTPUTS, all_topics
from tweetoscope.whereabouts import GIVEN, MARK, MOVE, MOVED

TASKS = {**INPUTS, NOTIFIER: ALERTS}
"""Whose state is carried, with what they read, in the order in which they feed each other."""
CHUNK = 10_000
PATIENCE_S = 60.0
GIVEN_UP = b"\0given up"
"""Where the generator's state says how often a move was; at the new broker, how often before it."""


class BadMove(TweetoscopeError):
    """A pipeline that cannot move there."""


def move(old: Broker, new: Broker, address: str) -> int | None:
    """Carry a pipeline to a broker at an address; how many records were not read yet.

    None: that was done before. Raises: BadMove, BrokerError.
    """
    partitions, there = old.partitions(), new.partitions()
    if MOVED in there:
        return None
    ours = [
        Topic(
            name=each.name, partitions=partitions.get(each.name, 0), is_compacted=each.is_compacted
        )
        for each in all_topics(1)
    ]
    if missing := [topic.name for topic in ours if not topic.partitions]:
        raise BadMove(
            f"there is no pipeline that could move to {address}: where it should come from there "
            f"is no topic {', '.join(missing)}; leave out --from"
        )
    found = [topic.name for topic in ours if topic.name in there]
    if found and changelog(MOVE) not in there:
        raise BadMove(
            f"{address} has a pipeline already, with the topics {', '.join(found)}; delete them, "
            "move to another broker, or leave out --from"
        )
    new.make([Topic(name=changelog(MOVE), is_compacted=True)])
    new.make(ours)
    left = _left(partial(old.write, GENERATOR), address)
    _tell(old, GENERATOR, 0, left)
    _begin(new, left.state.pop(GIVEN_UP, b"0"), address)
    with closing(new.write(GENERATOR)) as writer:
        _settle(writer, left.state, left.position or 0)
    unread = sum(
        _task(old, new, (group, topic, partition), address)
        for group, topic in TASKS.items()
        for partition in range(partitions[topic])
    )
    _models(old, new)
    _give(old, address)
    new.make([Topic(name=MOVED)])
    return unread


def stay(broker: Broker) -> int:
    """Let a pipeline go on here if a move of it was not finished; how many tasks had been taken.

    Raises: BadMove, where it has arrived elsewhere; BrokerError.
    """
    if changelog(GENERATOR) not in broker.partitions() or not _may_have_left(broker):
        return 0
    with closing(broker.write(GENERATOR)) as writer:
        state = writer.restore().state
        if (there := state.get(GIVEN)) is not None:
            raise BadMove(
                f"the pipeline has moved to {there.decode()}, and goes on there: start it there "
                "(apply the configuration with that broker). To go on here as it was when it left, "
                "without what was done there since: tweetoscope topics --take-back"
            )
        if MARK not in state:
            return 0
    return take_back(broker)


def take_back(broker: Broker) -> int:
    """Let a pipeline go on where a move of it was given up; how many tasks had been taken."""
    partitions = broker.partitions()
    count = 0
    # First of all, as this decides.
    if changelog(GENERATOR) in partitions:
        with closing(broker.write(GENERATOR)) as writer:
            restored = writer.restore()
            if MARK in restored.state:
                times = int(restored.state.get(GIVEN_UP, b"0")) + 1
                changes = {MARK: None, GIVEN: None, GIVEN_UP: str(times).encode()}
                _settle(writer, changes, restored.position or 0)
                count += 1
    for group, topic in TASKS.items():
        for partition in range(partitions.get(topic, 0)):
            with closing(broker.take(group, topic, partition)) as writer:
                restored = writer.restore()
                if MARK in restored.state:
                    _settle(writer, {MARK: None}, restored.position or 0)
                    count += 1
    return count


def _may_have_left(broker: Broker) -> bool:
    """Whether the generator bears a mark, by what can be seen without fencing who is at work."""
    mark = None
    with closing(broker.follow([changelog(GENERATOR)])) as follower:
        while not follower.is_at_end():
            for record in follower.poll(0.1, CHUNK):
                if record.key == MARK:
                    mark = record.value
    return mark is not None


def _begin(new: Broker, given_up: bytes, address: str) -> None:
    """Raises: BadMove, if what is there already is of a move that was given up."""
    with closing(new.write(MOVE)) as writer:
        before = writer.restore().state.get(GIVEN_UP)
        if before is None:
            _settle(writer, {GIVEN_UP: given_up}, 0)
        elif before != given_up:
            raise BadMove(
                f"{address} has part of a pipeline as it was before a move there was given up: "
                "delete its topics there, or move to another broker"
            )


def _give(old: Broker, address: str) -> None:
    """Say that the pipeline is at its new broker now. Raises: BadMove, if it was taken back."""
    while True:
        with closing(old.write(GENERATOR)) as writer:
            restored = writer.restore()
            if MARK in restored.state:
                try:
                    _settle(writer, {GIVEN: address.encode()}, restored.position or 0)
                except Superseded:
                    continue
                return
        # What was taken since is marked, and nobody else will look.
        take_back(old)
        raise BadMove(f"the move to {address} was given up meanwhile: the pipeline stays")


def _task(old: Broker, new: Broker, task: tuple[str, str, int], address: str) -> int:
    """Carry a task; how many records it had not read."""
    group, topic, partition = task
    if group == NOTIFIER and not _has_begun(old, task):
        return 0  # Nobody asked for alerts, so that none is waited for.
    left = _left(partial(old.take, *task), address)
    _tell(old, group, partition, left)
    seen = Fresh(left.state.pop(SEEN, None))
    unread = 0
    with closing(new.take(*task)) as writer:
        if writer.restore().position is not None:
            return 0
        for records in old.rest(topic, partition, left.position or 0):
            fresh = seen.of(records)
            # Its own name is their origin: what was written before it was interrupted is known.
            writer.send(
                [
                    Message(topic, record.key, record.value, unread + number, partition)
                    for number, record in enumerate(fresh)
                ],
                [],
                None,
            )
            writer.commit()
            unread += len(fresh)
        # There it has read nothing yet of what it reads.
        _settle(writer, left.state, 0)
    return unread


def _has_begun(broker: Broker, task: tuple[str, str, int]) -> bool:
    with closing(broker.take(*task)) as writer:
        return writer.restore().position is not None


def _left(open_: Callable[[], Writer], address: str) -> Restored:
    """Take a task away from whoever has it; what it is made of."""
    until = time.monotonic() + PATIENCE_S
    while True:
        with closing(open_()) as writer:
            left = writer.restore()
            try:
                _settle(writer, {MARK: address.encode()}, left.position or 0)
            except BrokerError:
                # Whoever had it has opened it once more, before the mark was there.
                if time.monotonic() > until:
                    raise
                continue
        for key in (MARK, GIVEN):
            left.state.pop(key, None)
        return left


def _tell(old: Broker, group: str, partition: int, left: Restored) -> None:
    """Have the state that is carried say what the task needs not tell again."""
    found = told.given_up(old, task_name(group, partition), left, OUTPUTS[group])
    told.added(left, found)


def _settle(writer: Writer, state: Mapping[bytes, bytes | None], position: int) -> None:
    writer.send([], [Change(key, value) for key, value in state.items()], position)
    writer.commit()


def _models(old: Broker, new: Broker) -> None:
    """Carry the newest model of each window."""
    newest: dict[bytes | None, Record] = {}
    with closing(old.follow([MODELS])) as follower:
        while not follower.is_at_end():
            newest.update((record.key, record) for record in follower.poll(0.1, CHUNK))
    with closing(new.write(MOVE)) as writer:
        written = [
            Message(MODELS, record.key, record.value, number)
            for number, record in enumerate(newest.values())
        ]
        writer.send(written, [], None)
        writer.commit()
