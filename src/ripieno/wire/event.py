"""Events: facts that happened, in the order in which they happened."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from ripieno.wire.base import MOST_INTEGER, Identifier, Request, Response
from ripieno.wire.page import Page

MOST_EVENTS = 1000
"""How many events a page may have."""

EventId = Annotated[int, Field(ge=0, le=MOST_INTEGER)]


class EventQuery(Request):
    """Which events are wanted."""

    deployment: Identifier | None = Field(default=None, description="name or id")
    component: Identifier | None = None
    kind: Identifier | None = None
    after: EventId = Field(default=0, description="id of the last event that is known already")
    limit: Annotated[int, Field(ge=1, le=MOST_EVENTS)] = 100


class EventStreamQuery(Request):
    """Which events are to be told as they happen."""

    deployment: Identifier | None = Field(default=None, description="name or id")
    after: EventId | None = Field(
        default=None, description="begin after this event; by default with what happens from now on"
    )


class Event(Response):
    """A fact. `id` orders all events of a server, `seq` those of one deployment from 1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 4711,
                    "deployment": "shop-1",
                    "seq": 12,
                    "at": "2026-01-31T12:00:00Z",
                    "kind": "transition_ended",
                    "component": "web",
                    "reconfiguration": "r-42",
                    "data": {"transition": "start"},
                }
            ]
        }
    )

    id: int
    deployment: str | None
    seq: int
    at: datetime
    kind: str
    component: str | None
    reconfiguration: str | None
    data: dict[str, JsonValue] = Field(description="what depends on the kind")


class EventPage(Page[Event]):
    """Events after a given one, oldest first."""
