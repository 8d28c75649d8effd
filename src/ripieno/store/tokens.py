"""Tokens that let callers in. Of a token's text only the digest is here."""

from datetime import datetime

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import TokenRecord

_c = tables.TOKENS.c


class Tokens:
    """The part of the store that knows who may come in."""

    _database: Database

    async def tokens(self) -> list[TokenRecord]:
        """All tokens, the oldest first."""
        query = sql.select(tables.TOKENS).order_by(_c.created_at, _c.id)
        return await self._database.all_of(TokenRecord, query)

    async def token_by_digest(self, digest: str) -> TokenRecord | None:
        """The token whose text has this digest."""
        query = sql.select(tables.TOKENS).where(_c.digest == digest)
        return await self._database.one_of(TokenRecord, query)

    async def add_token(self, token: TokenRecord) -> None:
        """Store a token."""
        await self._database.put(tables.TOKENS, token)

    async def revoke_token(self, id: str, at: datetime) -> bool:
        """Have a token be void from then on, unless it is already; whether there is one."""
        since = sql.func.coalesce(_c.revoked_at, sql.bindparam(None, at, type_=tables.Time))
        revoked = sql.update(tables.TOKENS).where(_c.id == id).values(revoked_at=since)
        return await self._database.change(revoked)
