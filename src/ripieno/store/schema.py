"""Tables brought up to date at the start; Alembic is loaded only where there is something to do."""

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store.database import Database
from ripieno.store.errors import CannotOpen

HEAD = "0001"
"""The newest revision of the tables; a test holds that it is that of the migrations."""


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
    if _revision(connection) == HEAD:  # Another server, starting at the same time, was quicker.
        return
    from alembic import command  # Loaded only at the first start and after an upgrade.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ripieno.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
