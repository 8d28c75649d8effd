"""Reading what components printed: once, or as it comes over lost connections as well."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from pydantic import ValidationError

from ripieno.client import errors
from ripieno.client.backoff import pauses
from ripieno.client.transport import Query, Transport
from ripieno.wire.log import LogEnd, LogLine

MARGIN_S = 10.0
"""How far before the loss of a connection reading begins again; what is known is left out."""

Stream = tuple[str, int, str]
"""Component, replica, and stdout or stderr."""


async def stream(
    transport: Transport, deployment: str, *, query: Query, follows: bool, patience_s: float
) -> AsyncGenerator[LogLine]:
    """Each line once. While it `follows`, it goes on after a lost connection.

    Raises: ServerUnreachable, and what the server refuses, before or after some lines.
    """
    told: dict[Stream, int] = {}  # the offset of the last line of each stream
    is_begun = False
    waits = pauses()
    lost_at = 0.0
    while True:
        clock = _Clock()
        try:
            async with transport.stream(f"/deployments/{deployment}/logs", query=query) as response:
                is_begun, lost_at = True, 0.0
                clock.set(response)
                async for text in response.aiter_lines():
                    if not text:
                        continue  # the server only shows that it is there
                    line = _line(text)
                    stream = (line.component, line.replica, line.stream)
                    if line.offset > told.get(stream, -1):
                        told[stream] = line.offset
                        waits = pauses()
                        yield line
            if not follows:
                return
        except (errors.ServerUnreachable, errors.Unavailable, errors.ServerFault):
            if not follows or not is_begun:
                raise
        lost_at = lost_at or time.monotonic()
        if time.monotonic() - lost_at > patience_s:
            raise errors.ServerUnreachable(
                f"{transport.base_url} has been away for {patience_s:g} s; start it, and try again"
            )
        since = clock.now() - timedelta(seconds=MARGIN_S)
        query = {**query, "tail": None, "since": since.isoformat()}
        await asyncio.sleep(next(waits))


class _Clock:
    """The server's time, as far as it told it."""

    def __init__(self) -> None:
        self._read_at = time.monotonic()
        self._read = datetime.now(UTC)

    def set(self, response: httpx.Response) -> None:
        """Take over what a response says."""
        try:
            self._read = parsedate_to_datetime(response.headers.get("date", ""))
            self._read_at = time.monotonic()
        except ValueError:
            pass

    def now(self) -> datetime:
        """What time it is there."""
        return self._read + timedelta(seconds=time.monotonic() - self._read_at)


def _line(text: str) -> LogLine:
    try:
        return LogLine.model_validate_json(text)
    except ValidationError:
        pass
    try:
        end = LogEnd.model_validate_json(text)
    except ValidationError as error:
        raise errors.UnexpectedAnswer(
            "the server tells a log line that is none; is it of this version?"
        ) from error
    raise errors.refusal(end.problem)
