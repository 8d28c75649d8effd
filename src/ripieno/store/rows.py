"""Rows of a query as records whose fields are named as the columns."""

from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store.database import Database

R = TypeVar("R")


async def all_of(database: Database, record: type[R], query: Select[Any]) -> list[R]:
    """All rows of a query."""

    async def read(connection: AsyncConnection) -> list[R]:
        return [record(**found._mapping) for found in await connection.execute(query)]

    return await database.read(read)


async def one_of(database: Database, record: type[R], query: Select[Any]) -> R | None:
    """The first row of a query, if there is one."""
    found = await all_of(database, record, query.limit(1))
    return found[0] if found else None
