"""Groups of users, and who is in them."""

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model.access import GROUP
from ripieno.store import rows, tables
from ripieno.store.database import Database
from ripieno.store.errors import NoSuchPerson, PersonTaken, RuleBroken
from ripieno.store.records import GroupRecord, MemberRecord

_c = tables.GROUPS.c
_members = tables.MEMBERS.c


class Groups:
    """The part of the store that knows the groups."""

    _database: Database

    async def groups(self) -> list[GroupRecord]:
        """All groups by name."""
        return await self._database.all_of(GroupRecord, sql.select(tables.GROUPS).order_by(_c.name))

    async def group(self, name: str) -> GroupRecord | None:
        """A group."""
        return await self._database.one_of(
            GroupRecord, sql.select(tables.GROUPS).where(_c.name == name)
        )

    async def members(
        self, *, group: str | None = None, user: str | None = None
    ) -> list[MemberRecord]:
        """Who is in which group: in one, of one user, or all."""
        query = sql.select(tables.MEMBERS).order_by(_members.group, _members.user)
        if group is not None:
            query = query.where(_members.group == group)
        if user is not None:
            query = query.where(_members.user == user)
        return await self._database.all_of(MemberRecord, query)

    async def add_group(self, group: GroupRecord) -> None:
        """Store a new group. Raises: `PersonTaken`."""
        try:
            await self._database.write(
                lambda connection: rows.add(connection, tables.GROUPS, [group])
            )
        except RuleBroken as problem:
            if await self.group(group.name) != group:  # It may be our own answer that was lost.
                raise PersonTaken(
                    f"there is a group {group.name!r} already; choose another name"
                ) from problem

    async def describe_group(self, name: str, description: str) -> bool:
        """Say something else of a group; whether there is one."""
        change = sql.update(tables.GROUPS).where(_c.name == name).values(description=description)
        return await self._database.change(change)

    async def remove_group(self, name: str) -> bool:
        """Forget a group and who was in it; whether there was one."""
        was_there = False

        def write(connection: Connection) -> bool:
            nonlocal was_there  # What a lost answer was about is not there the next time.
            connection.execute(sql.delete(tables.MEMBERS).where(_members.group == name))
            quota = tables.QUOTAS.c.subject == GROUP + name
            connection.execute(sql.delete(tables.QUOTAS).where(quota))
            gone = connection.execute(sql.delete(tables.GROUPS).where(_c.name == name))
            was_there = gone.rowcount > 0 or was_there
            return was_there

        return await self._database.write(write)

    async def put_member(self, member: MemberRecord) -> None:
        """Put a user into a group, or say anew whether they manage it. Raises: `NoSuchPerson`."""
        try:
            await self._database.put(tables.MEMBERS, member)
        except RuleBroken as problem:
            raise NoSuchPerson(
                f"{member.user} cannot be put into {member.group}: one of them is not there"
            ) from problem

    async def remove_member(self, group: str, user: str) -> bool:
        """Take a user out of a group; whether they were in it."""
        gone = sql.delete(tables.MEMBERS).where(_members.group == group, _members.user == user)
        return await self._database.change(gone)
