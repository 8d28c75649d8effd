"""The door put together: settings in, a Traefik that runs or is fed out."""

import asyncio
import hmac
import ipaddress
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ripieno.control.passes import Passes
from ripieno.control.routes import Routes
from ripieno.routing import process, traefik_static
from ripieno.routing.base import Addresses
from ripieno.routing.certificates import Certificate
from ripieno.routing.errors import InvalidDoor
from ripieno.routing.process import TraefikProcess
from ripieno.routing.publishing import NAME, Folder, Kept, Publisher
from ripieno.routing.traefik import Layout
from ripieno.routing.traefik_static import Acme, Start
from ripieno.settings import DoorSettings, ServerSettings

LOG = logging.getLogger(__name__)

FOLDER = "door"
KEY = "door.key"
_KEY_BYTES = 32

OWN_PATIENCE_S, OTHERS_PATIENCE_S = 5.0, 15.0
"""How long a Traefik may take to take up its routes; one elsewhere asks for them now and then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What the rest of a server has to do with the door.

    `key` is what Traefik shows when it asks; `ui_url` where browsers are sent to sign in; `keep`
    is to be run as long as the server does. `kept` is what an external Traefik asks for.
    """

    routes: Routes
    passes: Passes
    key: str = ""
    ui_url: str = ""
    kept: Kept | None = None
    start: Callable[[], Awaitable[None]] | None = None
    keep: Callable[[], Coroutine[Any, Any, None]] | None = None


@asynccontextmanager
async def opened(settings: ServerSettings, server_url: str | None) -> AsyncIterator[Opened]:
    """The door that the settings ask for, closed when the block is left; its Traefik goes on.

    `server_url` is where the server listens. Raises: `RoutingError`.
    """
    door = settings.door
    folder = settings.home / FOLDER
    if door is None or server_url is None:
        # Who asked for one before has none now.
        if process.end(folder):
            LOG.info("door ended")
        yield Opened(routes=Routes(), passes=Passes(secrets.token_bytes(_KEY_BYTES)))
        return
    # Loaded only where there is a door.
    from ripieno.routing.door import TraefikDoor
    from ripieno.routing.inside import Inside

    key = _key(settings.home / KEY)
    addresses = Addresses(
        domain=door.domain,
        host_port=door.host_port,
        prefix_port=door.prefix_port,
        is_tls=door.is_tls,
    )
    own = _process(settings, door, folder) if door.external is None else None
    certificate = Certificate(folder, door.certificate) if own is not None else None
    inside_url = own.inside_url if own is not None else (door.external or "").rstrip("/")
    ui_url = settings.public_url or _named(server_url)
    layout = Layout(
        addresses=addresses,
        server_url=_reachable(server_url) if own is not None else ui_url,
        inside_url=inside_url,
        key=hmac.digest(key, b"path", "sha256").hex()[:32],
        frames=(_origin(ui_url),),
        certificates=_certificates(door, certificate),
        has_plain=door.plain_port is not None,
    )
    kept = Kept()
    publisher: Publisher = Folder(folder / "routes") if own is not None else kept
    async with Inside(inside_url) as inside:
        traefik = TraefikDoor(
            layout=layout,
            publisher=publisher,
            inside=inside,
            pid=(lambda: own.pid) if own is not None else (lambda: None),
            patience_s=OWN_PATIENCE_S if own is not None else OTHERS_PATIENCE_S,
            log=str(folder / process.LOG_FILE) if own is not None else "its log",
        )
        yield Opened(
            routes=Routes(door=traefik, addresses=addresses),
            passes=Passes(hmac.digest(key, b"passes", "sha256")),
            key=layout.key,
            ui_url=ui_url,
            kept=kept if own is None else None,
            start=own.start if own is not None else None,
            keep=_keeping(own, certificate, traefik.renew) if own and certificate else None,
        )


def _keeping(
    own: TraefikProcess, certificate: Certificate, renew: Callable[[], Awaitable[None]]
) -> Callable[[], Coroutine[Any, Any, None]]:
    async def keep() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(own.keep())
            group.create_task(certificate.follow(renew))

    return keep


def _process(settings: ServerSettings, door: DoorSettings, folder: Path) -> TraefikProcess:
    listen = settings.listen_host

    def static(inside: str) -> dict[str, object]:
        return traefik_static.static(
            Start(
                host_address=_joined(listen, door.host_port),
                prefix_address=_joined(listen, door.prefix_port),
                inside_address=inside,
                folder=str(folder / "routes"),
                domain=door.domain,
                is_tls=door.is_tls,
                plain_address="" if door.plain_port is None else _joined(listen, door.plain_port),
                acme=None
                if door.acme is None
                else Acme(
                    email=door.acme.email, challenge=door.acme.challenge, server=door.acme.server
                ),
                storage=str(folder / "certificates.json"),
            )
        )

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listens = {"--door-port": (listen, door.host_port), "--prefix-port": (listen, door.prefix_port)}
    if door.plain_port is not None:
        listens["--plain-port"] = listen, door.plain_port
    found = TraefikProcess(folder, static, listens)
    if found.pid is None:
        # What was right before a restart of the machine may lead to somebody else's ports now.
        (folder / "routes" / NAME).unlink(missing_ok=True)
    return found


def _key(path: Path) -> bytes:
    """What everything of the door is signed with; made at the first start."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = secrets.token_bytes(_KEY_BYTES)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(found)
    if len(found) != _KEY_BYTES:
        raise InvalidDoor(f"{path} holds no key; take it away, and everybody signs in anew")
    return found


def _certificates(
    door: DoorSettings, certificate: Certificate | None
) -> tuple[tuple[str, str], ...]:
    """Files of a certificate and its key; a Traefik elsewhere is told of those that were given."""
    if certificate is not None:
        return ((str(certificate.path), str(certificate.path)),)
    if door.certificate is not None:
        return ((str(door.certificate[0].absolute()), str(door.certificate[1].absolute())),)
    return ()


def _reachable(url: str) -> str:
    """Where this machine itself reaches what listens there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{_joined(host, parts.port or 80)}"


def _named(url: str) -> str:
    """Where browsers reach what listens there, if nobody has said."""
    parts = urlsplit(url)
    if ipaddress.ip_address(parts.hostname or "").is_unspecified:
        return f"http://{socket.gethostname()}:{parts.port}"
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
