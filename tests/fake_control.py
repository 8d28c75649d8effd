"""A control in memory, with as many rules as the tests of the HTTP edge need."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ripieno.control import missing
from ripieno.control.errors import (
    Conflict,
    Held,
    InvalidRequest,
    NameInUse,
    NotFound,
    RevisionMismatch,
)
from ripieno.control.host_views import Finding, HostView, Load, RuntimeView
from ripieno.control.importing import Importing
from ripieno.control.requests import Change, Decision, OnFailure, Source
from ripieno.control.scraping import ScrapeTarget
from ripieno.control.views import (
    AssemblyView,
    ComponentView,
    DeploymentState,
    DeploymentView,
    Glance,
    LogLine,
    MetricsView,
    Ownership,
    Preview,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
    ReplicaView,
    RouteView,
    ServerFigures,
)
from ripieno.images.errors import ImageNotFound
from ripieno.model.access import Caller
from ripieno.model.errors import DocumentError
from ripieno.model.host import HostConfig
from ripieno.model.image import ImageMetadata
from ripieno.model.plan import Plan
from ripieno.model.program import Outcome, Program
from ripieno.model.simulation import PhaseReport
from ripieno.runtimes.errors import HostUnreachable
from ripieno.store.records import EventRecord, IdempotencyRecord
from ripieno.store.registered import Found, Search
from tests.fake_people import NOW, TOKEN, FakePeople
from tests.fake_registry import FakeRegistry
from tests.fake_signing_in import FakeSigningIn

__all__ = ["NOW", "TOKEN", "FakeControl"]

WEB = ComponentView(
    name="web",
    type="service",
    kind="service",
    status="idle",
    places=("ready",),
    target=("ready",),
    behaviour=None,
    transitions=(),
    host="local",
    replicas=(
        ReplicaView(
            index=0, host="local", pid=42, state="running", tcp_ports={"http": 8080}, started_at=NOW
        ),
    ),
    wanted_replicas=1,
    addresses={"http": "http://127.0.0.1:8080"},
    failure=None,
    waiting_for=None,
    restarts=0,
    restart_at=None,
    lost=(),
)


class FakeImages:
    """A registry that has one image."""

    async def read(self, name: str) -> ImageMetadata:
        if "viewer" not in name:
            raise ImageNotFound(f"the registry has not {name}")
        return ImageMetadata(
            name=name,
            digest="sha256:" + "a" * 64,
            labels={"org.opencontainers.image.title": "Viewer"},
            exposed_ports=((8080, "tcp"),),
        )


class FakeControl(FakePeople, FakeSigningIn, FakeRegistry, Importing):
    """Deployments that run as soon as they are asked for, hosts that are always there."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, DeploymentView] = {}
        self.removed: list[DeploymentView] = []
        self.asked: dict[str, ReconfigurationView] = {}
        self.records: list[EventRecord] = []
        self.machines: dict[str, HostView] = {}
        self.ways: dict[str, RouteView] = {}
        self.woken: list[str] = []
        self.values: dict[str, str] = {}
        self.kept: dict[tuple[str, str], IdempotencyRecord] = {}
        self.lines: list[LogLine] = []
        self.error: Exception | None = None  # raised by the next use case that looks
        self.gate = asyncio.Event()  # what deploy waits for
        self.gate.set()
        self.waits_at_gate = asyncio.Event()
        self.first_read = asyncio.Event()  # somebody has asked where events begin
        self.logs_ended = asyncio.Event()
        self.lines_told = 0
        self.fails_at_line: int | None = None
        self.changes: list[Change] = []
        self.has_new = asyncio.Event()
        self.reads_of_events = 0
        self.graph = AssemblyView(types={}, components=(), connections=())
        self._images = FakeImages()
        self.used = MetricsView(interval_s=5.0, components=())

    def record(
        self,
        kind: str = "noted",
        *,
        deployment: str | None = None,
        component: str | None = None,
        data: Mapping[str, object] | None = None,
        count: int = 1,
    ) -> list[EventRecord]:
        """Let events happen."""
        batch = []
        for _ in range(count):
            id = len(self.records) + 1
            batch.append(
                EventRecord(
                    id=id,
                    deployment=deployment,
                    seq=id,
                    at=NOW,
                    kind=kind,
                    component=component,
                    reconfiguration=None,
                    data=dict(data or {}),
                )
            )
            self.records.append(batch[-1])
        has_new, self.has_new = self.has_new, asyncio.Event()
        has_new.set()
        return batch

    def _look(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    async def ownership(self, deployment: str) -> Ownership:
        self._look()
        for view in (*self.names.values(), *self.removed):
            if deployment in (view.id, view.name):
                return Ownership(id=view.id, name=view.name, owner=view.owner, readers=view.readers)
        raise missing.deployment(deployment)

    def owned(self, id: str) -> Ownership | None:
        owner = self._owner_of(id)
        return None if owner is None else Ownership(id=id, name=id, owner=owner)

    def _owner_of(self, deployment: str | None) -> str | None:
        views = (*self.names.values(), *self.removed)
        return next((each.owner for each in views if each.id == deployment), None)

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None, caller: str
    ) -> tuple[DeploymentView, ReconfigurationView]:
        self._look()
        self.waits_at_gate.set()
        await self.gate.wait()
        self._check(source)
        name = name or f"deployment-{len(self.names) + 1}"
        if name in self.names:
            raise NameInUse(f"there is a deployment {name}; take another name")
        view = DeploymentView(
            id=f"d-{len(self.names) + 1}",
            name=name,
            application=source.application or "hello",
            version=source.version or "1.0.0",
            owner=caller,
            state=DeploymentState.RUNNING,
            reason=None,
            revision=1,
            parameters=source.parameters,
            created_at=NOW,
            updated_at=NOW,
            reconfiguration=None,
            components=(WEB,),
            connections=(("web.store", "store.sql"),),
            document=source.document or "",
        )
        self.names[name] = view
        return view, self._ask(view, ReconfigurationKind.DEPLOY, caller)

    async def deploy_hello(self, name: str) -> tuple[DeploymentView, ReconfigurationView]:
        """A deployment to begin a test with."""
        source = Source(document="name: hello")
        return await self.deploy(source, name=name, on_failure=None, caller="alice")

    def _ask(
        self, view: DeploymentView, kind: ReconfigurationKind, caller: str
    ) -> ReconfigurationView:
        asked = ReconfigurationView(
            id=f"r-{len(self.asked) + 1}",
            deployment=view.id,
            kind=kind,
            state=ReconfigurationState.RUNNING,
            reason=None,
            requested_by=caller,
            created_at=NOW,
            started_at=NOW,
            ended_at=None,
            predicted_s=3.5,
            components=("web",),
        )
        self.asked[asked.id] = asked
        self.record("asked", deployment=view.id, data={"kind": kind.value})
        return asked

    def _check(self, source: Source | None) -> None:
        if source is None:
            return
        if source.document is not None and source.application is not None:
            raise InvalidRequest("give a document or the name of an application, not both")
        if source.document is not None and not source.document.startswith("name:"):
            raise DocumentError("a document begins with a name", line=1, field="name")

    def _empty_plan(self) -> Plan:
        return Plan(
            program=Program(name="", instructions=()),
            touched=(),
            untouched_count=1,
            forecast=PhaseReport(
                name="",
                outcome=Outcome.COMPLETES,
                makespan_s=0.0,
                timeline={},
                final={},
                critical_path=(),
                reason=None,
            ),
        )

    async def preview(self, deployment: str | None, change: Change) -> Preview:
        self._look()
        if deployment is not None:
            await self.deployment(deployment)
        self._check(change.source)
        return Preview(
            plan=self._empty_plan(),
            application="hello",
            version="1.0.0",
            connections=(("web.store", "store.sql"),),
            warnings=("nothing to do",),
        )

    async def change(
        self, deployment: str, change: Change, *, caller: str, revision: int | None = None
    ) -> ReconfigurationView:
        self._look()
        view = await self.deployment(deployment)
        self._check(change.source)
        self.changes.append(change)
        if revision is not None and revision != view.revision:
            raise RevisionMismatch(f"{view.name} is at revision {view.revision}; look again")
        if change.kind is ReconfigurationKind.SCALE and not change.replicas:
            raise InvalidRequest("say which component is to have how many replicas")
        if change.kind is ReconfigurationKind.ROLLBACK:
            raise Held(f"r-1 holds {view.name}; wait for it or ask with queue")
        if change.kind is ReconfigurationKind.REMOVE:
            self.removed.append(self.names.pop(view.name))
        else:
            self.names[view.name] = replace(view, revision=view.revision + 1)
        return self._ask(view, change.kind, caller)

    async def deployment(self, name_or_id: str) -> DeploymentView:
        self._look()
        for view in self.names.values():
            if name_or_id in (view.id, view.name):
                return view
        raise missing.deployment(name_or_id)

    async def deployments(
        self, *, after: str | None, limit: int, seen_by: Caller | None = None
    ) -> tuple[Sequence[DeploymentView], str | None]:
        self._look()
        if after is not None and not after.startswith("c-"):
            raise InvalidRequest("after is not a cursor")
        names = sorted(
            name
            for name, view in self.names.items()
            if (after is None or name > after[2:])
            and (seen_by is None or seen_by.user == view.owner)
        )
        page = [replace(self.names[name], components=(), document="") for name in names[:limit]]
        return page, f"c-{names[limit - 1]}" if len(names) > limit else None

    async def glances(
        self, *, owner: str | None, text: str, after: str | None, limit: int
    ) -> tuple[Sequence[Glance], str | None]:
        self._look()
        names = sorted(
            name
            for name, view in self.names.items()
            if owner in (None, view.owner)
            and any(text.casefold() in each for each in (name, view.application, view.owner))
            and (after is None or name > after)
        )
        page = []
        for name in names[:limit]:
            view = self.names[name]
            under_way = None if view.reconfiguration is None else self.asked[view.reconfiguration]
            ways = tuple(each for each in self.ways.values() if each.deployment == name)
            view = replace(view, routes=ways or view.routes)
            page.append(
                Glance(
                    deployment=view,
                    ready=sum("ready" in each.places for each in view.components),
                    total=len(view.components),
                    waiting_for=next(
                        (e.waiting_for for e in view.components if e.waiting_for), None
                    ),
                    failed=tuple(each.name for each in view.components if each.failure),
                    cpus=0.5,
                    memory_mib=256,
                    usage=(0.25, 64 * 2**20),
                    reconfiguration=under_way,
                )
            )
        return page, names[limit - 1] if len(names) > limit else None

    async def assembly(self, deployment: str) -> AssemblyView:
        await self.deployment(deployment)
        return self.graph

    async def metrics(self, deployment: str, *, since: datetime | None) -> MetricsView:
        await self.deployment(deployment)
        return self.used

    async def scrape_targets(self, tcp_port: str) -> Sequence[ScrapeTarget]:
        self._look()
        return [
            ScrapeTarget(
                address=f"127.0.0.1:{each.tcp_ports[tcp_port]}",
                deployment=view.name,
                owner=view.owner,
                readers=view.readers,
                application=view.application,
                component=component.name,
                replica=each.index,
                host=each.host,
            )
            for view in self.names.values()
            for component in view.components
            for each in component.replicas
            if tcp_port in each.tcp_ports
        ]

    async def figures(self) -> ServerFigures:
        self._look()
        return ServerFigures(
            deployments={"running": len(self.names)},
            components={"idle": len(self.names)},
            replicas=len(self.names),
            hosts={"connected": 1},
            events=len(self.records),
            usage={("shop", "web"): (0.25, 1024)},
        )

    async def ticks(self, deployment: str | None) -> AsyncIterator[int]:
        async for batch in self.stream(deployment=deployment, after=None):
            if any(deployment in (None, each.deployment) for each in batch):
                yield batch[-1].id

    async def reconfiguration(self, id: str) -> ReconfigurationView:
        self._look()
        if id not in self.asked:
            raise missing.reconfiguration(id)
        return self.asked[id]

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[Sequence[ReconfigurationView], str | None]:
        view = await self.deployment(deployment)
        return [each for each in self.asked.values() if each.deployment == view.id][:limit], None

    async def pause(self, id: str, *, caller: str) -> ReconfigurationView:
        return await self._turn(id, ReconfigurationState.PAUSED)

    async def resume(self, id: str, *, caller: str) -> ReconfigurationView:
        return await self._turn(id, ReconfigurationState.RUNNING)

    async def cancel(self, id: str, *, caller: str) -> ReconfigurationView:
        return await self._turn(id, ReconfigurationState.CANCELLED)

    async def _turn(self, id: str, state: ReconfigurationState) -> ReconfigurationView:
        view = await self.reconfiguration(id)
        if view.state.is_over or view.state is state:
            raise Conflict(f"{id} is {view.state.value}")
        self.asked[id] = replace(view, state=state)
        return self.asked[id]

    async def decide(
        self,
        deployment: str,
        component: str,
        transition: str,
        decision: Decision,
        *,
        caller: str,
    ) -> None:
        view = await self.deployment(deployment)
        if component not in (each.name for each in view.components):
            raise NotFound(f"{view.name} has no component {component}")
        raise Conflict(f"{transition} of {component} has not failed")

    async def logs(
        self,
        deployment: str,
        *,
        component: str | None,
        replica: int | None,
        follow: bool,
        since: datetime | None,
        tail: int | None,
    ) -> AsyncIterator[LogLine]:
        await self.deployment(deployment)
        told = 0
        try:
            while True:
                while told < len(self.lines):
                    self._look()
                    if told == self.fails_at_line:
                        raise HostUnreachable("it does not answer", host="node-1")
                    line = self.lines[told]
                    told += 1
                    self.lines_told = told
                    if component in (None, line.component):
                        yield line
                self._look()
                if not follow:
                    return
                await self.has_new.wait()
        finally:
            self.logs_ended.set()

    def print(self, text: str) -> None:
        """Let a component print a line."""
        offset = self.lines[-1].offset + len(self.lines[-1].text) + 1 if self.lines else 0
        self.lines.append(
            LogLine(component="web", replica=0, stream="stdout", offset=offset, text=text)
        )
        has_new, self.has_new = self.has_new, asyncio.Event()
        has_new.set()

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
        self._look()
        self.reads_of_events += 1
        if deployment is not None:
            deployment = (await self.deployment(deployment)).id
        found = (
            each
            for each in self.records[after:]
            if deployment in (None, each.deployment)
            and component in (None, each.component)
            and kind in (None, each.kind)
            and (owner is None or self._owner_of(each.deployment) == owner)
        )
        return [each for each, _ in zip(found, range(limit), strict=False)]

    async def stream(
        self, *, deployment: str | None, after: int | None
    ) -> AsyncIterator[Sequence[EventRecord]]:
        place = len(self.records) if after is None else after
        while True:
            has_new = self.has_new
            if batch := self.records[place:]:
                place = batch[-1].id
                yield batch
            else:
                await has_new.wait()
                self._look()

    async def last_event_id(self) -> int:
        self._look()
        self.first_read.set()
        return len(self.records)

    async def routes(self) -> Sequence[RouteView]:
        self._look()
        return list(self.ways.values())

    async def routes_of(self, deployment: str) -> Sequence[RouteView]:
        names = {each.name for each in self.names.values() if each.id == deployment}
        return [each for each in self.ways.values() if each.deployment in names]

    async def route(self, name: str) -> RouteView:
        self._look()
        if name not in self.ways:
            raise missing.route(name)
        return self.ways[name]

    async def hand_over(self, name: str, path: str | None, *, caller: Caller) -> str:
        return f"{self.ways[name].url}.ripieno/enter?ticket=t{path or ''}"

    async def wake(self, route: str, *, caller: Caller) -> None:
        self.woken.append(route)

    async def extend(self, deployment: str, hours: float, *, caller: str) -> None:
        view = await self.deployment(deployment)
        if view.life.ends_at is None:
            raise Conflict(f"{view.name} has no life time")
        ends_at = view.life.ends_at + timedelta(hours=hours)
        life = replace(view.life, ends_at=ends_at, is_ending=False)
        self.names[view.name] = replace(view, life=life)

    async def search(self, search: Search) -> Found:
        self._look()
        return await super().search(search)

    async def runtimes(self) -> Sequence[RuntimeView]:
        self._look()
        return [
            RuntimeView(
                name="ssh",
                hosts=tuple(self.machines),
                abilities={"commands": True, "images": False},
                load=Load(components=1, replicas=2, cpus=0.5, memory_mib=256, used_cpus=0.25),
            )
        ]

    async def hosts(self) -> Sequence[HostView]:
        self._look()
        return list(self.machines.values())

    async def host(self, name: str) -> HostView:
        self._look()
        if name not in self.machines:
            raise NotFound(f"there is no host {name}")
        return self.machines[name]

    async def add_host(self, config: HostConfig, *, trust: str | None, caller: str) -> HostView:
        self._look()
        self.machines[config.name] = HostView(
            name=config.name,
            kind=config.kind.value,
            address=config.address,
            directory=config.directory,
            state="connected",
            components=0,
            facts={"cpus": 2},
            fingerprint=trust,
        )
        return self.machines[config.name]

    async def check_host(self, name: str) -> HostView:
        return await self.host(name)

    async def remove_host(self, name: str, *, caller: str) -> None:
        await self.host(name)
        del self.machines[name]

    async def scan_host(self, config: HostConfig) -> tuple[str, str]:
        self._look()
        return "SHA256:abc", f"{config.address} ssh-ed25519 AAAA"

    async def secrets(self) -> Sequence[str]:
        self._look()
        return sorted(self.values)

    async def set_secret(self, name: str, value: str, *, caller: str) -> None:
        self._look()
        self.values[name] = value

    async def remove_secret(self, name: str, *, caller: str) -> None:
        self._look()
        if self.values.pop(name, None) is None:
            raise NotFound(f"there is no secret {name}")

    async def doctor(self) -> Sequence[Finding]:
        self._look()
        return [
            Finding(subject="store", is_well=True, said="it answers"),
            Finding(subject="clock", is_well=False, said="it is slow", remedy="set it"),
        ]

    async def recall(self, key: str, *, caller: str) -> IdempotencyRecord | None:
        return self.kept.get((caller, key))

    async def remember(self, record: IdempotencyRecord) -> None:
        self.kept[record.token, record.key] = record
