"""Use cases about users and groups."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ripieno.control import people_views
from ripieno.control.callers import Callers
from ripieno.control.errors import Conflict, InvalidRequest, NameInUse, NotFound
from ripieno.control.leading import Leading
from ripieno.control.passwords import Passwords
from ripieno.control.people_views import GroupView, Member, UserView
from ripieno.control.prompt import SYSTEM
from ripieno.model import names
from ripieno.model.access import EVERYONE, PUBLIC, Caller, Role
from ripieno.store.errors import LastAdministrator, NoSuchPerson, PersonTaken
from ripieno.store.records import DeploymentRecord, GroupRecord, MemberRecord, UserRecord
from ripieno.store.store import Store

MOST_TEXT = 200
"""The longest display name and e-mail address."""

MOST_DESCRIPTION = 2000

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_RESERVED = frozenset({EVERYONE, PUBLIC, SYSTEM, "me"})


class People:
    """The part of the use cases that is about who there is."""

    _store: Store
    _leading: Leading
    _callers: Callers
    _passwords: Passwords

    async def caller_named(self, user: str, *, since: datetime | None = None) -> Caller:
        """A user as a caller, with all scopes; cheap enough for every request.

        `since` is when the user signed in. Raises: `Unauthenticated` if there is no such user,
        they are disabled, or were signed out after `since`.
        """
        return await self._callers.named(user, since=since)

    async def users(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[UserView], str | None]:
        """Users by name."""
        records, cursor = await self._store.users(after=after, limit=limit)
        members = await self._store.members()
        return [people_views.user(each, members) for each in records], cursor

    async def user(self, name: str) -> UserView:
        """A user. Raises: `NotFound`."""
        record = await self._user(name)
        return people_views.user(record, await self._store.members(user=name))

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
        """Make a user. Without password and provider, nothing but tokens lets them in.

        Raises: `NameInUse`, `InvalidRequest`, a `ModelError` for the name.
        """
        names.check_slug(name, "a user")
        if name in _RESERVED:
            raise InvalidRequest(f"{name!r} means something else; give the user another name")
        checked = _checked(display_name=display_name, email=email)
        now = _now()
        record = UserRecord(
            name=name,
            display_name=checked["display_name"],
            email=checked["email"],
            role=role.value,
            password_hash=None if password is None else await self._passwords.hashed(password),
            issuer=issuer,
            subject=subject,
            created_at=now,
            signed_out_at=now,
        )
        try:
            await self._store.add_user(record)
        except PersonTaken as problem:
            raise NameInUse(str(problem)) from problem
        self._callers.forget()
        return people_views.user(record, [])

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
        """Change what is given of a user. One who is disabled is signed out, and no token of theirs
        lets anybody in; what they have deployed goes on.

        Raises: `NotFound`, `InvalidRequest`; `Conflict` for the last administrator.
        """
        fields: dict[str, Any] = dict(_checked(display_name=display_name, email=email))
        if role is not None:
            fields["role"] = role.value
        if is_disabled is not None:
            fields["is_disabled"] = is_disabled
        if is_disabled:
            fields["signed_out_at"] = _now()
        if fields:
            await self._change_user(name, **fields)
        return await self.user(name)

    async def set_password(self, name: str, password: str | None, *, caller: str) -> None:
        """Give a user a password (None: none lets in), and sign them out everywhere.

        Raises: `NotFound`, `InvalidRequest`.
        """
        kept = None if password is None else await self._passwords.hashed(password)
        await self._change_user(name, password_hash=kept, signed_out_at=_now())
        await self._store.remove_tickets_of(name)

    async def remove_user(self, name: str, *, to: str | None = None, caller: str) -> None:
        """Forget a user with all that lets them in; what is theirs becomes another's.

        Raises: `NotFound`; `Conflict` for the last administrator, and for one with deployments or
        applications that nobody is to get.
        """
        await self._user(name)
        if to is not None and (name == to or (await self._user(to)).is_disabled):
            raise InvalidRequest(f"{to} cannot take over what {name} has; name another user")
        owned, _ = await self._store.deployments(after=None, limit=10, owner=name)
        published = await self._store.applications_of(name)
        if to is None and (owned or published):
            listed = ", ".join([*(each.name for each in owned), *published[:10]])
            raise Conflict(
                f"{name} has deployments or applications ({listed}); give them to another with "
                "--to USER, or remove them first"
            )
        # From now on nothing is added to it.
        await self._change_user(name, is_disabled=True, signed_out_at=_now())
        while to is not None and owned:
            for record in owned:
                await self._give(record, to, caller)
            owned, _ = await self._store.deployments(after=None, limit=100, owner=name)
        for each in published if to is not None else ():
            await self._store.share(each, owner=to)
        is_gone = await self._store.remove_user(name)
        self._callers.forget()
        if not is_gone:
            raise _no_user(name)

    async def groups(self) -> Sequence[GroupView]:
        """All groups with their members, by name."""
        records, members = await self._store.groups(), await self._store.members()
        return [_group(each, members) for each in records]

    async def group(self, name: str) -> GroupView:
        """A group with its members. Raises: `NotFound`."""
        record = await self._store.group(name)
        if record is None:
            raise _no_group(name)
        return _group(record, await self._store.members(group=name))

    async def add_group(self, name: str, *, description: str = "", caller: str) -> GroupView:
        """Make a group with nobody in it.

        Raises: `NameInUse`, `InvalidRequest`, a `ModelError` for the name.
        """
        names.check_slug(name, "a group")
        record = GroupRecord(
            name=name,
            description=_text(description, "the description", MOST_DESCRIPTION),
            created_at=_now(),
        )
        try:
            await self._store.add_group(record)
        except PersonTaken as problem:
            raise NameInUse(str(problem)) from problem
        return _group(record, [])

    async def describe_group(self, name: str, description: str, *, caller: str) -> GroupView:
        """Say something else of a group. Raises: `NotFound`, `InvalidRequest`."""
        text = _text(description, "the description", MOST_DESCRIPTION)
        if not await self._store.describe_group(name, text):
            raise _no_group(name)
        return await self.group(name)

    async def remove_group(self, name: str, *, caller: str) -> None:
        """Forget a group; whoever had access by it has not any more. Raises: `NotFound`."""
        try:
            is_gone = await self._store.remove_group(name)
        finally:
            self._callers.forget()
        if not is_gone:
            raise _no_group(name)

    async def put_member(
        self, group: str, user: str, *, is_manager: bool, caller: str
    ) -> GroupView:
        """Put a user into a group, or say anew whether they manage it. Raises: `NotFound`."""
        await self.group(group)
        await self._user(user)
        try:
            await self._store.put_member(
                MemberRecord(group=group, user=user, is_manager=is_manager)
            )
        except NoSuchPerson as problem:
            raise NotFound(str(problem)) from problem
        finally:
            self._callers.forget()
        return await self.group(group)

    async def remove_member(self, group: str, user: str, *, caller: str) -> None:
        """Take a user out of a group. Raises: `NotFound`."""
        try:
            was_in = await self._store.remove_member(group, user)
        finally:
            self._callers.forget()
        if not was_in:
            raise NotFound(f"{user!r} is not in the group {group!r}; see: ripieno group list")

    async def _give(self, record: DeploymentRecord, to: str, caller: str) -> None:
        supervisor = await self._leading.find(record.id)
        if supervisor is None:
            raise Conflict(
                f"deployment {record.name} is not led, so it cannot be given to {to}; see: "
                "ripieno doctor"
            )

        def give() -> None:
            supervisor.tell("deployment.given", by=caller, to=to)
            supervisor.state.put_deployment(owner=to)

        await supervisor.ask(give)

    async def _user(self, name: str) -> UserRecord:
        record = await self._store.user(name)
        if record is None:
            raise _no_user(name)
        return record

    async def _change_user(self, name: str, **fields: Any) -> UserRecord:
        try:
            record = await self._store.change_user(name, **fields)
        except LastAdministrator as problem:
            raise Conflict(str(problem)) from problem
        finally:
            self._callers.forget()
        if record is None:
            raise _no_user(name)
        return record


def _checked(*, display_name: str | None, email: str | None) -> dict[str, str]:
    """What is given of these. Raises: `InvalidRequest`."""
    fields = {}
    if display_name is not None:
        fields["display_name"] = _text(display_name, "the display name", MOST_TEXT)
    if email is not None:
        fields["email"] = _text(email, "the e-mail address", MOST_TEXT)
        if email and not _EMAIL.fullmatch(email):
            raise InvalidRequest(f"{email!r} is no e-mail address; write NAME@HOST, or nothing")
    return fields


def _text(text: str, what: str, most: int) -> str:
    if len(text) > most or not all(each.isprintable() or each == "\n" for each in text):
        raise InvalidRequest(f"{what} has at most {most} characters that can be shown; mend it")
    return text.strip()


def _group(record: GroupRecord, members: list[MemberRecord]) -> GroupView:
    return GroupView(
        name=record.name,
        description=record.description,
        created_at=record.created_at,
        members=tuple(
            Member(user=each.user, is_manager=each.is_manager)
            for each in members
            if each.group == record.name
        ),
    )


def _no_user(name: str) -> NotFound:
    return NotFound(f"there is no user {name!r}; see: ripieno user list")


def _no_group(name: str) -> NotFound:
    return NotFound(f"there is no group {name!r}; see: ripieno group list")


def _now() -> datetime:
    return datetime.now(UTC)
