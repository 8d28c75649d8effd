"""Answers to requests with an idempotency key, kept for a day."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import rows, tables
from ripieno.store.database import Database
from ripieno.store.records import IdempotencyRecord

REMEMBERED = timedelta(hours=24)
"""How long an answer is kept."""

_c = tables.IDEMPOTENCY.c


class Idempotency:
    """The part of the store that remembers what was answered."""

    _database: Database

    async def recall(
        self, key: str, token: str, *, now: datetime | None = None
    ) -> IdempotencyRecord | None:
        """What was answered to the request with that key from that token."""
        since = (now or datetime.now(UTC)) - REMEMBERED
        query = sql.select(tables.IDEMPOTENCY).where(
            _c.key == key, _c.token == token, _c.at >= since
        )
        return await self._database.one_of(IdempotencyRecord, query)

    async def remember(self, answer: IdempotencyRecord) -> None:
        """Keep an answer, and forget those that are too old."""
        old = sql.delete(tables.IDEMPOTENCY).where(_c.at < answer.at - REMEMBERED)

        def write(connection: Connection) -> None:
            connection.execute(old)
            rows.put(connection, tables.IDEMPOTENCY, [answer])

        await self._database.write(write)
