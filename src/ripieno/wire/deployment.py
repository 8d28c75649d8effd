"""Deployments: asking for one, and how it is."""

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from ripieno.wire.base import Response, Slug
from ripieno.wire.life import Life
from ripieno.wire.page import Page
from ripieno.wire.reconfiguration import OnFailure, Reconfiguration, SourceRequest
from ripieno.wire.route import Route


class DeploymentState(StrEnum):
    """How a deployment is, as a whole."""

    DEPLOYING = "deploying"
    CHANGING = "changing"
    RUNNING = "running"
    DEGRADED = "degraded"
    FAILED = "failed"
    STOPPED = "stopped"
    REMOVING = "removing"
    REMOVED = "removed"


class DeployRequest(SourceRequest):
    """A new deployment of an application: give its document, or the name of a published one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"application": "web-shop", "version": "1.2.0", "name": "shop-1"},
                {
                    "document": "name: hello\nversion: 1.0.0\ncomponents:\n"
                    "  web: {type: service, command: [python3, -m, http.server]}\n",
                    "on_failure": "keep",
                },
            ]
        }
    )

    name: Slug | None = Field(
        default=None, description="by default made from the application's name"
    )
    on_failure: OnFailure | None = None


class Replica(Response):
    """One process of a component; `state`: running, exited, lost, or unknown (its host is away)."""

    index: int
    host: str
    pid: int | None
    state: str
    tcp_ports: dict[str, int]
    started_at: datetime | None = None
    exit_code: int | None = None


class Component(Response):
    """One component of a deployment."""

    name: str
    type: str
    kind: str
    status: str = Field(description="idle, busy or failed")
    places: list[str] = Field(description="where it stands in its life cycle")
    target: list[str] = Field(description="where it is to stand")
    behaviour: str | None
    transitions: list[str] = Field(description="what is being executed")
    host: str
    replicas: list[Replica]
    wanted_replicas: int
    addresses: dict[str, str] = Field(description="what it provides, and the address of it")
    failure: str | None
    waiting_for: str | None = Field(description="why it does not go on")
    restarts: int = Field(description="crashes since it was last ready for good")
    restart_at: datetime | None = Field(description="when the next try is due")
    lost: list[str] = Field(description="components it uses that are gone at the moment")


class Deployment(Response):
    """An application that was brought up, and what became of it since."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "d-7",
                    "name": "shop-1",
                    "application": "web-shop",
                    "version": "1.2.0",
                    "owner": "alice",
                    "state": "running",
                    "reason": None,
                    "revision": 3,
                    "parameters": {"atlas": "aal"},
                    "configuration": "large",
                    "created_at": "2026-01-31T12:00:00Z",
                    "updated_at": "2026-01-31T12:00:05Z",
                    "reconfiguration": None,
                    "components": [],
                    "connections": [["web.store", "store.sql"]],
                    "document": "name: web-shop\n",
                    "routes": [],
                    "life": {"idle_stop_min": 30, "idle_stop_at": "2026-01-31T12:29:40Z"},
                }
            ]
        }
    )

    id: str
    name: str
    application: str
    version: str
    owner: str
    state: DeploymentState
    reason: str | None
    revision: int = Field(description="counts the changes of what was asked for; see If-Match")
    parameters: dict[str, JsonValue]
    configuration: str = Field(default="", description="the one of the application that was chosen")
    created_at: datetime
    updated_at: datetime
    reconfiguration: str | None = Field(description="the one that is going on")
    components: list[Component] = Field(default_factory=list)
    connections: list[tuple[str, str]] = Field(
        default_factory=list, description="use port, provide port"
    )
    document: str = ""
    routes: list[Route] = Field(default_factory=list, description="where people reach it")
    life: Life = Field(default_factory=Life)


class DeploymentPage(Page[Deployment]):
    """Deployments, without their components, connections and documents."""


class Deployed(Response):
    """A deployment that has been accepted, and the reconfiguration that brings it up."""

    deployment: Deployment
    reconfiguration: Reconfiguration
