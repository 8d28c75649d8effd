"""The web UI, loaded when the first browser asks for something.

Its pages, templates and languages are a good part of what a server would have to load before it
can answer anybody, and a server that only programs use needs none of it.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.types import Receive, Scope, Send


class Served(Protocol):
    """What answers browsers: `ripieno.ui.site.Site`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        ...

    def close(self) -> None:
        """End every open stream."""
        ...


class LateSite:
    """A site that is made at the first request. `make` runs in a thread, once."""

    def __init__(self, make: Callable[[], Served]) -> None:
        self._make = make
        self._site: Served | None = None
        self._making = asyncio.Lock()
        self._is_closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        site = self._site or await self._made()
        await site(scope, receive, send)

    def close(self) -> None:
        """End every open stream, before the server waits for its connections to end."""
        self._is_closed = True
        if self._site is not None:
            self._site.close()

    async def _made(self) -> Served:
        async with self._making:
            if self._site is None:
                site = await asyncio.to_thread(self._make)
                if self._is_closed:
                    site.close()
                self._site = site
            return self._site
