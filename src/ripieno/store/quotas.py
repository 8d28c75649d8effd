"""Quotas: how much a user or the members of a group may have running."""

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import QuotaRecord

_c = tables.QUOTAS.c


class Quotas:
    """The part of the store that knows the quotas."""

    _database: Database

    async def quotas(self) -> list[QuotaRecord]:
        """All quotas, by whose they are."""
        query = sql.select(tables.QUOTAS).order_by(_c.subject)
        return await self._database.all_of(QuotaRecord, query)

    async def put_quota(self, quota: QuotaRecord) -> None:
        """Store a quota, in the place of what it was."""
        await self._database.put(tables.QUOTAS, quota)

    async def remove_quota(self, subject: str) -> bool:
        """Forget a quota; whether there was one."""
        return await self._database.change(sql.delete(tables.QUOTAS).where(_c.subject == subject))
