"""Saved configurations: how users have filled in the forms of applications, by names of theirs."""

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.errors import NoSuchPerson, RuleBroken
from ripieno.store.records import SavedRecord

_c = tables.SAVED.c


class SavedConfigurations:
    """The part of the store that knows what users have saved."""

    _database: Database

    async def saved_configurations(self, user: str, application: str) -> list[SavedRecord]:
        """What a user has saved of an application, by name."""
        query = (
            sql.select(tables.SAVED)
            .where(_c.user == user, _c.application == application)
            .order_by(_c.name)
        )
        return await self._database.all_of(SavedRecord, query)

    async def save_configuration(self, saved: SavedRecord) -> None:
        """Store one, in the place of what had its name. Raises: `NoSuchPerson`."""
        try:
            await self._database.put(tables.SAVED, saved)
        except RuleBroken as problem:
            raise NoSuchPerson(f"there is no user {saved.user!r} to save something") from problem

    async def remove_saved_configuration(self, user: str, application: str, name: str) -> bool:
        """Forget one; whether there was one."""
        gone = sql.delete(tables.SAVED).where(
            _c.user == user, _c.application == application, _c.name == name
        )
        return await self._database.change(gone)
