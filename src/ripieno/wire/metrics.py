"""What components use: processors, memory, requests through the door."""

from pydantic import Field

from ripieno.wire.base import Moment, Request, Response


class MetricsQuery(Request):
    """Which samples are wanted."""

    since: Moment | None = Field(default=None, description="samples after then")


class ReplicaMetrics(Response):
    """What the processes of one replica use now; `cpus` is null until it was looked at twice."""

    index: int
    cpus: float | None
    memory_bytes: int
    processes: int


class ComponentMetrics(Response):
    """What a component used, oldest first: the lists belong together, null is not known."""

    component: str
    at: list[float] = Field(description="seconds since 1970")
    cpus: list[float | None] = Field(description="processors in use, 1.0 is one of them")
    memory_bytes: list[float | None]
    requests_per_s: list[float | None] = Field(description="requests through the door")
    replicas: list[ReplicaMetrics] = Field(default_factory=list, description="how it is now")


class Metrics(Response):
    """What the components of a deployment used during the last hour."""

    interval_s: float = Field(description="between two samples, at the moment")
    components: list[ComponentMetrics]
