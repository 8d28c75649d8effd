"""The catalogue as it is counted: what every application is by its facets, and who may see it.

Counting tens of thousands of applications by their facets takes a database longer than anybody
wants to wait for a page, and a process that knows them hardly anything. So each server keeps a
`Tally` of all, and beside it the applications that have changed since, up to the revision that it
has seen. It holds no texts but names and facets: some hundred bytes an application.
"""

import heapq
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ripieno.store import bits
from ripieno.store.registered import EntryState, FacetCount, FacetKind, Order, Search
from ripieno.store.tally import Facet, Snapshot, Tally

MOST_VALUES = 30
"""How many values of a kind of facet are told."""

MOST_CHANGED = 500
"""From so many changes on (or 2% of all), the tally is made anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """An application that has changed, `updated` in microseconds.

    It is no longer there if its `state` is None.
    """

    id: int
    revision: int
    name: str = ""
    updated: int = 0
    state: EntryState | None = None
    is_open: bool = False
    facets: tuple[Facet, ...] = ()
    readers: frozenset[str] = frozenset()
    editors: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What of the shelf is found, as flags of ids, and how it is spread."""

    flags: bytes
    total: int
    facets: Mapping[FacetKind, Sequence[FacetCount]] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        """All of it, by id."""
        return bits.numbers(self.flags)

    def among(self, ids: Iterable[int]) -> list[int]:
        """Those of these ids that are found."""
        return [id for id in ids if self.flags[id] == bits.ONE]


class Shelf:
    """All applications of a registry, at a revision. May be used from any thread."""

    def __init__(self) -> None:
        self.revision = 0
        self._lock = threading.Lock()
        self._tally = Tally(Snapshot())
        self._changed: dict[int, Book] = {}
        self._ids: dict[str, int] = {}

    @property
    def is_old(self) -> bool:
        """Whether so much has changed that it should be filled anew."""
        return len(self._changed) > max(MOST_CHANGED, self._tally.size // 50)

    def fill(self, snapshot: Snapshot, revision: int) -> None:
        """Hold what there is at a revision."""
        tally = Tally(snapshot)
        ids = {name: id for id, name in snapshot.names.items()}
        with self._lock:
            if revision >= self.revision:
                self.revision, self._tally, self._ids = revision, tally, ids
                self._changed = {}

    def change(self, books: Iterable[Book], revision: int) -> None:
        """Take what has changed up to a revision."""
        with self._lock:
            for book in books:
                known = self._changed.get(book.id)
                if known is None or known.revision <= book.revision:
                    self._changed[book.id] = book
                    self._ids[book.name] = book.id
            self.revision = max(self.revision, revision)

    def select(self, search: Search, sets: Sequence[Collection[int]]) -> Selection:
        """Those that are in all of the sets and that the searcher may see."""
        with self._lock:
            tally, changed = self._tally, self._changed.copy()
        size = max(tally.size, *(max(each, default=0) + 1 for each in (changed, *sets)))
        if search.is_mine:
            found = tally.edited(search.principals)
        else:
            found = tally.visible(search.principals, sees_all=search.sees_all)
        if changed:
            told = (each.id for each in changed.values() if _is_visible(each, search))
            found = found & ~bits.of(changed, size) | bits.of(told, size)
        for each in sets:
            found &= bits.of(each, size)
        flags = bits.flags(found, size)
        return Selection(
            flags=flags,
            total=found.bit_count(),
            facets=_told(tally, changed, found, flags) if search.counts else {},
        )

    def arranged(
        self,
        search: Search,
        selection: Selection,
        *,
        name: str = "",
        head: Iterable[int] = (),
        ranks: Mapping[int, float] | None = None,
        depth: int,
    ) -> list[int]:
        """The first ones, down to `depth`, in the order that is asked for.

        By relevance: the one with that very name, then those of the selection that fit by name or
        title (`head`), and among equals by their ranks, or the newest first where there are none.
        """
        with self._lock:
            tally, changed = self._tally, self._changed.copy()
            exact = self._ids.get(name)

        def named(id: int) -> str:
            book = changed.get(id)
            return tally.names[id] if book is None else book.name

        def newest(id: int) -> Any:
            book = changed.get(id)
            return -(tally.updated[id] if book is None else book.updated), named(id)

        def ranked(id: int) -> Any:
            return -(ranks or {}).get(id, 0.0), newest(id)

        if search.order is Order.NAME:
            return heapq.nsmallest(depth, selection.ids, key=named)
        if search.order is Order.NEWEST:
            return heapq.nsmallest(depth, selection.ids, key=newest)
        key = newest if ranks is None else ranked
        found = selection.among([exact]) if exact is not None else []
        first = set(head).difference(found)
        found += heapq.nsmallest(depth - len(found), first, key=key)
        if len(found) < depth:
            rest = set(selection.ids).difference(found)
            found += heapq.nsmallest(depth - len(found), rest, key=key)
        return found


def _told(
    tally: Tally, changed: Mapping[int, Book], found: int, flags: bytes
) -> dict[FacetKind, list[FacetCount]]:
    """The most frequent values of each kind."""
    same = found & ~bits.of(changed, len(flags)) if changed else found
    facets, codes, counts = tally.facets, tally.codes, tally.counts(same)
    if changed:
        facets, codes = facets.copy(), dict(codes)
    for book in changed.values():
        if flags[book.id] == bits.ONE:
            for facet in book.facets:
                code = codes.get(facet)
                if code is None:  # Nothing that is on the shelf for longer has it.
                    code = codes[facet] = len(facets)
                    facets.append(facet)
                counts[code] = counts.get(code, 0) + 1
    by_kind: dict[str, list[int]] = {kind.value: [] for kind in FacetKind}
    for code, count in counts.items():
        by_kind[facets[code][0]].append(count)
    # Values are looked at only where they are among the most frequent ones.
    least = {
        kind: min(heapq.nlargest(MOST_VALUES, each), default=0) for kind, each in by_kind.items()
    }
    told: dict[str, list[FacetCount]] = {kind.value: [] for kind in FacetKind}
    for code, count in counts.items():
        kind, value = facets[code]
        if count >= least[kind]:
            told[kind].append(FacetCount(value=value, count=count))
    return {
        FacetKind(kind): sorted(each, key=lambda one: (-one.count, one.value))[:MOST_VALUES]
        for kind, each in told.items()
    }


def _is_visible(book: Book, search: Search) -> bool:
    if search.is_mine:
        return not book.editors.isdisjoint(search.principals)
    if book.state is not EntryState.PUBLISHED:
        return False
    return book.is_open or search.sees_all or not book.readers.isdisjoint(search.principals)
