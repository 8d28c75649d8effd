"""Where a Prometheus finds what runs, in the form of its discovery over HTTP."""

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from ripieno.wire.base import SLUG, Request, Response


class ScrapeTargetsQuery(Request):
    """Which ports are looked for."""

    tcp_port: Annotated[str, StringConstraints(pattern=SLUG)] = Field(
        default="metrics", description="the name of a tcp_port that components have"
    )


class ScrapeTarget(Response):
    """One replica: where it is reached, and what its series are labelled with."""

    targets: list[str] = Field(description="its address, host:port")
    labels: dict[str, str] = Field(
        description="deployment, application, component, replica and host"
    )


class ScrapeTargets(RootModel[list[ScrapeTarget]]):
    """All of them, as a client reads the answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)
