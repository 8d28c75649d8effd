"""Routes: the public addresses of a deployment's components."""

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from ripieno.wire.base import Request, Response


class RouteState(StrEnum):
    """Whether a route leads to something that answers, and if not, why."""

    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"
    IDLE = "idle"
    """Stopped, since nobody used it; a visit starts it."""
    FAILED = "failed"


class Route(Response):
    """A public address for a component's tcp_port."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "shop-1",
                    "deployment": "shop-1",
                    "component": "web",
                    "tcp_port": "http",
                    "mode": "host",
                    "url": "http://shop-1.localhost:8643/",
                    "path": "/",
                    "title": "Shop",
                    "state": "ready",
                    "reason": None,
                    "owner": "alice",
                    "access": ["group:neuro"],
                    "idle_stop_min": None,
                    "lifetime_h": None,
                    "refusal": None,
                }
            ]
        }
    )

    name: str
    deployment: str
    component: str
    tcp_port: str
    mode: str = Field(description="host, strip or keep: how it is told from other routes")
    url: str | None = Field(description="where it is reached; null where there is no door")
    path: str = Field(description="where visitors begin below that")
    title: str
    state: RouteState
    reason: str | None = Field(description="why it is not ready")
    owner: str
    access: list[str] = Field(description="who may come in, besides the owner")
    idle_stop_min: float | None
    lifetime_h: float | None
    refusal: str | None = Field(default=None, description="why the last visit could not start it")


class RoutePage(Response):
    """Routes by name."""

    items: list[Route]


class DoorConfiguration(Response):
    """What a Traefik is told by its HTTP provider; see Traefik's own reference."""

    http: dict[str, JsonValue]
    tls: dict[str, JsonValue] = Field(default_factory=dict)


class HandOverRequest(Request):
    """A browser that is to be let in at a route."""

    path: str | None = Field(
        default=None,
        max_length=2000,
        description="where to go on to on the route's origin; by default where visitors begin",
    )


class HandOver(Response):
    """The way in for one browser."""

    url: str = Field(description="lets in once, and for half a minute")
