"""Users, groups and tokens in memory: the part of the fake control about who there is.

`TOKEN` is that of the administrator `alice`; `tokens_of` has that of each other user.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ripieno.control.errors import Conflict, NameInUse, NotFound, Unauthenticated
from ripieno.control.people_views import GroupView, Member, UserView
from ripieno.control.quotas import QuotaView
from ripieno.control.usage import Use
from ripieno.model.access import ALL_SCOPES, Caller, Role, Scope
from ripieno.store.records import AuditQuery, AuditRecord, TokenRecord

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TOKEN = "token-of-alice"


class FakePeople:
    """Alice, and whoever is added."""

    def __init__(self) -> None:
        super().__init__()
        self.people = {"alice": _user("alice", Role.ADMIN)}
        self.passwords: dict[str, str] = {}
        self.circles: dict[str, GroupView] = {}
        self.issued: dict[str, TokenRecord] = {}
        self.letting_in = {TOKEN: Caller(user="alice", role=Role.ADMIN, via="alice")}
        self.limits: dict[str, QuotaView] = {}
        self.deeds: list[AuditRecord] = []

    def _look(self) -> None: ...

    def admit(
        self, name: str, role: Role, *, scopes: frozenset[Scope] = ALL_SCOPES, group: str = ""
    ) -> str:
        """Let there be a user; the text of a token of theirs."""
        self.people[name] = _user(name, role)
        text = f"token-of-{name}"
        self.letting_in[text] = Caller(
            user=name,
            role=role,
            scopes=scopes,
            via=name,
            groups=frozenset({group} if group else ()),
        )
        return text

    async def authenticate(self, token: str) -> Caller:
        if token not in self.letting_in:
            raise Unauthenticated("the token is not known; make one with: ripieno token create")
        return self.letting_in[token]

    async def renewed(self, caller: Caller) -> Caller:
        found = [each for each in self.letting_in.values() if each.user == caller.user]
        if not found:
            raise Unauthenticated("the token was revoked")
        return found[0]

    async def caller_named(self, user: str, *, since: datetime | None = None) -> Caller:
        if user not in self.people:
            raise Unauthenticated(f"there is no user {user}")
        return Caller(user=user, role=self.people[user].role, via="session")

    async def users(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[UserView], str | None]:
        self._look()
        names = sorted(name for name in self.people if after is None or name > after)
        page = [self.people[name] for name in names[:limit]]
        return page, names[limit - 1] if len(names) > limit else None

    async def user(self, name: str) -> UserView:
        self._look()
        if name not in self.people:
            raise NotFound(f"there is no user {name}")
        return self.people[name]

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
        self._look()
        if name in self.people:
            raise NameInUse(f"there is a user {name}")
        view = _user(name, role)
        self.people[name] = replace(
            view, display_name=display_name, email=email, has_password=password is not None
        )
        if password is not None:
            self.passwords[name] = password
        return self.people[name]

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
        view = await self.user(name)
        given = {
            "role": role,
            "display_name": display_name,
            "email": email,
            "is_disabled": is_disabled,
        }
        changes = {field: value for field, value in given.items() if value is not None}
        self.people[name] = replace(view, **changes)  # type: ignore[arg-type]  # as they are named
        return self.people[name]

    async def set_password(self, name: str, password: str | None, *, caller: str) -> None:
        view = await self.user(name)
        self.people[name] = replace(view, has_password=password is not None)
        if password is not None:
            self.passwords[name] = password

    async def remove_user(self, name: str, *, to: str | None = None, caller: str) -> None:
        await self.user(name)
        if name == "alice":
            raise Conflict("alice is the only administrator")
        del self.people[name]

    async def groups(self) -> Sequence[GroupView]:
        self._look()
        return [self.circles[name] for name in sorted(self.circles)]

    async def group(self, name: str) -> GroupView:
        self._look()
        if name not in self.circles:
            raise NotFound(f"there is no group {name}")
        return self.circles[name]

    async def add_group(self, name: str, *, description: str = "", caller: str) -> GroupView:
        self._look()
        if name in self.circles:
            raise NameInUse(f"there is a group {name}")
        self.circles[name] = GroupView(name=name, description=description, created_at=NOW)
        return self.circles[name]

    async def describe_group(self, name: str, description: str, *, caller: str) -> GroupView:
        self.circles[name] = replace(await self.group(name), description=description)
        return self.circles[name]

    async def remove_group(self, name: str, *, caller: str) -> None:
        await self.group(name)
        del self.circles[name]

    async def put_member(
        self, group: str, user: str, *, is_manager: bool, caller: str
    ) -> GroupView:
        view, _ = await self.group(group), await self.user(user)
        others = [each for each in view.members if each.user != user]
        members = (*others, Member(user=user, is_manager=is_manager))
        self.circles[group] = replace(view, members=members)
        return self.circles[group]

    async def remove_member(self, group: str, user: str, *, caller: str) -> None:
        view = await self.group(group)
        others = tuple(each for each in view.members if each.user != user)
        if others == view.members:
            raise NotFound(f"{user} is not in {group}")
        self.circles[group] = replace(view, members=others)

    async def tokens(self, *, user: str | None = None) -> Sequence[TokenRecord]:
        self._look()
        return [each for each in self.issued.values() if user in (None, each.user)]

    async def token(self, id: str) -> TokenRecord:
        self._look()
        if id not in self.issued:
            raise NotFound(f"there is no token {id}")
        return self.issued[id]

    async def create_token(
        self, name: str, ttl_s: int | None, *, scopes: Collection[Scope], caller: str
    ) -> tuple[TokenRecord, str]:
        self._look()
        record = TokenRecord(
            id=f"t-{len(self.issued) + 1}",
            name=name,
            user=caller,
            scopes=tuple(sorted(scopes)),
            digest="0" * 64,
            created_at=NOW,
            expires_at=None if ttl_s is None else NOW + timedelta(seconds=ttl_s),
        )
        self.issued[record.id] = record
        return record, "rip_secret"

    async def revoke_token(self, id: str, *, caller: str) -> None:
        self.issued[id] = replace(await self.token(id), revoked_at=NOW)

    async def quotas(self, *, user: str | None = None) -> Sequence[QuotaView]:
        self._look()
        return list(self.limits.values())

    async def set_quota(
        self,
        subject: str,
        *,
        deployments: int | None,
        cpus: float | None,
        memory_mib: int | None,
        caller: str,
    ) -> QuotaView:
        self._look()
        self.limits[subject] = QuotaView(
            subject=subject,
            deployments=deployments,
            cpus=cpus,
            memory_mib=memory_mib,
            used=Use(deployments=1, cpus=0.5, memory_mib=64),
        )
        return self.limits[subject]

    async def remove_quota(self, subject: str, *, caller: str) -> None:
        self._look()
        if self.limits.pop(subject, None) is None:
            raise NotFound(f"{subject} has no quota")

    def note_audit(self, record: AuditRecord) -> None:
        self.deeds.append(record)

    async def add_audit(self, record: AuditRecord) -> None:
        self.deeds.append(record)

    async def audit(
        self, query: AuditQuery, *, after: str | None, limit: int
    ) -> tuple[Sequence[AuditRecord], str | None]:
        self._look()
        found = [
            each
            for each in reversed(self.deeds)
            if query.user in (None, each.user)
            and query.result in (None, each.result)
            and (query.action or "") in each.action
            and (query.thing or "") in each.thing
        ]
        return found[:limit], None


def _user(name: str, role: Role) -> UserView:
    return UserView(
        name=name,
        display_name=name.title(),
        email="",
        role=role,
        is_disabled=False,
        has_password=False,
        provider=None,
        created_at=NOW,
    )
