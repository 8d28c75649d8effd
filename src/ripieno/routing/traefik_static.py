"""What Traefik is started with: where it listens, where routes come from, certificates.

Pure. The same text is what an administrator gives to a Traefik of their own, with the HTTP
provider in place of the folder.
"""

from dataclasses import dataclass
from typing import Any

from ripieno.routing.traefik import HOST, INSIDE, PLAIN, PREFIX

RESOLVER = "ripieno"

THROTTLE = "10ms"
"""How soon after a change the next one is taken up; a route is to be live at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acme:
    """How certificates are fetched: from whom, for whom, and how the domain is proved.

    `challenge` is `tls`, `http` (asked on port 80) or `dns:PROVIDER`, which alone gives one
    certificate for all routes by host; what a provider needs is in Traefik's environment.
    """

    email: str
    challenge: str
    server: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What is decided when Traefik is started.

    `storage` is where fetched certificates are kept; `plain_address` where plain http is sent on to
    https, if it is.
    """

    host_address: str
    prefix_address: str
    inside_address: str
    folder: str
    domain: str
    is_tls: bool = False
    plain_address: str = ""
    acme: Acme | None = None
    storage: str = ""


def static(start: Start) -> dict[str, Any]:
    """The static configuration."""
    found: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "WARN"},
        "entryPoints": {
            HOST: _entry(start.host_address, start, _domains_by_host(start)),
            PREFIX: _entry(start.prefix_address, start, [{"main": start.domain}]),
            # Traefik asks the server through itself, and has just written these headers.
            INSIDE: {"address": start.inside_address, "forwardedHeaders": {"insecure": True}},
        },
        "providers": {
            "providersThrottleDuration": THROTTLE,
            "file": {"directory": start.folder, "watch": True},
        },
        "ping": {"manualRouting": True},
        "metrics": {
            "prometheus": {
                "entryPoint": INSIDE,
                "addEntryPointsLabels": False,
                "addRoutersLabels": False,
                "addServicesLabels": True,
                "buckets": [0.1, 1.0, 10.0],
            }
        },
    }
    if start.acme is not None:
        found["certificatesResolvers"] = {RESOLVER: {"acme": _acme(start.acme, start)}}
    is_asked_in_plain = start.acme is not None and start.acme.challenge == "http"
    if start.plain_address or is_asked_in_plain:
        found["entryPoints"][PLAIN] = {"address": start.plain_address or ":80"}
    return found


def _entry(address: str, start: Start, domains: list[dict[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "address": address,
        # Many applications read X_Forwarded_User and X.Forwarded.User as X-Forwarded-User.
        "http": {"aliasHeadersStrategy": "delete"},
        "transport": {
            # An upload may take hours; without a visitor's word a connection is kept for a while.
            "respondingTimeouts": {"readTimeout": "0s", "writeTimeout": "0s", "idleTimeout": "3m"},
            "lifeCycle": {"graceTimeOut": "2s"},
        },
    }
    if start.is_tls:
        entry["http"]["tls"] = {}
        if start.acme is not None:
            entry["http"]["tls"] = {"certResolver": RESOLVER, "domains": domains}
    return entry


def _domains_by_host(start: Start) -> list[dict[str, Any]]:
    """One certificate for all, where that can be had; else each route asks for its own."""
    if start.acme is not None and start.acme.challenge.startswith("dns:"):
        return [{"main": start.domain, "sans": [f"*.{start.domain}"]}]
    return []


def _acme(acme: Acme, start: Start) -> dict[str, Any]:
    found: dict[str, Any] = {"email": acme.email, "storage": start.storage}
    if acme.server:
        found["caServer"] = acme.server
    kind, _, provider = acme.challenge.partition(":")
    match kind:
        case "dns":
            found["dnsChallenge"] = {"provider": provider}
        case "http":
            found["httpChallenge"] = {"entryPoint": PLAIN}
        case _:
            found["tlsChallenge"] = {}
    return found
