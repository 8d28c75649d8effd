"""Requests of bounded size, whether or not they say how large they are."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ripieno.api import problems
from ripieno.api.errors import BodyTooLarge
from ripieno.wire.base import MOST_BODY_BYTES


class BodyLimit:
    """Refuses a body of more than `most_bytes`, as soon as that is known."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BODY_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for its size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = BodyTooLarge(
            f"a request may have up to {self._most_bytes} bytes; make the document smaller"
        )
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 15 or int(declared) > self._most_bytes):
            response = problems.response_to(refusal)
            assert response is not None
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise refusal
            return message

        await self._app(scope, receiving, send)
