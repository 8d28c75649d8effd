"""The gate's part about deployments, their reconfigurations, logs and events."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

from ripieno.control import missing
from ripieno.control.errors import NotFound
from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.control.requests import Change, Decision, OnFailure, Source
from ripieno.control.sight import Sight
from ripieno.control.views import DeploymentView, LogLine, Preview, ReconfigurationView
from ripieno.store.records import EventRecord


class DeploymentsGate(Entry):
    """Deployments, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None
    ) -> tuple[DeploymentView, ReconfigurationView]:
        """Accept a new deployment, which is brought up from then on."""
        await self._check_source(source)
        thing = f"deployment {name or source.application or ''}".rstrip()
        async with self._doing(Action.DEPLOY, thing) as user:
            made = await self._control.deploy(source, name=name, on_failure=on_failure, caller=user)
            self._about(f"deployment {made[0].name}")
            return made

    async def is_taken(self, name: str) -> bool:
        """Whether a deployment has this name, be it hidden from the caller, who may deploy."""
        self._check(Action.DEPLOY)
        try:
            await self._control.ownership(name)
        except NotFound:
            return False
        return True

    async def preview(self, deployment: str | None, change: Change) -> Preview:
        """Plan a change, or a new deployment (None) from `change.source`."""
        await self._check_source(change.source)
        if deployment is None:
            self._check(Action.PREVIEW)
        else:
            await self._deployment(Action.PREVIEW, deployment)
        return await self._control.preview(deployment, change)

    async def change(
        self, deployment: str, change: Change, *, revision: int | None = None
    ) -> ReconfigurationView:
        """Accept a change of a deployment, if it is (still) at `revision`."""
        found = await self._known(Action.CHANGE, deployment)
        thing = f"deployment {found.name}: {change.kind}"
        async with self._doing(Action.CHANGE, thing, owner=found.owner) as user:
            await self._check_source(change.source)
            return await self._control.change(found.id, change, caller=user, revision=revision)

    async def extend(self, deployment: str, hours: float) -> DeploymentView:
        """Let a deployment live for so much longer."""
        found = await self._known(Action.EXTEND, deployment)
        thing = f"deployment {found.name}: {hours:g} h"
        async with self._doing(Action.EXTEND, thing, owner=found.owner) as user:
            await self._control.extend(found.id, hours, caller=user)
        return await self._control.deployment(found.id)

    async def deployment(self, name_or_id: str) -> DeploymentView:
        """How a deployment is."""
        await self._deployment(Action.LOOK_AT_DEPLOYMENT, name_or_id)
        return await self._control.deployment(name_or_id)

    async def deployments(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[DeploymentView], str | None]:
        """A page of those deployments that the caller may look at, and the cursor of the next."""
        self._check(Action.LIST_DEPLOYMENTS)
        seen_by = None if self.caller.is_admin else self.caller
        return await self._control.deployments(after=after, limit=limit, seen_by=seen_by)

    async def reconfiguration(self, id: str) -> ReconfigurationView:
        """How far a reconfiguration is."""
        view = await self._control.reconfiguration(id)
        action = Action.LOOK_AT_DEPLOYMENT
        await self._known(action, view.deployment, asked=missing.reconfiguration(id))
        await self._deployment(action, view.deployment)
        return view

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[Sequence[ReconfigurationView], str | None]:
        """A page of what was asked of a deployment, the newest first."""
        await self._deployment(Action.LOOK_AT_DEPLOYMENT, deployment)
        return await self._control.reconfigurations(deployment, after=after, limit=limit)

    async def pause(self, id: str) -> ReconfigurationView:
        """Begin no further transition."""
        async with self._steering(id, "pause") as user:
            return await self._control.pause(id, caller=user)

    async def resume(self, id: str) -> ReconfigurationView:
        """Go on with one that is paused."""
        async with self._steering(id, "resume") as user:
            return await self._control.resume(id, caller=user)

    async def cancel(self, id: str) -> ReconfigurationView:
        """Give up what is left of it."""
        async with self._steering(id, "cancel") as user:
            return await self._control.cancel(id, caller=user)

    async def decide(
        self, deployment: str, component: str, transition: str, decision: Decision
    ) -> None:
        """Do something about a failed transition."""
        found = await self._known(Action.DECIDE, deployment)
        thing = f"deployment {found.name}: {decision} {component}.{transition}"
        async with self._doing(Action.DECIDE, thing, owner=found.owner) as user:
            await self._control.decide(found.id, component, transition, decision, caller=user)

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
        """Lines that were printed; errors are raised when the first is asked for."""
        await self._deployment(Action.READ_LOGS, deployment)
        lines = self._control.logs(
            deployment,
            component=component,
            replica=replica,
            follow=follow,
            since=since,
            tail=tail,
        )
        async with aclosing(lines):  # type: ignore[type-var]  # they are generators
            async for line in lines:
                await self._renew()
                yield line

    async def events(
        self,
        *,
        deployment: str | None,
        after: int,
        limit: int,
        component: str | None,
        kind: str | None,
    ) -> Sequence[EventRecord]:
        """Events after the one with the id `after`, the oldest first; those that may be seen."""
        sight = await self.sight(deployment)
        return await self._control.events(
            deployment=deployment,
            after=after,
            limit=limit,
            component=component,
            kind=kind,
            owner=sight.owner,
        )

    async def last_event_id(self, deployment: str) -> int:
        """The id of the latest event of the server, for whoever may read those of a deployment."""
        await self.sight(deployment)
        return await self._control.last_event_id()

    async def sight(self, deployment: str | None) -> Sight:
        """What the caller may watch of what happens: to a deployment, or to all they may see."""
        id = None
        if deployment is None:
            self._check(Action.READ_EVENTS)
        else:
            id = (await self._deployment(Action.READ_EVENTS, deployment)).id
        return Sight(
            self.caller, deployment=id, renew=self._control.renewed, owned=self._control.owned
        )

    @asynccontextmanager
    async def _steering(self, id: str, verb: str) -> AsyncIterator[str]:
        view = await self._control.reconfiguration(id)
        asked = missing.reconfiguration(id)
        found = await self._known(Action.STEER, view.deployment, asked=asked)
        thing = f"deployment {found.name}: {verb} {id}"
        async with self._doing(Action.STEER, thing, owner=found.owner) as user:
            yield user

    async def _check_source(self, source: Source | None) -> None:
        if source is None:
            return
        if source.application is not None:
            await self._version(source.application, source.version)
        if source.document is not None:
            self._check(Action.DEPLOY_DOCUMENT)
        if source.directory is not None:
            self._check(Action.DEPLOY_DIRECTORY)
