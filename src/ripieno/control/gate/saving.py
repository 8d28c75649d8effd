"""The gate's part about saved configurations, which are always the caller's own."""

from collections.abc import Mapping, Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.store.records import SavedRecord


class SavingGate(Entry):
    """What the caller has saved. Raises: `Forbidden`, and what `UseCases` raises."""

    async def saved_configurations(self, application: str) -> Sequence[SavedRecord]:
        """What the caller has saved of an application, by name."""
        await self._version(application, None)
        return await self._control.saved_configurations(application, caller=self.caller.user)

    async def saved_configuration(self, application: str, name: str) -> SavedRecord:
        """One of those."""
        await self._version(application, None)
        return await self._control.saved_configuration(application, name, caller=self.caller.user)

    async def save_configuration(
        self,
        application: str,
        name: str,
        *,
        version: str | None,
        configuration: str,
        settings: Mapping[str, str],
    ) -> SavedRecord:
        """Keep how the form of an application is filled in, in the place of what had the name."""
        await self._version(application, version)
        thing = f"application {application}: saved configuration {name}"
        async with self._doing(Action.SAVE_CONFIGURATION, thing) as user:
            return await self._control.save_configuration(
                application,
                name,
                version=version,
                configuration=configuration,
                settings=settings,
                caller=user,
            )

    async def remove_saved_configuration(self, application: str, name: str) -> None:
        """Forget one, whether its application may still be looked at or not."""
        thing = f"application {application}: saved configuration {name}"
        async with self._doing(Action.SAVE_CONFIGURATION, thing) as user:
            await self._control.remove_saved_configuration(application, name, caller=user)
