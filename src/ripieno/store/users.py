"""Users, and what they are let in by. One of them at least is an administrator, always."""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model.access import USER, Role
from ripieno.store import paging, rows, tables
from ripieno.store.database import Database
from ripieno.store.errors import LastAdministrator, PersonTaken, RuleBroken
from ripieno.store.records import UserRecord

T = TypeVar("T")

_c = tables.USERS.c
_ADMINS = sql.select(sql.func.count()).where(
    _c.role == Role.ADMIN.value, _c.is_disabled == sql.false()
)


class Users:
    """The part of the store that knows the users."""

    _database: Database

    async def users(self, *, after: str | None, limit: int) -> tuple[list[UserRecord], str | None]:
        """Users by name, and the cursor to go on with."""
        limit = paging.bounded(limit)
        query = sql.select(tables.USERS).order_by(_c.name).limit(limit + 1)
        if after is not None:
            query = query.where(_c.name > after)
        found = await self._database.all_of(UserRecord, query)
        return paging.page(found, limit, lambda each: each.name)

    async def user(self, name: str) -> UserRecord | None:
        """A user."""
        return await self._database.one_of(
            UserRecord, sql.select(tables.USERS).where(_c.name == name)
        )

    async def user_by_identity(self, issuer: str, subject: str) -> UserRecord | None:
        """The user who is somebody at an OpenID Connect provider."""
        query = sql.select(tables.USERS).where(_c.issuer == issuer, _c.subject == subject)
        return await self._database.one_of(UserRecord, query)

    async def user_and_groups(self, name: str) -> tuple[UserRecord, frozenset[str]] | None:
        """A user, and the names of the groups that they are in."""
        members = tables.MEMBERS.c
        groups = sql.select(members.group).where(members.user == name)

        def read(connection: Connection) -> tuple[UserRecord, frozenset[str]] | None:
            found = _user(connection, name)
            return None if found is None else (found, frozenset(connection.scalars(groups)))

        return await self._database.look_up(read)

    async def add_user(self, user: UserRecord) -> None:
        """Store a new user. Raises: `PersonTaken`."""
        try:
            await self._database.write(
                lambda connection: rows.add(connection, tables.USERS, [user])
            )
        except RuleBroken as problem:
            if await self.user(user.name) != user:  # It may be our own answer that was lost.
                raise PersonTaken(
                    f"there is a user {user.name!r} already, or one who is the same person at "
                    "the provider; choose another name"
                ) from problem

    async def change_user(self, name: str, **fields: Any) -> UserRecord | None:
        """Change some fields of a user; the user then, None if there is none.

        Raises: `LastAdministrator`, `PersonTaken`.
        """
        change = sql.update(tables.USERS).where(_c.name == name).values(**fields)

        def write(connection: Connection) -> UserRecord | None:
            connection.execute(change)
            return _user(connection, name)

        try:
            return await self._keeping_an_admin(name, write)
        except RuleBroken as problem:
            raise PersonTaken(
                "another user is the same person at the provider; take it from them first"
            ) from problem

    async def remove_user(self, name: str) -> bool:
        """Forget a user with all that lets them in; whether there was one.

        Raises: `LastAdministrator`.
        """
        was_there = False

        def write(connection: Connection) -> bool:
            nonlocal was_there  # What a lost answer was about is not there the next time.
            for table, column in (
                (tables.MEMBERS, tables.MEMBERS.c.user),
                (tables.TOKENS, tables.TOKENS.c.user),
                (tables.SAVED, tables.SAVED.c.user),
                (tables.SESSIONS, tables.SESSIONS.c.user),
                (tables.TICKETS, tables.TICKETS.c.user),
                (tables.SESSIONS, tables.SESSIONS.c.user),
                (tables.TICKETS, tables.TICKETS.c.user),
                (tables.IDEMPOTENCY, tables.IDEMPOTENCY.c.token),
            ):
                connection.execute(sql.delete(table).where(column == name))
            quota = tables.QUOTAS.c.subject == USER + name
            connection.execute(sql.delete(tables.QUOTAS).where(quota))
            gone = connection.execute(sql.delete(tables.USERS).where(_c.name == name))
            was_there = gone.rowcount > 0 or was_there
            return was_there

        return await self._keeping_an_admin(name, write)

    async def _keeping_an_admin(self, name: str, write: Callable[[Connection], T]) -> T:
        """Do something to a user, unless nobody would be an administrator then."""

        def work(connection: Connection) -> T:
            before = connection.scalar(_ADMINS)
            done = write(connection)
            if before and not connection.scalar(_ADMINS):
                raise LastAdministrator(
                    f"{name} is the only administrator; make another user one first"
                )
            return done

        # In order, so that two administrators cannot take the role from each other.
        return await self._database.write(work, in_order=True)


def _user(connection: Connection, name: str) -> UserRecord | None:
    query = sql.select(tables.USERS).where(_c.name == name)
    found = connection.execute(query).mappings().first()
    return None if found is None else UserRecord(**found)
