"""Finding applications: by the full-text index, counted on the shelf, shown from one table.

No document is read here, nor any text but what a catalogue's card shows.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Select

from ripieno.store import entry, hits, paging, rows, snapshots, tables, words
from ripieno.store.database import Database
from ripieno.store.errors import InvalidCursor
from ripieno.store.hits import Hits
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    FacetCount,
    FacetKind,
    Found,
    Order,
    Search,
)
from ripieno.store.shelf import Shelf
from ripieno.store.tally import Snapshot
from ripieno.store.values import columns_of
from ripieno.store.view import View

MOST_DEEP = 10_000
"""How far down a list that is narrowed can be paged."""

FEW = 50
"""How many applications are looked up at once."""

_a = tables.APPLICATIONS.c
_CARD = columns_of(tables.APPLICATIONS, ApplicationRecord)
_CARDS = sql.select(_a.id, *_CARD).where(_a.id.in_(sql.bindparam("ids", expanding=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What a search may find, and where it has a text, what of that fits, with the page's cards."""

    view: View
    hits: Hits | None = None
    cards: Mapping[int, ApplicationRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stale:
    """The shelf is to be filled before anything can be found."""

    snapshot: Snapshot
    revision: int


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
        if asked or search.facets:
            return await self._found(search, asked)
        if not search.counts:
            return await self._listed(search, None)
        return await self._listed(search, (await self._seen(search, asked, range(0))).view)

    async def _seen(self, search: Search, asked: Sequence[str], page: range) -> _Seen:
        while True:
            seen = await self._database.read(lambda it: self._look(it, search, asked, page))
            if isinstance(seen, _Seen):
                return seen
            await asyncio.to_thread(self._shelf.fill, seen.snapshot, seen.revision)

    def _look(
        self, connection: Connection, search: Search, asked: Sequence[str], page: range
    ) -> _Seen | _Stale:
        # First, so that the shelf knows what was registered before this was asked.
        revision = entry.last_revision(connection)
        known = self._shelf.revision
        if self._shelf.is_old:
            return _Stale(snapshot=snapshots.read(connection), revision=revision)
        if revision > known:
            self._shelf.change(snapshots.changed(connection, known), revision)
        view = self._shelf.view(search)
        found: Hits | None = None
        first: Iterator[int] = view.in_order(search.order)
        if asked:
            found = hits.find(
                connection,
                asked,
                view,
                search.order,
                narrowed=words.asked(" ".join((search.text, *_said(search.facets)))),
                name="-".join(words.words(search.text)),
                depth=page.stop + 1,
            )
            first = iter(found.first)
        ids = list(islice(first, page.start, page.stop + 1))
        cards = _cards(connection, ids)
        return _Seen(view=view, hits=found, cards={id: cards[id] for id in ids if id in cards})

    async def _found(self, search: Search, asked: Sequence[str]) -> Found:
        """A page from the middle of what fits."""
        begin = min(_offset(search.after), MOST_DEEP)
        limit = paging.bounded(search.limit)
        seen = await self._seen(search, asked, range(begin, begin + limit))
        found = seen.hits
        is_partial = found is not None and found.is_partial
        deepest = hits.MOST_COUNTED if is_partial else MOST_DEEP
        end = min(begin + limit, deepest)
        has_more = end < deepest and len(seen.cards) > limit
        facets: Mapping[FacetKind, Sequence[FacetCount]] = {}
        if search.counts:
            facets = await asyncio.to_thread(seen.view.spread, found.ids if found else None)
        return Found(
            items=list(seen.cards.values())[: end - begin],
            facets=facets,
            total=len(found.ids) if found else seen.view.total,
            next=f"o.{end}" if has_more else None,
            is_partial=is_partial,
        )

    async def _listed(self, search: Search, view: View | None) -> Found:
        """A page of all that the searcher may see, which nothing has to be sorted for."""
        limit = paging.bounded(search.limit)
        is_newest = search.order is Order.NEWEST
        given: dict[str, object] = {"principals": sorted(search.principals), "most": limit + 1}
        if search.after is not None and is_newest:
            given["at"], given["name"] = paging.read_cursor(search.after)
        elif search.after is not None:
            given["name"] = search.after
        query = _list(is_newest, search.after is not None, search.is_mine, search.sees_all)
        read = self._database.few_of if limit <= FEW else self._database.all_of
        found = await read(ApplicationRecord, query, given)
        items, following = paging.page(
            found,
            limit,
            lambda each: paging.cursor(each.updated_at, each.name) if is_newest else each.name,
        )
        return Found(
            items=items,
            facets=await asyncio.to_thread(view.spread) if view else {},
            total=view.total if view else None,
            next=following,
        )


@cache
def _list(is_newest: bool, goes_on: bool, is_mine: bool, sees_all: bool) -> Select[Any]:
    """A page of the list, kept since to put it together takes as long as to carry it out."""
    c = tables.AUDIENCE.c
    principals: sql.BindParameter[Sequence[str]] = sql.bindparam("principals", expanding=True)
    theirs = sql.select(c.application).where(c.principal.in_(principals))
    query = sql.select(*_CARD).limit(sql.bindparam("most"))
    if is_mine:
        query = query.where(_a.id.in_(theirs.where(c.edits)))
    else:
        query = query.where(_a.state == EntryState.PUBLISHED)
        if not sees_all:
            query = query.where(sql.or_(_a.is_open, _a.id.in_(theirs)))
    at = sql.bindparam("at", type_=_a.updated_at.type)
    name = sql.bindparam("name", type_=_a.name.type)
    if is_newest:
        query = query.order_by(_a.updated_at.desc(), _a.name.desc())
        after = sql.tuple_(_a.updated_at, _a.name) < sql.tuple_(at, name)
    else:
        query, after = query.order_by(_a.name), _a.name > name
    return query.where(after) if goes_on else query


def _said(facets: Mapping[FacetKind, Sequence[str]]) -> Iterator[str]:
    """What is found among the words of an application that has these facets."""
    for kind, values in facets.items():
        if kind is not FacetKind.KIND:
            yield from values


def _cards(connection: Connection, ids: Sequence[int]) -> dict[int, ApplicationRecord]:
    """Applications as a catalogue shows them, by their ids."""
    if not ids:
        return {}
    found = connection.execute(_CARDS, {"ids": ids}).all()
    cards = rows.records(ApplicationRecord, _CARD, (row for _, *row in found))
    return {id: card for (id, *_), card in zip(found, cards, strict=True)}


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    mark, _, number = after.partition(".")
    if mark != "o" or not (number.isascii() and number.isdigit() and len(number) < 9):
        raise InvalidCursor(f"{after[:80]!r} is no cursor; give back what the last page said")
    return int(number)
