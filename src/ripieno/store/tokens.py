"""Tokens that let their users in. Of a token's text only the digest is here."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import tables, values
from ripieno.store.database import Database
from ripieno.store.errors import NoSuchPerson, RuleBroken
from ripieno.store.records import TokenRecord

_c = tables.TOKENS.c


class Tokens:
    """The part of the store that knows the tokens."""

    _database: Database

    async def tokens(self, *, user: str | None = None) -> list[TokenRecord]:
        """All tokens, or those of a user, the oldest first."""
        query = sql.select(tables.TOKENS).order_by(_c.created_at, _c.id)
        if user is not None:
            query = query.where(_c.user == user)
        return await self._database.all_of(TokenRecord, query)

    async def token(self, id: str) -> TokenRecord | None:
        """A token by its id."""
        return await self._database.one_of(
            TokenRecord, sql.select(tables.TOKENS).where(_c.id == id)
        )

    async def token_by_digest(self, digest: str) -> TokenRecord | None:
        """The token whose text has this digest."""
        query = sql.select(tables.TOKENS).where(_c.digest == digest)
        return await self._database.one_of(TokenRecord, query)

    async def add_token(self, token: TokenRecord) -> None:
        """Store a token. Raises: `NoSuchPerson`."""
        try:
            await self._database.put(tables.TOKENS, token)
        except RuleBroken as problem:
            raise NoSuchPerson(f"there is no user {token.user!r} to have a token") from problem

    async def revoke_token(self, id: str, at: datetime) -> bool:
        """Have a token be void from then on, unless it is already; whether there is one."""
        since = sql.func.coalesce(_c.revoked_at, sql.bindparam(None, at, type_=values.Time))
        revoked = sql.update(tables.TOKENS).where(_c.id == id).values(revoked_at=since)
        return await self._database.change(revoked)

    async def note_use(self, uses: Mapping[str, datetime]) -> None:
        """Keep when tokens were last used, by their ids."""
        if not uses:
            return
        noted = (
            sql.update(tables.TOKENS)
            .where(_c.id == sql.bindparam("which"))
            .values(last_used_at=sql.bindparam("at", type_=values.Time))
        )
        found = [{"which": id, "at": at} for id, at in sorted(uses.items())]

        def write(connection: Connection) -> None:
            connection.execute(noted, found)

        await self._database.write(write)
