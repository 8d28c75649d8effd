"""Registered applications. A published version never changes."""

import sqlalchemy as sql

from ripieno.model import names
from ripieno.store import paging, rows, tables
from ripieno.store.database import Database
from ripieno.store.errors import RuleBroken, VersionTaken
from ripieno.store.records import ApplicationRecord, VersionRecord

_c = tables.VERSIONS.c


class Applications:
    """The part of the store that is a catalogue."""

    _database: Database

    async def publish(self, version: VersionRecord) -> None:
        """Store a version; storing the same document again changes nothing.

        Raises: `VersionTaken`.
        """
        try:
            await self._database.write(
                lambda connection: rows.add(connection, tables.VERSIONS, [version])
            )
        except RuleBroken as problem:
            known = await self.application_version(version.application, version.version)
            if known is None or known.document != version.document:
                raise VersionTaken(
                    f"{version.application} {version.version} is published and cannot change; give "
                    "the new one another version"
                ) from problem

    async def application_version(
        self, name: str, version: str | None = None
    ) -> VersionRecord | None:
        """A version of an application, or its latest one."""
        if version is None:
            known = await self.application_versions(name)
            if not known:
                return None
            version = known[0]
        query = sql.select(tables.VERSIONS).where(_c.application == name, _c.version == version)
        return await self._database.one_of(VersionRecord, query)

    async def application_versions(self, name: str) -> list[str]:
        """All versions of an application, the latest first, by the order of semantic versions."""
        found = await self._database.column(sql.select(_c.version).where(_c.application == name))
        return sorted(found, key=_order, reverse=True)

    async def applications(
        self, *, after: str | None, limit: int
    ) -> tuple[list[ApplicationRecord], str | None]:
        """Applications by name, each as its latest version presents it."""
        limit = paging.bounded(limit)
        chosen = sql.select(_c.application).distinct().order_by(_c.application).limit(limit + 1)
        if after is not None:
            chosen = chosen.where(_c.application > after)
        query = (
            sql.select(
                _c.application.label("name"), _c.version.label("latest"), _c.title, _c.description
            )
            .where(_c.application.in_(chosen))
            .order_by(_c.application)
        )
        latest: dict[str, ApplicationRecord] = {}
        for each in await self._database.all_of(ApplicationRecord, query):
            known = latest.get(each.name)
            if known is None or _order(each.latest) > _order(known.latest):
                latest[each.name] = each
        return paging.page(list(latest.values()), limit, lambda each: each.name)


def _order(version: str) -> tuple[object, str]:
    """Semantic versions' order; those that differ by their build only are told apart somehow."""
    return names.version_key(version), version
