"""Routes: which tcp_ports of an application are reached from outside, how, and by whom.

Made by `reading_applications`, kept in a deployment's target. Where a route leads at the moment is
`control.routes`' to know, how it is opened `routing`'s.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from ripieno.model import access as principals
from ripieno.model import names
from ripieno.model.access import AccessError
from ripieno.model.errors import ApplicationError
from ripieno.model.node import quoted

MOST_ROUTES = 100
"""The most routes of an application."""

MOST_PATH = 2000
"""The longest path that a route may begin at, in characters."""

_MOST_IDLE_MIN = 60 * 24 * 366
_MOST_LIFETIME_H = 24 * 3660


class Mode(StrEnum):
    """How a route is told from others: by a host of its own, or by the beginning of the path.

    That beginning is taken off (`strip`) or left (`keep`) before the application sees the path.
    """

    HOST = "host"
    STRIP = "strip"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A public address for a component's tcp_port.

    `access` are principals that may come in besides the deployment's owner. `name` is "" until it
    belongs to a deployment. `path` is where visitors begin. `idle_stop_min` is after how many
    minutes without a visitor the deployment is stopped, `lifetime_h` how many hours it may be up;
    None: the route says nothing of it (see `stay`). `is_sticky`: a visitor stays with one replica.
    """

    component: str
    tcp_port: str
    access: tuple[str, ...] = ()
    name: str = ""
    mode: Mode = Mode.HOST
    title: str = ""
    path: str = "/"
    idle_stop_min: float | None = None
    lifetime_h: float | None = None
    is_sticky: bool = False

    def __post_init__(self) -> None:
        if self.name and not names.is_open(self.name):
            names.check_slug(self.name, "a route", "name")
        for each in self.access:
            if names.is_open(each):
                continue
            try:
                principals.check_principal(each, allows_public=True)
            except (AccessError, ApplicationError) as problem:
                raise ApplicationError(str(problem), at=("access",)) from problem
        self._check_path()
        _check_amount(self.idle_stop_min, "idle_stop_min", "minutes", _MOST_IDLE_MIN)
        _check_amount(self.lifetime_h, "lifetime_h", "hours", _MOST_LIFETIME_H)

    def _check_path(self) -> None:
        if names.is_open(self.path):
            return
        if not is_local_path(self.path):
            raise ApplicationError(
                f"{quoted(self.path)} is no path to begin at; begin with one /, and leave out "
                "spaces, backslashes and '..'",
                at=("path",),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicAddress:
    """Where a route is reached from outside: an origin, and a path that ends with a slash."""

    url: str

    @property
    def path(self) -> str:
        """What all its paths begin with: / for a route by host, /NAME/ for one by prefix."""
        return urlsplit(self.url).path

    @property
    def host(self) -> str:
        """The host, with the port where that is not the usual one."""
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers say it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def parts(self) -> dict[str, str]:
        """What `${route.…}` stands for."""
        return {"url": self.url, "path": self.path, "host": self.host, "origin": self.origin}


PARTS = ("url", "path", "host", "origin")
"""Last words of references to a component's own route."""


def is_local_path(path: str) -> bool:
    """Whether a path with what follows it stays on the origin where it is followed."""
    return (
        len(path) <= MOST_PATH
        and path.startswith("/")
        and not path.startswith("//")
        and ".." not in path.partition("?")[0].split("/")
        and all(each.isascii() and each.isprintable() and each not in ' \\"<>' for each in path)
    )


def named(routes: Iterable[Route], deployment: str) -> dict[str, Route]:
    """The routes of a deployment by name, made of its name where they have none.

    Raises: `ApplicationError` for two of one name, and for a name that is too long.
    """
    listed = tuple(routes)
    nameless = [each for each in listed if not each.name]
    found: dict[str, Route] = {}
    for each in listed:
        name = each.name or _name(each, nameless, deployment)
        names.check_slug(name, "a route", "routes")
        if name in found:
            raise ApplicationError(
                f"there are two routes {quoted(name)}; give one of them another name",
                at=("routes",),
            )
        found[name] = each
    return found


def _name(route: Route, nameless: list[Route], deployment: str) -> str:
    if len(nameless) == 1:
        return deployment
    of_component = [each for each in nameless if each.component == route.component]
    if len(of_component) == 1:
        return f"{deployment}-{route.component}"
    return f"{deployment}-{route.component}-{route.tcp_port.replace('_', '-')}"


def _check_amount(amount: float | None, field: str, unit: str, most: float) -> None:
    if amount is not None and not 0 < amount <= most:
        raise ApplicationError(
            f"{field} is {amount:g}; give {unit}, more than 0 and at most {most:g}", at=(field,)
        )


def to_json(route: Route) -> dict[str, Any]:
    """A route as plain data; what is empty is left out."""
    record: dict[str, Any] = {
        "component": route.component,
        "tcp_port": route.tcp_port,
        "access": list(route.access),
        "name": route.name,
        "mode": route.mode.value,
        "title": route.title,
        "path": route.path,
        "idle_stop_min": route.idle_stop_min,
        "lifetime_h": route.lifetime_h,
        "sticky": route.is_sticky,
    }
    return {name: value for name, value in record.items() if value not in (None, [], "", False)}


def from_json(record: Mapping[str, Any]) -> Route:
    """The route that `to_json` wrote. Raises: `ApplicationError` for an illegal one."""
    return Route(
        component=record["component"],
        tcp_port=record["tcp_port"],
        access=tuple(record.get("access", ())),
        name=record.get("name", ""),
        mode=Mode(record["mode"]),
        title=record.get("title", ""),
        path=record["path"],
        idle_stop_min=record.get("idle_stop_min"),
        lifetime_h=record.get("lifetime_h"),
        is_sticky=record.get("sticky", False),
    )
