"""The gate's part about registered applications."""

from collections.abc import Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.store.records import VersionRecord


class RegistryGate(Entry):
    """The registry, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def publish(self, document: str) -> tuple[str, str]:
        """Publish an application; its name and version."""
        async with self._doing(Action.PUBLISH) as user:
            return await self._control.publish(document, caller=user)

    async def applications(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[tuple[str, str, str, str]], str | None]:
        """A page of (name, latest version, title, description)."""
        self._check(Action.LIST_APPLICATIONS)
        return await self._control.applications(after=after, limit=limit)

    async def application(self, name: str, version: str | None = None) -> VersionRecord:
        """A version of an application, the latest by default."""
        self._check(Action.LOOK_AT_APPLICATION)
        return await self._control.application(name, version)
