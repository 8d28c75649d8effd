"""Which applications a text fits, and the first ones of them: the index and the shelf together.

Few people page through thousands of hits, and nobody is helped by knowing whether they are 61,204
or 61,207. So beyond `MOST_COUNTED` they are not all looked for: any so many are counted. The first
ones are those that fit by name or title, which the shelf knows, or where they are wanted by name or
the newest first, what is found by looking down that list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

from sqlalchemy import Connection

from ripieno.store import full_text
from ripieno.store.registered import Order
from ripieno.store.view import View

MOST_COUNTED = 1000
"""How many hits are counted, and can be paged through; where there are more, that is said."""

MOST_RANKED = 300
"""How many applications are ranked by their texts.

A query that more fit says too little for that; names and titles decide then, and what is newer.
"""

SMALL, SMALL_IF_NARROWED = 10_000, 500
"""Up to so many applications, a text is looked for among them only.

Where facets narrow, their words are looked for as well, which is better than to go through many.
"""

SHARE = 1 / 4
"""How many of the applications that have the words of facets are taken to have the facets.

Where fewer have them, the index is asked a second time.
"""

A_LOOK = 1000
"""How far one looks down a list at first; a text that has more hits is in one of some fifty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hits:
    """What fits: any `MOST_COUNTED` of more if it `is_partial`. `first` is in order."""

    ids: Sequence[int]
    first: Sequence[int]
    is_partial: bool


def find(
    connection: Connection,
    asked: Sequence[str],
    view: View,
    order: Order,
    *,
    narrowed: Sequence[str],
    name: str,
    depth: int,
) -> Hits:
    """What of a view fits, and the first `depth` of it.

    By relevance that is the one of that very name, then those that fit by name or title, and among
    equals by their ranks, or the newest first where there are too many to rank. `narrowed` are the
    words of what is asked for with those of the facets, which all of the view have.
    """
    found = _Finding(connection, asked, narrowed, view, depth)
    ids, is_partial = found.all()
    if order is not Order.RELEVANCE:
        first = found.down(order) if is_partial else view.first(ids, depth, order)
    else:
        first = found.by_relevance(ids, is_partial, view.named(name))
    return Hits(ids=ids, first=first, is_partial=is_partial)


class _Finding:
    def __init__(
        self,
        connection: Connection,
        asked: Sequence[str],
        narrowed: Sequence[str],
        view: View,
        depth: int,
    ) -> None:
        self._connection, self._asked, self._narrowed = connection, asked, narrowed
        self._view = view
        self._index = full_text.of(connection)
        self._is_narrowed = narrowed != asked
        self._is_small = view.total <= (SMALL_IF_NARROWED if self._is_narrowed else SMALL)
        self._depth = depth

    def all(self) -> tuple[list[int], bool]:
        """What fits, and whether that is but a part of it."""
        if self._is_small:
            found = self._among(self._view.ids(), MOST_COUNTED + 1)
        else:
            # As many as it takes for enough to be seen, if they are spread evenly.
            share = SHARE if self._is_narrowed else self._view.total / self._view.size
            most = 1 + int(MOST_COUNTED * 5 / 4 / share)
            told = self._index.matching(self._connection, self._narrowed, most=most)
            found = self._view.among(told)
            if len(told) == most and len(found) <= MOST_COUNTED:
                found = self._view.among(self._index.matching(self._connection, self._narrowed))
        return found[:MOST_COUNTED], len(found) > MOST_COUNTED

    def by_relevance(self, ids: list[int], is_partial: bool, named: list[int]) -> list[int]:
        """The first ones by relevance; of `named`, if it fits, nothing is before it."""
        heads = self._view.fitting(self._asked)
        ranks = None
        if not is_partial and len(ids) <= MOST_RANKED:
            # Where names and titles fill the page, the others need not be ranked.
            ranked = heads if len(heads) >= self._depth else ids
            ranks = self._index.ranks(self._connection, self._asked, ranked)
        others = set(heads).difference(named)
        wanted = self._depth - len(named)
        found = named + self._view.first(others, wanted, Order.RELEVANCE, ranks)
        rest = set(ids).difference(found)
        return found + self._view.first(rest, self._depth - len(found), Order.RELEVANCE, ranks)

    def down(self, order: Order) -> list[int]:
        """The first ones by name or the newest, without knowing all."""
        found: list[int] = []
        left = self._view.in_order(order)
        for look in count():
            looked = list(islice(left, A_LOOK * 2**look))
            if not looked or len(found) >= self._depth:
                break
            fitting = set(self._among(looked))
            found += (id for id in looked if id in fitting)
        return found[: self._depth]

    def _among(self, ids: list[int], most: int | None = None) -> list[int]:
        if not ids:
            return []
        return self._index.matching(self._connection, self._asked, among=ids, most=most)
