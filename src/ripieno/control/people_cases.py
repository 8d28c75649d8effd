"""What the gate needs of `Control` about users, groups, tokens and the audit trail."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from ripieno.control.people_views import GroupView, UserView
from ripieno.control.quotas import QuotaView
from ripieno.model.access import Caller, Role, Scope
from ripieno.store.records import AuditQuery, AuditRecord, TokenRecord


class PeopleCases(Protocol):
    """The part of `UseCases` about who there is, and what they did."""

    async def authenticate(self, token: str) -> Caller:
        """Whose token it is. Raises: Unauthenticated."""
        ...

    async def caller_named(self, user: str, *, since: datetime | None = None) -> Caller:
        """A user as a caller, with all scopes. Raises: Unauthenticated."""
        ...

    async def renewed(self, caller: Caller) -> Caller:
        """The caller as they are now. Raises: Unauthenticated if they would be let in no more."""
        ...

    async def users(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[UserView], str | None]:
        """A page of users by name, and the cursor of the next."""
        ...

    async def user(self, name: str) -> UserView:
        """A user. Raises: NotFound."""
        ...

    async def add_user(
        self,
        name: str,
        *,
        role: Role,
        display_name: str = "",
        email: str = "",
        password: str | None = None,
        issuer: str | None = None,
        subject: str | None = None,
        caller: str,
    ) -> UserView:
        """Make a user."""
        ...

    async def change_user(
        self,
        name: str,
        *,
        role: Role | None = None,
        display_name: str | None = None,
        email: str | None = None,
        is_disabled: bool | None = None,
        caller: str,
    ) -> UserView:
        """Change what is given of a user."""
        ...

    async def set_password(self, name: str, password: str | None, *, caller: str) -> None:
        """Give a user a password, or none."""
        ...

    async def remove_user(self, name: str, *, to: str | None = None, caller: str) -> None:
        """Forget a user; another gets their deployments."""
        ...

    async def groups(self) -> Sequence[GroupView]:
        """All groups with their members."""
        ...

    async def group(self, name: str) -> GroupView:
        """A group with its members. Raises: NotFound."""
        ...

    async def add_group(self, name: str, *, description: str = "", caller: str) -> GroupView:
        """Make a group with nobody in it."""
        ...

    async def describe_group(self, name: str, description: str, *, caller: str) -> GroupView:
        """Say something else of a group."""
        ...

    async def remove_group(self, name: str, *, caller: str) -> None:
        """Forget a group."""
        ...

    async def put_member(
        self, group: str, user: str, *, is_manager: bool, caller: str
    ) -> GroupView:
        """Put a user into a group, or say anew whether they manage it."""
        ...

    async def remove_member(self, group: str, user: str, *, caller: str) -> None:
        """Take a user out of a group."""
        ...

    async def tokens(self, *, user: str | None = None) -> Sequence[TokenRecord]:
        """All tokens, or those of a user."""
        ...

    async def token(self, id: str) -> TokenRecord:
        """A token. Raises: NotFound."""
        ...

    async def create_token(
        self, name: str, ttl_s: int | None, *, scopes: Collection[Scope], caller: str
    ) -> tuple[TokenRecord, str]:
        """A new token of the caller, and its text."""
        ...

    async def revoke_token(self, id: str, *, caller: str) -> None:
        """Let nobody in with it."""
        ...

    async def quotas(self, *, user: str | None = None) -> Sequence[QuotaView]:
        """All quotas that are set, or those that count what a user has."""
        ...

    async def set_quota(
        self,
        subject: str,
        *,
        deployments: int | None,
        cpus: float | None,
        memory_mib: int | None,
        caller: str,
    ) -> QuotaView:
        """Set a quota, in the place of what it was."""
        ...

    async def remove_quota(self, subject: str, *, caller: str) -> None:
        """Let a user or a group have as much as they like."""
        ...

    def note_audit(self, record: AuditRecord) -> None:
        """Have it stored soon that something was refused or failed."""
        ...

    async def add_audit(self, record: AuditRecord) -> None:
        """Store what was done."""
        ...

    async def audit(
        self, query: AuditQuery, *, after: str | None, limit: int
    ) -> tuple[Sequence[AuditRecord], str | None]:
        """A page of the audit trail, the latest first, and the cursor of the next."""
        ...
