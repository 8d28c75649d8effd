"""What a shelf holds, read from the database: all of it, or what has changed since a revision.

All of it is read as few long rows, one for each value that applications have in common, since a row
for each application and value would take seconds.
"""

import json
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Select

from ripieno.store import entry, heads, tables, values
from ripieno.store.registered import ApplicationRecord, EntryState
from ripieno.store.tally import Snapshot
from ripieno.store.values import columns_of
from ripieno.store.view import Book

_a = tables.APPLICATIONS.c
_f = tables.FACETS.c
_r = tables.AUDIENCE.c
_gone = tables.REMOVED_APPLICATIONS.c
_BOOK = (
    _a.id,
    _a.revision,
    _a.is_open,
    *columns_of(tables.APPLICATIONS, ApplicationRecord),
)


def read(connection: Connection) -> Snapshot:
    """All that there is."""
    updated = sql.type_coerce(_a.updated_at, sql.BigInteger)
    places = connection.execute(sql.select(_a.id, _a.name, _a.title, updated)).all()
    return Snapshot(
        names={id: name for id, name, _, _ in places},
        titles={id: title for id, _, title, _ in places},
        updated={id: at for id, _, _, at in places},
        open=_where(connection, _a.state == EntryState.PUBLISHED, _a.is_open),
        closed=_where(connection, _a.state == EntryState.PUBLISHED, ~_a.is_open),
        facets={
            (kind, value): _numbers(ids)
            for kind, value, ids in connection.execute(
                sql.select(_f.kind, _f.value, _joined(_f.application)).group_by(_f.kind, _f.value)
            )
        },
        readers=_by_principal(connection, sql.select(_r.principal, _joined(_r.application))),
        editors=_by_principal(
            connection, sql.select(_r.principal, _joined(_r.application)).where(_r.edits)
        ),
    )


def changed(connection: Connection, revision: int) -> list[Book]:
    """What has changed since a revision."""
    books = [_book(each) for each in connection.execute(_since(revision))]
    gone = sql.select(_gone.id, _gone.revision).where(_gone.revision > revision)
    return books + [Book(id=each.id, revision=each.revision) for each in connection.execute(gone)]


def _since(revision: int) -> Select[Any]:
    return sql.select(*_BOOK).where(_a.revision > revision)


def _book(row: Any) -> Book:
    editors = entry.editors_of(row)
    return Book(
        id=row.id,
        revision=row.revision,
        name=row.name,
        head=heads.words_of(row.name, row.title),
        updated=values.microseconds(row.updated_at),
        state=row.state,
        is_open=row.is_open,
        facets=tuple((kind.value, value) for kind, value in entry.facets_of(row)),
        readers=editors | set(row.visibility),
        editors=editors,
    )


def _where(connection: Connection, *conditions: sql.ColumnElement[bool]) -> list[int]:
    return _numbers(connection.execute(sql.select(_joined(_a.id)).where(*conditions)).scalar())


def _by_principal(connection: Connection, query: Select[Any]) -> dict[str, list[int]]:
    found = connection.execute(query.group_by(_r.principal))
    return {principal: _numbers(ids) for principal, ids in found}


def _joined(column: sql.Column[int]) -> sql.ColumnElement[str]:
    return sql.func.aggregate_strings(sql.cast(column, sql.Text), ",")


def _numbers(text: str | None) -> list[int]:
    return list(json.loads(f"[{text or ''}]"))
