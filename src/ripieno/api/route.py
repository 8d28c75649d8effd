"""What every route does alike: reading JSON strictly, answering once, telling unchanged answers.

The framework's own reading accepts NaN, lone surrogates and any content type; here the body is
read before it comes to that. Of a parameter that is given several times it takes the last one;
here that is refused, unless the parameter is a list.
"""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any

import pydantic_core
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ripieno.api import etag
from ripieno.api.errors import MalformedBody, UnsupportedContent
from ripieno.api.idempotency import Answers, document_key
from ripieno.api.reading import Reading, is_list
from ripieno.api.streaming import Streamed

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """A route whose request and response are treated as all of the API's are."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: one that only reads without the framework, if it is right."""
        if self._reading is not None and scope["method"] == "GET":
            request = Request(scope, receive, send)
            response = await self._reading.answer(request)
            if response is not None:
                await _told(request, response)(scope, receive, send)
                return
        await super().handle(scope, receive, send)

    @cached_property
    def _reading(self) -> Reading | None:
        return Reading.of(self)

    def get_route_handler(self) -> Handler:
        """The framework's handler, in what all routes share."""
        handler = super().get_route_handler()
        is_once = any(each.dependency is document_key for each in self.dependencies)

        async def handle(request: Request) -> Response:
            self._refuse_repetitions(request)
            if request.method == "GET":
                return _told(request, await handler(request))
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

    def _refuse_repetitions(self, request: Request) -> None:
        given = request.query_params
        if len(given) == len(given.multi_items()):
            return
        repeated = [
            {
                "type": "repeated",
                "loc": ("query", name),
                "msg": "it is given several times; give one",
            }
            for name in given
            if name in self._single and len(given.getlist(name)) > 1
        ]
        if repeated:
            raise RequestValidationError(repeated)

    @cached_property
    def _single(self) -> frozenset[str]:
        """The parameters of the query that take one value."""
        known: dict[str, Any] = {}
        for parameter in self.dependant.query_params:
            annotation = parameter.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                known |= {name: each.annotation for name, each in annotation.model_fields.items()}
            else:
                known[parameter.alias] = annotation
        return frozenset(name for name, annotation in known.items() if not is_list(annotation))


def _told(request: Request, response: Response) -> Response:
    """An answer to a GET, or that the client has it already."""
    if isinstance(response, Streamed) or response.status_code != 200:
        return response
    return etag.conditional(request, response)


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
