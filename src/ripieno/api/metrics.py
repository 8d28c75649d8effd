"""Routes: what deployments use, and how the server is, for a Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ripieno.api import shown
from ripieno.api.context import Control, DeploymentName
from ripieno.api.route import Route
from ripieno.wire.metrics import Metrics, MetricsQuery

router = APIRouter(route_class=Route, tags=["deployments"])
server_router = APIRouter(route_class=Route, tags=["server"])


@router.get("/deployments/{deployment}/metrics")
async def metrics(
    deployment: DeploymentName, query: Annotated[MetricsQuery, Query()], control: Control
) -> Metrics:
    """Tell what the components of a deployment used during the last hour."""
    return shown.metrics(await control.metrics(deployment, since=query.since))


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
