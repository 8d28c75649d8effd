"""The one table of what an exception becomes in HTTP, and the making of problem responses.

Called by the application's exception handlers and by the middlewares. Nothing else in Ripieno
says which error has which status.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ripieno.api import errors as api
from ripieno.control import errors as control
from ripieno.engine.errors import EngineError
from ripieno.identity import errors as identity
from ripieno.images import errors as images
from ripieno.importers import errors as importers
from ripieno.model import errors as model
from ripieno.model.host import IllegalHost
from ripieno.plan.errors import PlanError
from ripieno.routing import errors as routing
from ripieno.runtimes import errors as runtimes
from ripieno.store import errors as store
from ripieno.wire import faults
from ripieno.wire.problem import MEDIA_TYPE, PREFIX, Fault, Problem

MOST_FAULTS = 20
"""How many faults of one request are told."""

MOST_DETAIL = 10_000
"""The longest detail, in characters."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one type of error becomes. `retry_after_s`: when it is worth to ask again."""

    status: int
    slug: str
    title: str
    retry_after_s: int | None = None


TABLE: dict[type[Exception], Row] = {
    control.NotFound: Row(404, "not-found", "There is no such thing"),
    control.NameInUse: Row(409, "name-in-use", "The name is in use"),
    control.Held: Row(409, "held", "Another reconfiguration holds the deployment"),
    control.QuotaExceeded: Row(409, "quota-exceeded", "A quota is used up"),
    control.Conflict: Row(409, "conflict", "Not possible in the present state"),
    control.RevisionMismatch: Row(412, "revision-mismatch", "The deployment has changed"),
    control.Unauthenticated: Row(401, "unauthenticated", "A valid token is needed"),
    control.SignInRefused: Row(403, "sign-in-refused", "You are not let in"),
    control.LinkRefused: Row(403, "link-refused", "This link is not good"),
    control.TooManyAttempts: Row(429, "too-many-attempts", "Too many attempts", 30),
    control.Forbidden: Row(403, "forbidden", "Not allowed"),
    control.InvalidRequest: Row(422, "invalid-request", "The request makes no sense"),
    control.ShuttingDown: Row(503, "shutting-down", "The server is going down", 5),
    control.ControlError: Row(409, "refused", "It cannot be done"),
    identity.ProviderUnavailable: Row(503, "provider-unavailable", "The provider is away", 30),
    identity.NotInvited: Row(403, "not-invited", "Not everybody is let in"),
    identity.IdentityError: Row(403, "identity-refused", "The provider's word is not good"),
    model.UnknownField: Row(422, "unknown-field", "A document has an unknown field"),
    model.DocumentError: Row(422, "invalid-document", "A document cannot be read"),
    model.InvalidParameter: Row(422, "invalid-parameter", "A parameter does not fit"),
    model.ModelError: Row(422, "invalid-model", "What was written down is not legal"),
    IllegalHost: Row(422, "invalid-host", "The description of a host is not legal"),
    PlanError: Row(422, "no-plan", "There is no plan for what was asked"),
    EngineError: Row(409, "conflict", "Not possible in the present state"),
    runtimes.HostKeyChanged: Row(409, "host-key-changed", "The host shows another key"),
    runtimes.UnknownHostKey: Row(409, "unknown-host-key", "The host's key is not trusted yet"),
    runtimes.AuthenticationFailed: Row(422, "host-refused", "The host does not let this user in"),
    runtimes.InvalidHost: Row(422, "invalid-host", "The description of a host is not legal"),
    runtimes.PermanentFailure: Row(422, "host-failure", "The host cannot do it"),
    runtimes.TemporaryFailure: Row(503, "host-unavailable", "The host cannot do it now", 5),
    images.IllegalReference: Row(422, "invalid-image", "A text names no image"),
    images.ForbiddenAddress: Row(422, "forbidden-address", "The registry is not to be asked"),
    images.ImageNotFound: Row(422, "unknown-image", "The registry has no such image"),
    images.RegistryRefused: Row(422, "registry-refused", "The registry does not let everybody in"),
    images.RateLimited: Row(503, "registry-busy", "The registry is asked too often", 60),
    images.RegistryUnavailable: Row(503, "registry-unavailable", "The registry is away", 30),
    images.ImageError: Row(422, "unreadable-image", "The image cannot be read"),
    importers.ImporterError: Row(422, "not-importable", "This cannot be made an application"),
    store.UnknownSecret: Row(422, "unknown-secret", "A secret has no value"),
    store.DiskFull: Row(503, "disk-full", "The server has no room left"),
    store.BrokenSeal: Row(503, "broken-seal", "The server cannot open a secret"),
    store.NameTaken: Row(409, "name-in-use", "The name is taken"),
    store.VersionTaken: Row(409, "version-taken", "The version is published already"),
    store.InvalidCursor: Row(422, "invalid-cursor", "The cursor was never handed out"),
    routing.RoutingError: Row(503, "door-unavailable", "The door cannot do it now", 5),
    store.StoreError: Row(503, "store-unavailable", "The server cannot use its database now", 5),
    api.BodyTooLarge: Row(413, "too-large", "The request is too large"),
    api.MalformedBody: Row(400, "malformed", "The request cannot be read"),
    api.UnsupportedContent: Row(415, "unsupported-content", "The request is not JSON"),
    api.InvalidHeader: Row(422, "invalid-header", "A header makes no sense"),
    api.KeyReused: Row(422, "key-reused", "The Idempotency-Key was used for another request"),
    api.KeyInUse: Row(409, "key-in-use", "A request with this Idempotency-Key is going on", 1),
}

INVALID = Row(422, "invalid-request", "The request is not valid")
FAULT = Row(500, "server-fault", "The server failed")

FRAMEWORK: dict[int, Row] = {
    400: Row(400, "malformed", "The request cannot be read"),
    404: Row(404, "no-such-path", "There is no such path"),
    405: Row(405, "method-not-allowed", "The path does not know this method"),
    413: Row(413, "too-large", "The request is too large"),
    415: Row(415, "unsupported-content", "The request is not JSON"),
}
"""What the framework raises by itself, by status."""

_DETAILS = {
    404: "there is nothing at this path; see /openapi.json for those that there are",
    405: "the path does not know this method; the Allow header names those that it does",
}


def row_of(error: Exception) -> Row | None:
    """The row of an error's type, or of the nearest type above it; None: it is not expected."""
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        slug = re.sub("[^a-z]+", "-", phrase.lower())
        return FRAMEWORK.get(error.status_code, Row(error.status_code, slug, phrase))
    if isinstance(error, RequestValidationError):
        return INVALID
    return next((TABLE[each] for each in type(error).__mro__ if each in TABLE), None)


def problem_of(error: Exception) -> Problem | None:
    """What to tell about an error; None: it is not expected, and nothing of it may be told."""
    row = row_of(error)
    if row is None:
        return None
    found = _faults(error.errors()) if isinstance(error, RequestValidationError) else None
    at = getattr(error, "at", ())
    field = getattr(error, "field", None) or ".".join(map(str, at))
    return Problem(
        type=PREFIX + row.slug,
        title=row.title,
        status=row.status,
        detail=_detail(error),
        line=getattr(error, "line", None) or None,
        field=field or None,
        errors=found,
    )


def response_to(error: Exception) -> Response | None:
    """The response to an error; None: it is not expected."""
    problem = problem_of(error)
    if problem is None:
        return None
    row = row_of(error)
    headers = dict(getattr(error, "headers", None) or {})
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ripieno"'
    if row is not None and row.retry_after_s is not None:
        headers["Retry-After"] = str(row.retry_after_s)
    return respond(problem, headers)


def response_to_fault(incident: str) -> Response:
    """The response to an error that nobody expected; its story is in the log under `incident`."""
    return respond(
        Problem(
            type=PREFIX + FAULT.slug,
            title=FAULT.title,
            status=FAULT.status,
            detail=f"this should not happen; the server's log tells more about incident {incident}",
            incident=incident,
        )
    )


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The response that tells a problem."""
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _detail(error: Exception) -> str:
    if isinstance(error, RequestValidationError):
        told = "; ".join(faults.told(each) for each in list(error.errors())[:MOST_FAULTS])
    elif isinstance(error, HTTPException):
        told = _DETAILS.get(error.status_code, str(error.detail))
    else:
        told = str(error) or (type(error).__doc__ or "")
    # A message may quote bytes that a client sent, and those are not always text.
    return told[:MOST_DETAIL].encode("utf-8", "replace").decode("utf-8")


def _faults(found: Iterable[object]) -> list[Fault]:
    # The input itself is never told: it may be a secret.
    told = []
    for each in list(found)[:MOST_FAULTS]:
        if isinstance(each, dict):
            where = ".".join(str(part) for part in each.get("loc", ()))
            field = where[:200].encode("utf-8", "replace").decode("utf-8")
            told.append(Fault(field=field, message=faults.in_words(each)))
    return told
