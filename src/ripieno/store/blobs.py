"""What is in files, once for all versions that have the same file.

Runs inside transactions of `applications`. What no version has any more goes with the last one,
unless a deployment is there that was made from it.
"""

from collections.abc import Iterable, Mapping

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
    known = set(
        connection.execute(sql.select(_b.digest).where(_b.digest.in_(contents))).scalars()
        if contents
        else ()
    )
    fresh = [
        {"digest": digest, "content": content}
        for digest, content in contents.items()
        if digest not in known
    ]
    if fresh:
        connection.execute(tables.BLOBS.insert(), fresh)


def hold(connection: Connection, version: VersionRecord) -> set[str]:
    """Note what a version refers to now; what it referred to before."""
    which = (
        _h.application == version.application,
        _h.version == version.version,
    )
    before = set(connection.execute(sql.select(_h.digest).where(*which)).scalars())
    connection.execute(sql.delete(tables.HELD_FILES).where(*which))
    digests = sorted({each.digest for each in version.files.values()})
    if digests:
        held = {"application": version.application, "version": version.version}
        connection.execute(
            tables.HELD_FILES.insert(), [{"digest": each, **held} for each in digests]
        )
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
