"""What routes are given: the use cases, the caller, and names out of the path."""

from typing import Annotated

from fastapi import Depends, Path, Request

from ripieno.api.streams import Streams
from ripieno.api.use_cases import UseCases
from ripieno.wire.base import IDENTIFIER, SLUG, VERSION


async def control_of(request: Request) -> UseCases:
    """The use cases of the server that was asked."""
    control: UseCases = request.app.state.control
    return control


async def streams_of(request: Request) -> Streams:
    """The open streams of the server that was asked."""
    streams: Streams = request.app.state.streams
    return streams


Control = Annotated[UseCases, Depends(control_of)]
OpenStreams = Annotated[Streams, Depends(streams_of)]

DeploymentName = Annotated[str, Path(pattern=IDENTIFIER, description="name or id")]
Name = Annotated[str, Path(pattern=SLUG)]
Id = Annotated[str, Path(pattern=IDENTIFIER)]
VersionName = Annotated[str, Path(pattern=VERSION)]
