"""Registered applications. A published version never changes."""

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.model import names
from ripieno.store import paging, tables
from ripieno.store.commit import row
from ripieno.store.database import Database
from ripieno.store.records import ApplicationRecord, VersionRecord
from ripieno.store.rows import all_of, one_of


class Registry:
    """The part of the store that is a catalogue."""

    _database: Database

    async def publish(self, version: VersionRecord) -> None:
        """Store a version that is not there yet."""

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(sql.insert(tables.VERSIONS), [row(version)])

        await self._database.write(write)

    async def application_version(
        self, name: str, version: str | None = None
    ) -> VersionRecord | None:
        """A version of an application, or its latest one."""
        c = tables.VERSIONS.c
        if version is None:
            query = sql.select(c.version).where(c.application == name)

            async def read(connection: AsyncConnection) -> list[str]:
                return [each.version for each in await connection.execute(query)]

            known = await self._database.read(read)
            if not known:
                return None
            version = max(known, key=names.version_key)
        wanted = sql.select(tables.VERSIONS).where(c.application == name, c.version == version)
        return await one_of(self._database, VersionRecord, wanted)

    async def applications(
        self, *, after: str | None, limit: int
    ) -> tuple[list[ApplicationRecord], str | None]:
        """Applications by name, each as its latest version presents it."""
        c = tables.VERSIONS.c
        chosen = sql.select(c.application).distinct().order_by(c.application).limit(limit + 1)
        if after is not None:
            chosen = chosen.where(c.application > after)
        query = sql.select(tables.VERSIONS).where(c.application.in_(chosen))
        latest: dict[str, VersionRecord] = {}
        for each in await all_of(self._database, VersionRecord, query):
            known = latest.get(each.application)
            if known is None or names.version_key(each.version) > names.version_key(known.version):
                latest[each.application] = each
        found = [
            ApplicationRecord(
                name=name,
                latest=each.version,
                title=each.title,
                description=each.description,
            )
            for name, each in sorted(latest.items())
        ]
        return paging.page(found, limit, lambda each: each.name)
