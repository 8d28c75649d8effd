"""Markings: where the life cycles of a deployment stood after some event. `commit` writes them."""

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import MarkingRecord


class Markings:
    """The part of the store that saves a start from replaying all that ever happened."""

    _database: Database

    async def marking(self, deployment: str) -> MarkingRecord | None:
        """The marking as it was last stored."""
        query = sql.select(tables.MARKINGS).where(tables.MARKINGS.c.deployment == deployment)
        return await self._database.one_of(MarkingRecord, query)
