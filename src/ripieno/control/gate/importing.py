"""The gate's part about imports."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action

if TYPE_CHECKING:
    from ripieno.importers.draft import Draft


class ImportingGate(Entry):
    """Imports, for one caller. Raises: `Forbidden`, and what `ImportCases` raises."""

    async def import_image(self, reference: str, *, name: str = "") -> "Draft":
        """The draft of an image. In the audit trail, since the server asks a registry for it."""
        async with self._doing(Action.IMPORT, f"image {reference[:200]}"):
            return await self._control.import_image(reference, name=name)

    async def import_boutiques(self, document: str, *, name: str = "") -> "Draft":
        """The draft of a Boutiques descriptor."""
        self._check(Action.IMPORT)
        return await self._control.import_boutiques(document, name=name)

    async def import_compose(
        self,
        document: str,
        *,
        name: str = "",
        files: Mapping[str, str] | None = None,
        profiles: Sequence[str] = (),
    ) -> "Draft":
        """The draft of a Compose file; `files` hold variables, by their names in it."""
        self._check(Action.IMPORT)
        return await self._control.import_compose(
            document, name=name, files=files or {}, profiles=profiles
        )
