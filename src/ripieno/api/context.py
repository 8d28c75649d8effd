"""What routes are given: the use cases, the caller, and names out of the path."""

from typing import Annotated

from fastapi import Depends, Path, Request

from ripieno.api.security import caller_of
from ripieno.api.streams import Streams
from ripieno.control.gate import Gate
from ripieno.control.use_cases import UseCases
from ripieno.wire.base import IDENTIFIER, SLUG, VERSION


async def gate_of(request: Request) -> Gate:
    """The use cases of the server that was asked, as far as the caller may use them."""
    control: UseCases = request.app.state.control
    return Gate(control, caller_of(request))


async def streams_of(request: Request) -> Streams:
    """The open streams of the server that was asked."""
    streams: Streams = request.app.state.streams
    return streams


Control = Annotated[Gate, Depends(gate_of)]
OpenStreams = Annotated[Streams, Depends(streams_of)]

DeploymentName = Annotated[str, Path(pattern=IDENTIFIER, description="name or id")]
Name = Annotated[str, Path(pattern=SLUG)]
Id = Annotated[str, Path(pattern=IDENTIFIER)]
VersionName = Annotated[str, Path(pattern=VERSION)]
