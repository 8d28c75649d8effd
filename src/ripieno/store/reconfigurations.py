"""Reconfigurations: what was asked of a deployment and what became of it. `commit` writes them."""

import sqlalchemy as sql

from ripieno.store import paging, tables
from ripieno.store.database import Database
from ripieno.store.records import UNFINISHED, ReconfigurationRecord

_c = tables.RECONFIGURATIONS.c


class Reconfigurations:
    """The part of the store that is the history of deployments."""

    _database: Database

    async def reconfiguration(self, id: str) -> ReconfigurationRecord | None:
        """A reconfiguration by its id."""
        query = sql.select(tables.RECONFIGURATIONS).where(_c.id == id)
        return await self._database.one_of(ReconfigurationRecord, query)

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[list[ReconfigurationRecord], str | None]:
        """The reconfigurations of a deployment, the newest first. Raises: `InvalidCursor`."""
        limit = paging.bounded(limit)
        query = (
            sql.select(tables.RECONFIGURATIONS)
            .where(_c.deployment == deployment)
            .order_by(_c.created_at.desc(), _c.id.desc())
        )
        if after is not None:
            at, id = paging.read_cursor(after)
            earlier = (_c.created_at < at) | ((_c.created_at == at) & (_c.id < id))
            query = query.where(earlier)
        found = await self._database.all_of(ReconfigurationRecord, query.limit(limit + 1))
        return paging.page(found, limit, lambda each: paging.cursor(each.created_at, each.id))

    async def unfinished_reconfigurations(self, deployment: str) -> list[ReconfigurationRecord]:
        """Those that are queued or under way, the oldest first."""
        query = (
            sql.select(tables.RECONFIGURATIONS)
            .where(_c.deployment == deployment, _c.state.in_(UNFINISHED))
            .order_by(_c.created_at, _c.id)
        )
        return await self._database.all_of(ReconfigurationRecord, query)
