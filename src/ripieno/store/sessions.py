"""Browsers in which somebody is signed in. Of a session's cookie only the digest is here."""

from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import rows, tables
from ripieno.store.database import Database
from ripieno.store.records import SessionRecord

_c = tables.SESSIONS.c


class Sessions:
    """The part of the store that knows who is signed in."""

    _database: Database

    async def add_session(self, session: SessionRecord) -> None:
        """Store a session, and forget those of anybody that were over when it began."""
        over = sql.delete(tables.SESSIONS).where(_c.expires_at <= session.created_at)

        def write(connection: Connection) -> None:
            connection.execute(over)
            rows.put(connection, tables.SESSIONS, [session])

        await self._database.write(write)

    async def session_by_digest(self, digest: str) -> SessionRecord | None:
        """The session whose cookie has this digest."""
        query = sql.select(tables.SESSIONS).where(_c.digest == digest)
        return await self._database.one_of(SessionRecord, query)

    async def session(self, id: str) -> SessionRecord | None:
        """A session."""
        query = sql.select(tables.SESSIONS).where(_c.id == id)
        return await self._database.one_of(SessionRecord, query)

    async def sessions_of(self, user: str) -> list[SessionRecord]:
        """The sessions of a user, the last used one first."""
        query = sql.select(tables.SESSIONS).where(_c.user == user)
        return await self._database.all_of(SessionRecord, query.order_by(_c.seen_at.desc(), _c.id))

    async def session_seen(self, id: str, at: datetime) -> bool:
        """Note that a session was used; whether it is still there."""
        return await self._database.change(
            sql.update(tables.SESSIONS).where(_c.id == id).values(seen_at=at)
        )

    async def remove_session(self, id: str) -> bool:
        """End a session; whether there was one."""
        return await self._database.change(sql.delete(tables.SESSIONS).where(_c.id == id))

    async def remove_sessions_of(self, user: str, *, but: str | None = None) -> bool:
        """End all sessions of a user, but the one with that id; whether there were any."""
        ended = sql.delete(tables.SESSIONS).where(_c.user == user)
        if but is not None:
            ended = ended.where(_c.id != but)
        return await self._database.change(ended)
