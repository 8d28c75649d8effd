"""The rules as tables: where a token may go, what a program's end may be, what a fact is.

The state diagrams of `docs/engine.md` are drawn from the tables of this module, and the engine's
property tests check that nothing ever happens which they do not list.
"""

import sys
from enum import StrEnum
from typing import NamedTuple


class Seat(StrEnum):
    """Where a token of a component can be."""

    PLACE = "place"
    OUTPUT_DOCK = "output dock"
    RUNNING = "running"
    FAILED = "failed"
    INPUT_DOCK = "input dock"


class Status(StrEnum):
    """What a component as a whole is doing."""

    IDLE = "idle"
    BUSY = "busy"
    FAILED = "failed"


class Fact(StrEnum):
    """What can happen to a component; the engine tells a component's story in these words."""

    ADDED = "added"
    DELETED = "deleted"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    PUSHED = "pushed"
    BEGAN = "began behaviour"
    FINISHED = "finished behaviour"
    DROPPED = "dropped behaviour"
    LEFT = "left"
    ENTERED = "entered"
    STARTED = "started"
    ARRIVED = "arrived"
    FAILED = "failed"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"
    FELL = "fell from"
    PROVIDES = "provides"
    WITHDRAWS = "withdraws"
    USES = "uses"
    RELEASES = "releases"
    SERVES = "serves data"


if sys.version_info < (3, 12):
    # There a function is called to look a member up, which is most of what telling a fact costs.
    for _member in Fact:
        type.__setattr__(Fact, _member.name, _member)


class Move(NamedTuple):
    """One step that a token may take, what sets it off and what it has to wait for."""

    source: Seat
    target: Seat
    trigger: str
    guard: str = ""


TOKEN_MOVES = (
    Move(
        Seat.PLACE,
        Seat.OUTPUT_DOCK,
        "the behaviour leaves the place",
        "no active use of a port that this would withdraw",
    ),
    Move(Seat.OUTPUT_DOCK, Seat.RUNNING, "start", "the transition's uses and data are served"),
    Move(Seat.RUNNING, Seat.INPUT_DOCK, "TransitionEnded"),
    Move(Seat.RUNNING, Seat.FAILED, "TransitionFailed"),
    Move(Seat.FAILED, Seat.RUNNING, "RetryAsked"),
    Move(Seat.FAILED, Seat.INPUT_DOCK, "SkipAsked"),
    Move(Seat.FAILED, Seat.OUTPUT_DOCK, "AbandonAsked"),
    Move(
        Seat.INPUT_DOCK,
        Seat.PLACE,
        "all of the dock set have arrived",
        "the place's uses and data are served",
    ),
    Move(
        Seat.OUTPUT_DOCK,
        Seat.PLACE,
        "the behaviour winds down",
        "the source place's uses and data are served",
    ),
    Move(
        Seat.INPUT_DOCK,
        Seat.PLACE,
        "the behaviour winds down, its join cannot complete",
        "the source place's uses and data are served",
    ),
)


class Fall(NamedTuple):
    """What happens to a token whose place has ceased to stand for anything: no guard holds it."""

    source: Seat
    target: Seat
    trigger: str


TOKEN_FALLS = (Fall(Seat.PLACE, Seat.PLACE, "TokenFell"),)


class Turn(NamedTuple):
    """One change of a component's status."""

    source: Status
    target: Status
    trigger: str


STATUS_TURNS = (
    Turn(Status.IDLE, Status.BUSY, "push, or a rebind starts"),
    Turn(Status.BUSY, Status.IDLE, "the last behaviour of the queue is done, and every rebind"),
    Turn(Status.BUSY, Status.FAILED, "TransitionFailed"),
    Turn(Status.FAILED, Status.BUSY, "RetryAsked, SkipAsked, AbandonAsked"),
    Turn(Status.FAILED, Status.IDLE, "SkipAsked, AbandonAsked of a rebind alone"),
)
