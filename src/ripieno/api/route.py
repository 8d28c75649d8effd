"""What every route does alike: reading JSON strictly, answering once, telling unchanged answers.

The framework's own reading accepts NaN, lone surrogates and any content type; here the body is
read before it comes to that.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import pydantic_core
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from ripieno.api import etag
from ripieno.api.errors import MalformedBody, UnsupportedContent
from ripieno.api.idempotency import Answers, document_key
from ripieno.api.streaming import Streamed

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """A route whose request and response are treated as all of the API's are."""

    def get_route_handler(self) -> Handler:
        """The framework's handler, in what all routes share."""
        handler = super().get_route_handler()
        is_once = any(each.dependency is document_key for each in self.dependencies)

        async def handle(request: Request) -> Response:
            if request.method == "GET":
                response = await handler(request)
                if isinstance(response, Streamed) or response.status_code != 200:
                    return response
                return etag.conditional(request, response)
            body = await request.body()
            parsed = _Parsed(request.scope, request.receive)
            if self.body_field is not None and body:
                parsed.take(body)
            else:
                parsed.keep(body)
            if not is_once:
                return await handler(parsed)
            answers: Answers = request.app.state.answers
            return await answers.answer(request, body, lambda: handler(parsed))

        return handle


class _Parsed(Request):
    """A request whose body has been read."""

    _read: bytes = b""
    _value: Any = None

    def take(self, body: bytes) -> None:
        """Keep the body and what it says. Raises: MalformedBody, UnsupportedContent."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedContent("send the body as Content-Type: application/json")
        try:
            self._value = pydantic_core.from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise MalformedBody(f"the body is not JSON: {error}") from None
        self._read = body

    def keep(self, body: bytes) -> None:
        """Keep a body that is not JSON; whoever asks for it knows what it is."""
        self._read = body

    async def body(self) -> bytes:
        """The bytes."""
        return self._read

    async def json(self) -> Any:
        """What they say."""
        return self._value
