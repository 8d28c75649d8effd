"""What is in files, once for all versions that have the same file.

Runs inside transactions of `applications`, and of `commit`. What no version has any more goes with
the last one, or with the last deployment that was made from it.
"""

from collections.abc import Container, Iterable, Mapping

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import tables
from ripieno.store.records import REMOVED
from ripieno.store.registered import VersionRecord

_b = tables.BLOBS.c
_h = tables.HELD_FILES.c
_d = tables.DEPLOYMENTS.c
_r = tables.RECONFIGURATIONS.c


def put(connection: Connection, contents: Mapping[str, bytes]) -> None:
    """Keep what is not there yet."""
    if not contents:
        return
    query = sql.select(_b.digest).where(_b.digest.in_(contents))
    known = set(connection.execute(query).scalars())
    fresh = [
        {"digest": digest, "content": content}
        for digest, content in contents.items()
        if digest not in known
    ]
    if fresh:
        connection.execute(tables.BLOBS.insert(), fresh)


def hold(
    connection: Connection, versions: Iterable[VersionRecord], known: Container[tuple[str, str]]
) -> set[str]:
    """Note what versions refer to now; what the known ones referred to before."""
    before: set[str] = set()
    held = []
    for each in versions:
        if (each.application, each.version) in known:
            before |= release(connection, each.application, each.version)
        held += [
            {"digest": digest, "application": each.application, "version": each.version}
            for digest in sorted({file.digest for file in each.files.values()})
        ]
    if held:
        connection.execute(tables.HELD_FILES.insert(), held)
    return before


def release(connection: Connection, application: str, version: str | None) -> set[str]:
    """Note that a version (None: all of the application) is gone; what it referred to."""
    which = [_h.application == application]
    if version is not None:
        which.append(_h.version == version)
    before = set(connection.execute(sql.select(_h.digest).where(*which)).scalars())
    connection.execute(sql.delete(tables.HELD_FILES).where(*which))
    return before


def tidy(connection: Connection, digests: Iterable[str]) -> None:
    """Forget those of these files that nobody refers to."""
    for digest in digests:
        target, options = (sql.type_coerce(each, sql.Text) for each in (_d.target, _r.options))
        is_used = sql.or_(
            sql.exists().where(_h.digest == digest),
            sql.exists().where(_d.state != REMOVED, target.contains(digest)),
            sql.exists().where(
                _r.deployment == _d.id, _d.state != REMOVED, options.contains(digest)
            ),
        )
        connection.execute(sql.delete(tables.BLOBS).where(_b.digest == digest, ~is_used))


def tidy_after_removal(connection: Connection) -> None:
    """Forget what only a deployment had kept, which is gone now."""
    loose = sql.select(_b.digest).where(~sql.exists().where(_h.digest == _b.digest))
    tidy(connection, connection.execute(loose).scalars().all())
