"""Routes: what components printed."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from ripieno.api import routers
from ripieno.api.context import Control, DeploymentName, OpenStreams
from ripieno.api.lines import Lines
from ripieno.api.streaming import Streamed
from ripieno.api.streams import Streams
from ripieno.wire.log import LogQuery

MEDIA_TYPE = "application/x-ndjson"

router = routers.of("logs")


@router.get(
    "/deployments/{deployment}/logs",
    response_class=Response,
    responses={
        200: {
            "description": "One JSON object a line: a `LogLine`, or at the end a `LogEnd` that "
            "says why there are no more. Empty lines mean nothing.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        }
    },
)
async def logs(
    deployment: DeploymentName,
    query: Annotated[LogQuery, Query()],
    control: Control,
    streams: OpenStreams,
) -> Response:
    """Tell what components printed, line by line."""
    lines = Lines(
        control.logs(
            deployment,
            component=query.component,
            replica=query.replica,
            follow=query.follow,
            since=query.since,
            tail=query.tail,
        )
    )
    await lines.opened()
    return Streamed(_Registered(lines, streams), media_type=MEDIA_TYPE)


class _Registered:
    """Lines that end when the server stops."""

    def __init__(self, lines: Lines, streams: Streams) -> None:
        self._lines = lines
        self._streams = streams
        streams.add(lines)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._lines)

    async def aclose(self) -> None:
        """Forget the lines, and end their reading."""
        self._streams.discard(self._lines)
        await self._lines.aclose()
