"""Who asks, and what they may be: roles, scopes, callers, and principals that lists name."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ripieno.model import names
from ripieno.model.errors import ModelError
from ripieno.model.node import quoted

EVERYONE = "everyone"
"""The principal that is any user who is signed in."""

PUBLIC = "public"
"""The principal that is anybody at all; only routes know it."""

USER = "user:"
GROUP = "group:"
"""What principals that name one user or one group begin with."""


class AccessError(ModelError):
    """A principal is none, or stands where it cannot."""


class Role(StrEnum):
    """What a user may be; each may do all that those before it may."""

    VIEWER = "viewer"
    DEPLOYER = "deployer"
    PUBLISHER = "publisher"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that the other one may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


class Scope(StrEnum):
    """What a token may be used for, whatever its user may do."""

    READ = "read"
    DEPLOY = "deploy"
    PUBLISH = "publish"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who asks. `via` says by which token, or `session`; `address` is where from, if known.

    `credential` is the id of the token or session.
    """

    user: str
    role: Role
    groups: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = ALL_SCOPES
    via: str = ""
    credential: str = ""
    address: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether there is nothing that this user may not do."""
        return self.role is Role.ADMIN

    @property
    def principals(self) -> frozenset[str]:
        """All that are, or have among them, this user."""
        groups = (GROUP + each for each in self.groups)
        return frozenset((EVERYONE, PUBLIC, USER + self.user, *groups))

    def is_among(self, principals: Iterable[str]) -> bool:
        """Whether one of these principals is, or has among it, this user."""
        return not self.principals.isdisjoint(principals)


def check_principal(text: str, *, allows_public: bool = False) -> str:
    """A principal, as it is. Raises: `AccessError`."""
    if text == EVERYONE or (text == PUBLIC and allows_public):
        return text
    for prefix, thing in ((USER, "a user"), (GROUP, "a group")):
        if text.startswith(prefix):
            names.check_slug(text.removeprefix(prefix), thing)
            return text
    most = f", {PUBLIC}" if allows_public else ""
    raise AccessError(f"{quoted(text)} is nobody; write user:NAME, group:NAME, {EVERYONE}{most}")
