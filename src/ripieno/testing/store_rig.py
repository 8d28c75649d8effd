"""What the contracts of stores need: a database and ways to it, and texts that are hard to keep."""

from pathlib import Path

from ripieno.store.store import Store, open_store

ODD_TEXTS = (
    "",
    "a b",
    "'\"`;--",
    "two\nlines\r\n",
    "é 漢 🎻",
    "\\u0000",
    "%s %(x)s :x ?",
    "\x01\x7f",
)


class StoreRig:
    """A database and ways to it; `open` makes stores as several servers would."""

    def __init__(self, url: str, key_path: Path) -> None:
        self.url = url
        self.key_path = key_path
        self._stores: list[Store] = []

    async def open(self) -> Store:
        """Another store on the same database; the rig closes it."""
        store = await open_store(self.url, self.key_path)
        self._stores.append(store)
        return store

    @property
    def first(self) -> Store | None:
        """The first store that was opened."""
        return self._stores[0] if self._stores else None

    async def close(self) -> None:
        """Close all stores."""
        for store in self._stores:
            await store.close()
