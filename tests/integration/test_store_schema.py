"""The tables that migrations make are those that the store uses, on both databases."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ripieno.store import full_text, opening, schema, tables
from ripieno.store.database import Database
from ripieno.store.errors import CannotOpen
from ripieno.store.store import open_store
from ripieno.testing.postgres import PostgresServer, Unavailable


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ripieno.db'}"
    else:
        url = request.getfixturevalue("server").new_database()
    database = opening.database(url)
    yield database
    await database.close()


async def test_migrated_tables_are_those_that_the_store_uses(database: Database) -> None:
    await database.write(schema.migrate)

    def differences(connection: Connection) -> list[object]:
        options = {"compare_server_default": True, "include_name": is_described}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, tables.METADATA))

    assert await database.write(differences) == []


def is_described(name: str | None, kind: str, parents: object) -> bool:
    """Whether something is made from the tables' description; the full-text index is not."""
    return kind != "table" or not str(name).startswith(full_text.TABLE)


async def test_migrated_tables_have_the_rules_that_the_store_relies_on(database: Database) -> None:
    """What Alembic does not compare: keys, conditions of indexes, orders of texts."""
    await database.write(schema.migrate)
    migrated = await database.write(described)

    def make_directly(connection: Connection) -> None:
        tables.METADATA.drop_all(connection)
        tables.METADATA.create_all(connection)

    await database.write(make_directly)
    assert migrated == await database.write(described)


def described(connection: Connection) -> list[object]:
    """The tables in the database's own words."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT type, name, tbl_name FROM sqlite_master "
            "WHERE name <> 'alembic_version' AND tbl_name <> 'alembic_version' ORDER BY 1, 2"
        ).all()
        columns = [
            (table.name, *each)
            for table in tables.METADATA.sorted_tables
            for pragma in ("table_info", "foreign_key_list")
            for each in connection.exec_driver_sql(f"PRAGMA {pragma}({table.name})")
        ]
        indexes = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"
        ).all()
        return [found, columns, indexes]
    columns_of = connection.exec_driver_sql(
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
        "FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'alembic_version' ORDER BY 1, 2"
    ).all()
    rules = connection.exec_driver_sql(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> "
        "'alembic_version' ORDER BY 1, 2"
    ).all()
    indexes_of = connection.exec_driver_sql(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND tablename <> 'alembic_version' ORDER BY 1"
    ).all()
    return [columns_of, rules, indexes_of]


def test_newest_revision_is_the_one_that_the_server_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "ripieno.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


async def test_tables_that_are_up_to_date_are_left_alone(database: Database) -> None:
    await schema.bring_up_to_date(database)
    before = await database.write(described)
    await schema.bring_up_to_date(database)
    assert await database.write(described) == before


@pytest.mark.parametrize("revision", ["0099", "a1b2c3"])
async def test_tables_of_a_newer_server_are_refused(database: Database, revision: str) -> None:
    await schema.bring_up_to_date(database)

    def change(connection: Connection) -> None:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")

    await database.write(change)
    with pytest.raises(CannotOpen):
        await schema.bring_up_to_date(database)


async def test_migration_that_breaks_off_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upgrade(config: object, revision: str) -> None:
        connection = config.attributes["connection"]  # type: ignore[attr-defined]  # Alembic's
        connection.exec_driver_sql("CREATE TABLE deployments (id text)")
        raise RuntimeError("the lights went out")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.command.upgrade", upgrade)
        with pytest.raises(RuntimeError):
            await database.write(schema.migrate)
    await schema.bring_up_to_date(database)
    assert len(await database.write(described)) == 3


async def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (what text)")
    connection.close()
    with pytest.raises(CannotOpen, match="another program"):
        await open_store(f"sqlite:///{path}", tmp_path / "key")
