"""Traefik's configuration, made of routes: what goes where, and who is asked about it first.

Pure. The dynamic part is written anew whenever a route changes, the static part is what Traefik is
started with. Names of routes are slugs, so `NAME_check` and the like are nobody else's.

Every request for an application is first shown to the server (forwardAuth), by an address that has
the name of the route in it: nothing that a client sends decides whose access is checked. Its answer
replaces the headers in `REPLACED`.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ripieno.model.route import Mode
from ripieno.routing.base import Addresses, OpenRoute

HOST, PREFIX, INSIDE = "ripieno-host", "ripieno-prefix", "ripieno-inside"
PLAIN = "ripieno-plain"
"""Entry points: routes by host, routes by prefix, what only this machine may ask, and plain http
where the others are https."""

OWN = "/.ripieno"
"""Below this, on an application's own origin, the door itself answers."""

ENTER, STATE = f"{OWN}/enter", f"{OWN}/state"

CHECK, PAGE, DOORSTEP, RESCUE, NOTHING = "check", "page", "doorstep", "rescue", "nothing"
"""What the server is asked for, as the word in `/door/KEY/WORD/ROUTE/…`."""

USER, GROUPS = "X-Forwarded-User", "X-Forwarded-Groups"

REPLICA = "ripieno_replica_"
"""What the cookie of a sticky route is called, with its name behind."""

_CATCH_ALL, _RESCUED, _ROUTE, _OWN = 1, 2, 10, 20
"""Priorities: a route's own name is stronger than where the visitor comes from."""

_SERVER = "server_itself"
_WAITS = "server_waits"
_FRAMES = "frames_allowed"
_APPLICATIONS = "to_applications"


def _spellings(header: str) -> Iterable[str]:
    """A header in all ways that some server takes for the same: WSGI does not tell - from _."""
    words = header.split("-")
    for marks in itertools.product("-_", repeat=len(words) - 1):
        yield words[0] + "".join(mark + word for mark, word in zip(marks, words[1:], strict=True))


REPLACED = ("Cookie", "Authorization", *_spellings(USER), *_spellings(GROUPS))
"""Request headers that an application gets from the server's answer, or not at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a configuration is made for.

    `server_url` is where Traefik reaches the server, `inside_url` itself on the inner entry point;
    `key` is what only the two know. `frames` are origins of pages that may have applications in
    them. `certificates` are pairs of files, where they are not fetched. `has_plain`: whoever comes
    over plain http is sent on to https.
    """

    addresses: Addresses
    server_url: str
    inside_url: str
    key: str
    frames: tuple[str, ...] = ()
    certificates: tuple[tuple[str, str], ...] = ()
    has_plain: bool = False

    def to_server(self, word: str, route: str = "") -> str:
        """The path under which the server is asked."""
        return f"/door/{self.key}/{word}" + (f"/{route}" if route else "")


@dataclass(slots=True)
class _Parts:
    """A configuration as it is put together."""

    routers: dict[str, Any] = field(default_factory=dict)
    middlewares: dict[str, Any] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)


def dynamic(routes: Sequence[OpenRoute], layout: Layout, generation: str) -> dict[str, Any]:
    """The dynamic configuration. Once it is in force, `/generation/…` answers on the inside."""
    parts = _Parts()
    _add_server(parts, layout, generation)
    if layout.has_plain:
        _add_redirects(parts, layout.addresses)
    for each in routes:
        _add_route(parts, each, layout)
    found: dict[str, Any] = {
        "http": {
            "routers": parts.routers,
            "middlewares": parts.middlewares,
            "services": parts.services,
            "serversTransports": {
                _APPLICATIONS: {
                    "maxIdleConnsPerHost": 256,
                    # Connections that nobody uses are closed before an application does it, which
                    # could be in the middle of a request; and what is left open is in use, so that
                    # `drain` and the idle stop can tell.
                    "forwardingTimeouts": {"dialTimeout": "5s", "idleConnTimeout": "500ms"},
                },
            },
        }
    }
    if layout.certificates:
        files = [{"certFile": cert, "keyFile": key} for cert, key in layout.certificates]
        found["tls"] = {
            "certificates": files,
            "stores": {"default": {"defaultCertificate": files[0]}},
        }
    return found


def _add_server(parts: _Parts, layout: Layout, generation: str) -> None:
    """What has nothing to do with any route."""
    parts.services[_SERVER] = {"loadBalancer": {"servers": [{"url": layout.server_url}]}}
    # While the server is started anew, whoever comes waits for half a minute instead of failing.
    parts.middlewares[_WAITS] = {"retry": {"attempts": 40, "initialInterval": "500ms"}}
    parts.middlewares[_FRAMES] = {
        "headers": {
            "customResponseHeaders": {
                "X-Frame-Options": "",
                "Content-Security-Policy": " ".join(("frame-ancestors 'self'", *layout.frames)),
            }
        }
    }
    parts.routers["inside_ask"] = {
        "entryPoints": [INSIDE],
        "rule": f"PathPrefix(`{layout.to_server(CHECK)}/`)",
        "middlewares": [_WAITS],
        "service": _SERVER,
    }
    parts.routers["inside_generation"] = {
        "entryPoints": [INSIDE],
        "rule": f"Path(`{generation_path(generation)}`)",
        "service": "ping@internal",
    }
    parts.middlewares["nothing_here"] = {"addPrefix": {"prefix": layout.to_server(NOTHING)}}
    parts.routers["nothing_here"] = {
        "entryPoints": [HOST, PREFIX],
        "rule": "PathPrefix(`/`)",
        "priority": _CATCH_ALL,
        "middlewares": ["nothing_here", _WAITS],
        "service": _SERVER,
    }


def _add_redirects(parts: _Parts, addresses: Addresses) -> None:
    """From plain http to https: the same host, and no other."""
    domain = addresses.domain.replace(".", "\\.")
    for name, rule, port in (
        ("hosts_to_https", f"HostRegexp(`^[a-z0-9-]+\\.{domain}$`)", addresses.host_port),
        ("prefixes_to_https", f"Host(`{addresses.domain}`)", addresses.prefix_port),
    ):
        parts.middlewares[name] = {"redirectScheme": {"scheme": "https", "port": str(port)}}
        parts.routers[name] = {
            "entryPoints": [PLAIN],
            "rule": rule,
            "middlewares": [name],
            "service": "noop@internal",
        }


def generation_path(generation: str) -> str:
    """What answers on the inside once the configuration of that generation is in force."""
    return f"/generation/{generation}"


def _add_route(parts: _Parts, route: OpenRoute, layout: Layout) -> None:
    name, is_by_host = route.name, route.mode is Mode.HOST
    check, strip, own = f"{name}_check", f"{name}_strip", f"{name}_own"
    parts.middlewares[check] = {
        "forwardAuth": {
            "address": f"{layout.inside_url}{layout.to_server(CHECK, name)}",
            "authResponseHeaders": list(REPLACED),
            "maxResponseBodySize": 1024 * 1024,
        }
    }
    parts.middlewares[own] = {"addPrefix": {"prefix": layout.to_server(DOORSTEP, name)}}
    if not is_by_host:
        parts.middlewares[strip] = {"stripPrefix": {"prefixes": [f"/{name}"]}}
    # The service stays while it has no servers, so that its counters do.
    parts.services[name] = {
        "loadBalancer": {
            "servers": [{"url": f"http://{each}"} for each in route.endpoints],
            "serversTransport": _APPLICATIONS,
        }
    }
    if route.is_sticky:
        parts.services[name]["loadBalancer"]["sticky"] = {"cookie": _sticky(name, layout)}
    # By prefix too, no other host will do: the pages of the server have cookies at some of them.
    host = f"Host(`{layout.addresses.host(name) if is_by_host else layout.addresses.domain}`)"
    rule = host if is_by_host else f"{host} && (Path(`/{name}`) || PathPrefix(`/{name}/`))"
    on = HOST if is_by_host else PREFIX
    if route.endpoints:
        again = f"again_{len(route.endpoints)}"
        parts.middlewares[again] = {
            # Only before anything was sent, as to an endpoint that is just going away.
            "retry": {"attempts": len(route.endpoints) + 1, "initialInterval": "20ms"}
        }
        taken_off = [strip] if route.mode is Mode.STRIP else []
        middlewares, service = [check, *taken_off, _FRAMES, again], name
    else:
        page = f"{name}_page"
        parts.middlewares[page] = {"addPrefix": {"prefix": layout.to_server(PAGE, name)}}
        middlewares, service = [check, page, _WAITS], _SERVER
    parts.routers[name] = {
        "entryPoints": [on],
        "rule": rule,
        "priority": _ROUTE,
        "middlewares": middlewares,
        "service": service,
    }
    here = "" if is_by_host else f"/{name}"
    own_paths = " || ".join(f"Path(`{here}{each}`)" for each in (ENTER, STATE))
    parts.routers[own] = {
        "entryPoints": [on],
        "rule": f"{host} && ({own_paths})",
        "priority": _OWN,
        "middlewares": [*([] if is_by_host else [strip]), own, _WAITS],
        "service": _SERVER,
    }
    if not is_by_host:
        _add_rescue(parts, name, layout)


def _sticky(name: str, layout: Layout) -> dict[str, Any]:
    """The cookie by which a visitor is known to a replica; it says nothing of who they are."""
    is_secure = layout.addresses.is_trustworthy
    return {
        # All routes by prefix share an origin.
        "name": f"{REPLICA}{name}",
        "httpOnly": True,
        "secure": is_secure,
        # Also in a frame on the pages of the server, which are another site.
        "sameSite": "none" if is_secure else "lax",
    }


def _add_rescue(parts: _Parts, name: str, layout: Layout) -> None:
    """What a page below a prefix asks for at the root belongs to it, if to nobody else."""
    parts.middlewares[f"{name}_rescue"] = {"addPrefix": {"prefix": layout.to_server(RESCUE, name)}}
    parts.routers[f"{name}_rescue"] = {
        "entryPoints": [PREFIX],
        "rule": f"Host(`{layout.addresses.domain}`) "
        f"&& HeaderRegexp(`Referer`, `^https?://[^/]+/{name}(/|$)`)",
        "priority": _RESCUED,
        "middlewares": [f"{name}_rescue", _WAITS],
        "service": _SERVER,
    }
