"""What can be asked of a server about imports."""

from ripieno.client.asking import body
from ripieno.client.transport import Transport
from ripieno.wire.importing import (
    Draft,
    ImportBoutiquesRequest,
    ImportComposeRequest,
    ImportImageRequest,
)


class Importing:
    """The part of the client that begins applications with what others wrote."""

    _transport: Transport

    async def import_image(self, request: ImportImageRequest) -> Draft:
        """The draft of an image."""
        return await self._transport.post("/imports/image", Draft, body(request), is_harmless=True)

    async def import_boutiques(self, request: ImportBoutiquesRequest) -> Draft:
        """The draft of a Boutiques descriptor."""
        return await self._transport.post(
            "/imports/boutiques", Draft, body(request), is_harmless=True
        )

    async def import_compose(self, request: ImportComposeRequest) -> Draft:
        """The draft of a Compose file."""
        return await self._transport.post(
            "/imports/compose", Draft, body(request), is_harmless=True
        )
