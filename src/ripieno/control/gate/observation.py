"""The gate's part for whoever looks: lists at a glance, graphs, metrics, and that there is news."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.control.scraping import ScrapeTarget
from ripieno.control.views import AssemblyView, Glance, MetricsView, ServerFigures


class ObservationGate(Entry):
    """What only looks, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def glances(
        self, *, owner: str | None = None, text: str = "", after: str | None = None, limit: int
    ) -> tuple[Sequence[Glance], str | None]:
        """A page of those deployments that the caller may look at, and the cursor of the next."""
        self._check(Action.LIST_DEPLOYMENTS)
        found: list[Glance] = []
        while True:
            page, after = await self._control.glances(
                owner=owner, text=text, after=after, limit=limit - len(found)
            )
            found += (
                each
                for each in page
                if self.may(
                    Action.LOOK_AT_DEPLOYMENT,
                    owner=each.deployment.owner,
                    readers=each.deployment.readers,
                )
            )
            if after is None or len(found) >= limit:
                return found, after

    async def assembly(self, deployment: str) -> AssemblyView:
        """The components of a deployment as a graph shows them."""
        found = await self._deployment(Action.LOOK_AT_DEPLOYMENT, deployment)
        return await self._control.assembly(found.id)

    async def metrics(self, deployment: str, *, since: datetime | None = None) -> MetricsView:
        """What the components of a deployment used since then."""
        found = await self._deployment(Action.READ_METRICS, deployment)
        return await self._control.metrics(found.id, since=since)

    async def scrape_targets(self, tcp_port: str) -> Sequence[ScrapeTarget]:
        """Where replicas of those deployments that the caller may look at are reached."""
        self._check(Action.FIND_SCRAPE_TARGETS)
        return [
            target
            for target in await self._control.scrape_targets(tcp_port)
            if self.may(Action.LOOK_AT_DEPLOYMENT, owner=target.owner, readers=target.readers)
        ]

    async def figures(self) -> ServerFigures:
        """What the server has and does, counted."""
        self._check(Action.READ_FIGURES)
        return await self._control.figures()

    async def ticks(self, deployment: str | None = None) -> AsyncIterator[int]:
        """A number whenever something of a deployment (None: of any) is new; not what it is.

        Looking again tells that, as far as the caller may look.
        """
        id = None
        if deployment is None:
            self._check(Action.LIST_DEPLOYMENTS)
        else:
            id = (await self._deployment(Action.LOOK_AT_DEPLOYMENT, deployment)).id
        ticks = self._control.ticks(id)
        async with aclosing(ticks):  # type: ignore[type-var]  # they are generators
            async for tick in ticks:
                await self._renew()
                yield tick
