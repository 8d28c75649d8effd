"""The last resort: an error that nobody expected becomes a page and an entry in the log."""

import logging
import secrets

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ripieno.ui import problem
from ripieno.wire.problem import PREFIX, Problem

logger = logging.getLogger(__name__)


class Faults:
    """Answers what nobody expected with an incident number, and logs its story under it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            # The last one to hear of it: told to nobody else, so it has to be recorded here.
            if has_begun:
                raise
            incident = secrets.token_hex(6)
            request = Request(scope)
            logger.exception(
                "incident %s: a page failed for a reason that nobody expected",
                incident,
                extra={"incident": incident, "method": request.method, "path": request.url.path},
            )
            told = Problem(
                type=PREFIX + "server-fault",
                title="The server failed",
                status=500,
                detail=f"incident {incident}: {type(error).__name__}",
                incident=incident,
            )
            await problem.respond(request, told)(scope, receive, send)
