"""The catalogue as it is counted: what every application is by its facets, and who may see it.

Counting tens of thousands of applications by their facets takes a database longer than anybody
wants to wait for a page, and a process that knows them hardly anything. So each server keeps this,
and brings it up to date by the revisions of what has changed before it is asked. It holds no texts
but names and facets: some 200 bytes an application.
"""

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ripieno.store.registered import EntryState, FacetCount, FacetKind, Order, Search

MOST_VALUES = 30
"""How many values of a kind of facet are told."""

MOST_DEEP = 10_000
"""How far down a list ordered by relevance can be paged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """An application on the shelf. `updated` is in microseconds; `editors` may see drafts."""

    id: int
    revision: int
    name: str
    state: EntryState
    is_open: bool
    updated: int
    facets: tuple[tuple[FacetKind, str], ...]
    readers: frozenset[str] = frozenset()
    editors: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What of the shelf is found, in no order, and how it is spread."""

    ids: Collection[int]
    total: int
    facets: Mapping[FacetKind, Sequence[FacetCount]] = field(default_factory=dict)


class Shelf:
    """All applications of a registry. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self.revision = 0
        self._lock = threading.Lock()
        self._values: list[tuple[FacetKind, str]] = []
        self._codes: dict[tuple[FacetKind, str], int] = {}
        self._books: dict[int, Book] = {}
        self._facets: dict[int, tuple[int, ...]] = {}
        self._names: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._newest: dict[int, tuple[int, str]] = {}
        self._open: set[int] = set()
        self._open_counts: Counter[int] = Counter()
        self._closed: set[int] = set()
        self._readers: dict[str, set[int]] = {}
        self._editors: dict[str, set[int]] = {}

    def take(self, books: Iterable[Book], removed: Iterable[int], revision: int) -> None:
        """Put what has changed up to a revision in its place."""
        with self._lock:
            for id in removed:
                self._drop(id)
            for book in books:
                known = self._books.get(book.id)
                if known is None or known.revision < book.revision:
                    self._drop(book.id)
                    self._put(book)
            self.revision = max(self.revision, revision)

    def select(self, search: Search, sets: Sequence[Collection[int]]) -> Selection:
        """Those that are in all of the sets and that the searcher may see."""
        with self._lock:
            ids = self._visible(search, set.intersection(*map(set, sets)) if sets else None)
            return Selection(
                ids=ids, total=len(ids), facets=self._told(ids) if search.counts else {}
            )

    def arranged(
        self,
        search: Search,
        ids: Collection[int],
        *,
        name: str = "",
        head: Collection[int] = (),
        ranks: Mapping[int, float] | None = None,
        depth: int,
    ) -> list[int]:
        """The first ones, down to `depth`, in the order that is asked for.

        By relevance: the one with that very name, then those that fit by name or title (`head`),
        and among equals by their ranks, or the newest first where there are none.
        """
        with self._lock:
            key: Callable[[int], Any] = self._newest.__getitem__
            if search.order is Order.NAME:
                return heapq.nsmallest(depth, ids, key=self._names.__getitem__)
            if search.order is Order.NEWEST:
                return heapq.nsmallest(depth, ids, key=key)
            if ranks is not None:
                newest = self._newest

                def key(id: int) -> Any:
                    return -ranks.get(id, 0.0), newest[id]

            rest = set(ids)
            exact = {self._ids[name]} & rest if name in self._ids else set()
            found: list[int] = []
            for tier in (exact, rest & set(head), rest):
                found += heapq.nsmallest(depth - len(found), tier - set(found), key=key)
            return found

    def _visible(self, search: Search, ids: set[int] | None) -> set[int]:
        if search.is_mine:
            mine = _union(self._editors, search.principals)
            return mine if ids is None else ids & mine
        closed = self._closed
        if not search.sees_all:
            closed = closed & _union(self._readers, search.principals)
        if ids is None:
            return self._open | closed
        return (ids & self._open) | (ids & closed)

    def _told(self, ids: set[int]) -> dict[FacetKind, list[FacetCount]]:
        """The most frequent values of each kind."""
        counted: dict[FacetKind, list[FacetCount]] = {kind: [] for kind in FacetKind}
        for code, count in self._counted(ids).items():
            kind, value = self._values[code]
            if count:
                counted[kind].append(FacetCount(value=value, count=count))
        return {
            kind: heapq.nsmallest(MOST_VALUES, each, key=lambda one: (-one.count, one.value))
            for kind, each in counted.items()
        }

    def _counted(self, ids: set[int]) -> Counter[int]:
        if len(ids & self._open) * 2 < len(self._open):
            return self._count(ids)
        # Most are among them: what is missing is counted quicker.
        counts = self._open_counts.copy()
        counts.subtract(self._count(self._open - ids))
        counts.update(self._count(ids - self._open))
        return counts

    def _count(self, ids: Iterable[int]) -> Counter[int]:
        return Counter(chain.from_iterable(map(self._facets.__getitem__, ids)))

    def _put(self, book: Book) -> None:
        id = book.id
        self._books[id] = book
        self._facets[id] = tuple(self._code(each) for each in book.facets)
        self._names[id], self._ids[book.name] = book.name, id
        self._newest[id] = (-book.updated, book.name)
        if book.state is EntryState.PUBLISHED and book.is_open:
            self._open.add(id)
            self._open_counts.update(self._facets[id])
        elif book.state is EntryState.PUBLISHED:
            self._closed.add(id)
        for each in book.readers:
            self._readers.setdefault(each, set()).add(id)
        for each in book.editors:
            self._editors.setdefault(each, set()).add(id)

    def _drop(self, id: int) -> None:
        book = self._books.pop(id, None)
        if book is None:
            return
        facets = self._facets.pop(id)
        if id in self._open:
            self._open.discard(id)
            self._open_counts.subtract(facets)
        self._closed.discard(id)
        del self._newest[id]
        del self._names[id]
        if self._ids.get(book.name) == id:
            del self._ids[book.name]
        for each in book.readers:
            self._readers[each].discard(id)
        for each in book.editors:
            self._editors[each].discard(id)

    def _code(self, facet: tuple[FacetKind, str]) -> int:
        code = self._codes.get(facet)
        if code is None:
            code = self._codes[facet] = len(self._values)
            self._values.append(facet)
        return code


def _union(sets: Mapping[str, set[int]], names: Iterable[str]) -> set[int]:
    return set().union(*(sets[each] for each in names if each in sets))
