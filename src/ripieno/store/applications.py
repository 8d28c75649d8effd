"""Registered applications, their versions and files. A published version never changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model.access import EVERYONE
from ripieno.store import blobs, entry, rows, tables
from ripieno.store.database import Database
from ripieno.store.errors import VersionTaken
from ripieno.store.records import REMOVED
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    VersionRecord,
    VersionState,
    VersionSummary,
)

_a = tables.APPLICATIONS.c
_v = tables.VERSIONS.c
_d = tables.DEPLOYMENTS.c
_ENTRY = sql.select(*tables.columns_of(tables.APPLICATIONS, ApplicationRecord))
_VERSION = sql.select(*tables.columns_of(tables.VERSIONS, VersionRecord))
_SUMMARY = sql.select(*tables.columns_of(tables.VERSIONS, VersionSummary))


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A version to store, and what is in those of its files that may be new, by digest.

    `owner` and `visibility` are for an application that is new by it.
    """

    version: VersionRecord
    contents: Mapping[str, bytes] = field(default_factory=dict)
    owner: str
    visibility: tuple[str, ...] = (EVERYONE,)


class Applications:
    """The part of the store that is a catalogue."""

    _database: Database

    async def register(self, *registrations: Registration, at: datetime) -> None:
        """Store versions, all or none of them.

        A draft is stored in the place of the one before; storing the same again changes nothing.
        Raises: `VersionTaken` for another document or other files than those that are published.
        """

        def work(connection: Connection) -> None:
            fresh = [each for each in registrations if _is_new(connection, each.version)]
            before: set[str] = set()
            for each in fresh:
                blobs.put(connection, each.contents)
                _enter(connection, each, at)
                before |= blobs.hold(connection, each.version)
            blobs.tidy(connection, before)
            rows.put(connection, tables.VERSIONS, [each.version for each in fresh])
            entry.refresh(
                connection, list(dict.fromkeys(each.version.application for each in fresh)), at
            )

        await self._database.write(work, in_order=True)

    async def application(self, name: str) -> ApplicationRecord | None:
        """The entry of an application."""
        return await self._database.one_of(ApplicationRecord, _ENTRY.where(_a.name == name))

    async def application_version(
        self, name: str, version: str | None = None
    ) -> VersionRecord | None:
        """A version of an application, or (None) the one that presents it."""
        which: object = version
        if version is None:
            which = sql.select(_a.version).where(_a.name == name).scalar_subquery()
        query = _VERSION.where(_v.application == name, _v.version == which)
        return await self._database.one_of(VersionRecord, query)

    async def application_versions(self, name: str) -> list[VersionSummary]:
        """All versions of an application, the latest first, by the order of semantic versions."""
        query = _SUMMARY.where(_v.application == name)
        found = await self._database.all_of(VersionSummary, query)
        return sorted(found, key=lambda each: entry.order(each.version), reverse=True)

    async def application_users(self, name: str, version: str | None = None) -> list[str]:
        """The names of deployments that are there of an application (None: at any version)."""
        query = sql.select(_d.name).where(_d.application == name, _d.state != REMOVED)
        if version is not None:
            query = query.where(_d.version == version)
        return await self._database.column(query.order_by(_d.name))

    async def yank(self, name: str, version: str, because: str, at: datetime) -> bool:
        """Withdraw a version (without a reason: bring it back); whether it was the other way."""
        was = VersionState.PUBLISHED if because else VersionState.YANKED
        becomes = VersionState.YANKED if because else VersionState.PUBLISHED
        change = (
            sql.update(tables.VERSIONS)
            .where(_v.application == name, _v.version == version, _v.state == was)
            .values(state=becomes, yanked_because=because)
        )
        return await self._changed(name, change, at)

    async def remove_version(self, name: str, version: str, at: datetime) -> bool:
        """Forget a version, and the application with its last one; whether there was one."""
        gone = sql.delete(tables.VERSIONS).where(_v.application == name, _v.version == version)
        return await self._changed(
            name, gone, at, lambda connection: blobs.release(connection, name, version)
        )

    async def remove_application(self, name: str, at: datetime) -> bool:
        """Forget an application with all of its versions; whether there was one."""
        gone = sql.delete(tables.VERSIONS).where(_v.application == name)
        return await self._changed(
            name, gone, at, lambda connection: blobs.release(connection, name, None)
        )

    async def share(
        self,
        name: str,
        *,
        owner: str | None = None,
        visibility: Sequence[str] | None = None,
        at: datetime,
    ) -> bool:
        """Give an application another owner or other readers; whether there is one."""
        fields: dict[str, object] = {"updated_at": at}
        if owner is not None:
            fields["owner"] = owner
        if visibility is not None:
            fields["visibility"] = tuple(visibility)
        change = sql.update(tables.APPLICATIONS).where(_a.name == name).values(fields)
        return await self._changed(name, change, at)

    async def applications_of(self, owner: str) -> list[str]:
        """The names of all applications that somebody owns."""
        query = sql.select(_a.name).where(_a.owner == owner).order_by(_a.name)
        return await self._database.column(query)

    async def file(self, digest: str) -> bytes | None:
        """What is in a file."""
        c = tables.BLOBS.c
        found = await self._database.column(sql.select(c.content).where(c.digest == digest))
        return found[0] if found else None

    async def _changed(
        self,
        name: str,
        change: sql.Update | sql.Delete,
        at: datetime,
        released: Callable[[Connection], Iterable[str]] = lambda _: (),
    ) -> bool:
        was_changed = False

        def work(connection: Connection) -> bool:
            nonlocal was_changed  # What a lost answer was about is not there the next time.
            if connection.execute(change).rowcount:
                was_changed = True
                entry.refresh(connection, [name], at)
                blobs.tidy(connection, released(connection))
            return was_changed

        return await self._database.write(work, in_order=True)


def _is_new(connection: Connection, version: VersionRecord) -> bool:
    """Whether there is something to store. Raises: `VersionTaken`."""
    query = sql.select(_v.state, _v.document, _v.files).where(
        _v.application == version.application, _v.version == version.version
    )
    known = connection.execute(query).one_or_none()
    if known is None or known.state is VersionState.DRAFT:
        return True
    if (
        version.state is VersionState.PUBLISHED
        and known.document == version.document
        and known.files == version.files
    ):
        return False
    raise VersionTaken(
        f"{version.application} {version.version} is published and cannot change; give the new one "
        "another version"
    )


def _enter(connection: Connection, registration: Registration, at: datetime) -> None:
    """Make an entry for an application that has none; `entry.refresh` completes it."""
    name = registration.version.application
    if connection.execute(sql.select(_a.id).where(_a.name == name)).first():
        return
    blank: tuple[str, ...] = ()
    connection.execute(
        tables.APPLICATIONS.insert().values(
            id=_next_id(connection),
            name=name,
            version="",
            latest=None,
            state=EntryState.DRAFT,
            title="",
            summary="",
            category="",
            tags=blank,
            maintainers=blank,
            kinds=blank,
            licence="",
            icon="",
            owner=registration.owner,
            editors=blank,
            visibility=registration.visibility,
            is_open=False,
            created_at=at,
            updated_at=at,
            revision=0,
        )
    )


def _next_id(connection: Connection) -> int:
    """An id that no application has or had."""
    gone = tables.REMOVED_APPLICATIONS.c.id
    query = sql.select(
        sql.select(sql.func.max(_a.id)).scalar_subquery(),
        sql.select(sql.func.max(gone)).scalar_subquery(),
    )
    return max(each or 0 for each in connection.execute(query).one()) + 1
