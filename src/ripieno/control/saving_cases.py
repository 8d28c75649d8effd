"""What the gate needs of the use cases about saved configurations: part of `UseCases`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ripieno.store.records import SavedRecord


class SavingCases(Protocol):
    """All that can be asked of what the caller has saved."""

    async def saved_configurations(self, application: str, *, caller: str) -> Sequence[SavedRecord]:
        """What the caller has saved of an application, by name."""
        ...

    async def saved_configuration(self, application: str, name: str, *, caller: str) -> SavedRecord:
        """One of those."""
        ...

    async def save_configuration(
        self,
        application: str,
        name: str,
        *,
        version: str | None,
        configuration: str,
        settings: Mapping[str, str],
        caller: str,
    ) -> SavedRecord:
        """Keep one, in the place of what had its name."""
        ...

    async def remove_saved_configuration(self, application: str, name: str, *, caller: str) -> None:
        """Forget one."""
        ...
