"""All use cases of a server, put together: what the API asks for, checked, and given to those who
do it.

Each part is a module of its own, named for what it is about. Deployments are changed through
their supervisors only; everything else goes to the store.
"""

import asyncio
from collections.abc import Sequence

from ripieno.control.administration import Administration
from ripieno.control.attempts import Attempts
from ripieno.control.audit import Audit
from ripieno.control.callers import Callers
from ripieno.control.caretaker import Caretaker
from ripieno.control.demand import Demand
from ripieno.control.host_views import Finding
from ripieno.control.hub import Hub
from ripieno.control.identities import Identities
from ripieno.control.importing import Images, Importing
from ripieno.control.leading import Leading
from ripieno.control.ledger import Ledger
from ripieno.control.metrics import Metrics
from ripieno.control.observation import Observation
from ripieno.control.passes import Passes
from ripieno.control.passwords import Passwords
from ripieno.control.people import People
from ripieno.control.quotas import Quotas
from ripieno.control.reaching import Reaching
from ripieno.control.rebuffs import Rebuffs
from ripieno.control.reconfigurations import Reconfigurations
from ripieno.control.registry import Registry
from ripieno.control.routes import Routes
from ripieno.control.saved import Saving
from ripieno.control.sessions import Sessions
from ripieno.control.staying import Staying
from ripieno.control.streams import Streams
from ripieno.control.targeting import Targeting
from ripieno.control.tokens import Tokens
from ripieno.control.trail import Trail
from ripieno.control.visitors import Visitors
from ripieno.control.visits import Visits
from ripieno.identity.base import IdentityProvider
from ripieno.identity.flow import UsedFlows
from ripieno.model.stay import Terms
from ripieno.runtimes.base import Runtime
from ripieno.store.store import Store


class Control(
    Reconfigurations,
    Streams,
    Observation,
    Administration,
    Registry,
    Saving,
    Importing,
    People,
    Tokens,
    Quotas,
    Audit,
    Identities,
    Reaching,
    Staying,
):
    """All use cases of a server."""

    def __init__(
        self,
        *,
        store: Store,
        leading: Leading,
        hub: Hub,
        runtime: Runtime,
        callers: Callers,
        metrics: Metrics,
        routes: Routes,
        passes: Passes,
        trail: Trail,
        images: Images,
        group: asyncio.TaskGroup,
        terms: Terms,
        provider: IdentityProvider | None = None,
        **others: object,
    ) -> None:
        super().__init__(store=store, leading=leading, **others)  # type: ignore[arg-type]
        self._callers = callers
        self._routes = routes
        self._passes = passes
        self._trail = trail
        self._images = images
        self._passwords = Passwords()
        self._sessions = Sessions(store, callers)
        visits = Visits()
        self.caretaker = Caretaker(
            leading=leading,
            routes=routes,
            visits=visits,
            terms=terms,
            begin=self.change,
            audit=trail,
        )
        self.demand = Demand(
            leading=leading, routes=routes, begin=self.change, audit=trail, group=group
        )
        self.visitors = Visitors(
            routes=routes,
            passes=passes,
            callers=callers,
            sessions=self._sessions,
            visits=visits,
            demand=self.demand,
            rebuffs=Rebuffs(trail),
        )
        self._attempts = Attempts()
        self._provider = provider
        self._used_flows = UsedFlows()
        self._leading = leading
        self._ledger = Ledger(store, leading)
        self._hub = hub
        self._metrics = metrics
        self._runtime = runtime
        self._targeting = Targeting(
            store=store, hosts=self._hosts, routes=routes, registered=self.registered
        )

    async def doctor(self) -> Sequence[Finding]:
        """What there is to know about whether this server can do its work."""
        others = await self._door_finding(), await self.provider_finding()
        return [*await super().doctor(), *(each for each in others if each is not None)]

    async def _door_finding(self) -> Finding | None:
        """Whether visitors come in, None if there is no door."""
        door, addresses = self._routes.door, self._routes.addresses
        if door is None or addresses is None:
            return None
        problem = await door.problem()
        return Finding(
            subject="door",
            is_well=problem is None,
            said=problem or f"open, at {' and '.join(addresses.origins)}",
            remedy=None if problem is None else "it lets visitors in again by itself once mended",
        )
