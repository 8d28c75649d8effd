"""A real server with a real Traefik before its applications, and visitors of them. For tests.

`async with open_door(folder) as rig`; on leaving, all of it is ended.
"""

import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx

from ripieno.client.client import Client
from ripieno.model.route import PublicAddress
from ripieno.routing import process
from ripieno.testing.control_rig import kill, tcp_ports
from ripieno.testing.ports import free_ports
from ripieno.testing.servers import ServerProcess, ended, marked_processes
from ripieno.wire.deployment import Deployment, DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest, OnFailure
from ripieno.wire.route import Route

PATIENCE_S = 60.0


@dataclasses.dataclass(slots=True)
class DoorRig:
    """A server, its door, and what was deployed.

    `trusted` is what visitors believe about certificates; None: they come over plain http.
    """

    server: ServerProcess
    client: Client
    host_port: int
    prefix_port: int
    trusted: ssl.SSLContext | None = None
    deployments: list[str] = dataclasses.field(default_factory=list)

    @property
    def token(self) -> str:
        """The administrator's."""
        return (self.server.home / "admin.token").read_text().strip()

    @property
    def folder(self) -> Path:
        """Where the door has its files."""
        return self.server.home / "door"

    async def deploy(self, document: str, name: str) -> Deployment:
        """Bring an application up."""
        request = DeployRequest(document=document, name=name, on_failure=OnFailure.KEEP)
        asked = await self.client.deploy(request)
        self.deployments.append(asked.deployment.id)
        record = await ended(self.client, asked.reconfiguration.id)
        assert record.state == "completed", record.reason
        return await self.client.deployment(name)

    async def until_led(self, route: str, path: str = "") -> None:
        """Wait until visitors are led to the application, and are told that all is well there."""

        async def is_led() -> bool:
            return (await http.get(path)).is_success

        async with self.visiting(route, token=self.token) as http:
            await until(is_led)

    async def change(self, name: str, kind: str, *, document: str | None = None) -> None:
        """Change a deployment, and wait until that is done."""
        request = ChangeRequest(kind=ChangeKind(kind), document=document)
        record = await ended(self.client, (await self.client.change(name, request)).id)
        assert record.state == "completed", record.reason

    async def route(self, name: str) -> Route:
        """A route as it is now."""
        found = (await self.client.routes()).items
        return next(each for each in found if each.name == name)

    @contextlib.asynccontextmanager
    async def visiting(
        self,
        route: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A program that visits a route: without a token as nobody."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with self._http((await self.route(route)).url or "", sent) as http:
            yield http

    def _http(self, url: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
        """Asks for what is below an address on this machine, whatever names resolve to here."""
        public = PublicAddress(url=url)
        host, _, port = public.host.rpartition(":")

        async def name_host(request: httpx.Request) -> None:
            request.extensions["sni_hostname"] = host

        return httpx.AsyncClient(
            base_url=f"{'https' if self.trusted else 'http'}://127.0.0.1:{port}{public.path}",
            headers={"Host": public.host, **headers},
            event_hooks={"request": [name_host]},
            timeout=PATIENCE_S,
            trust_env=False,
            verify=self.trusted or False,
        )

    async def signed_in(self, route: str, *, path: str | None = None) -> dict[str, str]:
        """The headers of a browser that was handed over to a route."""
        way_in = (await self.client.hand_over(route, path=path)).url
        public = PublicAddress(url=way_in)
        async with self._http(f"{public.origin}/", {}) as http:
            answer = await http.get(way_in.removeprefix(public.origin))
        assert answer.status_code == 303, answer.text
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"Cookie": cookie}

    def traefik(self) -> int | None:
        """The process of Traefik, if it runs."""
        found = process.found(self.folder)
        return None if found is None else found.pid


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a claim is true. Raises: `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await claim():
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def open_door(
    home: Path, *, options: Sequence[str] = (), trusted: ssl.SSLContext | None = None
) -> AsyncIterator[DoorRig]:
    """A server with a door on free ports."""
    own_port, host_port, prefix_port = free_ports(3)
    first, last = tcp_ports()
    server = ServerProcess(
        home,
        # Its port is the same after a restart, as it is for everybody who names one.
        options=["--listen", f"127.0.0.1:{own_port}", "--ports", f"{first}-{last}", *options],
        door=["--door-port", str(host_port), "--prefix-port", str(prefix_port)],
    )
    server.start()
    rig: DoorRig | None = None
    try:
        async with await server.ready() as client:
            rig = DoorRig(server, client, host_port, prefix_port, trusted)
            yield rig
    finally:
        server.stop()
        process.end(home / "door")
        for deployment in rig.deployments if rig is not None else ():
            for pids in marked_processes(deployment).values():
                for pid in pids:
                    kill(pid)
