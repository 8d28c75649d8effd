"""What an index leads to is read on the loop's thread, unless that would hold the loop up."""

import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store.sqlite import SqliteDatabase

COUNTED = sql.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
    "SELECT max(i) FROM n"
)
"""A query that takes as long as one likes, and no table."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "some.db")
    await database.write(lambda connection: connection.execute(sql.text("CREATE TABLE t (x)")))
    yield database
    await database.close()


class Counting:
    """Counts up to something, and remembers the threads that began to."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.threads: list[threading.Thread] = []

    def __call__(self, connection: Connection) -> object:
        self.threads.append(threading.current_thread())
        return connection.execute(COUNTED, {"most": self._most}).scalar()


async def test_short_look_up_takes_no_other_thread(database: SqliteDatabase) -> None:
    few = Counting(3)
    assert await database.look_up(few) == 3
    assert few.threads == [threading.current_thread()]


async def test_look_up_that_takes_long_is_broken_off_and_done_by_a_reader(
    database: SqliteDatabase,
) -> None:
    many = Counting(300_000)
    assert await database.look_up(many) == 300_000
    here, there = many.threads
    assert here is threading.current_thread()
    assert there.name.startswith("store-reader")
    assert await database.look_up(Counting(3)) == 3


async def test_look_up_sees_what_was_just_written(database: SqliteDatabase) -> None:
    count = sql.text("SELECT count(*) FROM t")
    for number in range(3):
        found = await database.look_up(lambda connection: connection.execute(count).scalar())
        assert found == number
        await database.write(
            lambda connection: connection.execute(sql.text("INSERT INTO t VALUES (1)"))
        )


async def test_look_up_leaves_waiting_to_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("CREATE TABLE t (x)")
    database = SqliteDatabase(path)
    threads: list[threading.Thread] = []

    def work(connection: Connection) -> object:
        threads.append(threading.current_thread())
        if len(threads) == 2:
            other.close()
        return connection.execute(sql.text("SELECT count(*) FROM t")).scalar()

    assert await database.look_up(work) == 0
    assert threads[0] is threading.current_thread()
    assert threads[1].name.startswith("store-reader")
    await database.close()
