"""How the server is, in the text that a Prometheus reads."""

from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

import ripieno
from ripieno.control.views import ServerFigures

MEDIA_TYPE = prometheus_client.CONTENT_TYPE_LATEST


def text(figures: ServerFigures) -> bytes:
    """The figures, and those of the server's own process."""
    registry = CollectorRegistry()
    registry.register(_Figures(figures))
    prometheus_client.ProcessCollector(registry=registry)
    return prometheus_client.generate_latest(registry)


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
