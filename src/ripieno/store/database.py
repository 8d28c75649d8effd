"""What the store's modules ask of a database: work done in one transaction, with patience.

Work is a plain function of a SQLAlchemy connection, the same for every database; `sqlite` and
`postgresql` carry it out. Called by the modules of this layer only.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Select, Table, Update, exc

from ripieno.store import rows
from ripieno.store.errors import StoreError, StoreUnavailable

T = TypeVar("T")
R = TypeVar("R")

PATIENCE_S = 60.0
"""How long the database may be away before an operation is given up."""

FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 2.0

LIBRARY_ERRORS = (exc.SQLAlchemyError, OSError)
"""What SQLAlchemy and the drivers below it raise."""


class Database(ABC):
    """A database that is open. `patience_s` is how long it may be away during an operation."""

    name: str
    """Where it is, without user's passwords, for messages."""

    failures: tuple[type[Exception], ...] = LIBRARY_ERRORS
    """What its libraries raise."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do something that changes nothing; best one query. Raises: `StoreError`."""
        return await self._patiently(lambda: self._read(work))

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """Read a few rows that an index leads to. Raises: `StoreError`.

        A database may do that on the spot, so the work itself has to be short, and may be begun
        a second time.
        """
        return await self.read(work)

    async def write(self, work: Callable[[Connection], T], *, in_order: bool = False) -> T:
        """Do something in one transaction. Raises: `StoreError`.

        It may be done twice: if the database goes away while it commits, nobody knows whether it
        has. With `in_order` no other such transaction is under way at the same time, so that
        what is numbered in it becomes visible in the order of its numbers.
        """
        return await self._patiently(lambda: self._write(work, in_order))

    @abstractmethod
    async def close(self) -> None:
        """Close all connections, once the work that has begun is done."""

    @abstractmethod
    async def _read(self, work: Callable[[Connection], T]) -> T: ...

    @abstractmethod
    async def _write(self, work: Callable[[Connection], T], in_order: bool) -> T: ...

    @abstractmethod
    def _named(self, problem: Exception) -> StoreError:
        """A library's error as one of ours."""

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self.patience_s
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await attempt()
            except self.failures as problem:
                error = self._named(problem)
                if not isinstance(error, StoreUnavailable) or loop.time() > give_up_at:
                    raise error from problem
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)

    async def all_of(
        self, record: type[R], query: Select[Any], given: Mapping[str, object] | None = None
    ) -> list[R]:
        """All rows of a query, as records whose fields are named as the columns."""

        return await self.read(_all(record, query, given))

    async def few_of(
        self, record: type[R], query: Select[Any], given: Mapping[str, object] | None = None
    ) -> list[R]:
        """The same for a query that has few rows, which an index leads to."""
        return await self.look_up(_all(record, query, given))

    async def one_of(self, record: type[R], query: Select[Any]) -> R | None:
        """The row that a query finds by its key, if there is one."""
        found = await self.few_of(record, query.limit(1))
        return found[0] if found else None

    async def column(self, query: Select[Any]) -> list[Any]:
        """The first column of all rows of a query."""
        return await self.read(lambda connection: list(connection.execute(query).scalars()))

    async def put(self, table: Table, record: object) -> None:
        """Store a record in a row of its own, in the place of the one that has its key."""
        await self.write(lambda connection: rows.put(connection, table, [record]))

    async def change(self, statement: Delete | Update) -> bool:
        """Change or delete rows; whether there were any."""
        found = False

        def work(connection: Connection) -> bool:
            nonlocal found  # What a lost answer was about is not there the next time.
            found = connection.execute(statement).rowcount > 0 or found
            return found

        return await self.write(work)


def _all(
    record: type[R], query: Select[Any], given: Mapping[str, object] | None
) -> Callable[[Connection], list[R]]:
    def work(connection: Connection) -> list[R]:
        found = connection.execute(query, given).all()
        return rows.records(record, query.selected_columns, found)

    return work
