"""Routes: what deployments use, and how the server is, for a Prometheus."""

from collections.abc import Iterator
from typing import Annotated

import prometheus_client
from fastapi import APIRouter, Query
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

import ripieno
from ripieno.api import shown
from ripieno.api.context import Control, DeploymentName
from ripieno.api.route import Route
from ripieno.control.views import ServerFigures
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
    registry = CollectorRegistry()
    registry.register(_Figures(await control.figures()))
    prometheus_client.ProcessCollector(registry=registry)
    text = prometheus_client.generate_latest(registry)
    return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """The figures of one moment."""

    def __init__(self, figures: ServerFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        figures = self._figures
        about = GaugeMetricFamily("ripieno_info", "The server's version.", labels=["version"])
        about.add_metric([ripieno.__version__], 1)
        yield about
        for name, text, label, counted in (
            ("deployments", "Deployments that are there.", "state", figures.deployments),
            ("components", "Components of all deployments.", "status", figures.components),
            ("hosts", "Hosts that are known.", "state", figures.hosts),
        ):
            gauge = GaugeMetricFamily(f"ripieno_{name}", text, labels=[label])
            for value, count in sorted(counted.items()):
                gauge.add_metric([value], count)
            yield gauge
        yield GaugeMetricFamily(
            "ripieno_replicas", "Replicas that were seen at the last sample.", figures.replicas
        )
        yield CounterMetricFamily("ripieno_events", "Events so far.", figures.events)
        labels = ["deployment", "component"]
        cpus = GaugeMetricFamily(
            "ripieno_component_cpus", "Processors that a component uses.", labels=labels
        )
        memory = GaugeMetricFamily(
            "ripieno_component_memory_bytes", "Memory that a component uses.", labels=labels
        )
        for names, (used, size_bytes) in sorted(figures.usage.items()):
            cpus.add_metric(names, used)
            memory.add_metric(names, size_bytes)
        yield cpus
        yield memory
