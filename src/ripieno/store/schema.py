"""Tables brought up to date at the start; Alembic is loaded only where there is something to do."""

import sqlalchemy as sql
from sqlalchemy import Connection, exc
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store.database import Database
from ripieno.store.errors import CannotOpen

HEAD = "0001"
"""The newest revision of the tables; a test holds that it is that of the migrations."""

_MIGRATION_LOCK = 0x52495051


async def bring_up_to_date(database: Database) -> None:
    """Make or migrate the tables. Raises: `CannotOpen` if they are of a newer version."""
    if await database.read(_revision) == HEAD:
        return

    async def migrate(connection: AsyncConnection) -> None:
        if not database.is_sqlite:  # Two servers may start at once.
            await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        elif not connection.in_transaction():
            await connection.begin()
        await connection.run_sync(_upgrade)

    await database.write(migrate)


async def _revision(connection: AsyncConnection) -> str | None:
    has_table = await connection.run_sync(
        lambda plain: sql.inspect(plain).has_table("alembic_version")
    )
    if not has_table:
        return None
    found = await connection.execute(sql.text("SELECT version_num FROM alembic_version"))
    revision: str | None = found.scalar()
    if revision is not None and (not revision.isdigit() or int(revision) > int(HEAD)):
        raise CannotOpen(
            f"the database has tables of version {revision}, and this server knows up to {HEAD}; "
            "start a newer server"
        )
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command  # Loaded only at the first start and after an upgrade.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ripieno.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except exc.OperationalError as problem:
        if "already exists" not in str(problem.orig):
            raise
        # On SQLite another server, starting at the same time, was quicker.
