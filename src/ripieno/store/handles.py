"""Handles: how a component's processes are found again. `commit` writes them."""

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import HandleRecord

_c = tables.HANDLES.c


class Handles:
    """The part of the store that tells what runs where."""

    _database: Database

    async def handles(self, deployment: str) -> list[HandleRecord]:
        """The handles of all components of a deployment, by component."""
        query = sql.select(tables.HANDLES).where(_c.deployment == deployment).order_by(_c.component)
        return await self._database.all_of(HandleRecord, query)
