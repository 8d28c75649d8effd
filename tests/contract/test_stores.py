"""The contract of stores, over SQLite and over PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ripieno.store.store import open_store
from ripieno.testing.postgres import PostgresServer, Unavailable
from ripieno.testing.store_commit_contract import StoreCommitContract
from ripieno.testing.store_contract import StoreContract
from ripieno.testing.store_finding_contract import StoreFindingContract
from ripieno.testing.store_people_contract import StorePeopleContract
from ripieno.testing.store_registry_contract import StoreRegistryContract
from ripieno.testing.store_rig import StoreRig
from ripieno.testing.store_search_contract import StoreSearchContract
from ripieno.testing.store_sign_in_contract import StoreSignInContract


class OnSqlite:
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[StoreRig]:
        rig = StoreRig(f"sqlite:///{tmp_path / 'ripieno.db'}", tmp_path / "key")
        yield rig
        await rig.close()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture(scope="module")
def made(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the tables of a store, which take longer to make than to copy."""
    url = server.new_database()

    async def make() -> None:
        store = await open_store(url, tmp_path_factory.mktemp("made") / "key")
        await store.close()

    asyncio.run(make())
    return url


class OnPostgresql:
    @pytest.fixture
    async def rig(
        self, server: PostgresServer, made: str, tmp_path: Path
    ) -> AsyncIterator[StoreRig]:
        rig = StoreRig(server.new_database(like=made), tmp_path / "key")
        yield rig
        await rig.close()


class TestSqlite(OnSqlite, StoreContract, StoreFindingContract):
    pass


class TestSqlitePeople(OnSqlite, StorePeopleContract):
    pass


class TestSqliteUnderLoad(OnSqlite, StoreCommitContract):
    pass


class TestSqliteSigningIn(OnSqlite, StoreSignInContract):
    pass


class TestSqliteRegistry(OnSqlite, StoreRegistryContract, StoreSearchContract):
    pass


class TestPostgresqlRegistry(OnPostgresql, StoreRegistryContract, StoreSearchContract):
    pass


class TestPostgresql(OnPostgresql, StoreContract, StoreFindingContract):
    pass


class TestPostgresqlPeople(OnPostgresql, StorePeopleContract):
    pass


class TestPostgresqlUnderLoad(OnPostgresql, StoreCommitContract):
    pass


class TestPostgresqlSigningIn(OnPostgresql, StoreSignInContract):
    pass
