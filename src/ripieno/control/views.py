"""What the use cases answer: the state of things, ready to be shown.

Made by `service`, turned into responses by the API. All times are aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ripieno.model.component_type import ComponentType, Value
from ripieno.model.plan import Plan
from ripieno.model.route import Mode


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


class ReconfigurationKind(StrEnum):
    """What a reconfiguration was asked for."""

    DEPLOY = "deploy"
    APPLY = "apply"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SCALE = "scale"
    REMOVE = "remove"
    ROLLBACK = "rollback"


class ReconfigurationState(StrEnum):
    """How far a reconfiguration is."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (
            ReconfigurationState.COMPLETED,
            ReconfigurationState.FAILED,
            ReconfigurationState.CANCELLED,
            ReconfigurationState.REFUSED,
        )


class RouteState(StrEnum):
    """Whether a route leads to something that answers, and if not, why."""

    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"
    IDLE = "idle"
    """Stopped, since nobody used it; a visit starts it."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteView:
    """A route of a deployment. `url` is where it is reached, None if there is no door.

    `path` is where visitors begin below that; `reason` says why it is not ready. `access` are the
    principals that may come in besides the deployment's `owner`. `refusal` is why the last visit
    could not start it.
    """

    name: str
    deployment: str
    component: str
    tcp_port: str
    mode: Mode
    url: str | None
    path: str
    title: str
    state: RouteState
    reason: str | None
    owner: str
    access: tuple[str, ...]
    idle_stop_min: float | None = None
    lifetime_h: float | None = None
    refusal: str | None = None

    @property
    def start_url(self) -> str | None:
        """Where visitors begin."""
        return None if self.url is None else self.url + self.path.removeprefix("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaView:
    """One process of a component. `state`: running, exited, lost, unknown (its host is away)."""

    index: int
    host: str
    pid: int | None
    state: str
    tcp_ports: Mapping[str, int]
    started_at: datetime | None = None
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentView:
    """One component. `status`: idle, busy or failed; `waiting_for`: why it does not go on.

    `restarts` counts crashes since it was last ready for good; `restart_at` is when the next try
    is due. `lost` names components that it uses and that are gone at the moment.
    """

    name: str
    type: str
    kind: str
    status: str
    places: tuple[str, ...]
    target: tuple[str, ...]
    behaviour: str | None
    transitions: tuple[str, ...]
    host: str
    replicas: tuple[ReplicaView, ...]
    wanted_replicas: int
    addresses: Mapping[str, str]
    failure: str | None
    waiting_for: str | None
    restarts: int
    restart_at: datetime | None
    lost: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ownership:
    """Whose a deployment is. `readers` are the principals that may look at it and reach it."""

    id: str
    name: str
    owner: str
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LifeView:
    """How long a deployment has been left to itself, and how long it has yet.

    `stopped_for`: why the server has stopped it (`idle`, `lifetime`), None if it has not.
    `idle_stop_min` and `lifetime_h` are the limits that hold for it. `idle_stop_at` is when it is
    stopped unless somebody comes, None while somebody is there; `ends_at` when it is whoever is
    there, `is_ending` if that is soon. `problem` is why it is not known whether anybody uses it.
    """

    stopped_for: str | None = None
    idle_stop_min: float | None = None
    idle_stop_at: datetime | None = None
    lifetime_h: float | None = None
    ends_at: datetime | None = None
    is_ending: bool = False
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentView:
    """A deployment. `revision` changes with every change of what was asked for (ETag).

    `readers` are the principals that may look at it and reach it, besides its owner.
    """

    id: str
    name: str
    application: str
    version: str
    owner: str
    state: DeploymentState
    reason: str | None
    revision: int
    parameters: Mapping[str, Value]
    created_at: datetime
    updated_at: datetime
    reconfiguration: str | None
    configuration: str = ""
    components: tuple[ComponentView, ...] = ()
    connections: tuple[tuple[str, str], ...] = ()
    document: str = ""
    readers: tuple[str, ...] = ()
    routes: tuple[RouteView, ...] = ()
    life: LifeView = field(default_factory=LifeView)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One transition of a reconfiguration, as it went; `state`: issued, held, done, failed."""

    component: str
    transition: str
    behaviour: str
    attempt: int
    state: str
    start: datetime
    end: datetime | None
    cause: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastSpan:
    """One transition as it was predicted, in seconds from the start of the reconfiguration."""

    component: str
    transition: str
    start_s: float
    end_s: float
    is_critical: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """What a reconfiguration was to do to a component: add (`+`), remove, change, and why."""

    component: str
    sign: str
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconfigurationView:
    """A reconfiguration with its prediction and, as far as it went, its timeline."""

    id: str
    deployment: str
    kind: ReconfigurationKind
    state: ReconfigurationState
    reason: str | None
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    predicted_s: float | None
    components: tuple[str, ...]
    timeline: tuple[Span, ...] = ()
    forecast: tuple[ForecastSpan, ...] = ()
    rollback: str | None = None
    touched: tuple[Touch, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """A plan, made and simulated, and what it would lead to; nothing has happened."""

    plan: Plan
    application: str
    version: str
    connections: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line of a process's output; `offset` is that of its first byte in the stream."""

    component: str
    replica: int
    stream: str
    offset: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A component as a graph shows it: its tokens, and which of its ports are in use or offered.

    A token is on a place (`places`), about to begin a transition (`docked`), in one (`running`,
    `failed`), or has ended one and waits for those that arrive together (`arrived`).
    """

    name: str
    type: str
    kind: str
    status: str
    places: tuple[str, ...]
    target: tuple[str, ...]
    docked: tuple[str, ...]
    running: tuple[str, ...]
    failed: tuple[str, ...]
    arrived: tuple[str, ...]
    active_ports: tuple[str, ...]
    waiting_for: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AssemblyView:
    """The components of a deployment, their life cycles by name, and how they are connected."""

    types: Mapping[str, ComponentType]
    components: tuple[Standing, ...]
    connections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """A deployment in a list: how it is, and in words why, what it takes and what is going on.

    `ready` of `total` components are up. `usage` is in processors and bytes.
    """

    deployment: DeploymentView
    ready: int = 0
    total: int = 0
    waiting_for: str | None = None
    failed: tuple[str, ...] = ()
    cpus: float | None = None
    memory_mib: int | None = None
    usage: tuple[float, int] | None = None
    reconfiguration: ReconfigurationView | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaUsage:
    """What the processes of a replica use now; `cpus` None until it was looked at twice."""

    index: int
    cpus: float | None
    memory_bytes: int
    processes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentUsage:
    """What a component used, oldest first; `at` in seconds since 1970, None for what is unknown.

    `requests_per_s` are those through the door; `replicas` is how it is now.
    """

    component: str
    at: tuple[float, ...]
    cpus: tuple[float | None, ...]
    memory_bytes: tuple[float | None, ...]
    requests_per_s: tuple[float | None, ...]
    replicas: tuple[ReplicaUsage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsView:
    """What the components of a deployment used, and how long it is between two samples."""

    interval_s: float
    components: tuple[ComponentUsage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerFigures:
    """What a server has and does, counted."""

    deployments: Mapping[str, int]
    components: Mapping[str, int]
    replicas: int
    hosts: Mapping[str, int]
    events: int
    usage: Mapping[tuple[str, str], tuple[float, int]]
