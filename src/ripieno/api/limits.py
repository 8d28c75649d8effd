"""Requests of bounded size, whether or not they say how large they are."""

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ripieno.api import problems
from ripieno.api.errors import BodyTooLarge
from ripieno.wire.base import MOST_BODY_BYTES

MOST_DISCARDED_BYTES = 64 * 1024 * 1024
"""How much is taken from a browser for nothing: it shows an answer only when it has sent all."""


class BodyLimit:
    """Refuses a body of more than `most_bytes`, or of what its path may have, once it is known.

    Where `is_page` is true of a path, people are told by a page, which the application makes.
    """

    def __init__(
        self,
        app: ASGIApp,
        most_bytes: int = MOST_BODY_BYTES,
        by_path: Mapping[str, int] | None = None,
        is_page: Callable[[str], bool] | None = None,
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._by_path = by_path or {}
        self._is_page = is_page or (lambda _: False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for its size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most_bytes = self._by_path.get(scope["path"], self._most_bytes)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 15 or int(declared) > most_bytes):
            if self._is_page(scope["path"]):
                await self._app(scope, _discarding(receive, most_bytes), send)
                return
            response = problems.response_to(_refusal(most_bytes))
            assert response is not None
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most_bytes:
                raise _refusal(most_bytes)
            return message

        await self._app(scope, receiving, send)


def _discarding(receive: Receive, most_bytes: int) -> Receive:
    """Takes a body that is too large from whoever sends it, and raises `BodyTooLarge`."""

    async def receiving() -> Message:
        discarded = 0
        while discarded < MOST_DISCARDED_BYTES:
            message = await receive()
            discarded += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        raise _refusal(most_bytes)

    return receiving


def _refusal(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"a request may have up to {most_bytes} bytes; make the document smaller")
