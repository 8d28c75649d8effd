"""An application's entry, made anew from its versions whenever one of them changes.

Runs inside the transaction that changes a version, an owner or a visibility. Afterwards the entry,
its facets, its audience and its words in the full-text index say what the versions say.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.model import names
from ripieno.model.access import EVERYONE, USER
from ripieno.model.presentation import Presentation
from ripieno.store import full_text, rows, tables
from ripieno.store.full_text import Texts
from ripieno.store.registered import EntryState, FacetKind, FileRecord, VersionState

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


def next_revision(connection: Connection) -> int:
    """The number of a change; the transaction has to be one in order."""
    return last_revision(connection) + 1


def last_revision(connection: Connection) -> int:
    """The number of the last change of an entry."""
    gone = tables.REMOVED_APPLICATIONS.c.revision
    query = sql.select(
        sql.select(sql.func.max(_a.revision)).scalar_subquery(),
        sql.select(sql.func.max(gone)).scalar_subquery(),
    )
    return max(each or 0 for each in connection.execute(query).one())


def refresh(connection: Connection, applications: Sequence[str], at: datetime) -> None:
    """Make entries say what their versions say; one without versions is removed."""
    revision = next_revision(connection)
    indexed: dict[int, Texts] = {}
    facets: list[_Facet] = []
    audience: list[_Reader] = []
    for name in applications:
        query = sql.select(_a.id, _a.owner, _a.visibility).where(_a.name == name)
        id, owner, visibility = connection.execute(query).one()
        found = connection.execute(
            sql.select(_v.version, _v.state).where(_v.application == name)
        ).all()
        if not found:
            _remove(connection, id, revision)
            continue
        chosen, state = presented((each.version, each.state) for each in found)
        version = _version(connection, name, chosen)
        said = version.presentation
        _tidy(connection, id)
        fields = {
            "version": chosen,
            "latest": chosen if state is EntryState.PUBLISHED and is_release(chosen) else None,
            "state": state,
            "title": said.title,
            "summary": said.summary or summary_of(said.description),
            "category": said.category,
            "tags": said.tags,
            "maintainers": said.maintainers,
            "kinds": version.kinds,
            "licence": said.licence,
            "icon": version.files[said.icon].digest if said.icon in version.files else "",
            "editors": said.editors,
            "is_open": EVERYONE in visibility,
            "updated_at": at,
            "revision": revision,
        }
        connection.execute(sql.update(tables.APPLICATIONS).where(_a.id == id).values(fields))
        facets += (
            _Facet(kind=kind.value, value=value, application=id)
            for kind, values in _facets(version)
            for value in values
        )
        editors = {f"{USER}{owner}", *said.editors}
        audience += (
            _Reader(principal=each, application=id, edits=each in editors)
            for each in sorted(editors | set(visibility) - {EVERYONE})
        )
        indexed[id] = _texts(name, version)
    rows.add(connection, tables.FACETS, facets)
    rows.add(connection, tables.AUDIENCE, audience)
    if indexed:
        full_text.of(connection).put(connection, indexed)


def summary_of(description: str) -> str:
    """The first paragraph of a description in Markdown, as plain text of a line or two."""
    paragraph = description.strip().partition("\n\n")[0]
    text = " ".join(_MARKUP.sub("", paragraph).split())
    if len(text) <= MOST_SUMMARY:
        return text
    return text[: MOST_SUMMARY - 1].rpartition(" ")[0] + "…"


def _version(connection: Connection, application: str, version: str) -> _Version:
    query = sql.select(*tables.columns_of(tables.VERSIONS, _Version)).where(
        _v.application == application, _v.version == version
    )
    return _Version(**connection.execute(query).mappings().one())


def _facets(version: _Version) -> Iterable[tuple[FacetKind, Sequence[str]]]:
    said = version.presentation
    yield FacetKind.TAG, said.tags
    yield FacetKind.CATEGORY, (said.category,) if said.category else ()
    yield FacetKind.MAINTAINER, said.maintainers
    yield FacetKind.KIND, version.kinds


def _texts(name: str, version: _Version) -> Texts:
    said = version.presentation
    return Texts(
        head=f"{name} {said.title}",
        tags=" ".join((*said.tags, said.category)),
        summary=" ".join((said.summary, *said.maintainers, said.licence)),
        body=said.description,
    )


def _tidy(connection: Connection, id: int) -> None:
    for table in (tables.FACETS, tables.AUDIENCE):
        connection.execute(sql.delete(table).where(table.c.application == id))


def _remove(connection: Connection, id: int, revision: int) -> None:
    full_text.of(connection).remove(connection, id)
    _tidy(connection, id)
    connection.execute(sql.delete(tables.APPLICATIONS).where(_a.id == id))
    gone = tables.REMOVED_APPLICATIONS.insert().values(id=id, revision=revision)
    connection.execute(gone)
