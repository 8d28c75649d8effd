"""Tables brought up to date at the start; Alembic is loaded only where there is something to do."""

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.errors import CannotOpen

HEAD = "0001"
"""The newest revision of the tables; a test holds that it is that of the migrations."""


_VERSIONS = sql.Table(
    "alembic_version",
    sql.MetaData(),
    sql.Column("version_num", sql.String(32), primary_key=True, nullable=False),
)
"""Alembic's own table, as it makes it."""


async def bring_up_to_date(database: Database) -> None:
    """Make or migrate the tables, once if several servers start at a time. Raises: `StoreError`.

    `CannotOpen` if the tables are of a newer version than this, or not ours.
    """
    if await database.write(_revision) != HEAD:
        await database.write(_migrate, in_order=True)


def _revision(connection: Connection) -> str | None:
    """The revision of the tables, None if there are none yet."""
    present = set(sql.inspect(connection).get_table_names())
    if "alembic_version" not in present:
        if "events" in present:
            raise CannotOpen(
                f"{_place(connection)} holds tables of another program; give another --database"
            )
        return None
    revision = connection.execute(sql.text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None:
        return None
    if not (revision.isascii() and revision.isdigit()):
        raise CannotOpen(
            f"{_place(connection)} holds tables of another program; give another --database"
        )
    if int(revision) > int(HEAD):
        raise CannotOpen(
            f"{_place(connection)} has tables of version {revision}, and this server knows up to "
            f"{HEAD}; start a newer server"
        )
    return str(revision)


def _place(connection: Connection) -> str:
    url = connection.engine.url
    return f"database {url.database}" if url.database else "the database"


def _migrate(connection: Connection) -> None:
    revision = _revision(connection)
    if revision == HEAD:  # Another server, starting at the same time, was quicker.
        return
    if revision is None and not sql.inspect(connection).has_table(_VERSIONS.name):
        _make(connection)
    else:
        migrate(connection)


def _make(connection: Connection) -> None:
    """Make all tables as they are now, which a test holds to be what all migrations lead to."""
    tables.METADATA.create_all(connection)
    _VERSIONS.create(connection)
    connection.execute(_VERSIONS.insert().values(version_num=HEAD))


def migrate(connection: Connection) -> None:
    """Apply all revisions that were not applied yet."""
    from alembic import command  # Loaded only after an upgrade of the server.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ripieno.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
