"""Applications: what a catalogue holds and a deployment is made from.

Made by `reading_applications`, and by tests. Constructing a record validates it, as far as that
can be said without the others; what refers to something else is checked by the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.model import limits, names, workload
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.configuration import Configuration
from ripieno.model.errors import ApplicationError
from ripieno.model.node import listed, quoted
from ripieno.model.port import PortRef
from ripieno.model.presentation import Presentation
from ripieno.model.route import PublicAddress, Route
from ripieno.model.workload import Health, HealthKind, Workload

SERVICE = "service"
JOB = "job"
EXTERNAL = "external"
BUILTIN_KINDS = (SERVICE, JOB, EXTERNAL)
"""Component types that need no declaration."""

SCOPE = frozenset(
    (
        "parameters",
        "settings",
        "ports",
        "port",
        "host",
        "replica",
        "component",
        "deployment",
        "each",
        "route",
    )
)
"""First words of references that are no use port."""

ENDPOINT_FIELDS = ("url", "host", "port")
"""Last words of references to what a use port is connected to."""


class Strategy(StrEnum):
    """How the replicas of a service are replaced: all at once, or one after the other."""

    RECREATE = "recreate"
    ROLLING = "rolling"


class Hold(StrEnum):
    """How long a component needs what it uses: as long as it runs, or only while it starts."""

    RUNNING = "running"
    STARTING = "starting"


Selector = str | Mapping[str, str] | None
"""A component's name, labels that it must have ({}: any), or None for no one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a component needs of another one. `select` narrows whom it is matched with."""

    port: str
    interface: str
    select: Selector = field(default_factory=dict)
    hold: Hold = Hold.RUNNING


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where something is that exists already, and how it is asked whether it is there.

    Without `health`, its first port has to take a connection; with no ports either, it is taken
    to be there.
    """

    host: str
    tcp_ports: Mapping[str, int] = field(default_factory=dict)
    health: Health | None = None

    def __post_init__(self) -> None:
        names.check_text(self.host, "the host of an address", "address", "host")
        if not self.host or any(each.isspace() or each in "/@" for each in self.host):
            raise ApplicationError(
                f"{quoted(self.host)} is no host; give a name or an address",
                at=("address", "host"),
            )
        for name, number in self.tcp_ports.items():
            names.check_port(name, "a tcp_port", "address", "tcp_ports", name)
            if not 1 <= number <= 65535:
                raise ApplicationError(
                    f"address: {name} is {number}; give 1 to 65535",
                    at=("address", "tcp_ports", name),
                )
        if self.health is not None:
            self._check_health(self.health)

    def _check_health(self, health: Health) -> None:
        if health.kind is HealthKind.COMMAND:
            raise ApplicationError(
                "health: what exists already is asked over http or tcp, not with a command; give "
                "one of these",
                at=("health", "command"),
            )
        if health.tcp_port not in self.tcp_ports and (health.tcp_port or not self.tcp_ports):
            raise ApplicationError(
                f"health: there is no tcp_port {quoted(health.tcp_port or '')}; there are "
                f"{listed(self.tcp_ports)}",
                at=("health",),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentDefinition:
    """One component: what it is, what it runs, what it needs and gives.

    `kind` is `service`, `job`, `external` or a component type of the application. `provides` maps
    tcp_ports (of a job: any names) to interfaces. `settings` are what the author of its type asks
    for. `state` are the places where it is to stand, empty for those that its kind implies.
    `deadline_s` is how long one of its transitions may take. `public` is where its route is, once
    it belongs to a deployment and a door is open.
    """

    name: str
    kind: str
    workload: Workload | None = None
    uses: Mapping[str, Use] = field(default_factory=dict)
    provides: Mapping[str, str] = field(default_factory=dict)
    host: str = "local"
    labels: Mapping[str, str] = field(default_factory=dict)
    strategy: Strategy = Strategy.RECREATE
    deadline_s: float = 60.0
    address: Address | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    state: tuple[str, ...] = ()
    public: PublicAddress | None = None

    def __post_init__(self) -> None:
        if not names.is_open(self.name):
            names.check_slug(self.name, "a component")
        if not names.is_open(self.host):
            names.check_slug(self.host, "a host", "host")
        if not (0.0 < self.deadline_s <= limits.MOST_SECONDS):
            raise ApplicationError(
                f"deadline_s is {self.deadline_s:g}; give seconds, more than 0", at=("deadline_s",)
            )
        self._check_kind()
        self._check_ports()

    def _check_kind(self) -> None:
        if self.kind in (SERVICE, JOB) and self.workload is None:
            raise ApplicationError(
                f"a {self.kind} runs something; give a command, [program, …], or an image"
            )
        if self.kind == EXTERNAL and (self.address is None or self.workload is not None):
            raise ApplicationError(
                "what is external exists already; give its address {host: …, tcp_ports: {…}} and "
                "nothing to run"
            )
        if self.kind != EXTERNAL and self.address is not None:
            raise ApplicationError(
                f"a {self.kind} gets its address from where it runs; remove this one, or make it "
                "type: external",
                at=("address",),
            )

    def _check_ports(self) -> None:
        for port in self.uses:
            if self.kind in BUILTIN_KINDS:
                names.check_port(port, "a use port", "uses", port)
            if port in SCOPE and self.kind in BUILTIN_KINDS:
                raise ApplicationError(
                    f"a use port cannot be called {quoted(port)}, which ${{{port}}} means already; "
                    "rename it",
                    at=("uses", port),
                )
            if port in self.provides:
                raise ApplicationError(
                    f"{quoted(port)} is both used and provided; rename one of them",
                    at=("uses", port),
                )
        if self.kind == EXTERNAL and self.uses:
            raise ApplicationError("what is external uses nothing; remove this", at=("uses",))
        for port in self.provides:
            self._check_provided(port)

    def _check_provided(self, port: str) -> None:
        names.check_port(port, "a provide port", "provides", port)
        if port in ENDPOINT_FIELDS:
            raise ApplicationError(
                f"a provide port cannot be called {quoted(port)}: users would write "
                f"${{port.{port}}} for something else; rename it",
                at=("provides", port),
            )
        served = self.address.tcp_ports if self.address else None
        if self.kind == SERVICE and self.workload:
            served = self.workload.tcp_ports
        if served is not None and port not in served:
            raise ApplicationError(
                f"it provides {quoted(port)}, which is no tcp_port of it; there are "
                f"{listed(served)}",
                at=("provides", port),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """An application at a version.

    As `application` reads it, it `is_open`: `${parameters.…}` and `for_each` are still in it, and
    numbers that depend on a parameter are shown with its default. `resolve` makes the one that can
    be deployed. `parameters` is a JSON Schema; `document` the text it was read from; `jobs` are
    as in that. `configurations` are there to be chosen from, also once it is settled.
    """

    name: str
    version: str
    presentation: Presentation = field(default_factory=Presentation)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    components: Mapping[str, ComponentDefinition] = field(default_factory=dict)
    component_types: Mapping[str, ComponentType] = field(default_factory=dict)
    connections: tuple[tuple[PortRef, PortRef], ...] = ()
    routes: tuple[Route, ...] = ()
    jobs: Mapping[str, Value] = field(default_factory=dict)
    configurations: Mapping[str, Configuration] = field(default_factory=dict)
    document: str = ""
    is_open: bool = False

    def __post_init__(self) -> None:
        check_identity(self.name, self.version)


def check_identity(name: str, version: str) -> None:
    """Raise an `ApplicationError` unless an application can have this name and version."""
    names.check_slug(name, "an application", "name")
    if not names.is_version(version):
        raise ApplicationError(
            f"{quoted(version)} is no semantic version; write three numbers, 1.0.0",
            at=("version",),
        )


def to_json(definition: ComponentDefinition) -> dict[str, Any]:
    """A component's definition as plain data; what is empty is left out."""
    address = definition.address
    record: dict[str, Any] = {
        "name": definition.name,
        "kind": definition.kind,
        "workload": workload.to_json(definition.workload) if definition.workload else None,
        "uses": {
            port: {
                "interface": use.interface,
                "select": dict(use.select) if isinstance(use.select, Mapping) else use.select,
                "hold": use.hold.value,
            }
            for port, use in definition.uses.items()
        },
        "provides": dict(definition.provides),
        "host": definition.host,
        "labels": dict(definition.labels),
        "strategy": definition.strategy.value,
        "deadline_s": definition.deadline_s,
        "settings": dict(definition.settings),
        "state": list(definition.state),
        "public": {"url": definition.public.url} if definition.public else None,
    }
    if address is not None:
        record["address"] = {
            "host": address.host,
            "tcp_ports": dict(address.tcp_ports),
            "health": workload.health_to_json(address.health) if address.health else None,
        }
    return {name: value for name, value in record.items() if value not in (None, [], {})}


def from_json(record: Mapping[str, Any]) -> ComponentDefinition:
    """The definition that `to_json` wrote. Raises: `ApplicationError` for an illegal one."""
    return ComponentDefinition(
        name=record["name"],
        kind=record["kind"],
        workload=workload.from_json(record["workload"]) if "workload" in record else None,
        uses={
            port: Use(
                port=port, interface=use["interface"], select=use["select"], hold=Hold(use["hold"])
            )
            for port, use in record.get("uses", {}).items()
        },
        provides=dict(record.get("provides", {})),
        host=record["host"],
        labels=dict(record.get("labels", {})),
        strategy=Strategy(record["strategy"]),
        deadline_s=record["deadline_s"],
        address=_address(record["address"]) if "address" in record else None,
        settings=dict(record.get("settings", {})),
        state=tuple(record.get("state", ())),
        public=PublicAddress(url=record["public"]["url"]) if "public" in record else None,
    )


def _address(record: Mapping[str, Any]) -> Address:
    health = record["health"]
    return Address(
        host=record["host"],
        tcp_ports=dict(record["tcp_ports"]),
        health=workload.health_from_json(health) if health else None,
    )
