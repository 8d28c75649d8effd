"""An application's entry, made anew from its versions whenever one of them changes.

Runs inside the transaction that changes a version, an owner or a visibility. Afterwards the entry,
its facets, its audience and its words in the full-text index say what the versions say.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model import names
from ripieno.model.access import EVERYONE, USER
from ripieno.model.presentation import Presentation
from ripieno.store import full_text, rows, tables
from ripieno.store.full_text import Texts
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    FacetKind,
    FileRecord,
    VersionState,
)
from ripieno.store.values import columns_of

MOST_SUMMARY = 200
"""How much of a description stands for a summary that is missing, in characters."""

_v = tables.VERSIONS.c
_a = tables.APPLICATIONS.c
_MARKUP = re.compile(r"\]\([^)]*\)|<[^>]*>|[*`#>\[\]!|]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Version:
    application: str
    version: str
    state: VersionState
    presentation: Presentation
    kinds: tuple[str, ...]
    files: dict[str, FileRecord]
    created_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Newcomer:
    """What an application that is new belongs to, and who may see it."""

    owner: str
    visibility: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    id: int
    name: str
    owner: str
    visibility: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry(ApplicationRecord):
    id: int
    is_open: bool
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facet:
    kind: str
    value: str
    application: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    principal: str
    application: int
    edits: bool


def order(version: str) -> tuple[object, str]:
    """Semantic versions' order; those that differ by their build only are told apart somehow."""
    return names.version_key(version), version


def is_release(version: str) -> bool:
    """Whether a version is no pre-release."""
    return "-" not in version.partition("+")[0]


def presented(versions: Iterable[tuple[str, VersionState]]) -> tuple[str, EntryState]:
    """The version by which an application is presented, and what that makes of it."""

    def worth(version: str, state: VersionState) -> tuple[object, ...]:
        is_published = state is VersionState.PUBLISHED
        is_yanked = state is VersionState.YANKED
        return is_published, is_yanked, is_release(version), order(version)

    version, state = max(versions, key=lambda each: worth(*each))
    return version, EntryState(state.value)


def last_revision(connection: Connection) -> int:
    """The number of the last change of an entry."""
    return _most(connection, _a.revision, tables.REMOVED_APPLICATIONS.c.revision)


def refresh(
    connection: Connection,
    applications: Collection[str],
    newcomers: Mapping[str, Newcomer] | None = None,
) -> None:
    """Make entries say what their versions say, and enter those that are new.

    One without versions is removed.
    """
    revision = last_revision(connection) + 1
    known = _known(connection, applications, newcomers or {})
    states: dict[str, list[tuple[str, VersionState]]] = {}
    query = sql.select(_v.application, _v.version, _v.state).where(_v.application.in_(applications))
    for each in connection.execute(query):
        states.setdefault(each.application, []).append((each.version, each.state))
    chosen = {name: presented(each) for name, each in states.items()}
    versions = _versions(connection, {name: version for name, (version, _) in chosen.items()})
    _tidy(connection, [each.id for each in known.values()])
    for name, before in known.items():
        if name not in chosen:
            _remove(connection, before, revision)
    entries = [
        _entry(known[name], versions[name], state, revision=revision)
        for name, (_, state) in chosen.items()
    ]
    rows.put(connection, tables.APPLICATIONS, entries)
    rows.add(connection, tables.FACETS, [one for each in entries for one in _facets(each)])
    rows.add(connection, tables.AUDIENCE, [one for each in entries for one in _readers(each)])
    if entries:
        texts = {each.id: _texts(each.name, versions[each.name]) for each in entries}
        full_text.of(connection).put(connection, texts)


def summary_of(description: str) -> str:
    """The first paragraph of a description in Markdown, as plain text of a line or two."""
    paragraph = description.strip().partition("\n\n")[0]
    text = " ".join(_MARKUP.sub("", paragraph).split())
    if len(text) <= MOST_SUMMARY:
        return text
    return text[: MOST_SUMMARY - 1].rpartition(" ")[0] + "…"


def _known(
    connection: Connection,
    applications: Collection[str],
    newcomers: Mapping[str, Newcomer],
) -> dict[str, _Known]:
    """What does not come from versions, of those that are there and of those that are new."""
    columns = columns_of(tables.APPLICATIONS, _Known)
    query = sql.select(*columns).where(_a.name.in_(applications))
    found = {each["name"]: _Known(**each) for each in connection.execute(query).mappings()}
    fresh = [name for name in applications if name not in found and name in newcomers]
    for id, name in enumerate(fresh, _next_id(connection) if fresh else 0):
        new = newcomers[name]
        found[name] = _Known(
            id=id,
            name=name,
            owner=new.owner,
            visibility=new.visibility,
            created_at=new.created_at,
        )
    return found


def _next_id(connection: Connection) -> int:
    """An id that no application has or had."""
    return _most(connection, _a.id, tables.REMOVED_APPLICATIONS.c.id) + 1


def _most(connection: Connection, *columns: sql.Column[int]) -> int:
    query = sql.select(*(sql.select(sql.func.max(each)).scalar_subquery() for each in columns))
    return max(each or 0 for each in connection.execute(query).one())


def _versions(connection: Connection, wanted: Mapping[str, str]) -> dict[str, _Version]:
    """One version of each of these applications."""
    query = sql.select(*columns_of(tables.VERSIONS, _Version)).where(
        sql.tuple_(_v.application, _v.version).in_(list(wanted.items()))
    )
    found = (_Version(**each) for each in connection.execute(query).mappings())
    return {each.application: each for each in found}


def _entry(known: _Known, version: _Version, state: EntryState, *, revision: int) -> _Entry:
    said = version.presentation
    is_latest = state is EntryState.PUBLISHED and is_release(version.version)
    return _Entry(
        id=known.id,
        name=known.name,
        version=version.version,
        latest=version.version if is_latest else None,
        state=state,
        title=said.title,
        summary=said.summary or summary_of(said.description),
        category=said.category,
        tags=said.tags,
        maintainers=said.maintainers,
        kinds=version.kinds,
        licence=said.licence,
        icon=version.files[said.icon].digest if said.icon in version.files else "",
        owner=known.owner,
        editors=said.editors,
        visibility=known.visibility,
        is_open=EVERYONE in known.visibility,
        created_at=known.created_at,
        updated_at=version.published_at or version.created_at,
        revision=revision,
    )


def facets_of(entry: ApplicationRecord) -> Iterator[tuple[FacetKind, str]]:
    """By what an application can be found and counted."""
    values = {
        FacetKind.TAG: entry.tags,
        FacetKind.CATEGORY: (entry.category,) if entry.category else (),
        FacetKind.MAINTAINER: entry.maintainers,
        FacetKind.KIND: entry.kinds,
    }
    return ((kind, value) for kind, each in values.items() for value in each)


def editors_of(entry: ApplicationRecord) -> frozenset[str]:
    """The principals who may change an application."""
    return frozenset((f"{USER}{entry.owner}", *entry.editors))


def _facets(entry: _Entry) -> Iterator[_Facet]:
    for kind, value in facets_of(entry):
        yield _Facet(kind=kind.value, value=value, application=entry.id)


def _readers(entry: _Entry) -> Iterator[_Reader]:
    editors = editors_of(entry)
    for each in sorted(editors | set(entry.visibility) - {EVERYONE}):
        yield _Reader(principal=each, application=entry.id, edits=each in editors)


def _texts(name: str, version: _Version) -> Texts:
    said = version.presentation
    return Texts(
        head=f"{name} {said.title}",
        tags=" ".join((*said.tags, said.category)),
        summary=" ".join((said.summary, *said.maintainers, said.licence)),
        body=said.description,
    )


def _tidy(connection: Connection, ids: Collection[int]) -> None:
    for table in (tables.FACETS, tables.AUDIENCE):
        connection.execute(sql.delete(table).where(table.c.application.in_(ids)))


def _remove(connection: Connection, known: _Known, revision: int) -> None:
    full_text.of(connection).remove(connection, [known.id])
    saved = tables.SAVED.c.application == known.name
    connection.execute(sql.delete(tables.SAVED).where(saved))
    connection.execute(sql.delete(tables.APPLICATIONS).where(_a.id == known.id))
    gone = tables.REMOVED_APPLICATIONS.insert().values(id=known.id, revision=revision)
    connection.execute(gone)
