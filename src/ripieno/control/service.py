"""The use cases: what the API asks for, checked, and given to those who do it.

Deployments are changed through their supervisors only; everything else goes to the store. The
parts of `Control` that are about hosts and secrets are in `administration`, those about users and
groups in `people`, about tokens in `tokens`, about the audit trail in `audit`.
"""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from ripieno.control import changes, planning, portrait, steering, usage
from ripieno.control import target as targets
from ripieno.control.administration import Administration
from ripieno.control.attempts import Attempts
from ripieno.control.audit import Audit
from ripieno.control.callers import Callers
from ripieno.control.errors import (
    Conflict,
    InvalidRequest,
    NameInUse,
    NotFound,
    RevisionMismatch,
    Unauthenticated,
)
from ripieno.control.hub import Hub
from ripieno.control.identities import Identities
from ripieno.control.ids import deployment_id, reconfiguration_id
from ripieno.control.importing import Images, Importing
from ripieno.control.leading import Leading
from ripieno.control.ledger import Ledger
from ripieno.control.lines import merged
from ripieno.control.metrics import Metrics
from ripieno.control.observation import Observation
from ripieno.control.passes import Passes
from ripieno.control.passwords import Passwords
from ripieno.control.people import People
from ripieno.control.quotas import Quotas
from ripieno.control.reaching import Reaching
from ripieno.control.registry import Registry, latest
from ripieno.control.requests import Change, Decision, OnFailure, Source
from ripieno.control.routes import Routes
from ripieno.control.sessions import SESSION_ID, Sessions
from ripieno.control.sources import with_directory, with_files
from ripieno.control.state import State
from ripieno.control.supervisor import Supervisor
from ripieno.control.target import Target
from ripieno.control.tokens import Tokens
from ripieno.control.trail import Trail
from ripieno.control.views import (
    DeploymentState,
    DeploymentView,
    LogLine,
    Ownership,
    Preview,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
)
from ripieno.control.visitors import Visitors
from ripieno.engine.machine import Machine
from ripieno.identity.base import IdentityProvider
from ripieno.identity.flow import UsedFlows
from ripieno.model import names, parameters, reading_applications
from ripieno.model.access import Caller
from ripieno.model.application import Application
from ripieno.model.component_type import Value
from ripieno.runtimes.base import Runtime
from ripieno.store.records import DeploymentRecord, EventRecord, ReconfigurationRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

REMOVE = ReconfigurationKind.REMOVE.value


class Control(
    Observation,
    Administration,
    Registry,
    Importing,
    People,
    Tokens,
    Quotas,
    Audit,
    Identities,
    Reaching,
):
    """All use cases of a server."""

    def __init__(
        self,
        *,
        store: Store,
        leading: Leading,
        hub: Hub,
        runtime: Runtime,
        callers: Callers,
        metrics: Metrics,
        routes: Routes,
        passes: Passes,
        trail: Trail,
        images: Images,
        provider: IdentityProvider | None = None,
        **others: object,
    ) -> None:
        super().__init__(store=store, leading=leading, **others)  # type: ignore[arg-type]
        self._callers = callers
        self._routes = routes
        self._passes = passes
        self._trail = trail
        self._images = images
        self._passwords = Passwords()
        self._sessions = Sessions(store, callers)
        self.visitors = Visitors(
            routes=routes, passes=passes, callers=callers, sessions=self._sessions
        )
        self._attempts = Attempts()
        self._provider = provider
        self._used_flows = UsedFlows()
        self._leading = leading
        self._ledger = Ledger(store, leading)
        self._hub = hub
        self._metrics = metrics
        self._runtime = runtime

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None, caller: str
    ) -> tuple[DeploymentView, ReconfigurationView]:
        """Make a deployment and begin to bring it up.

        Raises: `NameInUse`; a `ModelError` for what the source says; a `PlanError` if it could
        never come up.
        """
        source = await self._located(source)
        application, values = await self._application(source)
        chosen = name or application.name
        names.check_slug(chosen, "a deployment")
        target = targets.target_of(application, targets.namer({}))
        target = targets.settled(_as_asked(target, source), chosen, self._routes.address)
        self._check_hosts(target)
        _check_images(target)
        await asyncio.to_thread(planning.plan_for, Machine({}), target, {}, name="check")
        if await self._store.deployment_named(chosen) is not None:
            raise NameInUse(
                f"there is a deployment {chosen!r} already; apply the change to it, or give this "
                "one another name"
            )
        now = _now()
        record = DeploymentRecord(
            id=deployment_id(chosen),
            name=chosen,
            application=application.name,
            version=application.version,
            document=application.document,
            parameters=values,
            owner=caller,
            readers=targets.readers(target),
            state=DeploymentState.DEPLOYING.value,
            revision=1,
            target={},
            created_at=now,
            updated_at=now,
        )
        change = Change(kind=ReconfigurationKind.DEPLOY, source=source, on_failure=on_failure)
        wanted = self._reconfiguration(
            record.id, change, target, application.document, values, caller
        )
        quotas = await self._ledger.quotas_of(caller)

        def start() -> tuple[DeploymentView, ReconfigurationView]:
            supervisor.tell("deployment.created", by=caller, application=application.name)
            supervisor.course.begin(wanted, queues=False)
            return self._view(supervisor), portrait.reconfiguration(
                supervisor.state.current or wanted
            )

        use = usage.of_target(target)
        with (
            self._routes.claimed(record.id, target.routes),
            self._ledger.reserve(record.id, name=chosen, owner=caller, use=use, quotas=quotas),
        ):
            supervisor = self._leading.begin(record)
            return await supervisor.ask(start)

    async def preview(self, deployment: str | None, change: Change) -> Preview:
        """The plan for a change; nothing happens. Raises: as `change`."""
        if deployment is None:
            if change.source is None:
                raise InvalidRequest("a plan for a new deployment needs an application")
            source = await self._located(change.source)
            application, _ = await self._application(source)
            target = targets.target_of(application, targets.namer({}))
            target = targets.settled(target, application.name, self._routes.address)
            self._check_hosts(target)
            machine, running = Machine({}), {}
            durations: Mapping[tuple[str, str], float] = {}
            runs: Mapping[str, tuple[str, ...]] = {}
        else:
            supervisor = await self._supervisor(deployment)
            state = supervisor.state
            target, _, _ = await self._target(state, change)
            runs = changes.runs(state.machine, state.target, change)
            machine = await supervisor.ask(lambda: planning.settled(state.machine))
            running = {
                name: held.definition for name, held in state.held.items() if held.definition
            }
            durations = await supervisor.durations()
        plan = await asyncio.to_thread(
            planning.plan_for,
            machine,
            target,
            running,
            name="preview",
            durations=durations,
            runs=runs,
        )
        return Preview(
            plan=plan,
            application=target.application,
            version=target.version,
            connections=planning.connections_after(machine, plan),
            warnings=(*_images(target), *planning.warnings(machine, target, running)),
        )

    async def change(
        self, deployment: str, change: Change, *, caller: str, revision: int | None = None
    ) -> ReconfigurationView:
        """Begin a reconfiguration.

        Raises: `Held` or (with `queues`) nothing while another one runs; `RevisionMismatch`;
        `InvalidRequest`; a `ModelError` for a document; a `PlanError` if there is no plan.
        """
        supervisor = await self._supervisor(deployment)
        state = supervisor.state
        if revision is not None and revision != state.record.revision:
            raise RevisionMismatch(
                f"{state.record.name} is at revision {state.record.revision}, not {revision}; "
                "look at it again, then repeat the change"
            )
        target, document, values = await self._target(state, change)
        _check_images(target)
        runs = changes.runs(state.machine, state.target, change)
        if state.current is None:
            machine = await supervisor.ask(lambda: planning.settled(state.machine))
            running = {
                name: held.definition for name, held in state.held.items() if held.definition
            }
            # So that what has no plan is refused to whoever asks, not later in the events.
            await asyncio.to_thread(
                planning.plan_for, machine, target, running, name="check", runs=runs
            )
        record = self._reconfiguration(state.id, change, target, document, values, caller)
        owner, use = state.record.owner, usage.of_target(target)
        quotas = await self._ledger.quotas_of(owner)

        def begin() -> ReconfigurationView:
            if revision is not None and revision != state.record.revision:
                raise RevisionMismatch(f"{state.record.name} has changed meanwhile; look again")
            supervisor.course.begin(record, queues=change.queues)
            state.put_deployment(revision=state.record.revision + 1, updated_at=_now())
            current = state.current
            is_it = current is not None and current.id == record.id
            return portrait.reconfiguration(current if is_it and current else state.queue[-1])

        with (
            self._routes.claimed(state.id, target.routes),
            self._ledger.reserve(
                state.id, name=state.record.name, owner=owner, use=use, quotas=quotas
            ),
        ):
            return await supervisor.ask(begin)

    async def ownership(self, deployment: str) -> Ownership:
        """Whose a deployment is, be it removed or not. Raises: `NotFound`."""
        supervisor = await self._leading.find(deployment)
        record = (
            await self._deployment_record(deployment)
            if supervisor is None
            else supervisor.state.record
        )
        return Ownership(id=record.id, name=record.name, owner=record.owner, readers=record.readers)

    def owned(self, id: str) -> Ownership | None:
        """Whose a deployment is that has been led here, be it removed meanwhile; at once."""
        return self._leading.owned(id)

    async def renewed(self, caller: Caller) -> Caller:
        """The caller as they are now. Raises: `Unauthenticated` if they would be let in no more."""
        if caller.credential.startswith(SESSION_ID):
            session = await self._sessions.find_by_id(caller.credential)
            if session is None:
                raise Unauthenticated(f"{caller.user} was signed out meanwhile; sign in again")
            return dataclasses.replace(session.caller, address=caller.address)
        return await self._callers.renewed(caller)

    async def deployment(self, name_or_id: str) -> DeploymentView:
        """A deployment with its components. Raises: `NotFound`."""
        supervisor = await self._leading.find(name_or_id)
        if supervisor is not None:
            state = supervisor.state
            asked = {
                name: await self._runtime.status(held.handle)
                for name, held in list(state.held.items())
                if held.handle is not None
                and name in state.machine.failures()
                and held.handle.host not in self._hosts.away()
            }
            return self._routes.shown(portrait.deployment(state, self._hosts.away(), asked))
        return portrait.removed(await self._deployment_record(name_or_id))

    async def deployments(
        self, *, after: str | None, limit: int, seen_by: Caller | None = None
    ) -> tuple[Sequence[DeploymentView], str | None]:
        """Deployments that are there, without their components, and where to go on.

        Those that `seen_by` owns or may read, if that is given.
        """
        records, cursor = await self._store.deployments(after=after, limit=limit, seen_by=seen_by)
        return [self._routes.shown(portrait.summary(each)) for each in records], cursor

    async def reconfiguration(self, id: str) -> ReconfigurationView:
        """A reconfiguration with its timeline. Raises: `NotFound`."""
        record = await self._reconfiguration_record(id)
        return portrait.reconfiguration(record, await self._store.commands_of(id))

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[Sequence[ReconfigurationView], str | None]:
        """The history of a deployment, newest first, without timelines."""
        record = await self._deployment_record(deployment)
        found, cursor = await self._store.reconfigurations(record.id, after=after, limit=limit)
        return [portrait.reconfiguration(each) for each in found], cursor

    async def pause(self, id: str, *, caller: str) -> ReconfigurationView:
        """Begin nothing more of it until it is resumed. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, "pause")

    async def resume(self, id: str, *, caller: str) -> ReconfigurationView:
        """Go on with it. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, "resume")

    async def cancel(self, id: str, *, caller: str) -> ReconfigurationView:
        """End it at the next legal state. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, "cancel")

    async def decide(
        self,
        deployment: str,
        component: str,
        transition: str | None,
        decision: Decision,
        *,
        caller: str,
    ) -> None:
        """Retry, skip or abandon what has failed. Raises: `NotFound`, `Conflict`."""
        supervisor = await self._supervisor(deployment)
        await supervisor.ask(lambda: steering.decide(supervisor, component, transition, decision))

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
        """Output of one component or (None) of all. Raises: `NotFound`."""
        supervisor = await self._supervisor(deployment)
        held = supervisor.state.held
        if component is not None and component not in supervisor.state.machine.core.components:
            raise NotFound(
                f"there is no component {component!r} in {supervisor.state.record.name}; there are "
                f"{', '.join(supervisor.state.machine.core.components) or 'none'}"
            )
        chosen = {
            name: each.handle
            for name, each in held.items()
            if each.handle is not None and component in (None, name)
        }
        streams = {}
        for name, handle in chosen.items():
            assert handle is not None
            if replica is not None:
                replicas = tuple(each for each in handle.replicas if each.slot == replica)
                handle = dataclasses.replace(handle, replicas=replicas)
            streams[name] = self._runtime.logs(handle, follow=follow, since=since, tail=tail)
        async with aclosing(merged(streams, together=follow)) as lines:
            async for name, line in lines:
                yield LogLine(
                    component=name,
                    replica=line.slot,
                    stream=line.stream,
                    offset=line.offset,
                    text=line.text,
                )

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
        """Stored events after an id, oldest first; of what `owner` has, if one is named.

        Raises: `NotFound`.
        """
        id = None
        if deployment is not None:
            id = (await self._deployment_record(deployment)).id
        return await self._store.events(
            deployment=id,
            after=after,
            limit=limit,
            component=component,
            kind=kind,
            owner=owner,
        )

    async def stream(
        self, *, deployment: str | None, after: int | None
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Events as they come, from after an id on (None: from now). Raises: `NotFound`."""
        id = None
        if deployment is not None:
            id = (await self._deployment_record(deployment)).id
        async with aclosing(self._hub.stream(after=after, deployment=id)) as batches:
            async for batch in batches:
                yield batch

    async def last_event_id(self) -> int:
        """The id of the newest event."""
        return await self._store.last_event_id()

    async def _located(self, source: Source) -> Source:
        """The source with the document that it means, and the files that are kept of it."""
        if source.document is not None:
            return source
        if source.application is None:
            raise InvalidRequest("give an application's document, or the name of one")
        found = await self.registered(source.application, source.version)
        stored = found.version if source.version is not None else latest(found)
        return dataclasses.replace(source, document=stored.document, files=stored.files)

    async def _application(self, source: Source) -> tuple[Application, dict[str, Value]]:
        """The application that a located source means, resolved, and the values it was given."""
        assert source.document is not None
        application = reading_applications.application(source.document)
        values = {
            **source.parameters,
            **parameters.parse_settings(application.parameters, source.settings),
        }
        resolved = reading_applications.resolve(
            application, values, configuration=source.configuration
        )
        if source.files is not None:
            resolved = with_files(resolved, source.files)
        elif source.directory is not None:
            resolved = with_directory(resolved, source.directory)
        return resolved, values

    async def _target(
        self, state: State, change: Change
    ) -> tuple[Target, str | None, dict[str, Value]]:
        """What a change makes of a deployment's target, and the document it comes from."""
        base = state.target
        if state.queue or state.current is not None:
            last = state.queue[-1] if state.queue else state.current
            assert last is not None
            base = targets.from_json(last.options["target"])
        match change.kind:
            case ReconfigurationKind.APPLY if change.returns_to is not None:
                if change.source is not None:
                    raise InvalidRequest(
                        "going back is to all that was then; apply other parameters afterwards"
                    )
                return await self._earlier(state, change.returns_to)
            case ReconfigurationKind.APPLY:
                source = change.source or Source()
                if source.document is None and source.application is None:
                    source = dataclasses.replace(
                        source,
                        document=state.record.document,
                        directory=source.directory or state.target.directory,
                        files=None if source.directory else state.target.files,
                        configuration=state.target.configuration
                        if source.configuration is None
                        else source.configuration,
                        parameters={**state.record.parameters, **source.parameters},
                    )
                source = await self._located(source)
                application, values = await self._application(source)
                target = targets.target_of(application, targets.namer(state.machine.core.types))
                target = _as_asked(target, source)
                target = targets.settled(target, state.record.name, self._routes.address)
                self._check_hosts(target)
                return target, application.document, values
            case ReconfigurationKind.REMOVE:
                return Target(), None, {}
            case _:
                return changes.changed(state.machine, base, change), None, {}

    async def _earlier(self, state: State, id: str) -> tuple[Target, str | None, dict[str, Value]]:
        """What a deployment was to be after one of its reconfigurations, and what told it so."""
        record = await self._reconfiguration_record(id)
        is_good = record.state == ReconfigurationState.COMPLETED.value
        if record.deployment != state.id or not is_good or record.kind == REMOVE:
            raise InvalidRequest(
                f"{state.record.name} cannot go back to {id}; name one of its own "
                f"reconfigurations that has completed: ripieno history {state.record.name}"
            )
        target = targets.renamed(
            targets.from_json(record.options["target"]), targets.namer(state.machine.core.types)
        )
        self._check_hosts(target)
        cursor: str | None = None
        while True:
            page, cursor = await self._store.reconfigurations(state.id, after=cursor, limit=100)
            for each in page:
                is_before = each.created_at <= record.created_at
                is_done = each.state == ReconfigurationState.COMPLETED.value
                if each.document is not None and is_before and is_done:
                    return target, each.document, dict(each.parameters)
            if cursor is None:
                return target, state.record.document, dict(state.record.parameters)

    def _reconfiguration(
        self,
        deployment: str,
        change: Change,
        target: Target,
        document: str | None,
        values: Mapping[str, Value],
        caller: str,
    ) -> ReconfigurationRecord:
        on_failure = change.on_failure
        if on_failure is None:
            updates = (ReconfigurationKind.APPLY, ReconfigurationKind.SCALE)
            on_failure = OnFailure.ROLLBACK if change.kind in updates else OnFailure.KEEP
        return ReconfigurationRecord(
            id=reconfiguration_id(),
            deployment=deployment,
            kind=change.kind.value,
            state=ReconfigurationState.RUNNING.value,
            document=document,
            parameters=dict(values),
            plan=None,
            options={
                "target": targets.to_json(target),
                "on_failure": on_failure.value,
                "components": list(change.components),
                "replicas": dict(change.replicas),
            },
            requested_by=caller,
            reason=None,
            created_at=_now(),
            started_at=None,
            ended_at=None,
        )

    async def _steer(self, id: str, verb: str) -> ReconfigurationView:
        record = await self._reconfiguration_record(id)
        supervisor = await self._leading.find(record.deployment)
        if supervisor is None:
            raise Conflict(f"reconfiguration {id} is {record.state}; it cannot be changed")
        work = {
            "pause": steering.pause,
            "resume": steering.resume,
            "cancel": steering.cancel,
        }[verb]
        await supervisor.ask(lambda: work(supervisor, id))
        return await self.reconfiguration(id)

    def _check_hosts(self, target: Target) -> None:
        for wanted in target.components.values():
            self._hosts.host(wanted.definition.host)

    def _view(self, supervisor: Supervisor) -> DeploymentView:
        return self._routes.shown(portrait.deployment(supervisor.state, self._hosts.away()))

    async def _supervisor(self, name_or_id: str) -> Supervisor:
        supervisor = await self._leading.find(name_or_id)
        if supervisor is None:
            record = await self._deployment_record(name_or_id)
            problem = self._leading.not_led.get(record.id)
            if problem is not None:
                raise Conflict(
                    f"deployment {record.name} ({record.id}) could not be taken up: {problem}; "
                    "what it runs goes on; see the server's log"
                )
            raise Conflict(f"deployment {record.name} ({record.id}) was removed")
        return supervisor

    async def _deployment_record(self, name_or_id: str) -> DeploymentRecord:
        found = await self._store.deployment_named(name_or_id)
        found = found or await self._store.deployment(name_or_id)
        if found is None:
            raise NotFound(f"there is no deployment {name_or_id!r}; see ripieno status")
        return found

    async def _reconfiguration_record(self, id: str) -> ReconfigurationRecord:
        record = await self._store.reconfiguration(id)
        if record is None:
            raise NotFound(f"there is no reconfiguration {id!r}; see ripieno history DEPLOYMENT")
        return record


def _as_asked(target: Target, source: Source) -> Target:
    """The target with what it cannot know: how its application was asked for."""
    return dataclasses.replace(
        target,
        configuration=source.configuration or "",
        directory=source.directory,
        files=source.files,
    )


def _images(target: Target) -> list[str]:
    """The components that no host can run, in words."""
    return [
        f"{name} runs the image {wanted.definition.workload.image}, and host "
        f"{wanted.definition.host} runs commands; give it a command instead of an image"
        for name, wanted in target.components.items()
        if wanted.definition.workload is not None and wanted.definition.workload.image is not None
    ]


def _check_images(target: Target) -> None:
    found = _images(target)
    if found:
        raise InvalidRequest(found[0])


def _last_document(state: State) -> DeploymentRecord | ReconfigurationRecord:
    """Who has the document that was asked for last, be it on its way only."""
    pending = [*reversed(state.queue), *([state.current] if state.current else [])]
    return next((each for each in pending if each.document is not None), state.record)


def _now() -> datetime:
    return datetime.now(UTC)
