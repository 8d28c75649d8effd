"""The one composition root: settings in, a running server out.

Everything that has a life of its own is made here, in the order in which it needs the others, and
ended in the opposite one. Processes that deployments have started go on when the server ends.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.middleware import Middleware

from ripieno.actions import Actions
from ripieno.api.app import create_app
from ripieno.api.problems import problem_of
from ripieno.control import passwords, tokens
from ripieno.control.callers import Callers, digest
from ripieno.control.hosts import HostBook
from ripieno.control.hub import Hub
from ripieno.control.kept_files import KeptFiles
from ripieno.control.leading import Leading
from ripieno.control.messages import Said
from ripieno.control.metrics import Metrics, traffic_of
from ripieno.control.passes import Passes
from ripieno.control.performer import Performer
from ripieno.control.routes import Routes
from ripieno.control.service import Control
from ripieno.control.trail import Trail
from ripieno.control.use_cases import UseCases
from ripieno.identity import settings as identities
from ripieno.identity.base import IdentityProvider
from ripieno.images.addresses import allowances
from ripieno.model import host as configs
from ripieno.model.access import ALL_SCOPES, Role
from ripieno.model.host import HostConfig
from ripieno.model.image import ImageMetadata
from ripieno.opening import Opened, opened
from ripieno.premises import CannotStart, allow_many_files, bracketed, home_of, listening, write
from ripieno.routing.errors import RoutingError
from ripieno.runtimes.host import Host, LinkState
from ripieno.runtimes.ports import PortBook
from ripieno.runtimes.processes import ProcessRuntime
from ripieno.settings import PASSWORD_FILE, TOKEN_FILE, ServerSettings
from ripieno.store.errors import PersonTaken
from ripieno.store.records import UserRecord
from ripieno.store.store import Store, open_store
from ripieno.ui.address import Address
from ripieno.ui.door.edge import DoorEdge
from ripieno.ui.late import LateSite

if TYPE_CHECKING:
    from ripieno.ui.site import Site

LOG = logging.getLogger(__name__)

GOODBYE_S = 3.0
"""How long open requests may go on when the server is asked to end."""

ADMIN = "admin"


def serve(settings: ServerSettings) -> None:
    """Run a server until it is asked to end by SIGTERM or SIGINT. Raises: `CannotStart`."""
    allow_many_files()
    with home_of(settings.home):
        asyncio.run(_serve(settings))


async def _serve(settings: ServerSettings) -> None:
    with listening(settings.listen_host, settings.listen_port) as listener:
        address = listener.getsockname()
        url = f"http://{bracketed(address[0])}:{address[1]}"
        password_file = settings.home / PASSWORD_FILE
        is_first_start = not password_file.exists()
        async with _door(settings, url) as door, running(settings, door) as control:
            frames = door.routes.addresses.origins if door.routes.addresses else ()
            address = Address(settings.public_url, instead=_instead(settings))
            site = LateSite(lambda: site_for(control, address, frames))
            app = create_app(control, site=site, public_url=settings.public_url)
            app.state.door = door.kept
            edge = None
            if door.key:
                edge = DoorEdge(app, visitors=control.visitors, key=door.key, ui_url=door.ui_url)
            config = uvicorn.Config(
                edge or app,
                log_config=None,
                access_log=False,
                ws="none",  # No page or call of ours is one.
                timeout_graceful_shutdown=int(GOODBYE_S),
                lifespan="on",
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
            )
            server = _Server(config)
            write(settings.home / "server.json", json.dumps({"url": url, "pid": os.getpid()}))
            loop = asyncio.get_running_loop()

            def leave() -> None:
                app.state.streams.close()
                site.close()
                if edge is not None:
                    edge.close()
                server.should_exit = True

            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, leave)
            LOG.info("serving", extra={"url": url})
            print(f"Ripieno is at {url}, its files are in {settings.home}", flush=True)
            if is_first_start and password_file.exists():
                password = password_file.read_text().strip()
                print(f"Sign in as {ADMIN} with {password} (kept in {password_file})", flush=True)
            await server.serve(sockets=[listener])
            (settings.home / "server.json").unlink(missing_ok=True)


def _instead(settings: ServerSettings) -> dict[str, str]:
    """Routes by prefix have the door's domain, so pages have another name where it is this one."""
    if settings.door is None or settings.door.domain != "localhost":
        return {}
    return {"localhost": "[::1]" if settings.listen_host == "::1" else "127.0.0.1"}


def site_for(control: UseCases, address: Address, frames: Sequence[str] = ()) -> "Site":
    """The web UI, with sign-in before it; `frames`: the origins of applications."""
    # Loaded only where a browser asks.
    from ripieno.ui.session import Sessions
    from ripieno.ui.site import Site

    signed_in = Middleware(Sessions, control=control, address=address, problem_of=problem_of)
    return Site(problem_of, middleware=[signed_in], frames=frames)


@contextlib.asynccontextmanager
async def _door(settings: ServerSettings, url: str) -> AsyncIterator[Opened]:
    """The door, started. Raises: `CannotStart`."""
    try:
        async with opened(settings, url) as door:
            if door.start is not None:
                await door.start()
            yield door
    except RoutingError as problem:
        raise CannotStart(str(problem)) from problem


@contextlib.asynccontextmanager
async def running(settings: ServerSettings, door: Opened | None = None) -> AsyncIterator[Control]:
    """A control plane at work, without its HTTP side; for `serve` and for tests."""
    door = door or Opened(routes=Routes(), passes=Passes(b""))
    if settings.actions and "" not in sys.path:
        sys.path.append(os.getcwd())  # Where whoever names a module has it, more often than not.
    actions = Actions()
    actions.load(settings.actions)
    async with contextlib.AsyncExitStack() as stack:
        store = await open_store(settings.database_url, settings.home / "secrets.key")
        stack.push_async_callback(store.close)
        await _administrator(store, settings.home)
        leading_of: list[Leading] = []

        def link_changed(name: str, state: LinkState) -> None:
            for leading in leading_of:
                _tell_link(leading, name, state)

        hosts = HostBook(settings.home, open_ssh=_open_ssh, link_changed=link_changed)
        stack.push_async_callback(hosts.close)
        for record in await store.hosts():
            hosts.enter(configs.from_json(record.config))
        runtime = ProcessRuntime(hosts.host, PortBook(*settings.tcp_ports))
        hub = Hub(store)

        async def read_secrets(names: Iterable[str]) -> Mapping[str, str]:
            return {name: await store.secret(name) for name in names}

        group = await stack.enter_async_context(_group())
        performer = Performer(
            runtime=runtime,
            hosts=hosts.host,
            actions=actions,
            secrets=read_secrets,
            routes=door.routes,
            files=KeptFiles(store, settings.home / "files").paths,
            group=group,
        )
        leading = Leading(
            store=store,
            performer=performer,
            runtime=runtime,
            hub=hub,
            routes=door.routes,
            group=group,
        )
        leading_of.append(leading)
        traffic = traffic_of(door.routes, leading)
        metrics = Metrics(leading=leading, runtime=runtime, traffic=traffic)
        group.create_task(hub.run())
        provider = _provider(settings.oidc)
        if provider is not None:
            stack.push_async_callback(provider.close)
        callers = Callers(store)
        group.create_task(callers.run())
        trail = Trail(store)
        stack.push_async_callback(trail.flush)
        group.create_task(trail.run())
        await leading.take_up()
        # Not before all deployments are known: a door that was found goes on as it is until then.
        group.create_task(door.routes.run())
        if door.keep is not None:
            group.create_task(door.keep())
        group.create_task(metrics.run())
        control = Control(
            store=store,
            leading=leading,
            hub=hub,
            runtime=runtime,
            metrics=metrics,
            routes=door.routes,
            passes=door.passes,
            hosts=hosts,
            callers=callers,
            trail=trail,
            images=_Registries(settings.allowed_registries),
            provider=provider,
            scan_key=_scan_key,
            state_directory=settings.home,
            group=group,
            terms=settings.terms,
        )
        group.create_task(control.caretaker.run())
        yield control


@contextlib.asynccontextmanager
async def _group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that is left by cancelling all that is in it."""
    stop = asyncio.Event()
    started: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()

    async def keep() -> None:
        async with asyncio.TaskGroup() as group:
            started.set_result(group)
            await stop.wait()
            raise _Leave

    keeper = asyncio.create_task(keep())
    try:
        yield await started
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await keeper
            except* _Leave:
                pass


class _Leave(Exception):
    """Ends the task group."""


class _Server(uvicorn.Server):
    """Uvicorn, with the signals left to the composition root."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _tell_link(leading: Leading, host: str, state: LinkState) -> None:
    """Tell the deployments that have components on a host."""
    for supervisor in leading.all:
        held = supervisor.state.held.values()
        if any(each.handle is not None and each.handle.host == host for each in held):
            kind = "host.away" if state is LinkState.DOWN else "host.back"
            text = "its link is lost; what runs there goes on"
            text = text if state is LinkState.DOWN else "its link is back"
            supervisor.post(Said(component=None, text=f"host {host}: {text}", kind=kind))


def _open_ssh(config: HostConfig) -> Host:
    from ripieno.runtimes.ssh_host import SshHost  # Loaded only where a host needs it.

    return SshHost(config)


class _Registries:
    """The registries of images; `allowed` ones may be anywhere. Raises: `IllegalAllowance`."""

    def __init__(self, allowed: Sequence[str]) -> None:
        allowances(allowed)
        self._allowed = allowed

    async def read(self, name: str) -> ImageMetadata:
        """What a registry knows of an image. Raises: `ImageError`."""
        from ripieno.images.registry import RegistryReader  # Loaded only where one is asked.

        return await RegistryReader(self._allowed).read(name)


async def _scan_key(config: HostConfig) -> tuple[str, str]:
    from ripieno.runtimes.ssh_connect import scan_host_key  # Loaded only where a host needs it.

    key = await scan_host_key(config)
    return key.fingerprint, key.line


def _provider(file: Path | None) -> IdentityProvider | None:
    """The provider of identities that a file is about. Raises: `IllegalSettings`."""
    if file is None:
        return None
    from ripieno.identity.provider import Provider  # Loaded only where people sign in by one.

    return Provider(identities.read(file))


async def _administrator(store: Store, home: Path) -> None:
    """At the first start: the user `admin`, with a password and a token in files that only the
    owner of the state directory reads.

    The token is made again where the file of it is gone, by which whoever owns the directory comes
    in again.
    """
    if not (await store.users(after=None, limit=1))[0]:
        password, kept = passwords.drawn()
        now = datetime.now(UTC)
        write(home / PASSWORD_FILE, password + "\n")
        user = UserRecord(
            name=ADMIN,
            display_name="Administrator",
            role=Role.ADMIN.value,
            password_hash=kept,
            created_at=now,
            signed_out_at=now,
        )
        try:
            await store.add_user(user)
        except PersonTaken:  # Another server, starting at the same time, was quicker.
            (home / PASSWORD_FILE).unlink()
    path = home / TOKEN_FILE
    known = {each.digest for each in await store.tokens(user=ADMIN)}
    if path.exists() and digest(path.read_text().strip()) in known:
        return
    if await store.user(ADMIN) is None:  # Others took the place of it.
        return
    record, text = tokens.made(ADMIN, user=ADMIN, scopes=ALL_SCOPES)
    write(path, text + "\n")
    await store.add_token(record)
