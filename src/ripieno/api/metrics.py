"""Routes: what deployments use, where a Prometheus finds them, and how the server is."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from ripieno.api import routers, shown
from ripieno.api.context import Control, DeploymentName
from ripieno.wire.metrics import Metrics, MetricsQuery
from ripieno.wire.scraping import ScrapeTarget, ScrapeTargetsQuery

router = routers.of("deployments")
server_router = routers.of("server", prefix="")


@router.get("/deployments/{deployment}/metrics")
async def metrics(
    deployment: DeploymentName, query: Annotated[MetricsQuery, Query()], control: Control
) -> Metrics:
    """Tell what the components of a deployment used during the last hour."""
    return shown.metrics(await control.metrics(deployment, since=query.since))


@router.get("/scrape-targets")
async def scrape_targets(
    query: Annotated[ScrapeTargetsQuery, Query()], control: Control
) -> list[ScrapeTarget]:
    """Tell where a Prometheus finds what runs, of the deployments that one may look at.

    Its discovery over HTTP reads this: all replicas with a tcp_port named `metrics`, or as asked.
    """
    return [shown.scrape_target(each) for each in await control.scrape_targets(query.tcp_port)]


@server_router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus's text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def server_metrics(control: Control) -> Response:
    """Tell how the server is, for Prometheus; takes an administrator's token."""
    from ripieno.api import exposition  # Loaded only where a Prometheus asks.

    text = exposition.text(await control.figures())
    return Response(text, media_type=exposition.MEDIA_TYPE)
