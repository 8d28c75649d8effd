"""What the gate needs of the use cases about imports: part of `UseCases`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ripieno.importers.draft import Draft


class ImportCases(Protocol):
    """All that applications can be begun with. Raises: `ImageError`, `ImporterError`."""

    async def import_image(self, reference: str, *, name: str = "") -> "Draft":
        """The draft of an image, out of its registry."""
        ...

    async def import_boutiques(self, document: str, *, name: str = "") -> "Draft":
        """The draft of a Boutiques descriptor."""
        ...

    async def import_compose(
        self, document: str, *, name: str, files: Mapping[str, str], profiles: Sequence[str]
    ) -> "Draft":
        """The draft of a Compose file."""
        ...
