"""What the store keeps, one record a row. Times are aware UTC; mappings are what JSON can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REMOVED = "removed"
"""The state of a deployment of which only the history is left."""

OPEN_COMMANDS = ("issued", "held")
"""The states of a command without an outcome."""

UNFINISHED = ("queued", "running", "paused", "cancelling")
"""The states of a reconfiguration that is not over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentRecord:
    """A deployment: what was last asked for (`document`, `parameters`, `target`) and its state.

    `name` is unique among those that are not removed; `revision` grows with every change that is
    asked for. `readers` are the principals that may look at it, besides its owner; `life` is how
    long it has been up, and for how long yet.
    """

    id: str
    name: str
    application: str
    version: str
    document: str
    parameters: Mapping[str, Any]
    owner: str
    readers: tuple[str, ...] = ()
    state: str
    revision: int
    target: Mapping[str, Any]
    life: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconfigurationRecord:
    """A reconfiguration: what it was asked for, its plan, how far it is."""

    id: str
    deployment: str
    kind: str
    state: str
    document: str | None
    parameters: Mapping[str, Any]
    plan: Mapping[str, Any] | None
    options: Mapping[str, Any]
    requested_by: str
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandRecord:
    """One attempt at a transition.

    `state`: issued, held, done, failed; dropped if its deployment was removed before its end.
    """

    deployment: str
    id: int
    attempt: int
    reconfiguration: str | None
    component: str
    transition: str
    verb: str
    arguments: Mapping[str, Any]
    state: str
    cause: str | None
    issued_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerRecord:
    """A deadline of a wait."""

    deployment: str
    id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to be stored."""

    kind: str
    at: datetime
    component: str | None = None
    reconfiguration: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRecord:
    """A stored event. `id` orders all events, `seq` (from 1, dense) those of a deployment."""

    id: int
    deployment: str | None
    seq: int
    at: datetime
    kind: str
    component: str | None
    reconfiguration: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkingRecord:
    """The engine's state of a deployment after the event `seq`, as the engine wrote it."""

    deployment: str
    seq: int
    snapshot: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HandleRecord:
    """What is needed to find a component's processes again, and what they were started with."""

    deployment: str
    component: str
    runtime_handle: Mapping[str, Any]
    definition: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """All that changes in one transaction of a deployment whose last event is `expected_seq`."""

    events: tuple[NewEvent, ...] = ()
    commands: tuple[CommandRecord, ...] = ()
    timers: tuple[TimerRecord, ...] = ()
    timer_stops: tuple[int, ...] = ()
    handles: tuple[HandleRecord, ...] = ()
    handle_removals: tuple[str, ...] = ()
    reconfigurations: tuple[ReconfigurationRecord, ...] = ()
    deployment: DeploymentRecord | None = None
    marking: MarkingRecord | None = None
    expected_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HostRecord:
    """A host and how it is reached."""

    name: str
    config: Mapping[str, Any]
    created_at: datetime
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """A user. `issuer` and `subject` are who somebody is at an OpenID Connect provider.

    `password_hash` None: no password lets in. What was signed in before `signed_out_at` is not
    any more.
    """

    name: str
    display_name: str = ""
    email: str = ""
    role: str
    is_disabled: bool = False
    password_hash: str | None = field(default=None, repr=False)
    issuer: str | None = None
    subject: str | None = None
    created_at: datetime
    signed_out_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRecord:
    """A group of users."""

    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRecord:
    """That a user is in a group; a manager of it may say who else is."""

    group: str
    user: str
    is_manager: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRecord:
    """A token of a user; of its text only the digest is kept.

    `last_used_at` is exact to a minute or so.
    """

    id: str
    name: str
    user: str
    scopes: tuple[str, ...]
    digest: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRecord:
    """A browser in which somebody is signed in; of its cookie only the digest is kept.

    `via` says how they signed in, `browser` is how it names itself. It is over at `expires_at`,
    whatever happens, and earlier if it is not used.
    """

    id: str
    digest: str
    user: str
    via: str
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketRecord:
    """Something that is good once, or for a while, for one user; of its text the digest is kept."""

    digest: str
    user: str
    purpose: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaRecord:
    """How much a principal may have running; None: as much as they like."""

    subject: str
    deployments: int | None = None
    cpus: float | None = None
    memory_mib: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRecord:
    """A saved configuration: how a user has filled in the form of an application.

    `settings` are parameters as texts. `version` None: the latest; `configuration` is the one of
    the application that the settings are written over, or empty.
    """

    user: str
    application: str
    name: str
    version: str | None
    configuration: str
    settings: Mapping[str, str]
    saved_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """What somebody did or tried to do. `result`: allowed, refused or failed, for that `reason`."""

    id: str
    at: datetime
    user: str
    via: str
    address: str
    action: str
    thing: str
    result: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditQuery:
    """What of the audit trail is looked for; `action` may be the first part of one, `thing` a part.

    From `since` on, and before `until`.
    """

    user: str | None = None
    action: str | None = None
    thing: str | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IdempotencyRecord:
    """What was answered to a request with an idempotency key."""

    key: str
    token: str
    fingerprint: str
    status: int
    body: str
    at: datetime
