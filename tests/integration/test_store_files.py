"""What a file system does to a database in a file: locks, missing room, wrong files, kills."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ripieno.store.errors import (
    CannotOpen,
    Damaged,
    DiskFull,
    StoreError,
    StoreUnavailable,
)
from ripieno.store.records import Batch
from ripieno.store.store import Store, open_store
from ripieno.testing import store_records as some

PATIENCE_S = 60.0


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(url_of(tmp_path / "ripieno.db"), tmp_path / "key")
    await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
    yield store
    await store.close()


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    store = await open_store(url_of(tmp_path / "ripieno.db"), tmp_path / "key")
    await asyncio.gather(*(store.put_secret(f"s{number}", "x") for number in range(20)))
    await asyncio.gather(*(store.secret(f"s{number}") for number in range(20)))
    await store.close()
    assert sorted(os.listdir(tmp_path)) == ["key", "ripieno.db"]


async def test_log_of_writes_stays_bounded_also_while_others_read(
    store: Store, tmp_path: Path
) -> None:
    is_over = False

    async def read() -> None:
        while not is_over:
            await store.events_after(0, 200)

    text = "x" * 20_000
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(read())
        largest = 0
        for seq in range(0, 3000, 20):
            events = tuple(some.event(seq, data={"text": text}) for _ in range(20))
            await store.commit("d-1", Batch(expected_seq=seq, events=events))
            largest = max(largest, (tmp_path / "ripieno.db-wal").stat().st_size)
        is_over = True
    assert (tmp_path / "ripieno.db").stat().st_size > 50 * 2**20
    assert largest < 32 * 2**20


async def test_commit_waits_for_another_program_that_has_locked_the_file(
    store: Store, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "ripieno.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.commit("d-1", Batch(expected_seq=0, events=some.events(2))))
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    assert await store.deployment("d-1") is not None  # Readers are not held up.
    other.execute("ROLLBACK")
    other.close()
    async with asyncio.timeout(PATIENCE_S):
        assert [each.seq for each in await waiting] == [1, 2]


async def test_lock_that_stays_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ripieno.db"
    store = await open_store(url_of(path), tmp_path / "key", patience_s=0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.put_secret("a", "b")
    finally:
        other.close()
        await store.close()


async def test_full_disk_is_named_and_what_was_stored_stays(store: Store, tmp_path: Path) -> None:
    limit_pages(store, pages(store) + 40)
    seq, text = 0, "x" * 10_000
    with pytest.raises(DiskFull, match="make some"):
        for seq in range(1000):
            batch = Batch(
                expected_seq=seq,
                events=(some.event(data={"text": text}),),
                timers=(some.timer(seq),),
            )
            await store.commit("d-1", batch)
    assert seq > 3
    assert len(await store.journal("d-1", after=0)) == len(await store.timers("d-1")) == seq
    limit_pages(store, 100_000)
    (stored,) = await store.commit("d-1", Batch(expected_seq=seq, events=some.events(1)))
    assert stored.seq == seq + 1


def pages(store: Store) -> int:
    """How long the file is."""
    database = store._database
    with database._writer.connect() as connection:  # type: ignore[attr-defined]  # SQLite's
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def limit_pages(store: Store, count: int) -> None:
    """Have the one connection that writes make the file no longer than that."""
    database = store._database
    with database._writer.connect() as connection:  # type: ignore[attr-defined]  # SQLite's
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}").close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs a small file system, and mount says: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_disk_that_is_really_full_is_named_and_can_be_used_again(small_disk: Path) -> None:
    store = await open_store(url_of(small_disk / "ripieno.db"), small_disk / "key")
    await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (300 * 1024))
    seq = 0
    with pytest.raises(DiskFull, match=r"ripieno\.db"):
        for seq in range(1000):
            event = some.event(data={"text": "x" * 8000})
            await store.commit("d-1", Batch(expected_seq=seq, events=(event,)))
    assert len(await store.journal("d-1", after=0)) == seq
    ballast.unlink()
    (stored,) = await store.commit("d-1", Batch(expected_seq=seq, events=some.events(1)))
    assert stored.seq == seq + 1
    await store.close()


async def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but a text that is long enough" * 10)
    cut = tmp_path / "cut.db"
    cut.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    cases: dict[str, tuple[type[StoreError] | tuple[type[StoreError], ...], str]] = {
        url_of(text): (CannotOpen, "no SQLite database"),
        url_of(cut): ((CannotOpen, Damaged), "cut.db"),
        url_of(tmp_path): (CannotOpen, "folder"),
        url_of(tmp_path / "missing" / "x.db"): (CannotOpen, "there is no folder"),
        "sqlite://": (CannotOpen, "names no file"),
        "sqlite:///:memory:": (CannotOpen, "names no file"),
    }
    for url, (kind, words) in cases.items():
        with pytest.raises(kind, match=words):
            await open_store(url, tmp_path / "key")
    assert text.read_text().startswith("not a database")


async def test_damaged_file_is_named_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ripieno.db"
    store = await open_store(url_of(path), tmp_path / "key")
    batch = Batch(expected_seq=0, deployment=some.deployment(), events=some.events(2000))
    await store.commit("d-1", batch)
    await store.close()
    with path.open("r+b") as file:
        file.seek(4096 * 30)
        file.write(b"\xa5" * 4096 * 20)
    with pytest.raises(Damaged, match="bring back a copy"):
        store = await open_store(url_of(path), tmp_path / "key")
        try:
            await store.journal("d-1", after=0)
        finally:
            await store.close()


async def test_missing_key_and_wrong_key_are_named(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"short")
    with pytest.raises(CannotOpen, match="holds no key"):
        await open_store(url_of(tmp_path / "x.db"), key)
    with pytest.raises(CannotOpen, match="key file"):
        await open_store(url_of(tmp_path / "x.db"), tmp_path / "missing" / "key")


WRITER = """
import asyncio, sys
from pathlib import Path
from ripieno.store.records import Batch
from ripieno.store.store import open_store
from ripieno.testing import store_records as some

async def main():
    folder = Path(sys.argv[1])
    store = await open_store(f"sqlite:///{folder / 'ripieno.db'}", folder / "key")
    seq = len(await store.journal("d-1", after=0))
    while True:
        await store.commit("d-1", Batch(
            expected_seq=seq, deployment=some.deployment(), events=some.events(5, first=seq + 1),
            handles=(some.handle(pid=seq + 5),), timers=(some.timer(1, due_s=seq + 5),),
        ))
        seq += 5
        print(seq, flush=True)

asyncio.run(main())
"""


def start_writer(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_killed_writer_leaves_whole_batches_and_all_that_it_was_told_of(
    tmp_path: Path,
) -> None:
    for round in range(4):
        process = start_writer(tmp_path)
        assert process.stdout is not None
        told = [await asyncio.to_thread(process.stdout.readline) for _ in range(10 + 7 * round)]
        time.sleep(0.002 * round)  # noqa: ASYNC251  # Anywhere within a commit.
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        store = await open_store(url_of(tmp_path / "ripieno.db"), tmp_path / "key")
        found = [each.seq for each in await store.journal("d-1", after=0)]
        assert found == list(range(1, len(found) + 1))
        assert len(found) % 5 == 0
        assert len(found) - int(told[-1]) in (0, 5)
        assert await store.handles("d-1") == [some.handle(pid=len(found))]
        assert await store.timers("d-1") == [some.timer(1, due_s=len(found))]
        await store.close()
