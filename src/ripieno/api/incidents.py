"""The outermost shell: an error that nobody expected becomes a problem and an entry in the log."""

import logging
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ripieno.api import problems

_SNIFF = (b"x-content-type-options", b"nosniff")

logger = logging.getLogger(__name__)


class Incidents:
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
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if _SNIFF not in headers:
                    message["headers"] = [*headers, _SNIFF]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            # The last one to hear of it: told to nobody else, so it has to be recorded here.
            if has_begun and isinstance(error, OSError):
                return  # the client has gone
            incident = secrets.token_hex(6)
            logger.exception(
                "incident %s: a request failed for a reason that nobody expected",
                incident,
                extra={"incident": incident, "method": scope["method"], "path": scope["path"]},
            )
            if not has_begun:
                await problems.response_to_fault(incident)(scope, receive, sending)
            # A response that has begun is broken off: the server closes the connection.
