"""The HTTP client: what can be asked of a server, as Python methods.

Used by the CLI and by programs of users. It knows `wire` and nothing of the server's inside.
"""

from ripieno.client.client import Client
from ripieno.client.errors import (
    ClientError,
    Conflict,
    Forbidden,
    Held,
    IllegalName,
    InvalidDocument,
    InvalidRequest,
    NameInUse,
    NotFound,
    Refused,
    RevisionMismatch,
    ServerFault,
    ServerUnreachable,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
)
from ripieno.client.paging import every

__all__ = [
    "Client",
    "ClientError",
    "Conflict",
    "Forbidden",
    "Held",
    "IllegalName",
    "InvalidDocument",
    "InvalidRequest",
    "NameInUse",
    "NotFound",
    "Refused",
    "RevisionMismatch",
    "ServerFault",
    "ServerUnreachable",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "every",
]
