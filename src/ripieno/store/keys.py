"""What the server itself needs: hosts, tokens, secrets, answers to repeated requests."""

from datetime import datetime, timedelta

import sqlalchemy as sql
from sqlalchemy import Delete, Update
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store import tables
from ripieno.store.commit import put, row
from ripieno.store.database import Database
from ripieno.store.errors import UnknownSecret
from ripieno.store.records import HostRecord, IdempotencyRecord, TokenRecord
from ripieno.store.rows import all_of, one_of
from ripieno.store.sealing import Seal

REMEMBERED = timedelta(hours=24)
"""How long the answer to a request with an idempotency key is kept."""


class Keys:
    """The part of the store that is about the server."""

    _database: Database
    _seal: Seal

    async def hosts(self) -> list[HostRecord]:
        """All registered hosts, by name."""
        query = sql.select(tables.HOSTS).order_by(tables.HOSTS.c.name)
        return await all_of(self._database, HostRecord, query)

    async def put_host(self, host: HostRecord) -> None:
        """Store a host, in the place of its namesake."""
        await self._put(tables.HOSTS, row(host))

    async def remove_host(self, name: str) -> bool:
        """Forget a host; whether there was one."""
        return await self._change(sql.delete(tables.HOSTS).where(tables.HOSTS.c.name == name))

    async def tokens(self) -> list[TokenRecord]:
        """All tokens, the oldest first."""
        query = sql.select(tables.TOKENS).order_by(tables.TOKENS.c.created_at, tables.TOKENS.c.id)
        return await all_of(self._database, TokenRecord, query)

    async def token_by_digest(self, digest: str) -> TokenRecord | None:
        """The token whose text has this digest."""
        query = sql.select(tables.TOKENS).where(tables.TOKENS.c.digest == digest)
        return await one_of(self._database, TokenRecord, query)

    async def add_token(self, token: TokenRecord) -> None:
        """Store a token."""
        await self._put(tables.TOKENS, row(token))

    async def revoke_token(self, id: str, at: datetime) -> bool:
        """Have a token be void from then on; whether there is one."""
        tokens = tables.TOKENS.c
        return await self._change(
            sql.update(tables.TOKENS)
            .where(tokens.id == id)
            .values(revoked_at=sql.func.coalesce(tokens.revoked_at, _microseconds(at)))
        )

    async def secret(self, name: str) -> str:
        """A secret in clear. Raises: `UnknownSecret`, `BrokenSeal`."""
        query = sql.select(tables.SECRETS.c.sealed).where(tables.SECRETS.c.name == name)

        async def read(connection: AsyncConnection) -> bytes | None:
            found: bytes | None = (await connection.execute(query)).scalar()
            return found

        sealed = await self._database.read(read)
        if sealed is None:
            raise UnknownSecret(
                f"there is no secret {name!r}; set it with ripieno secret set {name}"
            )
        return self._seal.open(name, sealed)

    async def secret_names(self) -> list[str]:
        """The names of all secrets."""
        query = sql.select(tables.SECRETS.c.name).order_by(tables.SECRETS.c.name)

        async def read(connection: AsyncConnection) -> list[str]:
            return [each.name for each in await connection.execute(query)]

        return await self._database.read(read)

    async def put_secret(self, name: str, text: str) -> None:
        """Store a secret, sealed."""
        await self._put(tables.SECRETS, {"name": name, "sealed": self._seal.close(name, text)})

    async def remove_secret(self, name: str) -> bool:
        """Forget a secret; whether there was one."""
        return await self._change(sql.delete(tables.SECRETS).where(tables.SECRETS.c.name == name))

    async def recall(self, key: str, token: str) -> IdempotencyRecord | None:
        """What was answered to the request with that key from that token."""
        c = tables.IDEMPOTENCY.c
        query = sql.select(tables.IDEMPOTENCY).where(c.key == key, c.token == token)
        return await one_of(self._database, IdempotencyRecord, query)

    async def remember(self, answer: IdempotencyRecord) -> None:
        """Keep an answer, and forget those that are too old."""
        c = tables.IDEMPOTENCY.c

        async def write(connection: AsyncConnection) -> None:
            old = sql.delete(tables.IDEMPOTENCY).where(c.at < answer.at - REMEMBERED)
            await connection.execute(old)
            await put(connection, tables.IDEMPOTENCY, [row(answer)])

        await self._database.write(write)

    async def _put(self, table: sql.Table, values: dict[str, object]) -> None:
        async def write(connection: AsyncConnection) -> None:
            await put(connection, table, [values])

        await self._database.write(write)

    async def _change(self, statement: Delete | Update) -> bool:
        async def write(connection: AsyncConnection) -> bool:
            return (await connection.execute(statement)).rowcount > 0

        return await self._database.write(write)


def _microseconds(at: datetime) -> sql.BindParameter[datetime]:
    return sql.bindparam(None, at, type_=tables.Time)
