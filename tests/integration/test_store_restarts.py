"""A PostgreSQL that stops, is killed and comes back under a store that is in use."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ripieno.store.errors import CannotOpen, StaleWriter, StoreError, StoreUnavailable
from ripieno.store.records import Batch, EventRecord
from ripieno.store.store import Store, open_store
from ripieno.testing import store_records as some
from ripieno.testing.postgres import PostgresServer, Unavailable
from ripieno.testing.store_commit_contract import is_in_order

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture
async def store(server: PostgresServer, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(server.new_database(), tmp_path / "key")
    yield store
    await store.close()


async def use_all(store: Store) -> None:
    """Use several connections at once, so that each of the pool knows its statements."""
    await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
    reads = (store.deployment("d-1") for _ in range(12))
    writes = (store.put_secret(f"s{number}", "x") for number in range(12))
    await asyncio.gather(*reads, *writes)


async def test_restart_is_seen_by_nobody(server: PostgresServer, store: Store) -> None:
    await use_all(store)
    for seq in range(3):
        await asyncio.to_thread(server.restart)
        assert await store.deployment("d-1") is not None
        (stored,) = await store.commit("d-1", Batch(expected_seq=seq, events=some.events(1)))
        assert stored.seq == seq + 1
        await asyncio.gather(*(store.secret(f"s{number}") for number in range(12)))


async def test_statements_that_a_connection_remembers_do_not_hinder_it_after_a_change_of_tables(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.new_database()
    store = await open_store(url, tmp_path / "key")
    await use_all(store)
    database = url.rpartition("/")[2]
    server.query("ALTER TABLE deployments ADD COLUMN extra text", database=database)
    server.query("ALTER TABLE deployments DROP COLUMN extra", database=database)
    for _ in range(12):
        assert await store.deployment("d-1") is not None
    await store.close()


async def test_who_asks_while_the_server_is_away_is_answered_once_it_is_back(
    server: PostgresServer, store: Store
) -> None:
    await use_all(store)
    await asyncio.to_thread(server.stop)
    asked = [
        asyncio.create_task(store.deployment("d-1")),
        asyncio.create_task(store.put_secret("late", "y")),
        asyncio.create_task(store.commit("d-1", Batch(expected_seq=0, events=some.events(3)))),
    ]
    _, waiting = await asyncio.wait(asked, timeout=0.3)
    assert len(waiting) == 3
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*asked)
    assert len(await store.journal("d-1", after=0)) == 3
    assert await store.secret("late") == "y"


async def test_patience_has_an_end(server: PostgresServer, tmp_path: Path) -> None:
    store = await open_store(server.new_database(), tmp_path / "key", patience_s=0.2)
    try:
        await asyncio.to_thread(server.stop)
        with pytest.raises(StoreUnavailable) as problem:
            await store.deployment("d-1")
        assert server.password not in str(problem.value)
        assert str(server.port) in str(problem.value)
    finally:
        await asyncio.to_thread(server.start)
        await store.close()


async def test_killed_server_neither_loses_nor_doubles_a_batch(
    server: PostgresServer, store: Store
) -> None:
    """What was answered is there, and each batch is there once, whole, with all that it had."""
    ids = [f"d-{number}" for number in range(8)]
    for id in ids:
        await store.commit(id, Batch(expected_seq=0, deployment=some.deployment(id)))
    is_over = False
    answered = dict.fromkeys(ids, 0)

    async def load(id: str) -> None:
        seq = 0
        while not is_over:
            batch = Batch(
                expected_seq=seq,
                events=some.events(3, first=seq + 1),
                commands=(some.command(seq, of=id, reconfiguration=id),),
                timers=(some.timer(1, of=id, due_s=seq),),
                marking=some.marking(seq + 3, of=id),
            )
            stored = await store.commit(id, batch)
            assert [each.seq for each in stored] == [seq + 1, seq + 2, seq + 3]
            seq += 3
            answered[id] = seq

    async with asyncio.timeout(4 * PATIENCE_S), asyncio.TaskGroup() as group:
        for id in ids:
            group.create_task(load(id))
        for number in range(12):
            before = sum(answered.values())
            async with asyncio.timeout(PATIENCE_S):
                while sum(answered.values()) < before + 30 + number:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            server.kill()
            await asyncio.to_thread(server.start)
        is_over = True
    for id in ids:
        found = await store.journal(id, after=0)
        assert len(found) == answered[id]
        assert is_in_order([dataclasses.replace(each, id=each.seq) for each in found])
        assert [each.data["number"] for each in found] == list(range(1, answered[id] + 1))
        assert len(await store.commands_of(id)) == answered[id] // 3
        marking = await store.marking(id)
        assert marking is not None and marking.seq == answered[id]
    everything: list[EventRecord] = []
    while batch := await store.events_after(everything[-1].id if everything else 0, 1000):
        everything += batch
    assert is_in_order(everything)


class Cable:
    """A relay to the server that can be cut just when the answer to a commit comes by."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers_to_lose = 0
        self.lost = 0

    @contextlib.asynccontextmanager
    async def plugged(self) -> AsyncIterator[int]:
        """The port where it listens."""
        relay = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        try:
            yield relay.sockets[0].getsockname()[1]
        finally:
            relay.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._port)
        commits = False

        async def ask() -> None:
            nonlocal commits
            while data := await reader.read(65536):
                commits = b"COMMIT" in data
                to_writer.write(data)
                await to_writer.drain()
            to_writer.close()

        async def answer() -> None:
            while data := await to_reader.read(65536):
                if commits and self.answers_to_lose:
                    self.answers_to_lose -= 1
                    self.lost += 1
                    break
                writer.write(data)
                await writer.drain()
            writer.close()
            to_writer.close()

        with contextlib.suppress(OSError):
            await asyncio.gather(ask(), answer())


async def test_commit_whose_answer_is_lost_is_stored_once(
    server: PostgresServer, tmp_path: Path
) -> None:
    cable = Cable(server.port)
    async with cable.plugged() as port:
        url = server.new_database().replace(f":{server.port}/", f":{port}/")
        store = await open_store(url, tmp_path / "key")
        await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
        for round in range(5):
            cable.answers_to_lose = 1 + round % 2
            batch = Batch(
                expected_seq=2 * round, events=some.events(2), timers=(some.timer(round),)
            )
            stored = await store.commit("d-1", batch)
            assert [each.seq for each in stored] == [2 * round + 1, 2 * round + 2]
        cable.answers_to_lose = 1
        await store.put_secret("a", "b")
        cable.answers_to_lose = 1
        assert await store.remove_secret("a")
        cable.answers_to_lose = 1
        await store.register(some.registration("1.0.0"))
        assert cable.lost >= 8
        assert len(await store.journal("d-1", after=0)) == 10
        assert len(await store.timers("d-1")) == 5
        with pytest.raises(StaleWriter):
            cable.answers_to_lose = 1
            await store.commit("d-1", Batch(expected_seq=4, events=some.events(2)))
        cable.answers_to_lose = 0
        await store.close()


async def test_two_servers_that_start_at_once_make_the_tables_once(
    server: PostgresServer, tmp_path: Path
) -> None:
    for _ in range(3):
        url = server.new_database()
        keys = [tmp_path / "key"] * 4
        stores = await asyncio.gather(*(open_store(url, key) for key in keys))
        for number, store in enumerate(stores):
            await store.put_secret(f"s{number}", "x")
        assert len(await stores[0].secret_names()) == 4
        for store in stores:
            await store.close()


async def test_what_keeps_a_database_shut_is_said_and_the_password_is_not(
    server: PostgresServer, tmp_path: Path
) -> None:
    good = server.new_database()
    wrong: dict[str, type[StoreError]] = {
        server.url("ripieno_0", password="hunter2-wrong"): CannotOpen,
        server.url("no_such_database"): CannotOpen,
        server.url("ripieno_0", user="nobody_here"): CannotOpen,
        good.replace("postgresql+asyncpg", "mysql"): CannotOpen,
        good.replace("postgresql+asyncpg", "postgresql+nodriver"): CannotOpen,
        good.replace(f":{server.port}", ":x"): CannotOpen,
        good.replace("://", ":"): CannotOpen,
        f"{good}?no_such_option=1": CannotOpen,
        f"{good}?ssl=perhaps": CannotOpen,
        "": CannotOpen,
        "ripieno.db": CannotOpen,
    }
    for url, kind in wrong.items():
        with pytest.raises(kind) as problem:
            store = await open_store(url, tmp_path / "key", patience_s=0.1)
            await store.close()
        said = str(problem.value)
        assert "--database" in said
        assert server.password not in said and "hunter2" not in said


async def test_server_that_is_down_is_waited_for_and_then_named(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.new_database()
    await asyncio.to_thread(server.stop)
    try:
        with pytest.raises(StoreUnavailable, match=str(server.port)) as problem:
            await open_store(url, tmp_path / "key", patience_s=0.1)
        assert server.password not in str(problem.value)
        opening = asyncio.create_task(open_store(url, tmp_path / "key"))
        await asyncio.wait([opening], timeout=0.2)
        assert not opening.done()
    finally:
        await asyncio.to_thread(server.start)
    store = await opening
    assert await store.last_event_id() == 0
    await store.close()


async def test_more_callers_than_connections_are_all_served(store: Store) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(store.deployments(after=None, limit=5) for _ in range(300)))


async def test_cancelled_callers_leave_no_connection_behind(
    server: PostgresServer, store: Store
) -> None:
    await use_all(store)
    for number in range(60):
        task = asyncio.create_task(store.put_secret("x", str(number)))
        read = asyncio.create_task(store.deployments(after=None, limit=5))
        await asyncio.sleep(0.0005 * (number % 8))
        task.cancel()
        read.cancel()
        await asyncio.wait([task, read])
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(store.put_secret("y", str(number)) for number in range(30)))
