"""What one search sees of the shelf: counted, put in order, asked whether it holds something."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ripieno.store import bits, heads
from ripieno.store.registered import EntryState, FacetCount, FacetKind, Order, Search
from ripieno.store.tally import Facet, Tally

MOST_VALUES = 30
"""How many values of a kind of facet are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """An application that has changed, `updated` in microseconds, `head` the words of its name and
    title.

    It is no longer there if its `state` is None.
    """

    id: int
    revision: int
    name: str = ""
    head: frozenset[str] = frozenset()
    updated: int = 0
    state: EntryState | None = None
    is_open: bool = False
    facets: tuple[Facet, ...] = ()
    readers: frozenset[str] = frozenset()
    editors: frozenset[str] = frozenset()


class View:
    """The applications that a searcher may see and that have the facets that are asked for.

    It is what the shelf knew at one moment, and never changes.
    """

    def __init__(
        self, tally: Tally, changed: Mapping[int, Book], ids: Mapping[str, int], search: Search
    ) -> None:
        self._tally, self._changed, self._ids = tally, changed, ids
        self.size = max(tally.size, max(changed, default=0) + 1)
        found = (
            tally.edited(search.principals)
            if search.is_mine
            else tally.visible(search.principals, sees_all=search.sees_all)
        )
        wanted = [(kind.value, each) for kind, values in search.facets.items() for each in values]
        for facet in wanted:
            found &= tally.having(facet)
        if changed:
            fresh = (
                each.id
                for each in changed.values()
                if _is_visible(each, search) and set(wanted).issubset(each.facets)
            )
            found = found & ~bits.of(changed, self.size) | bits.of(fresh, self.size)
        self._bits = found
        self._flags = bits.flags(found, self.size)
        self.total = found.bit_count()

    def ids(self) -> list[int]:
        """All of it, by id."""
        return bits.numbers(self._flags)

    def among(self, ids: Iterable[int]) -> list[int]:
        """Those of these ids that it holds."""
        flags, size = self._flags, self.size
        return [id for id in ids if id < size and flags[id] == bits.ONE]

    def named(self, name: str) -> list[int]:
        """The application of that very name, if it holds it."""
        id = self._ids.get(name)
        return [] if id is None else self.among([id])

    def fitting(self, asked: Sequence[str]) -> list[int]:
        """What of it has a word in its name or title that each of these begins."""
        changed = self._changed
        same = (id for id in self._tally.heads.fitting(asked) if id not in changed)
        fresh = (id for id, book in changed.items() if heads.fits(book.head, asked))
        return self.among(chain(same, fresh))

    def in_order(self, order: Order) -> Iterator[int]:
        """All of it by name, or the newest first; only what is taken of it is looked at."""
        flags, changed = self._flags, self._changed
        same = (
            id for id in self._tally.in_order(order) if flags[id] == bits.ONE and id not in changed
        )
        fresh = self.among(changed)
        if not fresh:
            return same
        key = self._key(order, None)
        return heapq.merge(same, sorted(fresh, key=key), key=key)

    def first(
        self,
        ids: Collection[int],
        count: int,
        order: Order,
        ranks: Mapping[int, float] | None = None,
    ) -> list[int]:
        """The first ones of what it holds: by name, or by their ranks, or the newest."""
        if ranks is None:
            # Places are compared faster than names and times; what has changed has none.
            changed, place = self._changed, self._tally.places(order).__getitem__
            same = heapq.nsmallest(count, (id for id in ids if id not in changed), key=place)
            ids = [*same, *(id for id in ids if id in changed)]
        return heapq.nsmallest(count, ids, key=self._key(order, ranks))

    def spread(self, ids: Collection[int] | None = None) -> dict[FacetKind, list[FacetCount]]:
        """The most frequent values of each kind, in these ids or (None) in all of it."""
        tally, changed = self._tally, self._changed
        if ids is None:
            same = self._bits & ~bits.of(changed, self.size) if changed else self._bits
            counts, fresh = tally.counts(same), self.among(changed)
        else:
            counts = tally.counts_of(id for id in ids if id not in changed)
            fresh = [id for id in ids if id in changed]
        return _told(tally, counts, [changed[id] for id in fresh])

    def _key(self, order: Order, ranks: Mapping[int, float] | None) -> Any:
        tally, changed = self._tally, self._changed

        def by_name(id: int) -> Any:
            book = changed.get(id)
            return tally.names[id] if book is None else book.name

        def newest(id: int) -> Any:
            book = changed.get(id)
            return -(tally.updated[id] if book is None else book.updated), by_name(id)

        def ranked(id: int) -> Any:
            assert ranks is not None
            return -ranks.get(id, 0.0), newest(id)

        if order is Order.NAME:
            return by_name
        return newest if ranks is None else ranked


def _told(
    tally: Tally, counts: dict[int, int], books: Iterable[Book]
) -> dict[FacetKind, list[FacetCount]]:
    fresh = Counter(facet for book in books for facet in book.facets)
    for facet in fresh.keys() & tally.codes.keys():
        code = tally.codes[facet]
        counts[code] = counts.get(code, 0) + fresh.pop(facet)
    told = {}
    for kind in FacetKind:
        known = counts.keys() & tally.kinds.get(kind.value, set())
        # Values are looked at only where they are among the most frequent ones.
        least = min(heapq.nlargest(MOST_VALUES, map(counts.__getitem__, known)), default=0)
        most = [
            FacetCount(value=tally.facets[code][1], count=counts[code])
            for code in known
            if counts[code] >= least
        ]
        most += (
            FacetCount(value=value, count=count)
            for (of, value), count in fresh.items()
            if of == kind.value
        )
        told[kind] = heapq.nsmallest(MOST_VALUES, most, key=lambda one: (-one.count, one.value))
    return told


def _is_visible(book: Book, search: Search) -> bool:
    if search.is_mine:
        return not book.editors.isdisjoint(search.principals)
    if book.state is not EntryState.PUBLISHED:
        return False
    return book.is_open or search.sees_all or not book.readers.isdisjoint(search.principals)
