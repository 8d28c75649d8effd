"""What the HTTP edge itself refuses, before any use case is asked."""

from ripieno.model.errors import RipienoError


class ApiError(RipienoError):
    """A request cannot be understood as HTTP."""


class BodyTooLarge(ApiError):
    """A request is larger than a request may be."""


class MalformedBody(ApiError):
    """A request's body is not JSON."""


class UnsupportedContent(ApiError):
    """A request's body is not declared to be JSON."""


class InvalidHeader(ApiError):
    """A header has a value that makes no sense."""


class KeyReused(ApiError):
    """An Idempotency-Key was used before, for another request."""


class KeyInUse(ApiError):
    """A request with the same Idempotency-Key is being carried out."""
