"""Use cases for whoever looks: lists at a glance, graphs, what is used, and that something is new.

They change nothing, and say no more than `service` does of the same deployment.
"""

import dataclasses
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime

from ripieno.control import missing, portrait, scraping
from ripieno.control.caretaker import Caretaker
from ripieno.control.hosts import HostBook
from ripieno.control.hub import Hub
from ripieno.control.leading import Leading
from ripieno.control.metrics import Metrics
from ripieno.control.routes import Routes
from ripieno.control.scraping import ScrapeTarget
from ripieno.control.views import AssemblyView, Glance, MetricsView, ServerFigures
from ripieno.engine import look
from ripieno.store.records import DeploymentRecord
from ripieno.store.store import Store

PAGE = 100
"""How many deployments are read at a time while a list is filled."""


class Observation:
    """The part of the use cases that only looks."""

    _store: Store
    _leading: Leading
    _hub: Hub
    _hosts: HostBook
    _metrics: Metrics
    _routes: Routes
    caretaker: Caretaker

    async def glances(
        self, *, owner: str | None, text: str, after: str | None, limit: int
    ) -> tuple[Sequence[Glance], str | None]:
        """A page of deployments by name: those of an owner (None: of all) in which a text occurs.

        The text is looked for in the names of the deployment, its application and its owner.
        """
        found: list[Glance] = []
        wanted = text.casefold()
        while True:
            records, after = await self._store.deployments(after=after, limit=PAGE)
            for position, record in enumerate(records):
                if owner in (None, record.owner) and _mentions(record, wanted):
                    supervisor = await self._leading.find(record.id)
                    state = supervisor.state if supervisor is not None else None
                    usage = self._metrics.latest(record.id)
                    glance = portrait.glance(record, state, usage)
                    shown = self.caretaker.shown(self._routes.shown(glance.deployment))
                    found.append(dataclasses.replace(glance, deployment=shown))
                    if len(found) >= limit:
                        is_last = after is None and position == len(records) - 1
                        return found, None if is_last else record.name
            if after is None:
                return found, None

    async def assembly(self, deployment: str) -> AssemblyView:
        """The components of a deployment as a graph shows them. Raises: `NotFound`."""
        supervisor = await self._leading.find(deployment)
        if supervisor is None:
            await self._id(deployment)
            return AssemblyView(types={}, components=(), connections=())
        return portrait.assembly(supervisor.state)

    async def metrics(self, deployment: str, *, since: datetime | None = None) -> MetricsView:
        """What the components of a deployment used since then. Raises: `NotFound`."""
        return self._metrics.view(await self._id(deployment), since=since)

    async def scrape_targets(self, tcp_port: str) -> Sequence[ScrapeTarget]:
        """Where all replicas that run are reached under a tcp_port's name."""
        return [
            target
            for supervisor in self._leading.all
            for target in scraping.targets(supervisor.state, tcp_port)
        ]

    async def figures(self) -> ServerFigures:
        """What the server has and does, counted."""
        components: Counter[str] = Counter()
        deployments: Counter[str] = Counter()
        replicas = 0
        usage = {}
        for supervisor in self._leading.all:
            state = supervisor.state
            deployments[state.record.state] += 1
            components.update(each.status.value for each in look.looks(state.machine))
            for each in self._metrics.view(state.id, since=None).components:
                replicas += len(each.replicas)
                if each.replicas:
                    usage[state.record.name, each.component] = (
                        sum(replica.cpus or 0.0 for replica in each.replicas),
                        sum(replica.memory_bytes for replica in each.replicas),
                    )
        away = set(self._hosts.away())
        return ServerFigures(
            deployments=deployments,
            components=components,
            replicas=replicas,
            hosts=Counter("away" if each in away else "connected" for each in self._hosts.names),
            events=await self._store.last_event_id(),
            usage=usage,
        )

    async def ticks(self, deployment: str | None) -> AsyncGenerator[int]:
        """The id of the latest event of a deployment (None: of any), whenever there are new ones.

        Raises: `NotFound`.
        """
        id = None if deployment is None else await self._id(deployment)
        async with aclosing(self._hub.stream(after=None, deployment=id)) as batches:
            async for batch in batches:
                yield batch[-1].id

    async def _id(self, deployment: str) -> str:
        supervisor = await self._leading.find(deployment)
        if supervisor is not None:
            return supervisor.state.id
        found = await self._store.deployment_named(deployment)
        found = found or await self._store.deployment(deployment)
        if found is None:
            raise missing.deployment(deployment)
        return found.id


def _mentions(record: DeploymentRecord, text: str) -> bool:
    return not text or any(
        text in each.casefold() for each in (record.name, record.application, record.owner)
    )
