"""What a door is: routes in, and what goes through them out.

Called by `control.routes`, which knows where routes lead. A door must not know of deployments,
components or people; it asks the server about everybody who comes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ripieno.model.route import Mode, PublicAddress


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Endpoint:
    """A host and port that requests are passed on to."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRoute:
    """A route as it is to be opened now. Without endpoints, visitors are told that it waits.

    `is_sticky`: whoever came to one endpoint comes to it again, as long as it is there.
    """

    name: str
    mode: Mode = Mode.HOST
    endpoints: tuple[Endpoint, ...] = ()
    is_sticky: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """What has gone through a route since the server has watched it.

    `requests` are those that have ended, `seconds` how long they took in all, `bytes_in` and
    `bytes_out` their bodies; `connections` are open to its endpoints now, websockets included.
    """

    requests: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    connections: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the door is, as browsers see it."""

    domain: str
    host_port: int
    prefix_port: int
    is_tls: bool = False

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "https" if self.is_tls else "http"

    @property
    def is_trustworthy(self) -> bool:
        """Whether browsers take cookies marked as secure from here."""
        return self.is_tls or self.domain == "localhost" or self.domain.endswith(".localhost")

    def host(self, route: str) -> str:
        """The name of the host that a route by host has."""
        return f"{route}.{self.domain}"

    def public(self, route: str, mode: Mode) -> PublicAddress:
        """Where a route is reached."""
        if mode is Mode.HOST:
            return PublicAddress(url=f"{self._origin(self.host(route), self.host_port)}/")
        return PublicAddress(url=f"{self.prefix_origin}/{route}/")

    @property
    def prefix_origin(self) -> str:
        """The origin that all routes by prefix share."""
        return self._origin(self.domain, self.prefix_port)

    @property
    def origins(self) -> tuple[str, ...]:
        """All origins of the door, as a policy on frames names them."""
        port = "" if self.host_port == self._usual_port else f":{self.host_port}"
        return (f"{self.scheme}://*.{self.domain}{port}", self.prefix_origin)

    @property
    def _usual_port(self) -> int:
        return 443 if self.is_tls else 80

    def _origin(self, host: str, port: int) -> str:
        return f"{self.scheme}://{host}" + ("" if port == self._usual_port else f":{port}")


class Door(Protocol):
    """Where browsers come in. Raises: `RoutingError`."""

    async def show(self, routes: Sequence[OpenRoute]) -> bool:
        """Open these routes and no others; whether that is in force when it returns.

        It is not where the door cannot be asked at the moment; it will be as soon as it can.
        """
        ...

    async def drain(self, endpoints: Collection[Endpoint], *, grace_s: float) -> bool:
        """Wait until nothing is under way to endpoints that no route has any more.

        Whether that came to be before the grace was over.
        """
        ...

    async def counters(self) -> Mapping[str, Counters]:
        """What has gone through each route that is open now."""
        ...

    async def under_way(self) -> Mapping[str, int] | None:
        """How many connections are open to each route's endpoints now; None: nobody can see it."""
        ...

    async def problem(self) -> str | None:
        """What is wrong with the door, and what to do, if something is."""
        ...
