"""Use cases about routes: which there are, and being let in at one of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ripieno.control import missing
from ripieno.control.errors import Conflict, InvalidRequest
from ripieno.control.passes import PREFIXED, Passes, SignIn
from ripieno.control.routes import Routes
from ripieno.control.views import RouteView
from ripieno.model.access import Caller
from ripieno.model.route import Mode, PublicAddress, is_local_path
from ripieno.routing.base import Counters
from ripieno.routing.traefik import ENTER
from ripieno.store.store import Store


class Reaching:
    """The part of the use cases that is about routes."""

    _store: Store
    _routes: Routes
    _passes: Passes

    async def routes(self) -> Sequence[RouteView]:
        """All routes by name."""
        return self._routes.all

    async def routes_of(self, deployment: str) -> Sequence[RouteView]:
        """The routes of a deployment, in the order of its application. Raises: `NotFound`."""
        found = await self._store.deployment_named(deployment)
        found = found or await self._store.deployment(deployment)
        if found is None:
            raise missing.deployment(deployment)
        return self._routes.of(found.id)

    async def route(self, name: str) -> RouteView:
        """A route. Raises: `NotFound`."""
        found = self._routes.find(name)
        if found is None:
            raise missing.route(name)
        return found

    async def hand_over(self, name: str, path: str | None, *, caller: Caller) -> str:
        """An address that lets the caller's browser in at a route, once and for some seconds.

        It goes on to `path`, by default where visitors begin. Raises: `NotFound`; `Conflict` if
        there is no door; `InvalidRequest` for a path that leads elsewhere.
        """
        view = await self.route(name)
        if view.url is None:
            raise Conflict(
                f"this server has no door, so the route {name} cannot be entered; serve without "
                "--no-door"
            )
        public = PublicAddress(url=view.url)
        if path is None:
            path = public.path + view.path.removeprefix("/")
        if not is_local_path(path) or not path.startswith(public.path):
            raise InvalidRequest(f"{path!r} is no path of {view.url}; begin it with {public.path}")
        await self._routes.until_open(name)
        sign_in = SignIn(user=caller.user, credential=caller.credential, since=datetime.now(UTC))
        ticket = self._passes.ticket(place_of(view), sign_in, path)
        return f"{public.url.removesuffix('/')}{ENTER}?ticket={ticket}"

    async def traffic(self) -> Mapping[str, Counters]:
        """What has gone through each route. Raises: `RoutingError`."""
        door = self._routes.door
        return {} if door is None else await door.counters()


def place_of(view: RouteView) -> str:
    """Where a cookie for the route is good."""
    return view.name if view.mode is Mode.HOST else PREFIXED
