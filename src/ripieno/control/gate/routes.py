"""The gate's part about routes."""

from collections.abc import Sequence

from ripieno.control import missing, policy
from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.control.views import RouteView


class RoutesGate(Entry):
    """Routes, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def routes(self, deployment: str | None = None) -> Sequence[RouteView]:
        """The routes of a deployment, or (None) all those that the caller may reach."""
        if deployment is not None:
            found = await self._deployment(Action.LOOK_AT_DEPLOYMENT, deployment)
            return await self._control.routes_of(found.id)
        self._check(Action.LIST_ROUTES)
        return [
            each
            for each in await self._control.routes()
            if self.may(Action.REACH, owner=each.owner, readers=each.access)
        ]

    def check_door(self) -> None:
        """Whether the caller may read how the door is set up."""
        self._check(Action.READ_DOOR)

    async def wake(self, route: str) -> None:
        """Start what was stopped because nobody visited it, as a visit by the route would."""
        found = await self._control.route(route)
        if not policy.knows(self.caller, owner=found.owner, readers=found.access):
            self._hide(Action.WAKE, f"route {route}")
            raise missing.route(route)
        self._check(Action.WAKE, f"route {route}", owner=found.owner, readers=found.access)
        await self._control.wake(route, caller=self.caller)

    async def hand_over(self, route: str, *, path: str | None = None) -> str:
        """An address that lets the caller's browser in at a route, once and for some seconds."""
        found = await self._control.route(route)
        if not policy.knows(self.caller, owner=found.owner, readers=found.access):
            self._hide(Action.REACH, f"route {route}")
            raise missing.route(route)
        self._check(Action.REACH, f"route {route}", owner=found.owner, readers=found.access)
        return await self._control.hand_over(route, path, caller=self.caller)
