"""How the applications of a registry are spread, at one moment: what a shelf counts with.

A small result is counted application by application. For a large one, a value that many
applications have is kept as bits, and counted in microseconds; of the many values that few have,
such as maintainers, the applications are looked up in the result, which takes some milliseconds for
all of them, however large the result is.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from ripieno.store import bits
from ripieno.store.heads import Heads
from ripieno.store.registered import Order

LARGE = 12_000
"""From so many applications on, a result is large."""

MANY = 200
"""From so many applications on, a value is kept as bits."""

MOST_COUNTED = 20
"""Of how many large results it is kept how they are spread; some 400 kB each."""

MOST_SEEN_BY = 200
"""For how many searchers it is kept what they may see; 12 kB each among 100,000 applications."""

Facet = tuple[str, str]
"""A kind of facet, and a value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What is read of all applications: their names, titles and when they changed, in microseconds,
    by id; and ids by what applications have in common.

    Published ones are `open` to everyone or `closed`; `readers` and `editors` are by principal.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    titles: Mapping[int, str] = field(default_factory=dict)
    updated: Mapping[int, int] = field(default_factory=dict)
    open: Collection[int] = ()
    closed: Collection[int] = ()
    facets: Mapping[Facet, Sequence[int]] = field(default_factory=dict)
    readers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    editors: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Tally:
    """A snapshot, made ready to be counted with. It never changes.

    A facet is known by its code, its place in `facets`: to count small numbers takes a tenth of the
    time that it takes to count pairs of texts.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.names, self.updated = snapshot.names, snapshot.updated
        self.size = max(snapshot.names, default=0) + 1
        self.facets = list(snapshot.facets)
        self.codes = {facet: code for code, facet in enumerate(self.facets)}
        kinds: dict[str, set[int]] = {}
        for code, (kind, _) in enumerate(self.facets):
            kinds.setdefault(kind, set()).add(code)
        self.kinds: Mapping[str, Set[int]] = kinds
        titles = snapshot.titles
        self.heads = Heads({id: (name, titles.get(id, "")) for id, name in self.names.items()})
        self._open = bits.of(snapshot.open, self.size)
        self._closed = bits.of(snapshot.closed, self.size)
        self._readers, self._editors = snapshot.readers, snapshot.editors
        self._seen_by: dict[frozenset[str], int] = {}
        self._counted: dict[int, dict[int, int]] = {}
        self._by_facet = snapshot.facets
        self._by_name = sorted(self.names, key=self.names.__getitem__)
        self._newest = sorted(self._by_name, key=self.updated.__getitem__, reverse=True)
        self._places = {Order.NAME: _places(self._by_name, self.size)}
        self._places[Order.NEWEST] = _places(self._newest, self.size)
        self._many: dict[int, int] = {}
        self._few: list[tuple[int, int, Callable[[bytes], tuple[int, ...]]]] = []
        codes: list[list[int]] = [[] for _ in range(self.size)]
        for code, ids in enumerate(snapshot.facets.values()):
            for id in ids:
                codes[id].append(code)
            if len(ids) >= MANY:
                self._many[code] = bits.of(ids, self.size)
            elif ids:
                # No application has the id 0; with one item only it would give no tuple.
                self._few.append((code, bits.ZERO * (len(ids) + 1), itemgetter(0, *ids)))
        # Tuples of numbers: the garbage collector leaves them alone, as it does not with lists.
        self._codes = [tuple(each) for each in codes]

    def visible(self, principals: frozenset[str], *, sees_all: bool) -> int:
        """The published applications that somebody may see."""
        if sees_all:
            return self._open | self._closed
        found = self._seen_by.get(principals)
        if found is None:
            found = self._open | (self._closed & self._of(self._readers, principals))
            if len(self._seen_by) < MOST_SEEN_BY:
                self._seen_by[principals] = found
        return found

    def edited(self, principals: frozenset[str]) -> int:
        """The applications that somebody may change."""
        return self._of(self._editors, principals)

    def having(self, facet: Facet) -> int:
        """The applications that have a facet."""
        code = self.codes.get(facet)
        if code is None:
            return 0
        known = self._many.get(code)
        return bits.of(self._by_facet[facet], self.size) if known is None else known

    def in_order(self, order: Order) -> Sequence[int]:
        """All applications by name, or the newest first, and among equals by name."""
        return self._by_name if order is Order.NAME else self._newest

    def places(self, order: Order) -> Sequence[int]:
        """Where each application is in that order, by its id."""
        return self._places[Order.NAME if order is Order.NAME else Order.NEWEST]

    def counts_of(self, ids: Iterable[int]) -> dict[int, int]:
        """How many of a few applications have each facet, by its code, where there are any."""
        return Counter(chain.from_iterable(map(self._codes.__getitem__, ids)))

    def counts(self, found: int) -> dict[int, int]:
        """How many of those found have each facet, by its code, where there are any."""
        known = self._counted.get(found)
        if known is not None:
            return known.copy()
        flags = bits.flags(found, self.size)
        if found.bit_count() < LARGE:
            return self.counts_of(bits.numbers(flags))
        counted = {code: (each & found).bit_count() for code, each in self._many.items()}
        for code, nothing, chosen in self._few:
            counted[code] = sum(chosen(flags)) - nothing
        counted = {code: count for code, count in counted.items() if count}
        if len(self._counted) < MOST_COUNTED:
            self._counted[found] = counted
        return counted.copy()

    def _of(self, ids: Mapping[str, Sequence[int]], principals: Iterable[str]) -> int:
        return bits.of((id for each in principals for id in ids.get(each, ())), self.size)


def _places(ordered: Iterable[int], size: int) -> Sequence[int]:
    found = array("I", bytes(array("I").itemsize * size))
    for place, id in enumerate(ordered):
        found[id] = place
    return found
