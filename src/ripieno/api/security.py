"""Who is asking: every request below `/api/v1` shows a token, or is refused.

A middleware rather than a dependency, so that nothing at all is told to a stranger: neither that
a path does not exist, nor that a body is not valid. The dependency hands on the caller.
"""

import re
from dataclasses import replace

from fastapi import Request
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from ripieno.api import problems
from ripieno.control.errors import Unauthenticated
from ripieno.control.use_cases import UseCases
from ripieno.model.access import Caller
from ripieno.model.errors import RipienoError

PREFIX = "/api/v1"

METRICS = "/metrics"
"""Where a Prometheus looks by itself."""


class _Bearer(HTTPBearer):
    """The dependency of all routes below the prefix: the scheme for the description, and a caller.

    Raises: Unauthenticated, should a request ever get past the guard.
    """

    async def __call__(self, request: Request) -> None:  # type: ignore[override]  # not a text
        """Whoever asks has been looked at."""
        caller_of(request)


bearer = _Bearer(
    scheme_name="token",
    description="a token made with `ripieno token create`",
    auto_error=False,
)

_HEADER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,512}) *", re.IGNORECASE)


class Guard:
    """Lets in who shows a token that the server knows."""

    def __init__(self, app: ASGIApp, control: UseCases) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse who asks."""
        if scope["type"] == "http" and is_guarded(scope["path"]):
            try:
                caller = await self._control.authenticate(token_of(scope))
            except RipienoError as error:
                response = problems.response_to(error)
                if response is None:
                    raise
                await response(scope, receive, send)
                return
            address = scope["client"][0] if scope.get("client") else ""
            scope.setdefault("state", {})["caller"] = replace(caller, address=address)
        await self._app(scope, receive, send)


def is_guarded(path: str) -> bool:
    """Whether a path is the API's, where a token is needed even to hear that there is nothing."""
    return path in (PREFIX, METRICS) or path.startswith(PREFIX + "/")


def token_of(scope: Scope) -> str:
    """The token of a request. Raises: Unauthenticated."""
    headers = [value for name, value in scope["headers"] if name == b"authorization"]
    if not headers:
        raise Unauthenticated("there is no token; send it as: Authorization: Bearer TOKEN")
    match = _HEADER.fullmatch(headers[0].decode("latin-1"))
    if match is None or len(headers) > 1:
        raise Unauthenticated("this is no token; send it as: Authorization: Bearer TOKEN")
    return match[1]


def caller_of(request: Request) -> Caller:
    """Who a request comes from, by the token that the guard has looked at.

    Raises: Unauthenticated, should a request ever get past the guard.
    """
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise Unauthenticated("there is no token; send it as: Authorization: Bearer TOKEN")
    return caller
