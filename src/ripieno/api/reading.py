"""What a GET takes and gives, found out once for each route.

The framework finds it out anew for every request, which takes longer than to read an application.
What is asked for rightly is answered here; what is not is left to the framework, which says what is
wrong with it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Self, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.responses import Response

Dependency = Callable[[Request], Awaitable[object]]

_MEDIA_TYPE = "application/json"


class Reading:
    """A route that reads: parameters of the path, one model of the query, and who asks."""

    def __init__(self, route: APIRoute) -> None:
        needs = route.dependant
        self._endpoint = route.endpoint
        self._path = needs.path_params
        self._query = needs.query_params[0] if needs.query_params else None
        model = _model(self._query.field_info.annotation) if self._query else None
        self._lists = frozenset(
            name
            for name, each in (model.model_fields if model else {}).items()
            if is_list(each.annotation)
        )
        self._dependencies: list[tuple[str | None, Dependency]] = [
            (each.name, each.call) for each in needs.dependencies if each.call is not None
        ]
        self._request, self._response = needs.request_param_name, needs.response_param_name
        self._answer = route.response_field

    @classmethod
    def of(cls, route: APIRoute) -> Self | None:
        """How a route reads; None if it takes anything else than that."""
        needs = route.dependant
        models = [_model(each.field_info.annotation) for each in needs.query_params]
        is_known = (
            route.methods == {"GET"}
            and route.status_code is None
            and not _takes_more(needs)
            and all(map(_takes_the_request, needs.dependencies))
            and (not models or (len(models) == 1 and models[0] is not None))
        )
        return cls(route) if is_known else None

    async def answer(self, request: Request) -> Response | None:
        """The answer; None if the request is not right."""
        given = self._given(request)
        if given is None:
            return None
        for name, dependency in self._dependencies:
            found = await dependency(request)
            if name is not None:
                given[name] = found
        response = Response(media_type=_MEDIA_TYPE)
        if self._request is not None:
            given[self._request] = request
        if self._response is not None:
            given[self._response] = response
        answer = await self._endpoint(**given)
        if isinstance(answer, Response):
            return answer
        assert self._answer is not None
        response.body = self._answer.serialize_json(answer)
        response.headers["content-length"] = str(len(response.body))
        return response

    def _given(self, request: Request) -> dict[str, Any] | None:
        given: dict[str, Any] = {}
        for field in self._path:
            given[field.name], errors = field.validate(request.path_params[field.alias])
            if errors:
                return None
        if self._query is not None:
            texts = self._texts(request.query_params)
            if texts is None:
                return None
            given[self._query.name], errors = self._query.validate(texts)
            if errors:
                return None
        return given

    def _texts(self, query: QueryParams) -> dict[str, str | list[str]] | None:
        """What the query says; None if it says something twice that is no list."""
        told: dict[str, str | list[str]] = {}
        for name, text in query.multi_items():
            if name in self._lists:
                told[name] = [*told.get(name, ()), text]
            elif name in told:
                return None
            else:
                told[name] = text
        return told


def is_list(annotation: Any) -> bool:
    """Whether a type is that of a list, an optional one or one with constraints included."""
    return get_origin(annotation) is list or any(map(is_list, get_args(annotation)))


def _takes_the_request(needs: Dependant) -> bool:
    """Whether a dependency is called with the request, and with nothing else."""
    others = (needs.path_params, needs.query_params, needs.dependencies, needs.response_param_name)
    return needs.request_param_name is not None and not any(others) and not _takes_more(needs)


def _takes_more(needs: Dependant) -> bool:
    return any(
        (
            needs.header_params,
            needs.cookie_params,
            needs.body_params,
            needs.http_connection_param_name,
            needs.websocket_param_name,
            needs.background_tasks_param_name,
            needs.security_scopes_param_name,
        )
    )


def _model(annotation: object) -> type[BaseModel] | None:
    """The type of a parameter that stands for the whole query, if it is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None
