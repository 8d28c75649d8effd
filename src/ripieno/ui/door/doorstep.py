"""What the door itself answers on an application's origin: the way in, and how the route is."""

import asyncio
import contextlib
import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from ripieno.control.errors import NotFound, Unauthenticated
from ripieno.control.views import RouteState, RouteView
from ripieno.control.visitors import Answer, Verdict, Visitors
from ripieno.ui import language, sayings
from ripieno.ui.door.pages import Pages, reason_of, state_of
from ripieno.ui.language import Language

HEARTBEAT_S = 15.0


class Doorstep:
    """Takes tickets, and tells those who wait how the route is."""

    def __init__(self, visitors: Visitors, pages: Pages) -> None:
        self._visitors = visitors
        self._pages = pages
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every open stream."""
        self._closing.set()

    async def enter(self, route: str, request: Request, send: Send) -> None:
        """Exchange a ticket for a cookie of this origin, and go on."""
        try:
            cookie, path = self._visitors.enter(route, request.query_params.get("ticket", ""))
        except (Unauthenticated, NotFound):
            await self._pages.spent(self._visitors.routes.find(route), request, send)
            return
        response = Response(status_code=303, headers={"Location": path, **_PRIVATE})
        is_secure = self._visitors.is_secure
        mark = f"{self._visitors.cookie_name}={cookie}; Path=/; HttpOnly"
        # In a frame of another site only a partitioned cookie is kept, and only from an origin
        # that browsers trust.
        mark += "; Secure; SameSite=None; Partitioned" if is_secure else "; SameSite=Lax"
        response.headers["Set-Cookie"] = mark
        await response(request.scope, request.receive, send)

    async def state(self, answer: Answer, request: Request, send: Send) -> None:
        """How the route is, and every change of that until it is ready, as server-sent events."""
        view = answer.route
        if answer.verdict is not Verdict.ADMITTED or view is None:
            await self._pages.refused(answer, False, request.scope, request.receive, send)
            return
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.ensure_future(_gone(request))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            # None: whoever asks may have seen an older state than the present one.
            known: RouteView | None = None
            while not gone.done() and not closing.done():
                news = asyncio.ensure_future(self._visitors.routes.changed(view.name, known))
                done, _ = await asyncio.wait(
                    {news, gone, closing},
                    timeout=HEARTBEAT_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if news not in done:
                    news.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await news
                    await _say(send, b": still here\n\n")
                    continue
                known = news.result()
                await _say(send, _event(known, language.language_of(request)))
                if known is None or known.state is RouteState.READY:
                    break
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            closing.cancel()


_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _event(view: RouteView | None, spoken: Language) -> bytes:
    said = {
        "state": state_of(view) if view is not None else "gone",
        "reason": sayings.said(reason_of(view), spoken) if view is not None else "",
    }
    return f"data: {json.dumps(said)}\n\n".encode()


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
