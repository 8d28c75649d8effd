"""Hosts that are registered."""

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import HostRecord


class Hosts:
    """The part of the store that knows the machines."""

    _database: Database

    async def hosts(self) -> list[HostRecord]:
        """All registered hosts, by name."""
        query = sql.select(tables.HOSTS).order_by(tables.HOSTS.c.name)
        return await self._database.all_of(HostRecord, query)

    async def put_host(self, host: HostRecord) -> None:
        """Store a host, in the place of its namesake."""
        await self._database.put(tables.HOSTS, host)

    async def remove_host(self, name: str) -> bool:
        """Forget a host; whether there was one."""
        gone = sql.delete(tables.HOSTS).where(tables.HOSTS.c.name == name)
        return await self._database.change(gone)
