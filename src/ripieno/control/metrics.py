"""What components use over time: sampled while they run, kept in memory only, an hour of it.

One task a server asks the runtime for all processes at once. It asks less often the more there are,
so that a server whose processes are many and idle is idle, too.
"""

import asyncio
import logging
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ripieno.control.leading import Leading
from ripieno.control.routes import Routes
from ripieno.control.state import Held
from ripieno.control.views import ComponentUsage, MetricsView, ReplicaUsage
from ripieno.model.errors import RipienoError
from ripieno.routing.errors import RoutingError
from ripieno.runtimes.base import Handle, Runtime
from ripieno.runtimes.host import Usage

LOG = logging.getLogger(__name__)

SHORTEST_S, LONGEST_S = 5.0, 60.0
"""Between two samples, with few processes and with very many."""

EACH_S = 0.02
"""How much later the next sample is for each process that is sampled."""

KEPT_S = 3600.0

Traffic = Callable[[], Awaitable[Mapping[tuple[str, str], int]]]
"""Requests through the door so far, by deployment (its id) and component."""


def traffic_of(routes: Routes, leading: Leading) -> Traffic:
    """What the door has counted, a component's routes together; nothing if it cannot be asked."""

    async def counted() -> Mapping[tuple[str, str], int]:
        if routes.door is None:
            return {}
        try:
            counters = await routes.door.counters()
        except RoutingError as problem:
            LOG.warning("requests cannot be counted", extra={"problem": str(problem)})
            return {}
        found: dict[tuple[str, str], int] = {}
        for supervisor in leading.all:
            for route in routes.of(supervisor.state.id):
                if route.name in counters:
                    key = (supervisor.state.id, route.component)
                    found[key] = found.get(key, 0) + counters[route.name].requests
        return found

    return counted


@dataclass(slots=True)
class Series:
    """What one component used, oldest first; times since 1970, nan for what is unknown."""

    at: "array[float]" = field(default_factory=lambda: array("d"))
    cpus: "array[float]" = field(default_factory=lambda: array("f"))
    memory_bytes: "array[float]" = field(default_factory=lambda: array("d"))
    requests_per_s: "array[float]" = field(default_factory=lambda: array("f"))
    replicas: tuple[ReplicaUsage, ...] = ()

    @property
    def columns(self) -> "tuple[array[float], ...]":
        """All of them, the times first."""
        return (self.at, self.cpus, self.memory_bytes, self.requests_per_s)

    def add(self, *values: float) -> None:
        """Another sample; what is too old is let go, a part at a time."""
        for column, value in zip(self.columns, values, strict=True):
            column.append(value)
        if self.at[-1] - self.at[0] > KEPT_S * 1.25:
            gone = sum(1 for each in self.at if each < self.at[-1] - KEPT_S)
            for column in self.columns:
                del column[:gone]


@dataclass(frozen=True, slots=True)
class _Before:
    """What a replica had used when it was last asked."""

    at_s: float
    cpu_s: float


class Metrics:
    """The samples of all components that are led here."""

    def __init__(
        self, *, leading: Leading, runtime: Runtime, traffic: Traffic | None = None
    ) -> None:
        self._leading = leading
        self._runtime = runtime
        self._traffic = traffic
        self._series: dict[tuple[str, str], Series] = {}
        self._before: dict[tuple[str, str, str], _Before] = {}
        self._requests: dict[tuple[str, str], tuple[float, int]] = {}
        self.interval_s = SHORTEST_S
        self.sampled = asyncio.Event()

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.sleep(self.interval_s)
            try:
                await self.sample()
            except RipienoError as problem:
                LOG.warning("components cannot be measured", extra={"problem": str(problem)})

    async def sample(self) -> None:
        """Ask once what everything uses."""
        asked = list(self._running())
        used = await self._runtime.usage([handle for _, _, handle in asked])
        traffic = await self._traffic() if self._traffic is not None and asked else {}
        now_s, at_s = time.monotonic(), time.time()
        before, self._before = self._before, {}
        for (deployment, component, handle), found in zip(asked, used, strict=True):
            replicas = tuple(self._replicas(deployment, component, handle, found, before, now_s))
            known = [each.cpus for each in replicas if each.cpus is not None]
            series = self._series.setdefault((deployment, component), Series())
            series.replicas = replicas
            series.add(
                at_s,
                sum(known) if known else float("nan"),
                float(sum(each.memory_bytes for each in replicas)) if replicas else float("nan"),
                self._rate((deployment, component), traffic.get((deployment, component)), now_s),
            )
        self._forget({(deployment, component) for deployment, component, _ in asked}, at_s)
        count = sum(len(handle.replicas) for _, _, handle in asked)
        self.interval_s = min(max(SHORTEST_S, count * EACH_S), LONGEST_S)
        sampled, self.sampled = self.sampled, asyncio.Event()
        sampled.set()

    def view(self, deployment: str, *, since: datetime | None = None) -> MetricsView:
        """What the components of a deployment used, from a moment on."""
        return MetricsView(
            interval_s=self.interval_s,
            components=tuple(
                _usage(component, series, since)
                for (id, component), series in self._series.items()
                if id == deployment
            ),
        )

    def latest(self, deployment: str) -> tuple[float, int] | None:
        """Processors and bytes that a deployment uses now, if any of it has been sampled."""
        found = [
            replica
            for (id, _), series in self._series.items()
            if id == deployment
            for replica in series.replicas
        ]
        if not found:
            return None
        return sum(each.cpus or 0.0 for each in found), sum(each.memory_bytes for each in found)

    def replicas(self, deployment: str, component: str) -> tuple[ReplicaUsage, ...]:
        """What the replicas of a component use now; none if they were not sampled."""
        series = self._series.get((deployment, component))
        return () if series is None else series.replicas

    def _running(self) -> Iterator[tuple[str, str, Handle]]:
        for supervisor in self._leading.all:
            for component, held in supervisor.state.held.items():
                if held.handle is not None and _runs(held):
                    yield supervisor.state.id, component, held.handle

    def _replicas(
        self,
        deployment: str,
        component: str,
        handle: Handle,
        used: Mapping[int, Usage],
        before: Mapping[tuple[str, str, str], _Before],
        now_s: float,
    ) -> Iterator[ReplicaUsage]:
        for replica in handle.replicas:
            usage = used.get(replica.slot)
            if usage is None:
                continue
            key = (deployment, component, f"{replica.slot} {replica.key}")
            earlier = before.get(key)
            if earlier is None and replica.started_at is not None:
                age_s = (datetime.now(UTC) - replica.started_at).total_seconds()
                # Of an older one is not known when it has used what it has.
                if 0.0 < age_s < 2 * self.interval_s:
                    earlier = _Before(now_s - age_s, 0.0)
            self._before[key] = _Before(now_s, usage.cpu_s)
            cpus = None
            if earlier is not None and now_s > earlier.at_s:
                # A child that was not waited for takes what it has used with it.
                cpus = max(0.0, usage.cpu_s - earlier.cpu_s) / (now_s - earlier.at_s)
            yield ReplicaUsage(
                index=replica.slot,
                cpus=cpus,
                memory_bytes=usage.memory_bytes,
                processes=usage.processes,
            )

    def _rate(self, key: tuple[str, str], count: int | None, now_s: float) -> float:
        if count is None:
            return float("nan")
        at_s, before = self._requests.get(key, (now_s, count))
        self._requests[key] = (now_s, count)
        return max(0, count - before) / (now_s - at_s) if now_s > at_s else 0.0

    def _forget(self, running: set[tuple[str, str]], at_s: float) -> None:
        """Let go of what ended long ago, or whose deployment is not there any more."""
        led = {supervisor.state.id for supervisor in self._leading.all}
        for key, series in list(self._series.items()):
            if key in running:
                continue
            series.replicas = ()
            if key[0] not in led or series.at[-1] < at_s - KEPT_S:
                del self._series[key]
                self._requests.pop(key, None)


def _runs(held: Held) -> bool:
    handle = held.handle
    return handle is not None and any(
        each.process is not None and each.slot not in held.ended for each in handle.replicas
    )


def _usage(component: str, series: Series, since: datetime | None) -> ComponentUsage:
    first = 0
    if since is not None:
        first = sum(1 for each in series.at if each <= since.timestamp())
    at, cpus, memory, requests = (column[first:] for column in series.columns)
    return ComponentUsage(
        component=component,
        at=tuple(at),
        cpus=tuple(map(_known, cpus)),
        memory_bytes=tuple(map(_known, memory)),
        requests_per_s=tuple(map(_known, requests)),
        replicas=series.replicas,
    )


def _known(value: float) -> float | None:
    return value if value == value else None
