"""The OpenAPI document: what the framework finds out by itself, made complete.

Which errors a request can run into follows from what it has: a body, parameters, a token. They are
added here, so that a route says only which conflicts it knows.
"""

import re
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ripieno.api.actions import ACTIONS
from ripieno.api.security import is_guarded
from ripieno.control.policy import RULES
from ripieno.wire.event import Event
from ripieno.wire.log import LogEnd, LogLine
from ripieno.wire.problem import MEDIA_TYPE, Problem

DESCRIPTION = """\
Register applications, deploy them and rearrange them while they run.

Every request below `/api/v1` shows a token: `Authorization: Bearer TOKEN`. An error is told as
`application/problem+json` (RFC 9457); its `type` ends with a slug that stays the same. Lists come
in pages: `next` is the `after` of the page that follows. A POST with an `Idempotency-Key` can
be repeated and is carried out once. GET answers have an `ETag`.
"""

TAGS = [
    {"name": "deployments", "description": "Applications that were brought up"},
    {"name": "reconfigurations", "description": "Changes of deployments, as they go on"},
    {"name": "plans", "description": "What would happen"},
    {"name": "logs", "description": "What components print"},
    {"name": "events", "description": "What happened and what happens"},
    {"name": "applications", "description": "Published applications"},
    {"name": "imports", "description": "Applications begun with what others wrote"},
    {"name": "routes", "description": "Addresses at which applications are reached"},
    {"name": "hosts", "description": "Machines that components run on"},
    {"name": "secrets", "description": "Values that components get and nobody sees"},
    {"name": "tokens", "description": "What lets a client in"},
    {"name": "users", "description": "Who may do what"},
    {"name": "groups", "description": "Users who share something"},
    {"name": "quotas", "description": "How much may run"},
    {"name": "audit", "description": "Who did what"},
    {"name": "server", "description": "How the server is"},
]

DONE = {
    200: "Here it is",
    201: "It is made",
    202: "It is accepted, and will be done",
    204: "It is done",
}

ERRORS = {
    400: "The request cannot be read",
    401: "There is no token, or not one that is good",
    403: "Who asks may not do this",
    404: "There is no such thing",
    409: "Not possible in the present state",
    412: "The deployment has changed since the caller looked",
    413: "The request is too large",
    415: "The request is not JSON",
    422: "The request is not valid",
    500: "The server failed; its log tells more under the incident's number",
    503: "Not possible at the moment; ask again",
}

_HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "how to show a token"},
    503: {"Retry-After": "when to ask again, in seconds"},
}
_METHODS = ("get", "put", "post", "delete", "patch")


def complete(app: FastAPI) -> None:
    """Let the application give out the complete document, made when it is asked for first."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way that FastAPI provides


def methods_of(app: FastAPI, path: str) -> Iterable[str]:
    """The methods that a path knows."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    known: dict[str, Any] = paths.get(path) or next(
        (
            operations
            for template, operations in paths.items()
            if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
        ),
        {},
    )
    return sorted(name.upper() for name in _METHODS if name in known)


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, LogLine, LogEnd, Event):
        made = model.model_json_schema(
            mode="serialization", ref_template="#/components/schemas/{model}"
        )
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete_operation(operation, method, path)
    return document


def _complete_operation(operation: dict[str, Any], method: str, path: str) -> None:
    action = ACTIONS.get(operation["operationId"])
    if action is not None:
        rule = RULES[action]
        operation["x-ripieno-action"] = action.value
        operation["x-ripieno-role"] = rule.role.value
        operation["x-ripieno-scope"] = rule.scope.value
        operation["x-ripieno-relation"] = rule.relation.name.lower()
    told = " ".join(operation["description"].split())
    operation["summary"], _, operation["description"] = told.partition(". ")
    operation["summary"] = operation["summary"].rstrip(".")
    responses = operation["responses"]
    responses.pop("422", None)
    for status, response in responses.items():
        if response.get("description") == "Successful Response":
            response["description"] = DONE[int(status)]
    statuses = {int(each) for each in responses if int(each) in ERRORS} | {500}
    if is_guarded(path):
        statuses |= {401, 403, 503}
    if "{" in path or any(each["name"] == "deployment" for each in operation.get("parameters", ())):
        statuses.add(404)
    if operation.get("parameters"):
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= {400, 404, 413, 415, 422}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": ERRORS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status in _HEADERS:
            responses[str(status)]["headers"] = _headers(_HEADERS[status])
    if method == "get" and "application/json" in responses["200"].get("content", {}):
        responses["200"]["headers"] = _headers({"ETag": "what If-None-Match can say"})
        responses["304"] = {"description": "The client has this already (If-None-Match)"}
        operation.setdefault("parameters", []).append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "the ETag of an answer that the client has",
            }
        )
    for accepted in ("201", "202"):
        if accepted in responses and "tokens" not in operation.get("tags", ()):
            responses[accepted]["headers"] = _headers({"Location": "where it is"})
    operation["responses"] = dict(sorted(responses.items()))
    if not operation["description"]:
        del operation["description"]


def _headers(told: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in told.items()
    }
