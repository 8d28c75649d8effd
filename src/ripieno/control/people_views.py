"""Users and groups as the use cases answer them; nothing here can let anybody in."""

from dataclasses import dataclass
from datetime import datetime

from ripieno.model.access import Role
from ripieno.store.records import MemberRecord, UserRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class UserView:
    """A user. `provider` is the OpenID Connect provider that knows them, if one does."""

    name: str
    display_name: str
    email: str
    role: Role
    is_disabled: bool
    has_password: bool
    provider: str | None
    created_at: datetime
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A user in a group."""

    user: str
    is_manager: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """A group with its members, by name."""

    name: str
    description: str
    created_at: datetime
    members: tuple[Member, ...] = ()

    @property
    def managers(self) -> tuple[str, ...]:
        """The users who may say who is in it."""
        return tuple(each.user for each in self.members if each.is_manager)


def user(record: UserRecord, members: list[MemberRecord]) -> UserView:
    """A user, as far as it may be shown."""
    return UserView(
        name=record.name,
        display_name=record.display_name,
        email=record.email,
        role=Role(record.role),
        is_disabled=record.is_disabled,
        has_password=record.password_hash is not None,
        provider=record.issuer,
        created_at=record.created_at,
        groups=tuple(each.group for each in members if each.user == record.name),
    )
