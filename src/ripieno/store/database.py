"""Connections: one to write by and a few to read by, patience with a server that restarts.

Called by the modules of this layer only. An operation is a function of a connection; it is done
in one transaction, and again after a reconnection where that is safe.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from ripieno.store.errors import CannotOpen, DiskFull, StoreError, StoreUnavailable

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long the database may be away before an operation is given up."""

FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 2.0
BUSY_TIMEOUT_MS = 10_000
READERS = 4

_AWAY = (
    "connection",
    "server closed",
    "starting up",
    "shutting down",
    "terminating",
    "cannotconnectnow",
)


class Database:
    """A database by its URL."""

    def __init__(self, url: str) -> None:
        self._url = sql.make_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._writing = asyncio.Lock()
        if self.is_sqlite:
            self._check_file()
            self._writer = _sqlite(self._url, poolclass=StaticPool)
            self._reader = _sqlite(self._url, pool_size=READERS)
        else:
            # Compiled statements are kept by asyncpg; what it kept is void after a restart.
            self._writer = self._reader = create_async_engine(
                self._url, pool_size=READERS + 2, pool_timeout=PATIENCE_S
            )

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        return self._url.render_as_string(hide_password=True)

    @property
    def folder(self) -> Path | None:
        """Where the file of an SQLite database is."""
        return Path(self._url.database or "").parent if self.is_sqlite else None

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something that changes nothing, in one transaction. Raises: `StoreError`."""
        return await self._patiently(lambda: self._run(self._reader, work))

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something that may be done twice, in one transaction. Raises: `StoreError`."""
        async with self._writing if self.is_sqlite else contextlib.nullcontext():
            return await self._patiently(lambda: self._run(self._writer, work))

    async def _run(self, engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with engine.begin() as connection:
            return await work(connection)

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE_S
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await attempt()
            except exc.IntegrityError:
                raise
            except (exc.SQLAlchemyError, OSError) as problem:
                error = self._named(problem)
                if not isinstance(error, StoreUnavailable) or loop.time() > give_up_at:
                    raise error from problem
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)

    def _named(self, problem: Exception) -> StoreError:
        """A library's error as one of ours."""
        said = str(getattr(problem, "orig", problem))
        low = f"{type(getattr(problem, 'orig', problem)).__name__} {said}".lower()
        if "disk is full" in low or "diskfull" in low or "no space left" in low:
            return DiskFull(f"there is no room for {self.name}: {said}; make some")
        is_away = isinstance(problem, OSError | exc.TimeoutError) or any(
            word in low for word in _AWAY
        )
        if isinstance(problem, exc.DBAPIError) and problem.connection_invalidated:
            is_away = True
        if "password authentication" in low or "does not exist" in low:
            return CannotOpen(f"{self.name} refuses: {said}; mend --database")
        if is_away or "locked" in low:
            return StoreUnavailable(f"{self.name} cannot be reached: {said}")
        return StoreError(f"{self.name}: {said}")

    def _check_file(self) -> None:
        path = Path(self._url.database or "")
        if not path.parent.is_dir():
            raise CannotOpen(f"{path} cannot be made: there is no folder {path.parent}; make it")
        if path.exists() and path.stat().st_size:
            with path.open("rb") as file:
                if not file.read(16).startswith(b"SQLite format 3"):
                    raise CannotOpen(f"{path} is no SQLite database; give another --database")


def _sqlite(url: sql.URL, **options: Any) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **options)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.close()

    return engine


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database that is closed if what follows fails. Raises: `CannotOpen`."""
    if not re.match(r"(sqlite\+aiosqlite|postgresql\+asyncpg)://", url):
        raise CannotOpen(
            "a database is sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
        )
    database = Database(url)
    try:
        yield database
    except BaseException:
        await database.close()
        raise
