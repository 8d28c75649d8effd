"""Where routes lead at the moment: what deployments are, as the door is to show it.

Told by every supervisor after each commit, so that the door follows within milliseconds and is
right again after a crash. Asked by the door's edge about each visitor, and by the performer before
it stops anything.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ripieno.control import leads
from ripieno.control.errors import NameInUse
from ripieno.control.leads import Leaving, Seen
from ripieno.control.life import Rest
from ripieno.control.state import State
from ripieno.control.target import Address
from ripieno.control.views import DeploymentView, RouteView
from ripieno.model.route import Mode, Route
from ripieno.routing.base import Addresses, Door, Endpoint
from ripieno.routing.errors import RoutingError
from ripieno.runtimes.base import Replica

LOG = logging.getLogger(__name__)

IN_FORCE_S = 5.0
"""How long the door is waited for before something is stopped; it may be starting anew."""

AGAIN_S = 1.0
"""After the routes could not be written."""


class Routes:
    """All routes of a server."""

    def __init__(self, *, door: Door | None = None, addresses: Addresses | None = None) -> None:
        self.door = door
        self.addresses = addresses
        self._states: dict[str, State] = {}
        self._seen: dict[str, tuple[Seen, ...]] = {}
        self._by_name: dict[str, Seen] = {}
        self._holders: dict[str, frozenset[str]] = {}
        self._claims: dict[str, frozenset[str]] = {}
        self._refusals: dict[str, str] = {}
        self._leaving: defaultdict[tuple[str, str], Leaving] = defaultdict(set)
        self._version = 0
        self._in_force = 0
        self._shown: dict[str, RouteView] = {}
        self._is_changed = asyncio.Event()
        self._news = asyncio.Condition()

    @property
    def address(self) -> Address | None:
        """Gives a route its address, if there is a door."""
        addresses = self.addresses
        return None if addresses is None else lambda each: addresses.public(each.name, each.mode)

    def of(self, deployment: str) -> tuple[RouteView, ...]:
        """The routes of a deployment, by its id."""
        return tuple(each.view for each in self._seen.get(deployment, ()))

    def shown(self, view: DeploymentView) -> DeploymentView:
        """A deployment with its routes."""
        routes = self.of(view.id)
        return dataclasses.replace(view, routes=routes) if routes else view

    def find(self, name: str) -> RouteView | None:
        """A route."""
        found = self._by_name.get(name)
        return None if found is None else found.view

    @property
    def all(self) -> list[RouteView]:
        """All routes by name."""
        return [self._by_name[name].view for name in sorted(self._by_name)]

    @contextlib.contextmanager
    def claimed(self, deployment: str, routes: Iterable[Route]) -> Iterator[None]:
        """Have names for a deployment, by its id, while it is asked for. Raises: `NameInUse`."""
        names = {each.name for each in routes}
        for name in names:
            holder = self._holder(name, deployment)
            if holder is not None:
                raise NameInUse(
                    f"the route {name!r} belongs to the deployment {holder!r}; give this one "
                    "another name (name: in its route), or remove that one"
                )
        claims = self._claims
        claims[deployment] = claims.get(deployment, frozenset()) | names
        try:
            yield
        finally:
            # What has come of it is known by now, since the supervisor tells after each commit.
            del claims[deployment]

    def _holder(self, name: str, deployment: str) -> str | None:
        """The name of another deployment that has the name, or may have it in a moment."""
        for known in (self._holders, self._claims):
            for id, names in known.items():
                if name in names and id != deployment:
                    state = self._states.get(id)
                    return id if state is None else state.record.name
        return None

    def follow(self, state: State) -> None:
        """A deployment may have changed. Called between two of its turns; nothing waits here."""
        id = state.id
        self._states[id] = state
        held = leads.names(state)
        if held != self._holders.get(id, frozenset()):
            self._holders[id] = held
        if not held and id not in self._seen:
            return
        leaving = {key[1]: marks for key, marks in self._leaving.items() if key[0] == id}
        for component in leads.settled(state, leaving):
            del self._leaving[id, component]
            del leaving[component]
        if state.life.rest is not Rest.IDLE:
            self._refusals.pop(id, None)
        seen = tuple(leads.seen(state, leaving, self.address, self._refusals.get(id)))
        if seen != self._seen.get(id, ()):
            self._seen[id] = seen
            self._change()

    def refuse(self, deployment: str, refusal: str | None) -> None:
        """Show those who wait why their visit does not start it; None: it is tried."""
        if refusal is None:
            self._refusals.pop(deployment, None)
        else:
            self._refusals[deployment] = refusal
        state = self._states.get(deployment)
        if state is not None:
            self.follow(state)

    def forget(self, deployment: str) -> None:
        """A deployment is gone."""
        self._states.pop(deployment, None)
        self._refusals.pop(deployment, None)
        self._holders.pop(deployment, None)
        for key in [each for each in self._leaving if each[0] == deployment]:
            del self._leaving[key]
        if self._seen.pop(deployment, None):
            self._change()

    async def withdraw(
        self,
        deployment: str,
        component: str,
        host: str,
        replicas: Sequence[Replica],
        *,
        grace_s: float,
    ) -> None:
        """Lead nobody to these replicas any more, and wait for what is under way there."""
        state = self._states.get(deployment)
        door = self.door
        ports = {
            each.view.tcp_port
            for each in self._seen.get(deployment, ())
            if each.view.component == component
        }
        endpoints = {
            Endpoint(host=host, port=replica.tcp_ports[port])
            for replica in replicas
            for port in ports
            if port in replica.tcp_ports and replica.process is not None
        }
        if door is None or state is None or not endpoints:
            return
        self._leaving[deployment, component] |= {(each.slot, each.key) for each in replicas}
        self.follow(state)
        await self._until_in_force(self._version)
        if not await door.drain(endpoints, grace_s=grace_s):
            LOG.info(
                "stopped with requests under way",
                extra={"deployment": deployment, "component": component, "grace_s": grace_s},
            )

    async def changed(self, name: str, known: RouteView | None) -> RouteView | None:
        """A route, once it is another than the known one and the door shows it so."""
        async with self._news:
            await self._news.wait_for(
                lambda: self._shown.get(name) == self.find(name) and self.find(name) != known
            )
            return self.find(name)

    async def until_open(self, name: str) -> None:
        """Wait until the door knows a route, if only for some seconds: it may be a new one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IN_FORCE_S), self._news:
                await self._news.wait_for(
                    lambda: name in self._shown and self._shown[name].mode == self._mode_of(name)
                )

    def _mode_of(self, name: str) -> Mode | None:
        found = self._by_name.get(name)
        return None if found is None else found.view.mode

    async def run(self) -> None:
        """Show the door what has changed, until cancelled."""
        door = self.door
        if door is None:
            return
        self._is_changed.set()
        while True:
            await self._is_changed.wait()
            self._is_changed.clear()
            version, seen = self._version, self._by_name
            try:
                is_in_force = await door.show([seen[name].open for name in sorted(seen)])
            except RoutingError as problem:
                LOG.warning("routes not shown", extra={"problem": str(problem)})
                await asyncio.sleep(AGAIN_S)
                is_in_force = False
            if is_in_force:
                async with self._news:
                    self._in_force = version
                    self._shown = {name: each.view for name, each in seen.items()}
                    self._news.notify_all()
            else:
                self._is_changed.set()

    async def _until_in_force(self, version: int) -> None:
        try:
            async with asyncio.timeout(IN_FORCE_S), self._news:
                await self._news.wait_for(lambda: self._in_force >= version)
        except TimeoutError:
            LOG.warning("the door has not followed", extra={"waited_s": IN_FORCE_S})

    def _change(self) -> None:
        by_name: dict[str, Seen] = {}
        for all_of_one in self._seen.values():
            for each in all_of_one:
                by_name.setdefault(each.view.name, each)
        self._by_name = by_name
        self._version += 1
        self._is_changed.set()
