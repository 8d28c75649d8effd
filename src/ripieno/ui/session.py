"""The middleware before all pages: who looks, and whether a request comes from our own pages.

It reads the session's cookie and gives handlers `request.state.gate`, `caller`, `session` and
`csrf_token`, all of them only if somebody is signed in, and always `request.state.entrance`, by
which they may sign in. What would change something is let through only from a page of this site:
the browser has to say so, and where somebody is signed in the form has to carry their token.
"""

import dataclasses
import hmac
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ripieno.control.gate import Gate
from ripieno.control.sessions import Session, csrf_token
from ripieno.control.use_cases import UseCases
from ripieno.model.errors import RipienoError
from ripieno.ui import problem
from ripieno.ui.address import Address
from ripieno.ui.entrance import Entrance
from ripieno.ui.visit import CSRF_FIELD, CSRF_HEADER
from ripieno.wire import cookie
from ripieno.wire.problem import PREFIX, Problem

SAFE = ("GET", "HEAD", "OPTIONS")

MOST_COOKIES = 8
"""Of one name, as many as are tried."""

ProblemOf = Callable[[Exception], Problem | None]


class Sessions:
    """Says who looks, and lets through what comes from our own pages."""

    def __init__(
        self, app: ASGIApp, *, control: UseCases, address: Address, problem_of: ProblemOf
    ) -> None:
        self._app = app
        self._entrance = Entrance(control=control, address=address)
        self._problem_of = problem_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.entrance = self._entrance
        try:
            objection = self._objection(request)
            if objection is None and (there := self._elsewhere(request)) is not None:
                await RedirectResponse(there, status_code=307)(scope, receive, send)
                return
            if objection is None:
                receive, objection = await self._look(request, receive)
        except RipienoError as error:
            objection = self._problem_of(error)
            if objection is None:
                raise
        if objection is not None:
            await problem.respond(request, objection)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _objection(self, request: Request) -> Problem | None:
        """Why nothing is answered at all, to whomever."""
        address, scope = self._entrance.address, request.scope
        if address.asked(scope) is None:
            return _problem(
                "unknown-host",
                "This server is not known by that name",
                "it answers by its public address, by the name of its machine, and by IP "
                "addresses; start it with --public-url to have it known by another name",
                status=421,
            )
        if request.method in SAFE or _is_from_here(request, address):
            return None
        return _problem(
            "cross-site",
            "This was sent by another site",
            "what changes something is taken from pages of this server only; open it here and "
            "repeat what you did",
        )

    def _elsewhere(self, request: Request) -> str | None:
        """Where to go instead: to the same page by a name that no application has."""
        origin = self._entrance.address.instead(request.scope)
        if origin is None or request.method not in SAFE:
            return None
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{origin}{quote(request.url.path)}{query}"

    async def _look(self, request: Request, receive: Receive) -> tuple[Receive, Problem | None]:
        """See who is signed in, and that a form is theirs; what the body is to be read from."""
        found = await self._signed_in(request)
        if found is None:
            return receive, None
        text, session = found
        self._admit(request, text, session)
        if request.method in SAFE:
            return receive, None
        shown = request.headers.get(CSRF_HEADER)
        if shown is None:
            receive, shown = await _field(request, receive)
        if hmac.compare_digest(shown.encode(), csrf_token(text).encode()):
            return receive, None
        return receive, _problem(
            "csrf",
            "This page was open for too long",
            "it belongs to another session than the one that is going on now",
        )

    async def _signed_in(self, request: Request) -> tuple[str, Session] | None:
        """The session that goes on here, and its cookie.

        An application on the same site can put cookies of its name beside it. They are none, or
        somebody else's; then nobody is let in rather than the wrong one.
        """
        texts = self._entrance.every(request, cookie.SESSION)[:MOST_COOKIES]
        asked = [(text, await self._entrance.control.session(text)) for text in texts]
        good = [(text, session) for text, session in asked if session is not None]
        return good[0] if len({session.caller.user for _, session in good}) == 1 else None

    def _admit(self, request: Request, text: str, session: Session) -> None:
        origin = self._entrance.origin(request)
        caller = dataclasses.replace(session.caller, address=origin.address)
        state = request.state
        state.session = session
        state.caller = caller
        state.gate = Gate(self._entrance.control, caller)
        state.csrf_token = csrf_token(text)


def _is_from_here(request: Request, address: Address) -> bool:
    """Whether a page of ours has sent a request, as far as the browser knows; if it says nothing,
    it is none, and may not."""
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is not None:
        return address.is_own_origin(origin, request.scope)
    referer = request.headers.get("referer")
    if referer is not None:
        parts = urlsplit(referer)
        return address.is_own_origin(f"{parts.scheme}://{parts.netloc}", request.scope)
    return site == "same-origin"


async def _field(request: Request, receive: Receive) -> tuple[Receive, str]:
    """The token in a form; the body is read for it, and given again to whoever comes next."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return receive, ""
    body = await request.body()  # Of bounded size, see `api.limits`.
    is_read = False

    async def again() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    form = await request.form()
    try:
        return again, str(form.get(CSRF_FIELD, ""))
    finally:
        await form.close()


def _problem(slug: str, title: str, detail: str, *, status: int = 403) -> Problem:
    return Problem(type=PREFIX + slug, title=title, status=status, detail=detail)
