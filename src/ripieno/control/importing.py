"""Use cases about descriptions that others wrote: drafts of application files are made of them.

Nothing is stored here; who wants to keep a draft registers it. Large descriptions are read in a
thread, so that nobody has to wait for them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ripieno.images import labels
from ripieno.model.image import ImageMetadata

if TYPE_CHECKING:
    from ripieno.importers.draft import Draft


class Images(Protocol):
    """Reads what registries know of images."""

    async def read(self, name: str) -> ImageMetadata:
        """An image. Raises: `ImageError`."""
        ...


class Importing:
    """The part of the use cases that begins applications with what there is.

    Each importer is loaded only where it is asked for something.
    """

    _images: Images

    async def import_image(self, reference: str, *, name: str = "") -> "Draft":
        """The draft of an image, out of its registry. Raises: `ImageError`, `ImporterError`."""
        from ripieno.importers.image import image

        metadata = await self._images.read(reference)
        return image(metadata, labels.facts(metadata), name=name)

    async def import_boutiques(self, document: str, *, name: str = "") -> "Draft":
        """The draft of a Boutiques descriptor. Raises: `ImporterError`."""
        from ripieno.importers.boutiques import boutiques

        return await asyncio.to_thread(boutiques, document, name=name)

    async def import_compose(
        self, document: str, *, name: str, files: Mapping[str, str], profiles: Sequence[str]
    ) -> "Draft":
        """The draft of a Compose file; `files` hold variables. Raises: `ImporterError`."""
        from ripieno.importers.compose import compose

        return await asyncio.to_thread(
            compose, document, name=name, files=files, profiles=tuple(profiles)
        )
