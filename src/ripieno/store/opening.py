"""Which database a URL means."""

from pathlib import Path

import sqlalchemy as sql
from sqlalchemy import exc

from ripieno.store.database import PATIENCE_S, Database
from ripieno.store.errors import CannotOpen

FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME"

OPTIONS = frozenset(("host", "passfile", "port", "ssl"))
"""What may follow the question mark in the URL of a PostgreSQL database."""


def database(url: str, *, patience_s: float = PATIENCE_S) -> Database:
    """The database at a URL; nothing is read or written yet. Raises: `CannotOpen`."""
    # No message has a part of the URL in it, since any part may be a password gone astray.
    try:
        parts = sql.make_url(url)
        parts.get_backend_name()
    except (exc.ArgumentError, ValueError):
        raise CannotOpen(f"--database cannot be understood; give it as {FORMS}") from None
    # Each loads its driver only where it is used: a start should not wait for the other's.
    if parts.drivername in ("sqlite", "sqlite+aiosqlite"):
        from ripieno.store.sqlite import SqliteDatabase

        if not parts.database or parts.database == ":memory:":
            raise CannotOpen(f"--database names no file; give it as {FORMS}")
        return SqliteDatabase(Path(parts.database), patience_s=patience_s)
    if parts.drivername in ("postgresql", "postgresql+asyncpg"):
        from ripieno.store.postgresql import PostgresqlDatabase

        unknown = sorted(set(parts.query) - OPTIONS)
        if unknown:
            raise CannotOpen(
                f"--database has an option {unknown[0]!r}; there are {', '.join(sorted(OPTIONS))}"
            )
        parts = parts.set(drivername="postgresql+asyncpg")
        return PostgresqlDatabase(parts, patience_s=patience_s)
    raise CannotOpen(f"--database has to be {FORMS}")
