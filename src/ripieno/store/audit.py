"""The audit trail: who did what. It only grows."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sql

from ripieno.store import paging, rows, tables
from ripieno.store.database import Database
from ripieno.store.records import AuditQuery, AuditRecord

_c = tables.AUDIT.c


class Audit:
    """The part of the store that knows who did what."""

    _database: Database

    async def add_audit(self, records: Sequence[AuditRecord]) -> None:
        """Store what was done."""
        await self._database.write(lambda connection: rows.put(connection, tables.AUDIT, records))

    async def audit(
        self, query: AuditQuery, *, after: str | None, limit: int
    ) -> tuple[list[AuditRecord], str | None]:
        """What was done, the latest first, and the cursor to go on with.

        Raises: `InvalidCursor`.
        """
        limit = paging.bounded(limit)
        found = sql.select(tables.AUDIT).order_by(_c.at.desc(), _c.id.desc()).limit(limit + 1)
        for column, wanted in (
            (_c.user, query.user),
            (_c.result, query.result),
        ):
            if wanted is not None:
                found = found.where(column == wanted)
        if query.action is not None:  # One of them, or all of a kind of thing.
            prefix = f"{query.action}."
            found = found.where(
                (_c.action == query.action) | _c.action.startswith(prefix, autoescape=True)
            )
        if query.thing is not None:
            found = found.where(_c.thing.contains(query.thing, autoescape=True))
        if query.since is not None:
            found = found.where(_c.at >= query.since)
        if query.until is not None:
            found = found.where(_c.at < query.until)
        if after is not None:
            found = found.where(_is_after(*paging.read_cursor(after)))
        page = await self._database.all_of(AuditRecord, found)
        return paging.page(page, limit, lambda each: paging.cursor(each.at, each.id))


def _is_after(at: datetime, id: str) -> sql.ColumnElement[bool]:
    return (_c.at < at) | ((_c.at == at) & (_c.id < id))
