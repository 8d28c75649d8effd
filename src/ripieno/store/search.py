"""Finding applications: by the full-text index, counted on the shelf, shown from one table.

No document is read here, nor any text but what a catalogue's card shows.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Select

from ripieno.store import entry, full_text, paging, snapshots, tables, words
from ripieno.store.database import Database
from ripieno.store.errors import InvalidCursor
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    FacetKind,
    Found,
    Order,
    Search,
)
from ripieno.store.shelf import Book, Selection, Shelf
from ripieno.store.tally import Snapshot

MOST_RANKED = 1000
"""How many applications are ranked by their texts.

A query that more fit says too little for that; names and titles decide then, and what is newer.
"""

MOST_DEEP = 10_000
"""How far down a list ordered by relevance can be paged."""

_a = tables.APPLICATIONS.c
_CARD = tables.columns_of(tables.APPLICATIONS, ApplicationRecord)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Matches:
    """What the database finds: sets that hold the result, those that fit by name or title, and
    what has changed on the shelf, or all that should be on it."""

    sets: Sequence[Sequence[int]]
    head: Sequence[int]
    revision: int
    snapshot: Snapshot | None
    books: Sequence[Book]


class Searching:
    """The part of the store that finds applications."""

    _database: Database
    _shelf: Shelf

    async def search(self, search: Search) -> Found:
        """A page of the applications that fit and that the searcher may see.

        Raises: `InvalidCursor`.
        """
        asked = words.asked(search.text)
        if search.text.strip() and not asked:
            return Found(items=(), facets={}, total=0, next=None)
        is_plain = not asked and not search.facets
        if is_plain and not search.counts:
            return await self._listed(search, None)
        matches = await self._database.read(lambda connection: self._matches(connection, search))
        selection = await asyncio.to_thread(self._selected, search, matches)
        if is_plain:
            return await self._listed(search, selection)
        return await self._found(search, asked, matches, selection)

    def _matches(self, connection: Connection, search: Search) -> _Matches:
        index = full_text.of(connection)
        asked = words.asked(search.text)
        sets = [
            _with_facet(connection, kind, value)
            for kind, values in search.facets.items()
            for value in values
        ]
        head: Sequence[int] = ()
        if asked:
            sets.append(index.matching(connection, asked))
            head = index.matching(connection, asked, in_head=True)
        # Last, so that the shelf knows all that was found above, and maybe more.
        revision = entry.last_revision(connection)
        known = self._shelf.revision
        snapshot: Snapshot | None = None
        books: list[Book] = []
        if known == 0 or self._shelf.is_old:
            snapshot = snapshots.read(connection)
        elif revision > known:
            books = snapshots.changed(connection, known)
        return _Matches(sets=sets, head=head, revision=revision, snapshot=snapshot, books=books)

    def _selected(self, search: Search, matches: _Matches) -> Selection:
        if matches.snapshot is not None:
            self._shelf.fill(matches.snapshot, matches.revision)
        self._shelf.change(matches.books, matches.revision)
        return self._shelf.select(search, matches.sets)

    async def _found(
        self, search: Search, asked: Sequence[str], matches: _Matches, selection: Selection
    ) -> Found:
        """A page from the middle of what was selected."""
        limit = paging.bounded(search.limit)
        begin = _offset(search.after)
        depth = min(begin + limit + 1, MOST_DEEP)
        first = selection.among(matches.head)
        ranks = None
        if asked and search.order is Order.RELEVANCE and selection.total <= MOST_RANKED:
            # Where names and titles fill the page, the others need not be ranked.
            ranked = first if len(first) >= depth else selection.ids
            ranks = await self._database.read(
                lambda connection: full_text.of(connection).ranks(connection, asked, ranked)
            )
        arranged = await asyncio.to_thread(
            self._shelf.arranged,
            search,
            selection,
            name="-".join(words.words(search.text)),
            head=first,
            ranks=ranks,
            depth=depth,
        )
        ids = arranged[begin : begin + limit]
        query = sql.select(_a.id, *_CARD).where(_a.id.in_(ids))
        cards = await self._database.read(
            lambda connection: {
                id: ApplicationRecord(**fields) for id, fields in _by_id(connection, query)
            }
        )
        has_more = len(arranged) > begin + limit
        return Found(
            items=[cards[each] for each in ids if each in cards],
            facets=selection.facets,
            total=selection.total,
            next=f"o.{begin + limit}" if has_more else None,
        )

    async def _listed(self, search: Search, selection: Selection | None) -> Found:
        """A page of all that the searcher may see, which nothing has to be sorted for."""
        limit = paging.bounded(search.limit)
        query = _visible(sql.select(*_CARD), search).limit(limit + 1)
        if search.order is Order.NEWEST:
            query = query.order_by(_a.updated_at.desc(), _a.name.desc())
            if search.after is not None:
                at, name = paging.read_cursor(search.after)
                query = query.where(sql.tuple_(_a.updated_at, _a.name) < (at, name))
        else:
            query = query.order_by(_a.name)
            if search.after is not None:
                query = query.where(_a.name > search.after)
        found = await self._database.all_of(ApplicationRecord, query)
        items, following = paging.page(
            found,
            limit,
            lambda each: (
                paging.cursor(each.updated_at, each.name)
                if search.order is Order.NEWEST
                else each.name
            ),
        )
        return Found(
            items=items,
            facets=selection.facets if selection else {},
            total=selection.total if selection else None,
            next=following,
        )


def _with_facet(connection: Connection, kind: FacetKind, value: str) -> list[int]:
    c = tables.FACETS.c
    query = sql.select(c.application).where(c.kind == kind.value, c.value == value)
    return list(connection.execute(query).scalars())


def _visible(query: Select[Any], search: Search) -> Select[Any]:
    c = tables.AUDIENCE.c
    theirs = sql.select(c.application).where(c.principal.in_(sorted(search.principals)))
    if search.is_mine:
        return query.where(_a.id.in_(theirs.where(c.edits)))
    query = query.where(_a.state == EntryState.PUBLISHED)
    return query if search.sees_all else query.where(sql.or_(_a.is_open, _a.id.in_(theirs)))


def _by_id(connection: Connection, query: Select[Any]) -> Iterable[tuple[int, dict[str, Any]]]:
    for each in connection.execute(query).mappings():
        fields = dict(each)
        yield fields.pop("id"), fields


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    mark, _, number = after.partition(".")
    if mark != "o" or not (number.isascii() and number.isdigit() and len(number) < 9):
        raise InvalidCursor(f"{after[:80]!r} is no cursor; give back what the last page said")
    return int(number)
