"""The catalogue as it is counted: what every application is by its facets, and who may see it.

Counting tens of thousands of applications by their facets takes a database longer than anybody
wants to wait for a page, and a process that knows them hardly anything. So each server keeps a
`Tally` of all, and beside it the applications that have changed since, up to the revision that it
has seen. It holds no texts but names and facets: some hundred bytes an application.
"""

import threading
from collections.abc import Iterable

from ripieno.store.registered import Search
from ripieno.store.tally import Snapshot, Tally
from ripieno.store.view import Book, View

MOST_CHANGED = 500
"""From so many changes on (or 2% of all), the tally is made anew."""


class Shelf:
    """All applications of a registry, at a revision. May be used from any thread."""

    def __init__(self) -> None:
        self.revision = 0
        self._is_filled = False
        self._lock = threading.Lock()
        self._tally = Tally(Snapshot())
        self._changed: dict[int, Book] = {}
        self._ids: dict[str, int] = {}

    @property
    def is_old(self) -> bool:
        """Whether it was never filled, or so much has changed that it should be filled anew."""
        most = max(MOST_CHANGED, self._tally.size // 50)
        return not self._is_filled or len(self._changed) > most

    def fill(self, snapshot: Snapshot, revision: int) -> None:
        """Hold what there is at a revision."""
        tally = Tally(snapshot)
        ids = {name: id for id, name in snapshot.names.items()}
        with self._lock:
            if revision >= self.revision:
                self.revision, self._tally, self._ids = revision, tally, ids
                self._changed = {}
                self._is_filled = True

    def change(self, books: Iterable[Book], revision: int) -> None:
        """Take what has changed up to a revision."""
        with self._lock:
            for book in books:
                known = self._changed.get(book.id)
                if known is None or known.revision <= book.revision:
                    self._changed[book.id] = book
                    self._ids[book.name] = book.id
            self.revision = max(self.revision, revision)

    def view(self, search: Search) -> View:
        """What a search may find, whatever its text."""
        with self._lock:
            tally, changed, ids = self._tally, self._changed.copy(), self._ids
        return View(tally, changed, ids, search)
