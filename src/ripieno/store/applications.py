"""Registered applications, their versions and files. A published version never changes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model.access import EVERYONE
from ripieno.store import blobs, entry, rows, tables
from ripieno.store.database import Database
from ripieno.store.entry import Newcomer
from ripieno.store.errors import VersionTaken
from ripieno.store.records import REMOVED
from ripieno.store.registered import (
    ApplicationRecord,
    Registered,
    VersionRecord,
    VersionState,
    VersionSummary,
)
from ripieno.store.values import columns_of

_a = tables.APPLICATIONS.c
_v = tables.VERSIONS.c
_d = tables.DEPLOYMENTS.c
_ENTRY_COLUMNS = columns_of(tables.APPLICATIONS, ApplicationRecord)
_VERSION_COLUMNS = columns_of(tables.VERSIONS, VersionRecord)
_ENTRY = sql.select(*_ENTRY_COLUMNS)
_VERSION = sql.select(*_VERSION_COLUMNS)
_number = sql.bindparam("number", type_=_v.version.type)
_REGISTERED = (
    sql.select(*_ENTRY_COLUMNS, *_VERSION_COLUMNS)
    .where(_a.name == sql.bindparam("of"), _v.application == _a.name)
    .where(_v.version == sql.func.coalesce(_number, _a.version))
)
_SUMMARY = sql.select(*columns_of(tables.VERSIONS, VersionSummary))


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

    async def register(self, *registrations: Registration) -> None:
        """Store versions, all or none of them.

        A draft is stored in the place of the one before; storing the same again changes nothing.
        Raises: `VersionTaken` for another document or other files than those that are published.
        """

        def work(connection: Connection) -> None:
            known = _known(connection, {each.version.application for each in registrations})
            fresh = [each for each in registrations if _is_new(connection, each.version, known)]
            for each in fresh:
                blobs.put(connection, each.contents)
            versions = [each.version for each in fresh]
            before = blobs.hold(connection, versions, known)
            rows.put(connection, tables.VERSIONS, versions)
            blobs.tidy(connection, before)
            newcomers = {
                each.version.application: Newcomer(
                    owner=each.owner,
                    visibility=each.visibility,
                    created_at=each.version.created_at,
                )
                for each in reversed(fresh)
            }
            entry.refresh(connection, newcomers, newcomers)

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

    async def registered(self, name: str, version: str | None = None) -> Registered | None:
        """A version of an application (None: the one that presents it), and its entry."""

        def work(connection: Connection) -> Registered | None:
            row = connection.execute(_REGISTERED, {"of": name, "number": version}).first()
            if row is None:
                return None
            count = len(_ENTRY_COLUMNS)
            return Registered(
                entry=rows.record(ApplicationRecord, _ENTRY_COLUMNS, row[:count]),
                version=rows.record(VersionRecord, _VERSION_COLUMNS, row[count:]),
            )

        return await self._database.look_up(work)

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

    async def yank(self, name: str, version: str, because: str) -> bool:
        """Withdraw a version (without a reason: bring it back); whether it was the other way."""
        was = VersionState.PUBLISHED if because else VersionState.YANKED
        becomes = VersionState.YANKED if because else VersionState.PUBLISHED
        change = (
            sql.update(tables.VERSIONS)
            .where(_v.application == name, _v.version == version, _v.state == was)
            .values(state=becomes, yanked_because=because)
        )
        return await self._changed(name, change)

    async def remove_version(self, name: str, version: str) -> bool:
        """Forget a version, and the application with its last one; whether there was one."""
        gone = sql.delete(tables.VERSIONS).where(_v.application == name, _v.version == version)
        return await self._changed(
            name, gone, lambda connection: blobs.release(connection, name, version)
        )

    async def remove_application(self, name: str) -> bool:
        """Forget an application with all of its versions; whether there was one."""
        gone = sql.delete(tables.VERSIONS).where(_v.application == name)
        return await self._changed(
            name, gone, lambda connection: blobs.release(connection, name, None)
        )

    async def share(
        self,
        name: str,
        *,
        owner: str | None = None,
        visibility: Sequence[str] | None = None,
    ) -> bool:
        """Give an application another owner or other readers; whether there is one."""
        fields = {
            "owner": _a.owner if owner is None else owner,
            "visibility": _a.visibility if visibility is None else tuple(visibility),
        }
        change = sql.update(tables.APPLICATIONS).where(_a.name == name).values(fields)
        return await self._changed(name, change)

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
        released: Callable[[Connection], Iterable[str]] = lambda _: (),
    ) -> bool:
        was_changed = False

        def work(connection: Connection) -> bool:
            nonlocal was_changed  # What a lost answer was about is not there the next time.
            if connection.execute(change).rowcount:
                was_changed = True
                entry.refresh(connection, [name])
                blobs.tidy(connection, released(connection))
            return was_changed

        return await self._database.write(work, in_order=True)


def _known(
    connection: Connection, applications: Collection[str]
) -> dict[tuple[str, str], VersionState]:
    """The versions that there are of applications, and what they are."""
    query = sql.select(_v.application, _v.version, _v.state).where(_v.application.in_(applications))
    return {(each.application, each.version): each.state for each in connection.execute(query)}


def _is_new(
    connection: Connection, version: VersionRecord, known: Mapping[tuple[str, str], VersionState]
) -> bool:
    """Whether there is something to store. Raises: `VersionTaken`."""
    state = known.get((version.application, version.version))
    if state is None or state is VersionState.DRAFT:
        return True
    query = sql.select(_v.document, _v.files).where(
        _v.application == version.application, _v.version == version.version
    )
    published = connection.execute(query).one()
    is_same = (published.document, published.files) == (version.document, version.files)
    if is_same and version.state is VersionState.PUBLISHED:
        return False
    raise VersionTaken(
        f"{version.application} {version.version} is published and cannot change; give the new one "
        "another version"
    )
