"""The HTTP application: routes, middlewares and error handlers put together."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

import ripieno
from ripieno.api import (
    applications,
    audit,
    deployments,
    events,
    groups,
    health,
    hosts,
    imports,
    logs,
    metrics,
    openapi,
    plans,
    problems,
    quotas,
    reconfigurations,
    routers,
    routes,
    saved,
    secrets,
    sign_in,
    tokens,
    users,
)
from ripieno.api.feed import Feed
from ripieno.api.idempotency import Answers
from ripieno.api.incidents import Incidents
from ripieno.api.limits import BodyLimit
from ripieno.api.security import Guard, is_guarded
from ripieno.api.streams import Streams
from ripieno.control.use_cases import UseCases
from ripieno.model.errors import RipienoError
from ripieno.wire import archive

# The framework names bodies in a way that schemas know nothing of. It keeps that to itself where it
# makes a schema; ours are made when they are first used, see `wire.base`.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)

ROUTERS = (
    # Paths are compared one after the other: those that are read most come first.
    applications.router,
    deployments.router,
    reconfigurations.router,
    plans.router,
    logs.router,
    metrics.router,
    events.router,
    saved.router,
    imports.router,
    routes.router,
    hosts.router,
    secrets.router,
    tokens.router,
    sign_in.router,
    users.router,
    groups.router,
    quotas.router,
    audit.router,
    health.router,
)


ROUTES = routers.routes_of((health.open_router, metrics.server_router, *ROUTERS))
"""Kept by all applications of a process: in tests there are many."""

SITE_EDITOR = "/publish"
"""Where the site takes an application with its files."""


def create_app(
    control: UseCases,
    *,
    feed: Feed | None = None,
    site: ASGIApp | None = None,
    public_url: str | None = None,
) -> FastAPI:
    """The application that answers for `control`, which has to be ready when it starts.

    `site` answers for every path that is not the API's: the web UI. `public_url` is where people
    reach this server, if that is known. Whoever stops the server calls
    `app.state.streams.close()` first, so that open streams end.
    """
    streams = Streams(feed or Feed(control))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(streams.feed.run())
            try:
                yield
            finally:
                streams.close()
                reading.cancel()

    app = FastAPI(
        title="Ripieno",
        version=ripieno.__version__,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        openapi_url="/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        # Nothing of ours says how; to look for each request whether something does takes its time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        routes=ROUTES,
    )
    app.state.control = control
    app.state.door = None
    app.state.public_url = public_url
    app.state.streams = streams
    app.state.answers = Answers(control)
    if site is not None:
        app.router.default = _outside(site, app.router.default)
    for expected in (RipienoError, HTTPException, RequestValidationError):
        app.add_exception_handler(expected, _tell)
    # The last one added is the first to see a request.
    app.add_middleware(Guard, control=control)
    files_bytes = archive.MOST_ARCHIVE_BYTES
    app.add_middleware(
        BodyLimit,
        by_path={applications.ARCHIVE: files_bytes, SITE_EDITOR: files_bytes},
        is_page=lambda path: site is not None and not is_guarded(path),
    )
    app.add_middleware(Incidents)
    openapi.complete(app)
    return app


def _outside(site: ASGIApp, inside: ASGIApp) -> ASGIApp:
    """What answers where no route does: the site, but below the API's own prefix as before."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and not is_guarded(scope["path"])
        await (site if is_ours else inside)(scope, receive, send)

    return answer


async def _tell(request: Request, error: Exception) -> Response:
    response = problems.response_to(error)
    if response is None:
        raise error
    if response.status_code == 405:
        allowed = openapi.methods_of(request.app, request.url.path)
        response.headers["Allow"] = ", ".join(allowed)
    return response
