"""Use cases that find deployments and tell how they are, with the history of each."""

from collections.abc import Sequence

from ripieno.control import missing, portrait
from ripieno.control.caretaker import Caretaker
from ripieno.control.errors import Conflict, NotFound
from ripieno.control.hosts import HostBook
from ripieno.control.leading import Leading
from ripieno.control.routes import Routes
from ripieno.control.supervisor import Supervisor
from ripieno.control.views import (
    DeploymentView,
    Ownership,
    ReconfigurationView,
)
from ripieno.model.access import Caller
from ripieno.runtimes.base import Runtime
from ripieno.store.records import DeploymentRecord, ReconfigurationRecord
from ripieno.store.store import Store


class Deployments:
    """The part of the use cases that finds deployments and their reconfigurations."""

    _store: Store
    _leading: Leading
    _hosts: HostBook
    _routes: Routes
    caretaker: Caretaker
    _runtime: Runtime

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
            view = portrait.deployment(state, self._hosts.away(), asked)
            return self.caretaker.shown(self._routes.shown(view))
        return portrait.removed(await self._deployment_record(name_or_id))

    async def deployments(
        self, *, after: str | None, limit: int, seen_by: Caller | None = None
    ) -> tuple[Sequence[DeploymentView], str | None]:
        """Deployments that are there, without their components, and where to go on.

        Those that `seen_by` owns or may read, if that is given.
        """
        records, cursor = await self._store.deployments(after=after, limit=limit, seen_by=seen_by)
        found = (self._routes.shown(portrait.summary(each)) for each in records)
        return [self.caretaker.shown(each) for each in found], cursor

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

    async def _reconfiguration_record(self, id: str) -> ReconfigurationRecord:
        """What is known of a reconfiguration. Raises: `NotFound`.

        A deployment tells of the one that has just begun before it is written.
        """
        try:
            return await reconfiguration_of(self._store, id)
        except NotFound:
            asked = self._leading.asked(id)
            if asked is None:
                raise
            return asked

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
            raise missing.deployment(name_or_id)
        return found


async def reconfiguration_of(store: Store, id: str) -> ReconfigurationRecord:
    """What is stored of a reconfiguration. Raises: `NotFound`."""
    record = await store.reconfiguration(id)
    if record is None:
        raise missing.reconfiguration(id)
    return record
