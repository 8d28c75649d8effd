"""The contract of stores, over SQLite and over PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

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


class OnPostgresql:
    @pytest.fixture
    async def rig(self, server: PostgresServer, tmp_path: Path) -> AsyncIterator[StoreRig]:
        rig = StoreRig(server.new_database(), tmp_path / "key")
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
