"""Whether a pipeline is at a broker: what its services ask before they begin there.

A pipeline that moves (see `moving`) has left when its tasks bear a mark, and has arrived when all
that it was carries is at the new broker.
"""

from tweetoscope.broker import Broker, BrokerError, Restored, changelog

MOVE = "move"
"""The task that carries. Its changelog is the first topic that is made, ..."""
MOVED = "moved"
"""... and this the last."""
MARK = b"\0moved"
"""Where the state of a task that has left says where to."""
GIVEN = b"\0given"
"""Where that of the generator says so of all tasks, from when on they may be at work there."""


class Elsewhere(BrokerError):
    """The pipeline is not, or not yet, at this broker."""


def is_arriving(broker: Broker) -> bool:
    """Whether a pipeline is on its way to a broker, and not all of it has come."""
    there = broker.partitions()
    return changelog(MOVE) in there and MOVED not in there


def check_arrived(broker: Broker) -> None:
    """Raises: Elsewhere, while a pipeline is on its way to a broker."""
    if is_arriving(broker):
        raise Elsewhere("the state of the pipeline is still being carried to this broker")


def check_stays(restored: Restored) -> None:
    """Raises: Elsewhere, of a task that has left a broker."""
    if (there := restored.state.get(MARK)) is not None:
        raise Elsewhere(
            f"the pipeline has moved to {there.decode()}: start this there; or, if that was given "
            "up, take it back: tweetoscope topics --take-back"
        )
