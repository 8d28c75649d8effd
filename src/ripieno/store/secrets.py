"""Secrets, which lie in the database sealed."""

from dataclasses import dataclass

import sqlalchemy as sql

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.errors import UnknownSecret
from ripieno.store.sealing import Seal

_c = tables.SECRETS.c


@dataclass(frozen=True, kw_only=True, slots=True)
class _SecretRecord:
    name: str
    sealed: bytes


class Secrets:
    """The part of the store that keeps secrets."""

    _database: Database
    _seal: Seal

    async def secret(self, name: str) -> str:
        """A secret in clear. Raises: `UnknownSecret`, `BrokenSeal`."""
        found = await self._database.column(sql.select(_c.sealed).where(_c.name == name))
        if not found:
            raise UnknownSecret(
                f"there is no secret {name!r}; set it with ripieno secret set {name}"
            )
        return self._seal.open(name, found[0])

    async def secret_names(self) -> list[str]:
        """The names of all secrets."""
        return await self._database.column(sql.select(_c.name).order_by(_c.name))

    async def put_secret(self, name: str, text: str) -> None:
        """Store a secret, sealed, in the place of what it was."""
        sealed = _SecretRecord(name=name, sealed=self._seal.close(name, text))
        await self._database.put(tables.SECRETS, sealed)

    async def remove_secret(self, name: str) -> bool:
        """Forget a secret; whether there was one."""
        return await self._database.change(sql.delete(tables.SECRETS).where(_c.name == name))
