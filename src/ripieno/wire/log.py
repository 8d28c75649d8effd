"""Lines that components printed."""

from typing import Annotated

from pydantic import Field

from ripieno.wire.base import Identifier, Moment, Request, Response
from ripieno.wire.problem import Problem


class LogQuery(Request):
    """Which lines are wanted; `follow`: go on with those that are printed from now on."""

    component: Identifier | None = None
    replica: Annotated[int, Field(ge=0, le=10_000)] | None = None
    follow: bool = False
    since: Moment | None = Field(default=None, description="lines printed from then on")
    tail: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="only that many of the last lines of each stream"
    )


class LogLine(Response):
    """One line; `offset` is that of its first byte in the stream, `stream` stdout or stderr."""

    component: str
    replica: int
    stream: str
    offset: int
    text: str


class LogEnd(Response):
    """The last line of an answer that could not be finished, and why."""

    problem: Problem
