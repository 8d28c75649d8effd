"""A database on a PostgreSQL server, which may restart while it is used."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # It has no stubs of its own.
import sqlalchemy as sql
from sqlalchemy import Connection, exc
from sqlalchemy.ext.asyncio import create_async_engine

from ripieno.store.database import LIBRARY_ERRORS, PATIENCE_S, Database
from ripieno.store.errors import (
    CannotOpen,
    Damaged,
    DiskFull,
    RuleBroken,
    StoreError,
    StoreUnavailable,
)

T = TypeVar("T")

CONNECTIONS = 6
CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 30.0

_ORDER_LOCK = 0x52495049
"""Held while something is written in order, by whichever server."""

_IN_ORDER = sql.select(sql.func.pg_advisory_xact_lock(_ORDER_LOCK))

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY = ("08", "57P", "53300", "53400", "57014", "40001", "40P01", "55P03", "25006")
_REFUSED = ("28", "3D000", "42501", "0P000")
_FULL = ("53100", "53200")
_RULE = ("23",)
_DAMAGED = ("XX001", "XX002", "58", "42P01", "42703")


class PostgresqlDatabase(Database):
    """A database by the URL that SQLAlchemy knows for asyncpg."""

    failures = (*LIBRARY_ERRORS, asyncpg.PostgresError, asyncpg.InterfaceError)

    def __init__(self, url: sql.URL, *, patience_s: float = PATIENCE_S) -> None:
        super().__init__(patience_s=patience_s)
        # No more than this: what the URL holds besides may be a secret.
        self.name = (
            f"{url.username or ''}@{url.host or 'localhost'}:{url.port or 5432}/{url.database}"
        )
        self._engine = create_async_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=COMMAND_TIMEOUT_S,
            hide_parameters=True,  # Tracebacks go to the log.
            connect_args={
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": COMMAND_TIMEOUT_S,
                "server_settings": {
                    "application_name": "ripieno",
                    # What is searched is in memory, or on a disk that seeks as fast as it reads.
                    "random_page_cost": "1.1",
                    # How a text is found best depends on how many applications it fits.
                    "plan_cache_mode": "force_custom_plan",
                    # To compile a query takes longer than any of ours.
                    "jit": "off",
                    # So does to start processes for it, which then take turns with other queries.
                    "max_parallel_workers_per_gather": "0",
                    # The lock of a server that has gone up in smoke must not be held for ever.
                    "idle_in_transaction_session_timeout": f"{COMMAND_TIMEOUT_S:.0f}s",
                },
            },
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._ordering = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(*self.failures):  # The server may be away.
            await self._engine.dispose()

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)

    async def _write(self, work: Callable[[Connection], T], in_order: bool) -> T:
        if not in_order:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)
        # Of this server only one waits for the others', or waiting would take all connections.
        async with self._ordering, self._engine.begin() as connection:
            await connection.execute(_IN_ORDER)
            return await connection.run_sync(work)

    def _named(self, problem: Exception) -> StoreError:
        state, rule = "", ""
        for each in _causes(problem):
            state = state or str(getattr(each, "sqlstate", None) or "")
            rule = rule or str(getattr(each, "constraint_name", None) or "")
        origin = problem.orig if isinstance(problem, exc.DBAPIError) else problem
        said = str(origin).strip() or type(origin).__name__
        if state.startswith(_RULE):
            return RuleBroken(f"{self.name}: {said}", rule=rule)
        if state.startswith(_FULL):
            return DiskFull(f"{self.name} has no room: {said}; make some")
        if any(isinstance(each, asyncpg.ClientConfigurationError) for each in _causes(problem)):
            return CannotOpen(f"{self.name} cannot be used so ({said}); mend --database")
        if state.startswith(_REFUSED):
            return CannotOpen(
                f"{self.name} lets nobody in with this user, password and database ({said}); "
                "mend --database"
            )
        if state.startswith(_DAMAGED):
            return Damaged(f"{self.name} is damaged ({said}); bring back a copy of it")
        is_away = isinstance(problem, OSError | exc.TimeoutError | asyncpg.InterfaceError) or (
            isinstance(problem, exc.DBAPIError) and problem.connection_invalidated
        )
        if is_away or state.startswith(_AWAY):
            return StoreUnavailable(f"{self.name} cannot be reached: {said}; is the server up?")
        return StoreError(f"{self.name}: {said}")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came from."""
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__
