"""A database in a file: one thread that writes, a few that read.

Each transaction runs from its beginning to its end on one thread, so it costs one hop; and whoever
waits for it may be cancelled without leaving it half done. As in the other database, each query of
a reader sees what is there when it is asked; a transaction around it would be two more waits for
the interpreter's lock. What an index leads to is read without a hop, which would take longer than
to read it (decision 0021).
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sql
from sqlalchemy import Connection, Engine, event, exc, pool

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

READERS = 4
BUSY_TIMEOUT_S = 1.0
"""How long SQLite itself waits for a lock of another program, before patience begins anew."""

MOST_WAL_BYTES = 16 * 2**20
"""Where the log of writes is emptied, which SQLite does by itself only while nobody reads."""

_ALWAYS = (
    f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
    "PRAGMA foreign_keys = ON",
)
_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA journal_size_limit = {MOST_WAL_BYTES}",
)
_READER = ("PRAGMA query_only = ON",)
_IMPATIENT = "PRAGMA busy_timeout = 0"

AT_ONCE_S = 0.005
"""How long is read without a hop: as long as a thread may keep the interpreter's lock."""

STEPS = 1000
"""After how many of its steps SQLite asks whether that is over."""


class SqliteDatabase(Database):
    """An SQLite database by the path of its file, which is made if it is missing."""

    failures = (*LIBRARY_ERRORS, sqlite3.Error)

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        super().__init__(patience_s=patience_s)
        self.name = str(path)
        _check(path)
        self._log = f"{path}-wal"
        self._tidy_at_bytes = MOST_WAL_BYTES
        self._writer = _engine(path, (*_ALWAYS, *_WRITER), begin="BEGIN IMMEDIATE")
        self._readers = _Readers(_engine(path, (*_ALWAYS, *_READER)))
        self._at_once = _AtOnce(path)
        self._is_closed = False
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READERS, "store-reader")

    async def close(self) -> None:
        """Close all connections, once the work that has begun is done."""
        self._is_closed = True
        self._at_once.close()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for executor in (self._reading, self._writing):
            executor.shutdown()
        self._readers.close()
        self._writer.dispose()  # The last one, so that SQLite takes its -wal and -shm away.

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """Read a few rows that an index leads to: here and now, unless it takes long."""
        if not self._is_closed:
            with contextlib.suppress(*self.failures):  # A thread waits, and says what is wrong.
                return self._at_once.read(work)
        return await self.read(work)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._readers.read, work)

    async def _write(self, work: Callable[[Connection], T], in_order: bool) -> T:
        def work_and_tidy() -> T:
            done = _transaction(self._writer, work)
            self._bound_log()
            return done

        # Only one writes at a time anyway, so all is in order.
        return await asyncio.get_running_loop().run_in_executor(self._writing, work_and_tidy)

    def _bound_log(self) -> None:
        """Empty the log of writes once it is long. Nothing was wrong if that cannot be done."""
        try:
            size_bytes = os.stat(self._log).st_size
            if size_bytes < self._tidy_at_bytes:
                return
            # Waits for those who read what is older than the last commit, and for no others.
            with contextlib.closing(self._writer.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size_bytes = os.stat(self._log).st_size
        except (sqlite3.Error, exc.SQLAlchemyError, OSError):
            return
        self._tidy_at_bytes = max(MOST_WAL_BYTES, size_bytes + MOST_WAL_BYTES // 4)

    def _named(self, problem: Exception) -> StoreError:
        origin = problem.orig if isinstance(problem, exc.DBAPIError) else problem
        code = str(getattr(origin, "sqlite_errorname", ""))
        said = str(origin)
        if code.startswith("SQLITE_CONSTRAINT"):
            return RuleBroken(f"{self.name}: {said}", rule=said)
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreUnavailable(f"{self.name} is locked: {said}; is another program using it?")
        if code == "SQLITE_FULL":
            return DiskFull(f"there is no room for {self.name}; make some")
        if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
            return CannotOpen(
                f"{self.name} cannot be written ({said}); give this user the file and its folder, "
                "or give another --database"
            )
        if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return Damaged(f"{self.name} is damaged ({said}); bring back a copy of it")
        return StoreError(f"{self.name}: {said}")


class _Readers:
    """Connections to read with, one for each thread that does, and open until all are closed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._of_thread = threading.local()
        self._open: list[Connection] = []

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do something that changes nothing."""
        connection: Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._engine.connect()
            self._open.append(connection)
        with connection.begin():
            return work(connection)

    def close(self) -> None:
        """Close them all, once nobody reads."""
        for each in self._open:
            each.close()
        self._engine.dispose()


class _AtOnce(_Readers):
    """The same for the loop's thread: what takes long is broken off, and waits for nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(_engine(path, (*_ALWAYS, *_READER, _IMPATIENT), is_over=self._is_over))
        self._until = 0.0

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do something that changes nothing, if it can be done at once."""
        self._until = time.perf_counter() + AT_ONCE_S
        return super().read(work)

    def _is_over(self) -> bool:
        return time.perf_counter() > self._until


def _transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _check(path: Path) -> None:
    """Raises: `CannotOpen` for what SQLite would say less clearly."""
    try:
        if path.is_dir():
            raise CannotOpen(f"{path} is a folder; give --database a file in it")
        if not path.parent.is_dir():
            raise CannotOpen(f"{path} cannot be made: there is no folder {path.parent}; make it")
        if path.exists() and path.stat().st_size:
            with path.open("rb") as file:
                if not file.read(16).startswith(b"SQLite format 3"):
                    raise CannotOpen(f"{path} is no SQLite database; give another --database")
    except OSError as problem:
        raise CannotOpen(
            f"{path} cannot be read ({problem.strerror}); give this user the file and its folder, "
            "or give another --database"
        ) from problem


def _engine(
    path: Path,
    settings: tuple[str, ...],
    *,
    begin: str = "",
    is_over: Callable[[], bool] | None = None,
) -> Engine:
    def connect() -> sqlite3.Connection:
        # Transactions begin where SQLAlchemy says so, not where the driver guesses.
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            for each in settings:
                connection.execute(each).close()
            connection.set_progress_handler(is_over, STEPS)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = sql.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=pool.QueuePool,
        pool_size=READERS,
        max_overflow=0,
        hide_parameters=True,  # Tracebacks go to the log.
    )

    if begin:

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            # Past SQLAlchemy, whose way costs as much as a small query.
            connection.connection.cursor().execute(begin)

    return engine
