"""What can be asked of a server; a method is named like the operation in the OpenAPI document."""

from collections.abc import AsyncGenerator
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from ripieno.client import events, logs
from ripieno.client.asking import body as _body
from ripieno.client.asking import part as _part
from ripieno.client.importing import Importing
from ripieno.client.people import People
from ripieno.client.registry import Registry
from ripieno.client.transport import Transport, read
from ripieno.wire.deployment import Deployed, Deployment, DeploymentPage, DeployRequest
from ripieno.wire.event import Event, EventPage
from ripieno.wire.health import Findings, Health
from ripieno.wire.host import AddHostRequest, Host, HostKey, HostPage, HostRequest, RuntimePage
from ripieno.wire.life import ExtendRequest
from ripieno.wire.log import LogLine
from ripieno.wire.metrics import Metrics
from ripieno.wire.plan import Preview
from ripieno.wire.reconfiguration import (
    ChangeRequest,
    Decision,
    OnFailure,
    Reconfiguration,
    ReconfigurationPage,
)
from ripieno.wire.route import DoorConfiguration, HandOver, HandOverRequest, RoutePage
from ripieno.wire.scraping import ScrapeTarget, ScrapeTargets
from ripieno.wire.secret import SecretNames
from ripieno.wire.sign_in import SignInLink, SignInLinkRequest


class Client(Registry, Importing, People):
    """A server, and a token that lets in. To be used with `async with`.

    Every method raises the errors of `client.errors`. `timeout_s` is for one answer; a request that
    can be repeated without harm is sent again when the connection is lost. A stream that is not
    read to its end has to be closed: `async with aclosing(client.stream_events()) as events`.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout_s: float = 60.0,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`http` takes the place of the network, in tests."""
        self._transport = Transport(base_url, token, timeout_s=timeout_s, http=http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    # The server

    async def health(self) -> Health:
        """That it answers, and its version."""
        return await self._transport.get("/healthz", Health)

    async def doctor(self) -> Findings:
        """What is well with it and what is not."""
        return await self._transport.get("/doctor", Findings)

    async def server_metrics(self) -> str:
        """How it is, in Prometheus's text format; for administrators."""
        return (await self._transport.do("GET", "/metrics", is_repeatable=True)).text

    # Deployments

    async def deploy(self, request: DeployRequest) -> Deployed:
        """Bring up an application."""
        return await self._transport.post("/deployments", Deployed, _body(request), is_once=True)

    async def deployments(
        self, *, after: str | None = None, limit: int | None = None
    ) -> DeploymentPage:
        """A page of deployments, without their components."""
        query = {"after": after, "limit": limit}
        return await self._transport.get("/deployments", DeploymentPage, query)

    async def deployment(self, deployment: str) -> Deployment:
        """A deployment, by name or id."""
        return await self._transport.get(f"/deployments/{_part(deployment)}", Deployment)

    async def remove(
        self,
        deployment: str,
        *,
        on_failure: OnFailure | None = None,
        queue: bool = False,
        revision: int | None = None,
    ) -> Reconfiguration:
        """Take a deployment down and forget it, if it is (still) at `revision`."""
        response = await self._transport.do(
            "DELETE",
            f"/deployments/{_part(deployment)}",
            query={"on_failure": on_failure, "queue": queue},
            headers=_if_match(revision),
        )
        return read(response, Reconfiguration)

    async def change(
        self, deployment: str, request: ChangeRequest, *, revision: int | None = None
    ) -> Reconfiguration:
        """Ask for a change of a deployment, if it is (still) at `revision`."""
        return await self._transport.post(
            f"/deployments/{_part(deployment)}/reconfigurations",
            Reconfiguration,
            _body(request),
            is_once=True,
            headers=_if_match(revision),
        )

    async def extend(self, deployment: str, hours: float) -> Deployment:
        """Let a deployment live for so much longer."""
        return await self._transport.post(
            f"/deployments/{_part(deployment)}/extension",
            Deployment,
            _body(ExtendRequest(hours=hours)),
            is_once=True,
        )

    async def reconfigurations(
        self, deployment: str, *, after: str | None = None, limit: int | None = None
    ) -> ReconfigurationPage:
        """A page of what was asked of a deployment, the newest first."""
        return await self._transport.get(
            f"/deployments/{_part(deployment)}/reconfigurations",
            ReconfigurationPage,
            {"after": after, "limit": limit},
        )

    async def metrics(self, deployment: str, *, since: datetime | None = None) -> Metrics:
        """What the components of a deployment used during the last hour."""
        return await self._transport.get(
            f"/deployments/{_part(deployment)}/metrics",
            Metrics,
            {"since": None if since is None else since.isoformat()},
        )

    async def scrape_targets(self, *, tcp_port: str = "metrics") -> list[ScrapeTarget]:
        """Where a Prometheus finds the replicas that run and have a port of that name."""
        query = {"tcp_port": tcp_port}
        return (await self._transport.get("/scrape-targets", ScrapeTargets, query)).root

    async def decide(
        self, deployment: str, component: str, transition: str, decision: Decision
    ) -> None:
        """Do something about a transition that has failed."""
        where = f"/deployments/{_part(deployment)}/components/{_part(component)}"
        await self._transport.do(
            "POST", f"{where}/transitions/{_part(transition)}/{_part(decision)}"
        )

    async def plan_deployment(self, request: DeployRequest) -> Preview:
        """What a new deployment would do."""
        return await self._transport.post("/plan", Preview, _body(request), is_harmless=True)

    async def plan_change(self, deployment: str, request: ChangeRequest) -> Preview:
        """What a change would do."""
        return await self._transport.post(
            f"/deployments/{_part(deployment)}/plan", Preview, _body(request), is_harmless=True
        )

    # Reconfigurations

    async def reconfiguration(self, reconfiguration: str) -> Reconfiguration:
        """How far a reconfiguration is."""
        return await self._transport.get(
            f"/reconfigurations/{_part(reconfiguration)}", Reconfiguration
        )

    async def pause(self, reconfiguration: str) -> Reconfiguration:
        """Begin no further transition."""
        return await self._turn(reconfiguration, "pause")

    async def resume(self, reconfiguration: str) -> Reconfiguration:
        """Go on with one that is paused."""
        return await self._turn(reconfiguration, "resume")

    async def cancel(self, reconfiguration: str) -> Reconfiguration:
        """Give up what is left of it."""
        return await self._turn(reconfiguration, "cancel")

    async def _turn(self, reconfiguration: str, verb: str) -> Reconfiguration:
        path = f"/reconfigurations/{_part(reconfiguration)}/{verb}"
        return await self._transport.post(path, Reconfiguration, is_once=True)

    # Logs and events

    def logs(
        self,
        deployment: str,
        *,
        component: str | None = None,
        replica: int | None = None,
        follow: bool = False,
        since: datetime | None = None,
        tail: int | None = None,
        patience_s: float = 60.0,
    ) -> AsyncGenerator[LogLine]:
        """Lines that were printed; `follow`: and those that will be.

        Following goes on over lost connections, unless the server is away for `patience_s`.
        """
        query = {
            "component": component,
            "replica": replica,
            "follow": follow,
            "since": None if since is None else since.isoformat(),
            "tail": tail,
        }
        return logs.stream(
            self._transport, _part(deployment), query=query, follows=follow, patience_s=patience_s
        )

    async def events(
        self,
        *,
        deployment: str | None = None,
        component: str | None = None,
        kind: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> EventPage:
        """Events after the one with the id `after`, the oldest first."""
        query = {
            "deployment": deployment,
            "component": component,
            "kind": kind,
            "after": after,
            "limit": limit,
        }
        return await self._transport.get("/events", EventPage, query)

    def stream_events(
        self,
        *,
        deployment: str | None = None,
        after: int | None = None,
        patience_s: float = 60.0,
    ) -> AsyncGenerator[Event]:
        """Each event once as it happens, after one (None: from now on).

        It goes on over lost connections, unless the server is away for `patience_s`.
        """
        return events.stream(
            self._transport, deployment=deployment, after=after, patience_s=patience_s
        )

    # Routes

    async def routes(self) -> RoutePage:
        """All routes that the caller may reach."""
        return await self._transport.get("/routes", RoutePage)

    async def routes_of_deployment(self, deployment: str) -> RoutePage:
        """The routes of a deployment."""
        return await self._transport.get(f"/deployments/{_part(deployment)}/routes", RoutePage)

    async def hand_over(self, route: str, *, path: str | None = None) -> HandOver:
        """An address that lets a browser in at a route, once."""
        return await self._transport.post(
            f"/routes/{_part(route)}/hand-over",
            HandOver,
            _body(HandOverRequest(path=path)),
            is_harmless=True,
        )

    async def door_configuration(self) -> DoorConfiguration:
        """What an external Traefik is told."""
        return await self._transport.get("/door/traefik", DoorConfiguration)

    # Hosts

    async def hosts(self) -> HostPage:
        """All hosts."""
        return await self._transport.get("/hosts", HostPage)

    async def runtimes(self) -> RuntimePage:
        """All ways to run components."""
        return await self._transport.get("/runtimes", RuntimePage)

    async def add_host(self, request: AddHostRequest) -> Host:
        """Add a host."""
        return await self._transport.post("/hosts", Host, _body(request), is_once=True)

    async def scan_host(self, request: HostRequest) -> HostKey:
        """The key that a host shows."""
        return await self._transport.post("/hosts/scan", HostKey, _body(request), is_harmless=True)

    async def host(self, name: str) -> Host:
        """A host."""
        return await self._transport.get(f"/hosts/{_part(name)}", Host)

    async def check_host(self, name: str) -> Host:
        """Look whether a host is well."""
        return await self._transport.post(f"/hosts/{_part(name)}/check", Host, is_harmless=True)

    async def remove_host(self, name: str) -> None:
        """Forget a host."""
        await self._transport.do("DELETE", f"/hosts/{_part(name)}")

    # Secrets

    async def secrets(self) -> SecretNames:
        """The names of all secrets."""
        return await self._transport.get("/secrets", SecretNames)

    async def set_secret(self, name: str, value: str) -> None:
        """Set a secret."""
        await self._transport.do(
            "PUT", f"/secrets/{_part(name)}", body={"value": value}, is_repeatable=True
        )

    async def remove_secret(self, name: str) -> None:
        """Remove a secret."""
        await self._transport.do("DELETE", f"/secrets/{_part(name)}")

    # Signing in

    async def create_sign_in_link(self, user: str | None = None) -> SignInLink:
        """Make a link that signs a browser in once, for who asks or for another user."""
        body = _body(SignInLinkRequest(user=user))
        return await self._transport.post("/sign-in-links", SignInLink, body)


def _if_match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}
