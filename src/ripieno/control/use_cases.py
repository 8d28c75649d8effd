"""What the gate needs of `control.service`: the one contract between the two.

`Control` fulfils it in a server, a small one in memory does in tests. Nothing here asks who may do
what: `caller` is only written down. The edges are given a gate, which asks.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ripieno.control.host_views import Finding, HostView, RuntimeView
from ripieno.control.import_cases import ImportCases
from ripieno.control.people_cases import PeopleCases
from ripieno.control.registry_cases import RegistryCases
from ripieno.control.requests import Change, Decision, OnFailure, Source
from ripieno.control.saving_cases import SavingCases
from ripieno.control.scraping import ScrapeTarget
from ripieno.control.sessions import Origin, Session
from ripieno.control.signing_in import Link, SignedIn
from ripieno.control.views import (
    AssemblyView,
    DeploymentView,
    Glance,
    LogLine,
    MetricsView,
    Ownership,
    Preview,
    ReconfigurationView,
    RouteView,
    ServerFigures,
)
from ripieno.model.access import Caller
from ripieno.model.host import HostConfig
from ripieno.store.records import (
    EventRecord,
    IdempotencyRecord,
    SessionRecord,
)


class UseCases(PeopleCases, RegistryCases, SavingCases, ImportCases, Protocol):
    """All that can be asked of a server; `caller` is the name of the user who asks.

    Raises: the errors of `control.errors`, and those of the layers below; `api.problems` has the
    table of what they become.
    """

    async def ownership(self, deployment: str) -> Ownership:
        """Whose a deployment is, by its name or id. Raises: NotFound."""
        ...

    def owned(self, id: str) -> Ownership | None:
        """Whose a deployment is that something happens to, at once; None: nobody knows."""
        ...

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None, caller: str
    ) -> tuple[DeploymentView, ReconfigurationView]:
        """Accept a new deployment, which is brought up from then on."""
        ...

    async def preview(self, deployment: str | None, change: Change) -> Preview:
        """Plan a change, or a new deployment (None) from `change.source`."""
        ...

    async def change(
        self, deployment: str, change: Change, *, caller: str, revision: int | None = None
    ) -> ReconfigurationView:
        """Accept a change of a deployment, if it is (still) at `revision`."""
        ...

    async def deployment(self, name_or_id: str) -> DeploymentView:
        """How a deployment is."""
        ...

    async def deployments(
        self, *, after: str | None, limit: int, seen_by: Caller | None = None
    ) -> tuple[Sequence[DeploymentView], str | None]:
        """A page of deployments without their components, and the cursor of the next.

        Those that `seen_by` owns or may read, if that is given.
        """
        ...

    async def glances(
        self, *, owner: str | None, text: str, after: str | None, limit: int
    ) -> tuple[Sequence[Glance], str | None]:
        """A page of deployments at a glance: those of an owner in which a text occurs."""
        ...

    async def assembly(self, deployment: str) -> AssemblyView:
        """The components of a deployment as a graph shows them."""
        ...

    async def metrics(self, deployment: str, *, since: datetime | None) -> MetricsView:
        """What the components of a deployment used since then."""
        ...

    async def scrape_targets(self, tcp_port: str) -> Sequence[ScrapeTarget]:
        """Where all replicas that run are reached under a tcp_port's name."""
        ...

    async def figures(self) -> ServerFigures:
        """What the server has and does, counted."""
        ...

    def ticks(self, deployment: str | None) -> AsyncIterator[int]:
        """The id of the latest event of a deployment (None: of any), whenever there is one."""
        ...

    async def reconfiguration(self, id: str) -> ReconfigurationView:
        """How far a reconfiguration is."""
        ...

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[Sequence[ReconfigurationView], str | None]:
        """A page of what was asked of a deployment, the newest first."""
        ...

    async def pause(self, id: str, *, caller: str) -> ReconfigurationView:
        """Begin no further transition."""
        ...

    async def resume(self, id: str, *, caller: str) -> ReconfigurationView:
        """Go on with one that is paused."""
        ...

    async def cancel(self, id: str, *, caller: str) -> ReconfigurationView:
        """Give up what is left of it."""
        ...

    async def decide(
        self,
        deployment: str,
        component: str,
        transition: str,
        decision: Decision,
        *,
        caller: str,
    ) -> None:
        """Do something about a failed transition."""
        ...

    def logs(
        self,
        deployment: str,
        *,
        component: str | None,
        replica: int | None,
        follow: bool,
        since: datetime | None,
        tail: int | None,
    ) -> AsyncIterator[LogLine]:
        """Lines that were printed; errors are raised when the first is asked for."""
        ...

    async def events(
        self,
        *,
        deployment: str | None,
        after: int,
        limit: int,
        component: str | None,
        kind: str | None,
        owner: str | None = None,
    ) -> Sequence[EventRecord]:
        """Events after the one with the id `after`, the oldest first.

        Those of what `owner` has, if one is named.
        """
        ...

    def stream(
        self, *, deployment: str | None, after: int | None
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Batches of events after one (None: from now on), as they are committed."""
        ...

    async def last_event_id(self) -> int:
        """The id of the latest event, 0 if there is none."""
        ...

    async def routes(self) -> Sequence[RouteView]:
        """All routes by name."""
        ...

    async def routes_of(self, deployment: str) -> Sequence[RouteView]:
        """The routes of a deployment, in the order of its application."""
        ...

    async def route(self, name: str) -> RouteView:
        """A route."""
        ...

    async def hand_over(self, name: str, path: str | None, *, caller: Caller) -> str:
        """An address that lets the caller's browser in at a route, once and for some seconds."""
        ...

    async def wake(self, route: str, *, caller: Caller) -> None:
        """Start what was stopped because nobody visited it, as a visit would."""
        ...

    async def extend(self, deployment: str, hours: float, *, caller: str) -> None:
        """Let a deployment live for so much longer."""
        ...

    async def hosts(self) -> Sequence[HostView]:
        """All hosts."""
        ...

    async def runtimes(self) -> Sequence[RuntimeView]:
        """All ways to run components, be there hosts for them or not."""
        ...

    async def host(self, name: str) -> HostView:
        """A host."""
        ...

    async def add_host(self, config: HostConfig, *, trust: str | None, caller: str) -> HostView:
        """Add a host, trusting a key by its fingerprint, or (`first`) the one it shows."""
        ...

    async def check_host(self, name: str) -> HostView:
        """Look whether a host is well."""
        ...

    async def remove_host(self, name: str, *, caller: str) -> None:
        """Forget a host."""
        ...

    async def scan_host(self, config: HostConfig) -> tuple[str, str]:
        """The fingerprint of the key that a host shows, and its known_hosts line."""
        ...

    async def secrets(self) -> Sequence[str]:
        """The names of all secrets."""
        ...

    async def set_secret(self, name: str, value: str, *, caller: str) -> None:
        """Set a secret."""
        ...

    async def remove_secret(self, name: str, *, caller: str) -> None:
        """Remove a secret."""
        ...

    async def session(self, cookie: str) -> Session | None:
        """The session of a browser, None if it is not good any more."""
        ...

    async def session_caller(self, cookie: str) -> Caller | None:
        """Who is signed in where this cookie comes from."""
        ...

    async def session_caller_by_id(self, id: str) -> Caller | None:
        """Who is signed in, by the id of the session; None once it is over."""
        ...

    async def sign_in(
        self, user: str, password: str, *, origin: Origin, browser: str | None = None
    ) -> SignedIn:
        """Begin a session by a password; `browser` is what the last one left in the browser."""
        ...

    async def link(self, text: str) -> Link:
        """Look at a one-time link, which stays good."""
        ...

    async def sign_in_by_link(self, text: str, *, origin: Origin) -> SignedIn:
        """Begin a session by a one-time link."""
        ...

    async def provider_label(self) -> str | None:
        """What the provider of identities is called, None if there is none."""
        ...

    async def ask_provider(self, *, back: str) -> tuple[str, str]:
        """Where to send a browser, and what it is to keep until it is at the address `back`."""
        ...

    async def sign_in_by_provider(
        self, kept: str, answer: Mapping[str, str], *, back: str, origin: Origin
    ) -> SignedIn:
        """Begin a session for whoever comes back with that answer."""
        ...

    async def leave_provider(self, user: str, *, back: str) -> str | None:
        """Where a user can sign out of the provider too; None: they are not from there."""
        ...

    async def sign_out(self, session: str, *, caller: str) -> None:
        """End a session of the caller."""
        ...

    async def sessions(self, *, caller: str) -> Sequence[SessionRecord]:
        """The sessions of the caller, the last used one first."""
        ...

    async def create_sign_in_link(self, user: str, *, caller: str) -> tuple[str, datetime]:
        """A text that lets a user in once, and until when."""
        ...

    async def change_password(
        self, old: str | None, new: str, *, session: Session, origin: Origin
    ) -> SignedIn:
        """Give the user of a session another password, and the browser another session."""
        ...

    async def doctor(self) -> Sequence[Finding]:
        """What is well and what is not."""
        ...

    async def recall(self, key: str, *, caller: str) -> IdempotencyRecord | None:
        """The answer that is kept for an Idempotency-Key of this caller."""
        ...

    async def remember(self, record: IdempotencyRecord) -> None:
        """Keep an answer."""
        ...
