"""Routes: events, those that happened and those that happen."""

import re
from typing import Annotated

from fastapi import Header, Query, Request, Response
from starlette.responses import Response as PlainResponse

from ripieno.api import paging, routers, shown
from ripieno.api.context import Control, OpenStreams
from ripieno.api.errors import InvalidHeader
from ripieno.api.streaming import Streamed
from ripieno.control.errors import ShuttingDown
from ripieno.wire.base import MOST_INTEGER
from ripieno.wire.event import EventPage, EventQuery, EventStreamQuery

MEDIA_TYPE = "text/event-stream"

router = routers.of("events")

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=100,
        pattern=r"^[0-9]{1,19}$",
        description="go on after this event; more than `after` counts",
    ),
]


@router.get("/events")
async def events(
    request: Request, response: Response, query: Annotated[EventQuery, Query()], control: Control
) -> EventPage:
    """List events that happened, the oldest first."""
    records = await control.events(
        deployment=query.deployment,
        after=query.after,
        limit=query.limit,
        component=query.component,
        kind=query.kind,
    )
    following = str(records[-1].id) if len(records) == query.limit else None
    paging.link(request, response, following)
    return EventPage(items=[shown.event(each) for each in records], next=following)


@router.get(
    "/events/stream",
    response_class=PlainResponse,
    responses={
        200: {
            "description": "Server-sent events. `id` is the event's id, `event` its kind, `data` "
            "an `Event` in JSON. A message without data only says how far the stream is.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        }
    },
)
async def stream_events(
    query: Annotated[EventStreamQuery, Query()],
    control: Control,
    streams: OpenStreams,
    last_event_id: LastEventId = None,
) -> PlainResponse:
    """Tell events as they happen, beginning after a given one."""
    if streams.is_closed:
        raise ShuttingDown("the server is going down; ask again when it is back")
    sight = await control.sight(query.deployment)
    chunks = streams.feed.chunks(sight=sight, after=_after(last_event_id, query.after))
    return Streamed(
        chunks,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _after(last_event_id: str | None, after: int | None) -> int | None:
    if last_event_id is None:
        return after
    if not re.fullmatch("[0-9]{1,19}", last_event_id) or int(last_event_id) > MOST_INTEGER:
        raise InvalidHeader("Last-Event-ID is not the id of an event; leave it out to begin now")
    return int(last_event_id)
