"""The words of names and titles, held in memory: what fits by these comes first in every search.

Words that begin alike are next to each other, and so are the applications that have them. A
database takes milliseconds to find a few thousand of these.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, chain

from ripieno.store.words import words

_LAST = "\U0010ffff"


class Heads:
    """The words of each application's name and title, by its id. They never change."""

    def __init__(self, heads: Mapping[int, Sequence[str]]) -> None:
        ids: dict[str, list[int]] = {}
        for id, head in heads.items():
            for word in words_of(*head):
                ids.setdefault(word, []).append(id)
        self._words = sorted(ids)
        having = [ids[word] for word in self._words]
        self._starts = array("I", accumulate(map(len, having), initial=0))
        self._ids = array("I", chain.from_iterable(having))

    def fitting(self, asked: Iterable[str]) -> set[int]:
        """The applications in which each of these begins a word."""
        found: set[int] | None = None
        for each in asked:
            first = self._starts[bisect_left(self._words, each)]
            end = self._starts[bisect_left(self._words, each + _LAST)]
            having = self._ids[first:end]
            found = set(having) if found is None else found.intersection(having)
        return found or set()


def words_of(name: str, title: str) -> frozenset[str]:
    """The words of a name and a title."""
    return frozenset(words(f"{name} {title}"))


def fits(known: Collection[str], asked: Iterable[str]) -> bool:
    """Whether each of what is asked begins one of the words."""
    return all(any(word.startswith(each) for word in known) for each in asked)
