"""What visitors of an application see instead of it: that it waits, or that they are not let in.

These pages are on the application's origin, so they have everything in themselves. Programs get
the same in a few words of JSON.
"""

import base64
import functools
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ripieno.control.views import RouteState, RouteView
from ripieno.control.visitors import Answer, Verdict
from ripieno.model.route import PublicAddress, is_local_path
from ripieno.routing.traefik import STATE
from ripieno.wire.problem import PREFIX

if TYPE_CHECKING:
    from ripieno.ui.rendering import Templates

RETRY_S, REFUSED_RETRY_S = 2, 30
"""When programs are to come again: while it starts, and where it cannot be started."""

REACH = "/reach"
"""The page of the web UI that leads to routes."""


class Pages:
    """Makes the pages; `ui_url` is where the web UI is."""

    def __init__(self, ui_url: str) -> None:
        self._ui_url = ui_url.rstrip("/")

    @functools.cached_property
    def _templates(self) -> "Templates":
        # Loaded only where somebody has to wait.
        from ripieno.ui.assets import Assets
        from ripieno.ui.rendering import Templates

        return Templates(Assets())

    def way_back(self, view: RouteView, uri: bytes) -> str:
        """Where a browser signs in, to come back to what it asked for."""
        path = uri.decode("latin-1")
        address = f"{self._ui_url}{REACH}/{view.name}"
        return f"{address}?to={quote(path, safe='/')}" if is_local_path(path) else address

    async def waiting(
        self,
        view: RouteView | None,
        may_start: bool,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """That the application is not ready; it goes on by itself when it is.

        What was stopped because nobody came is being started by this visit.
        """
        if view is None:
            await self.nothing(scope, receive, send)
            return
        response = self._respond(
            scope,
            "waiting.html",
            status=503,
            slug="not-ready",
            title=f"{view.title or view.name} is not ready",
            detail=_detail(view),
            is_page=_accepts_pages(scope),
            view=view,
            state=state_of(view),
            may_start=may_start,
            events=PublicAddress(url=view.url or "/").path + STATE.removeprefix("/"),
        )
        is_refused = view.state is RouteState.IDLE and view.refusal is not None
        response.headers["Retry-After"] = str(REFUSED_RETRY_S if is_refused else RETRY_S)
        await response(scope, receive, send)

    async def stranger(
        self,
        view: RouteView,
        back: str,
        is_page: bool,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """That somebody has to sign in, where they cannot be sent to do so."""
        response = self._respond(
            scope,
            "stranger.html",
            status=401,
            slug="unauthenticated",
            title="Sign in first",
            detail=f"open {back} in a browser, or send a token: Authorization: Bearer TOKEN",
            is_page=is_page,
            view=view,
            back=back,
        )
        response.headers["WWW-Authenticate"] = 'Bearer realm="ripieno"'
        await response(scope, receive, send)

    async def refused(
        self, answer: Answer, is_page: bool, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """That somebody has no access, or that something was sent by another site."""
        view = answer.route
        if view is None:
            await self.nothing(scope, receive, send)
            return
        if answer.verdict is Verdict.STRANGER:
            await self.stranger(view, self.way_back(view, b""), is_page, scope, receive, send)
            return
        if answer.verdict is Verdict.FOREIGN:
            slug, title = "cross-site", "This was sent by another site"
            detail = "what may change something is taken from the application's own pages only"
        else:
            user = answer.caller.user if answer.caller is not None else "nobody"
            slug, title = "forbidden", "You have no access to this application"
            detail = (
                f"{user} is not among those who may reach {view.name}; ask its owner, {view.owner}"
            )
        response = self._respond(
            scope,
            "refused.html",
            status=403,
            slug=slug,
            title=title,
            detail=detail,
            is_page=is_page,
            view=view,
            caller=answer.caller,
            is_foreign=answer.verdict is Verdict.FOREIGN,
        )
        await response(scope, receive, send)

    async def spent(self, view: RouteView | None, request: Request, send: Send) -> None:
        """That a way in is not good any more."""
        if view is None:
            await self.nothing(request.scope, request.receive, send)
            return
        response = self._respond(
            request.scope,
            "spent.html",
            status=403,
            slug="forbidden",
            title="This way in is not good any more",
            detail="it lets in once and for some seconds; open the application again",
            is_page=_accepts_pages(request.scope),
            view=view,
            back=self.way_back(view, b""),
        )
        await response(request.scope, request.receive, send)

    async def nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        """That there is no application here."""
        response = self._respond(
            scope,
            "nothing.html",
            status=404,
            slug="not-found",
            title="There is no application here",
            detail="it may have been removed or renamed",
            is_page=_accepts_pages(scope),
        )
        await response(scope, receive, send)

    def _respond(
        self,
        scope: Scope,
        template: str,
        *,
        status: int,
        slug: str,
        title: str,
        detail: str,
        is_page: bool,
        **values: object,
    ) -> Response:
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        if not is_page:
            told = {"type": f"{PREFIX}{slug}", "title": title, "status": status, "detail": detail}
            return JSONResponse(
                told, status_code=status, headers=headers, media_type="application/problem+json"
            )
        nonce = base64.b64encode(secrets.token_bytes(12)).decode()
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            f"connect-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors 'self' {self._ui_url}"
        )
        text = self._templates.render(
            Request(scope),
            f"door/{template}",
            {"nonce": nonce, "ui_url": self._ui_url, "status": status, **values},
        )
        return HTMLResponse(text, status_code=status, headers=headers)


def state_of(view: RouteView) -> str:
    """What a page says of a route; `refused`: the visit should have started it, and could not."""
    is_refused = view.state is RouteState.IDLE and view.refusal is not None
    return "refused" if is_refused else view.state.value


def reason_of(view: RouteView) -> str:
    """Why it is so."""
    return view.refusal or view.reason or ""


def _detail(view: RouteView) -> str:
    if view.state is RouteState.IDLE:
        if view.refusal is not None:
            return f"it was stopped when nobody used it, and cannot be started: {view.refusal}"
        return "it was stopped when nobody used it, and is being started; try again in a moment"
    return view.reason or "it is being started; try again in a moment"


def _accepts_pages(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in text for name, text in scope["headers"])
