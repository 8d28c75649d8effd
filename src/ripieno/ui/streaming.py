"""Server-sent events for pages: fragments of HTML, sent when they change.

A page opens one stream (`sse-connect`) and says in its elements which events they show
(`sse-swap="status"`); a handler answers with `Live.respond`. Browsers allow few connections to
one server, so a page has one stream for everything.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse

HEARTBEAT_S = 15.0
"""How long nothing may be sent: a lost connection is noticed, and proxies keep it open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragment:
    """What an element of a page is to show now. `id`: where to go on after a lost connection."""

    event: str
    html: str
    id: int | None = None

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        lines = "".join(f"data: {line}\n" for line in self.html.splitlines()) or "data:\n"
        place = "" if self.id is None else f"id: {self.id}\n"
        return f"event: {self.event}\n{place}{lines}\n".encode()


class Live:
    """The streams that are open, which can all be ended when the server stops."""

    def __init__(self, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._closed = asyncio.Event()
        self._heartbeat_s = heartbeat_s

    def close(self) -> None:
        """End every stream. To be called on the event loop."""
        self._closed.set()

    def respond(self, fragments: AsyncIterator[Fragment]) -> StreamingResponse:
        """Send fragments as they come. A slow client is waited for: nothing piles up here."""
        return StreamingResponse(
            self._chunks(fragments),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _chunks(self, fragments: AsyncIterator[Fragment]) -> AsyncGenerator[bytes]:
        yield b"retry: 1000\n\n"
        closing = asyncio.create_task(self._closed.wait())
        following: asyncio.Future[Fragment] | None = None
        try:
            while not closing.done():
                if following is None:
                    following = asyncio.ensure_future(anext(fragments))
                awaited: set[asyncio.Future[Any]] = {following, closing}
                await asyncio.wait(
                    awaited,
                    timeout=self._heartbeat_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if following.done():
                    try:
                        fragment = following.result()
                    except StopAsyncIteration:
                        return
                    following = None
                    yield fragment.encode()
                elif not closing.done():
                    yield b": still here\n\n"
        finally:
            closing.cancel()
            if following is not None:
                following.cancel()
                await asyncio.wait({following})
            if isinstance(fragments, AsyncGenerator):
                await fragments.aclose()
