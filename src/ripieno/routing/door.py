"""The door that Traefik is: configurations published, waited for, and what goes through counted.

One class for the Traefik that the server runs and for one that somebody else does; they differ in
how a configuration gets there, and in whether its process can be looked at.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence

from ripieno.routing import traefik
from ripieno.routing.base import Counters, Endpoint, OpenRoute
from ripieno.routing.connections import Connections
from ripieno.routing.errors import RoutingError
from ripieno.routing.inside import Inside
from ripieno.routing.metrics import Tally, read
from ripieno.routing.publishing import Publisher
from ripieno.routing.traefik import Layout

BLIND_GRACE_S = 2.0
"""How long requests may go on where nobody can see whether there are any."""

FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.2


class TraefikDoor:
    """A door; `pid` gives the process whose connections count, None where it is elsewhere.

    `log` is where Traefik writes what went wrong.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        publisher: Publisher,
        inside: Inside,
        pid: Callable[[], int | None],
        patience_s: float,
        log: str,
    ) -> None:
        self._layout = layout
        self._publisher = publisher
        self._inside = inside
        self._pid = pid
        self._patience_s = patience_s
        self._log = log
        self._connections = Connections()
        self._tally = Tally()
        self._routes: tuple[OpenRoute, ...] = ()
        self._generation = ""
        self._is_in_force = False
        self._turn = asyncio.Lock()

    async def show(self, routes: Sequence[OpenRoute]) -> bool:
        """Open these routes and no others; whether that is in force when it returns.

        Raises: `RoutingError` if the configuration cannot be written.
        """
        async with self._turn:
            if not self._generation or tuple(routes) != self._routes:
                await self._publish(tuple(routes))
            if not self._is_in_force:
                self._is_in_force = await self._inside.in_force(
                    self._generation, within_s=self._patience_s
                )
            return self._is_in_force

    async def renew(self) -> None:
        """Have the same routes read again, with what they name. Raises: `RoutingError`."""
        async with self._turn:
            if self._generation:
                await self._publish(self._routes)

    async def _publish(self, routes: tuple[OpenRoute, ...]) -> None:
        generation = secrets.token_hex(8)
        text = json.dumps(traefik.dynamic(routes, self._layout, generation))
        try:
            await self._publisher.publish(text)
        except OSError as problem:
            raise RoutingError(
                f"the door's routes cannot be written: {problem}; see to the disk and the folder"
            ) from problem
        self._routes, self._generation, self._is_in_force = routes, generation, False

    async def drain(self, endpoints: Collection[Endpoint], *, grace_s: float) -> bool:
        """Wait until nothing is under way to these endpoints; whether that came to be in time."""
        pause_s = FIRST_LOOK_S
        try:
            async with asyncio.timeout(grace_s):
                while True:
                    pid = self._pid()
                    if pid is None:
                        await asyncio.sleep(BLIND_GRACE_S)
                        return True
                    found = await self._connections.count(pid, endpoints)
                    if not any(found.values()):
                        return True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LAST_LOOK_S)
        except TimeoutError:
            return False

    async def counters(self) -> Mapping[str, Counters]:
        """What has gone through each route that is open now. Raises: `RoutingError`."""
        routes = self._routes
        seen = read(await self._inside.metrics())
        open_now = await self._open(routes) or {}
        return self._tally.add([each.name for each in routes], seen, open_now)

    async def under_way(self) -> Mapping[str, int] | None:
        """How many connections are open to each route's endpoints; None if they cannot be seen."""
        return await self._open(self._routes)

    async def _open(self, routes: Sequence[OpenRoute]) -> dict[str, int] | None:
        pid = self._pid()
        if pid is None:
            return None
        wanted = {endpoint for each in routes for endpoint in each.endpoints}
        found = await self._connections.count(pid, wanted)
        return {each.name: sum(found[endpoint] for endpoint in each.endpoints) for each in routes}

    async def problem(self) -> str | None:
        """What is wrong with the door, if something is."""
        if await self._inside.is_in_force(self._generation):
            return None
        return (
            f"Traefik does not answer at {self._inside.url}, or not with the latest routes; see "
            f"{self._log}"
        )
