"""The store as one class, and how it is opened: what everybody outside this layer uses."""

from pathlib import Path

from ripieno.store import schema
from ripieno.store.database import Database, opened
from ripieno.store.deployments import Deployments
from ripieno.store.events import Events
from ripieno.store.keys import Keys
from ripieno.store.registry import Registry
from ripieno.store.sealing import Seal, seal_from


class Store(Deployments, Events, Registry, Keys):
    """All that is stored."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def close(self) -> None:
        """Close all connections."""
        await self._database.close()


async def open_store(url: str, key_path: Path) -> Store:
    """The store at a URL, its tables brought up to date.

    `key_path` is the file with the key that secrets are sealed with; it is made if it is missing.
    Raises: `CannotOpen` that says what to do.
    """
    seal = seal_from(key_path)
    async with opened(url) as database:
        await schema.bring_up_to_date(database)
        return Store(database, seal)
