"""What Traefik asks the server, below `/door/KEY/`. Plain ASGI: every request of every visitor of
every application goes through `check`, and none of it needs a framework.

Nothing here is for browsers to ask directly; who does not know the key is told that there is
nothing. The word after the key says what is asked, the one after that which route is meant.
"""

import hmac
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ripieno.control.views import RouteState
from ripieno.control.visitors import Answer, Verdict, Visit, Visitors
from ripieno.model.route import Mode
from ripieno.routing.traefik import CHECK, DOORSTEP, ENTER, GROUPS, PAGE, RESCUE, STATE, USER
from ripieno.ui.door.doorstep import Doorstep
from ripieno.ui.door.pages import Pages

PREFIX = "/door/"

Headers = dict[bytes, bytes]


class DoorEdge:
    """Answers Traefik; everything that is not for it goes on to the application behind."""

    def __init__(self, app: ASGIApp, *, visitors: Visitors, key: str, ui_url: str) -> None:
        self._app = app
        self._visitors = visitors
        self._key = key.encode()
        self._pages = Pages(ui_url)
        self._doorstep = Doorstep(visitors, self._pages)

    def close(self) -> None:
        """End every open stream, before the server waits for its connections to end."""
        self._doorstep.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        _, _, key, word, *rest = (*scope["path"].split("/", 4), "", "")[:5]
        if not hmac.compare_digest(key.encode(), self._key):
            await self._app(scope, receive, send)
            return
        route, _, path = rest[0].partition("/")
        if word == CHECK:
            await self._check(route, scope, receive, send)
        elif word == DOORSTEP:
            await self._step(route, f"/{path}", scope, receive, send)
        elif word == PAGE:
            await self._wait(route, scope, receive, send)
        elif word == RESCUE:
            await _redirect(_in_route(route, scope), 307, send)
        else:
            await self._pages.nothing(scope, receive, send)

    async def _check(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Whether a request may go on to the application, and with which headers."""
        headers: Headers = {}
        for name, text in scope["headers"]:
            if name == b"cookie" and name in headers:
                headers[name] += b"; " + text
            else:
                headers[name] = text
        visit = visit_of(route, headers)
        answer = await self._visitors.check(visit)
        if answer.verdict is not Verdict.ADMITTED or answer.route is None:
            await self._turn_away(answer, headers, scope, receive, send)
            return
        uri = headers.get(b"x-forwarded-uri", b"/")
        if answer.route.mode is not Mode.HOST and uri.partition(b"?")[0] == b"/" + route.encode():
            # Traefik would take a bare path for one of its own inside.
            query = uri.decode("latin-1").partition("?")[2]
            await _redirect(f"{answer.route.url}{'?' if query else ''}{query}", 307, send)
            return
        self._visitors.let_in(answer.route, answer.caller, address=visit.address)
        told = [(b"content-length", b"0")]
        if answer.cookies:
            told.append((b"cookie", answer.cookies.encode("latin-1")))
        if answer.authorization:
            told.append((b"authorization", answer.authorization.encode("latin-1")))
        if answer.caller is not None:
            told.append((_USER, answer.caller.user.encode()))
            if answer.caller.groups:
                told.append((_GROUPS, ",".join(sorted(answer.caller.groups)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body"})

    async def _turn_away(
        self, answer: Answer, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        is_page = _is_page(headers)
        if answer.verdict is Verdict.STRANGER and answer.route is not None:
            back = self._pages.way_back(answer.route, headers.get(b"x-forwarded-uri", b""))
            if is_page and headers.get(b"sec-fetch-dest", b"document") == b"document":
                await _redirect(back, 302, send)
                return
            await self._pages.stranger(answer.route, back, is_page, scope, receive, send)
            return
        await self._pages.refused(answer, is_page, scope, receive, send)

    async def _wait(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        """That the application is not ready, for somebody whom `_check` has let in."""
        view = self._visitors.routes.find(route)
        user = next((text.decode() for name, text in scope["headers"] if name == _USER), None)
        may_start = False
        if view is not None and user is not None and view.state is not RouteState.WAITING:
            may_start = await self._visitors.may_start(view, user)
        await self._pages.waiting(view, may_start, scope, receive, send)

    async def _step(
        self, route: str, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """What the door itself answers on an application's origin."""
        request = Request(scope, receive)
        if path == ENTER and request.method == "GET":
            await self._doorstep.enter(route, request, send)
        elif path == STATE and request.method == "GET":
            headers = {name: text for name, text in scope["headers"]}
            visit = visit_of(route, headers)
            await self._doorstep.state(await self._visitors.check(visit), request, send)
        else:
            await self._pages.nothing(scope, receive, send)


_USER, _GROUPS = USER.lower().encode(), GROUPS.lower().encode()


def visit_of(route: str, headers: Headers) -> Visit:
    """A visit as the headers tell it that Traefik has written."""
    origin = headers.get(b"origin")
    return Visit(
        route=route,
        host=headers.get(b"x-forwarded-host", b"").decode("latin-1"),
        method=headers.get(b"x-forwarded-method", b"GET").decode("latin-1"),
        cookies=headers.get(b"cookie", b"").decode("latin-1"),
        authorization=headers.get(b"authorization", b"").decode("latin-1"),
        origin=None if origin is None else origin.decode("latin-1"),
        # `Upgrade` itself is for one hop only, so it does not come as far as this.
        is_websocket=b"sec-websocket-key" in headers or b"sec-websocket-version" in headers,
        # Traefik writes down who asks it; what is behind a comma it has added asking itself.
        address=headers.get(b"x-forwarded-for", b"").partition(b",")[0].decode("latin-1"),
    )


def _is_page(headers: Headers) -> bool:
    """Whether a browser wants to show the answer as a page."""
    return (
        headers.get(b"x-forwarded-method", b"GET") in (b"GET", b"HEAD")
        and b"text/html" in headers.get(b"accept", b"")
        and headers.get(b"sec-fetch-mode", b"navigate") == b"navigate"
        and b"sec-websocket-key" not in headers
    )


def _in_route(route: str, scope: Scope) -> str:
    """Where something is that was asked for at the root: below the prefix of its route."""
    raw: bytes = scope["raw_path"]
    path = raw.split(b"/", 5)[5] if raw.count(b"/") >= 5 else b""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    return quote(b"/" + route.encode() + b"/" + path + query, safe="/%?&=+:;,@!$'()*~#[]-._")


async def _redirect(location: str, status: int, send: Send) -> None:
    headers = [
        (b"location", location.encode("latin-1")),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body"})
