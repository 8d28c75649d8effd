"""The web UI put together: pages, static files, and what goes wrong.

Served by the API's application for every path that is not its own. `bootstrap` gives it what it
may not import: what errors become (the API's table), and the middlewares of signing in.
"""

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ripieno.model.errors import RipienoError
from ripieno.ui import assets, problem, rendering
from ripieno.ui.faults import Faults
from ripieno.ui.headers import SecurityHeaders
from ripieno.ui.pages import (
    account,
    admin_audit,
    admin_groups,
    admin_quotas,
    admin_tokens,
    admin_users,
    application,
    catalogue,
    deployment,
    deployments,
    hosts,
    importing,
    pictures,
    preferences,
    publishing,
    reach,
    saved,
    sign_in,
    versions,
)
from ripieno.ui.streaming import Live
from ripieno.wire.problem import Problem

PAGES: tuple[Sequence[BaseRoute], ...] = (
    catalogue.ROUTES,
    application.ROUTES,
    saved.ROUTES,
    deployments.ROUTES,
    deployment.ROUTES,
    versions.ROUTES,
    publishing.ROUTES,
    importing.ROUTES,
    pictures.ROUTES,
    preferences.ROUTES,
    sign_in.ROUTES,
    account.ROUTES,
    admin_users.ROUTES,
    admin_groups.ROUTES,
    admin_tokens.ROUTES,
    admin_quotas.ROUTES,
    admin_audit.ROUTES,
    hosts.ROUTES,
    reach.ROUTES,
)

ProblemOf = Callable[[Exception], Problem | None]
"""What to tell about an error; None: nobody expected it, and nothing of it may be told."""


class Site:
    """The application that answers browsers."""

    def __init__(
        self,
        problem_of: ProblemOf,
        *,
        middleware: Sequence[Middleware] = (),
        frames: Sequence[str] = (),
    ) -> None:
        """`middleware` sets `request.state.gate` and `csrf_token`; `frames`: the door's origins."""
        self._problem_of = problem_of
        files = assets.shipped()
        self.live = Live()
        pages = [each for routes in PAGES for each in routes]
        served = Route("/static/{digest}/{path:path}", files.respond, methods=["GET"])
        self.app = Starlette(
            routes=[served, *pages],
            middleware=[
                Middleware(SecurityHeaders, frames=frames),
                *middleware,
                Middleware(Faults),
            ],
            exception_handlers={
                RipienoError: self._tell,
                HTTPException: self._tell,
            },
        )
        self.app.router.redirect_slashes = False
        self.app.state.assets = files
        self.app.state.templates = rendering.shipped()
        self.app.state.live = self.live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.app(scope, receive, send)

    def close(self) -> None:
        """End every open stream, before the server waits for its connections to end."""
        self.live.close()

    async def _tell(self, request: Request, error: Exception) -> Response:
        told = self._problem_of(error)
        if told is None:
            raise error
        response = problem.respond(request, told)
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response
