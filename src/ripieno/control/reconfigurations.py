"""Use cases that change a deployment: deploy, plan, change, steer what runs, decide what failed.

A deployment is changed by its supervisor only; here a change is checked, and given to it.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ripieno.control import changes, planning, portrait, steering, targeting, usage
from ripieno.control import target as targets
from ripieno.control.deployments import Deployments
from ripieno.control.errors import (
    Conflict,
    InvalidRequest,
    NameInUse,
    RevisionMismatch,
)
from ripieno.control.ids import deployment_id, reconfiguration_id
from ripieno.control.ledger import Ledger
from ripieno.control.prompt import Prompt
from ripieno.control.requests import Change, Decision, OnFailure, Source
from ripieno.control.supervisor import Supervisor
from ripieno.control.target import Target
from ripieno.control.targeting import Targeting
from ripieno.control.views import (
    DeploymentState,
    DeploymentView,
    Preview,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
)
from ripieno.engine.machine import Machine
from ripieno.model import names
from ripieno.model.component_type import Value
from ripieno.store.records import DeploymentRecord, ReconfigurationRecord


class Reconfigurations(Deployments):
    """The part of the use cases that changes deployments."""

    _ledger: Ledger
    _targeting: Targeting

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None, caller: str
    ) -> tuple[DeploymentView, ReconfigurationView]:
        """Make a deployment and begin to bring it up.

        Raises: `NameInUse`; a `ModelError` for what the source says; a `PlanError` if it could
        never come up.
        """
        source = await self._targeting.located(source)
        application, values = await self._targeting.application(source)
        chosen = name or application.name
        names.check_slug(chosen, "a deployment")
        target = targets.target_of(application, targets.namer({}))
        target = targets.settled(targeting.as_asked(target, source), chosen, self._routes.address)
        self._targeting.check_hosts(target)
        await self._targeting.check_images(target)
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
        wanted = _reconfiguration(record.id, change, target, application.document, values, caller)
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
            source = await self._targeting.located(change.source)
            application, _ = await self._targeting.application(source)
            target = targets.target_of(application, targets.namer({}))
            target = targets.settled(target, application.name, self._routes.address)
            self._targeting.check_hosts(target)
            machine, running = Machine({}), {}
            durations: Mapping[tuple[str, str], float] = {}
            runs: Mapping[str, tuple[str, ...]] = {}
        else:
            supervisor = await self._supervisor(deployment)
            state = supervisor.state
            target, _, _ = await self._targeting.target(state, change)
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
            warnings=(
                *await self._targeting.warnings(change.source),
                *await self._targeting.unfit(target),
                *targeting.scaling_kept(target),
                *planning.warnings(machine, target, running),
            ),
        )

    async def change(
        self,
        deployment: str,
        change: Change,
        *,
        caller: str,
        revision: int | None = None,
        prompt: Prompt | None = None,
    ) -> ReconfigurationView:
        """Begin a reconfiguration, one that nobody has asked for with the `prompt` for it.

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
        target, document, values = await self._targeting.target(state, change)
        await self._targeting.check_images(target)
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
        record = _reconfiguration(state.id, change, target, document, values, caller)
        owner, use = state.record.owner, usage.of_target(target)
        quotas = await self._ledger.quotas_of(owner)

        def begin() -> ReconfigurationView:
            if revision is not None and revision != state.record.revision:
                raise RevisionMismatch(f"{state.record.name} has changed meanwhile; look again")
            if prompt is not None and not prompt.still_holds():
                raise Conflict(f"{state.record.name} is not to be changed so any more")
            supervisor.course.begin(record, queues=change.queues)
            state.put_deployment(revision=state.record.revision + 1, updated_at=_now())
            rest = None if prompt is None else prompt.rest
            resting = targets.taken_down(state.target, target) if rest is not None else ()
            state.live(dataclasses.replace(state.life, rest=rest, resting=resting))
            if prompt is not None:
                supervisor.tell(prompt.event, **prompt.data)
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

    async def pause(self, id: str, *, caller: str) -> ReconfigurationView:
        """Begin nothing more of it until it is resumed. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, steering.pause)

    async def resume(self, id: str, *, caller: str) -> ReconfigurationView:
        """Go on with it. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, steering.resume)

    async def cancel(self, id: str, *, caller: str) -> ReconfigurationView:
        """End it at the next legal state. Raises: `NotFound`, `Conflict`."""
        return await self._steer(id, steering.cancel)

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

    async def _steer(self, id: str, verb: Callable[[Supervisor, str], None]) -> ReconfigurationView:
        record = await self._reconfiguration_record(id)
        supervisor = await self._leading.find(record.deployment)
        if supervisor is None:
            raise Conflict(f"reconfiguration {id} is {record.state}; it cannot be changed")
        await supervisor.ask(lambda: verb(supervisor, id))
        return await self.reconfiguration(id)

    def _view(self, supervisor: Supervisor) -> DeploymentView:
        view = portrait.deployment(supervisor.state, self._hosts.away())
        return self.caretaker.shown(self._routes.shown(view))


def _reconfiguration(
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


def _now() -> datetime:
    return datetime.now(UTC)
