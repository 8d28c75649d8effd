"""A real server with a real Traefik before its applications, and visitors of them. For tests.

`async with open_door(folder) as rig`; on leaving, all of it is ended.
"""

import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
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
    """A server, its door, and what was deployed."""

    server: ServerProcess
    client: Client
    host_port: int
    prefix_port: int
    scheme: str = "http"
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
        verify: ssl.SSLContext | bool = False,
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A program that visits a route: without a token as nobody.

        It asks this machine, whatever names resolve to here.
        """
        public = PublicAddress(url=(await self.route(route)).url or "")
        port = public.host.rpartition(":")[2]
        sent = {"Host": public.host, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with httpx.AsyncClient(
            base_url=f"{self.scheme}://127.0.0.1:{port}{public.path}",
            headers=sent,
            timeout=PATIENCE_S,
            trust_env=False,
            verify=verify,
        ) as http:
            yield http

    async def signed_in(self, route: str, *, path: str | None = None) -> dict[str, str]:
        """The headers of a browser that was handed over to a route."""
        way_in = (await self.client.hand_over(route, path=path)).url
        public = PublicAddress(url=way_in)
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as http:
            there = way_in.replace(public.host, f"127.0.0.1:{public.host.rpartition(':')[2]}")
            answer = await http.get(there, headers={"Host": public.host})
        assert answer.status_code == 303, answer.text
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"Cookie": cookie}

    def traefik(self) -> int | None:
        """The process of Traefik, if it runs."""
        found = process.found(self.folder)
        return None if found is None else found.pid


@contextlib.asynccontextmanager
async def open_door(
    home: Path, *, options: Sequence[str] = (), scheme: str = "http"
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
            rig = DoorRig(server, client, host_port, prefix_port, scheme)
            yield rig
    finally:
        server.stop()
        process.end(home / "door")
        for deployment in rig.deployments if rig is not None else ():
            for pids in marked_processes(deployment).values():
                for pid in pids:
                    kill(pid)
