"""Watching events: a stream that goes on over lost connections and restarts of the server."""

import asyncio
import time
from collections.abc import AsyncGenerator

from httpx_sse import EventSource
from pydantic import ValidationError

from ripieno.client import errors
from ripieno.client.backoff import pauses
from ripieno.client.transport import Transport
from ripieno.wire.event import Event


async def stream(
    transport: Transport, *, deployment: str | None, after: int | None, patience_s: float
) -> AsyncGenerator[Event]:
    """Each event after one (None: from now on) exactly once and in order.

    When the connection is lost, the stream goes on after the last event that came, as long as the
    server is not away for more than `patience_s`.

    Raises: ServerUnreachable, and what the server refuses.
    """
    place = after
    is_begun = False
    waits = pauses()
    lost_at = time.monotonic()
    while True:
        headers = {} if place is None else {"Last-Event-ID": str(place)}
        try:
            async with transport.stream(
                "/events/stream", query={"deployment": deployment}, headers=headers
            ) as response:
                async for message in EventSource(response).aiter_sse():
                    if not is_begun or lost_at:
                        is_begun, lost_at, waits = True, 0.0, pauses()
                    if not message.data:
                        # Only says how far the stream is.
                        place = _id(message.id, place)
                        continue
                    event = _event(message.data)
                    if place is None or event.id > place:
                        place = event.id
                        yield event
        except (errors.ServerUnreachable, errors.Unavailable, errors.ServerFault):
            if not is_begun:
                raise
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > patience_s:
                raise
        else:
            lost_at = lost_at or time.monotonic()
        await asyncio.sleep(next(waits))


def _id(text: str, known: int | None) -> int | None:
    return int(text) if text.isdigit() else known


def _event(data: str) -> Event:
    try:
        return Event.model_validate_json(data)
    except ValidationError as error:
        raise errors.UnexpectedAnswer(
            "the server tells an event that is none; is it of this version?"
        ) from error
