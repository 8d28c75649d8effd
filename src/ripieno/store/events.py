"""Events: read in order, by deployment or all together. Only `commit` writes them."""

import sqlalchemy as sql

from ripieno.store import paging, tables
from ripieno.store.database import Database
from ripieno.store.records import EventRecord

_c = tables.EVENTS.c

_ALL = sql.select(
    _c.id, _c.deployment, _c.seq, _c.at, _c.kind, _c.component, _c.reconfiguration, _c.data
)


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
        owner: str | None = None,
    ) -> list[EventRecord]:
        """Events whose id is above `after`, in order; of what `owner` has, if one is named."""
        after = min(max(after, 0), paging.MOST_ID)
        query = _ALL.where(_c.id > after).order_by(_c.id).limit(paging.bounded(limit))
        if deployment is not None:
            query = query.where(_c.deployment == deployment)
        if component is not None:
            query = query.where(_c.component == component)
        if kind is not None:
            query = query.where(_c.kind == kind)
        if owner is not None:
            owned = sql.select(tables.DEPLOYMENTS.c.id).where(tables.DEPLOYMENTS.c.owner == owner)
            query = query.where(_c.deployment.in_(owned))
        return await self._database.all_of(EventRecord, query)

    async def events_after(self, id: int, limit: int) -> list[EventRecord]:
        """Events of all deployments after that id, in order.

        Once an event was seen, none with a smaller id appears any more: whoever goes on from the
        last one that was read misses none.
        """
        return await self.events(deployment=None, after=id, limit=limit)

    async def journal(self, deployment: str, *, after: int) -> list[EventRecord]:
        """All events of a deployment whose number is above `after`.

        Read a page at a time, so that a long one does not hold up other readers.
        """
        found: list[EventRecord] = []
        query = _ALL.where(_c.deployment == deployment).order_by(_c.seq).limit(paging.MOST)
        while True:
            page = await self._database.all_of(EventRecord, query.where(_c.seq > after))
            found += page
            if len(page) < paging.MOST:
                return found
            after = page[-1].seq

    async def last_event_id(self) -> int:
        """The id of the newest event, 0 if there is none."""
        (found,) = await self._database.column(sql.select(sql.func.max(_c.id)))
        return int(found or 0)
