"""Events: read in order, by deployment or all together. Only `commit` writes them."""

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store import tables
from ripieno.store.commit import event_record
from ripieno.store.database import Database
from ripieno.store.records import EventRecord


class Events:
    """The part of the store that tells what happened."""

    _database: Database

    async def events(
        self,
        *,
        deployment: str | None,
        after: int,
        limit: int,
        component: str | None = None,
        kind: str | None = None,
    ) -> list[EventRecord]:
        """Events whose id is above `after`, in order."""
        c = tables.EVENTS.c
        query = sql.select(tables.EVENTS).where(c.id > after).order_by(c.id).limit(limit)
        if deployment is not None:
            query = query.where(c.deployment == deployment)
        if component is not None:
            query = query.where(c.component == component)
        if kind is not None:
            query = query.where(c.kind == kind)
        return await self._events(query)

    async def events_after(self, id: int, limit: int) -> list[EventRecord]:
        """Events of all deployments after that id, in order."""
        return await self.events(deployment=None, after=id, limit=limit)

    async def journal(self, deployment: str, *, after: int) -> list[EventRecord]:
        """All events of a deployment whose number is above `after`."""
        c = tables.EVENTS.c
        query = sql.select(tables.EVENTS).where(c.deployment == deployment, c.seq > after)
        return await self._events(query.order_by(c.seq))

    async def last_event_id(self) -> int:
        """The id of the newest event, 0 if there is none."""

        async def read(connection: AsyncConnection) -> int:
            found = await connection.execute(sql.select(sql.func.max(tables.EVENTS.c.id)))
            return int(found.scalar() or 0)

        return await self._database.read(read)

    async def _events(self, query: sql.Select[tuple[object, ...]]) -> list[EventRecord]:
        async def read(connection: AsyncConnection) -> list[EventRecord]:
            return [event_record(each) for each in await connection.execute(query)]

        return await self._database.read(read)
