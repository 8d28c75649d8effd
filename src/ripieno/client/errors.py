"""What can go wrong when a server is asked, one type an error.

`refusal` makes the one that fits a problem; the message is what the server said.
"""

from collections.abc import Mapping
from typing import Final

from ripieno.model.errors import RipienoError
from ripieno.wire.problem import Problem


class ClientError(RipienoError):
    """A server did not do what it was asked."""


class ServerUnreachable(ClientError):
    """No server answers, or the connection to it is lost."""


class IllegalName(ClientError):
    """Nothing can have such a name, so no server was asked."""


class UnexpectedAnswer(ClientError):
    """Something answered that is not a Ripieno server, or not one that this client knows."""


class Refused(ClientError):
    """The server said why not: `problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.detail)


class Unauthenticated(Refused):
    """There was no token, or not one that is good."""


class Forbidden(Refused):
    """Whose token this is may not do it, or not with this token."""


class NotFound(Refused):
    """There is no such thing."""


class Conflict(Refused):
    """It is not possible in the present state."""


class NameInUse(Conflict):
    """Another one has this name."""


class Held(Conflict):
    """Another reconfiguration holds the deployment."""


class KeyInUse(Conflict):
    """The same request is being carried out."""


class RevisionMismatch(Refused):
    """The deployment has changed since it was looked at."""


class TooLarge(Refused):
    """The request is too large."""


class InvalidRequest(Refused):
    """The request makes no sense."""


class InvalidDocument(InvalidRequest):
    """The document that was sent is not legal; `line` (from 1) and `field` say where."""

    @property
    def line(self) -> int | None:
        """The line at fault, where it is known."""
        return self.problem.line

    @property
    def field(self) -> str | None:
        """The way to the part at fault, where it is known."""
        return self.problem.field


class Unavailable(Refused):
    """Not possible at the moment."""


class ServerFault(Refused):
    """The server failed; its log tells more."""


BY_SLUG: Final[Mapping[str, type[Refused]]] = {
    "name-in-use": NameInUse,
    "held": Held,
    "key-in-use": KeyInUse,
    "invalid-document": InvalidDocument,
    "unknown-field": InvalidDocument,
    "invalid-model": InvalidDocument,
    "invalid-parameter": InvalidDocument,
}

BY_STATUS: Final[Mapping[int, type[Refused]]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: RevisionMismatch,
    413: TooLarge,
    415: InvalidRequest,
    422: InvalidRequest,
    500: ServerFault,
    503: Unavailable,
}


def refusal(problem: Problem) -> Refused:
    """The error for a problem."""
    kind = BY_SLUG.get(problem.slug) or BY_STATUS.get(problem.status, Refused)
    return kind(problem)
