"""The store as one class, and how it is opened: what everybody outside this layer uses."""

from pathlib import Path

from ripieno.store import opening, schema
from ripieno.store.applications import Applications
from ripieno.store.audit import Audit
from ripieno.store.commands import Commands
from ripieno.store.commit import commit
from ripieno.store.database import PATIENCE_S, Database
from ripieno.store.deployments import Deployments
from ripieno.store.events import Events
from ripieno.store.groups import Groups
from ripieno.store.handles import Handles
from ripieno.store.hosts import Hosts
from ripieno.store.idempotency import Idempotency
from ripieno.store.markings import Markings
from ripieno.store.quotas import Quotas
from ripieno.store.reconfigurations import Reconfigurations
from ripieno.store.records import Batch, EventRecord
from ripieno.store.saved import SavedConfigurations
from ripieno.store.sealing import Seal, seal_from
from ripieno.store.search import Searching
from ripieno.store.secrets import Secrets
from ripieno.store.sessions import Sessions
from ripieno.store.shelf import Shelf
from ripieno.store.tickets import Tickets
from ripieno.store.tokens import Tokens
from ripieno.store.users import Users

OPENING_PATIENCE_S = 10.0
"""How long a start waits for a database that is not there."""


class Store(
    Deployments,
    Reconfigurations,
    Commands,
    Handles,
    Markings,
    Events,
    Applications,
    Searching,
    Hosts,
    Secrets,
    Users,
    Groups,
    Tokens,
    Audit,
    Quotas,
    SavedConfigurations,
    Sessions,
    Tickets,
    Idempotency,
):
    """All that is stored."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._shelf = Shelf()

    async def commit(self, deployment: str, batch: Batch) -> list[EventRecord]:
        """Store a batch in one transaction, once; its events as they are stored.

        Raises: `StaleWriter`; `NameTaken`; `StoreUnavailable`, after which it may be stored or
        not; another `StoreError`, after which it is not.
        """
        return await commit(self._database, deployment, batch)

    async def close(self) -> None:
        """Close all connections."""
        await self._database.close()


async def open_store(url: str, key_path: Path, *, patience_s: float = PATIENCE_S) -> Store:
    """The store at a URL, its tables brought up to date.

    `key_path` is the file with the key that secrets are sealed with; it is made if it is missing.
    `patience_s` is how long the database may be away once the store is open.
    Raises: `CannotOpen` and other `StoreError`s that say what to do.
    """
    seal = seal_from(key_path)
    database = opening.database(url, patience_s=min(patience_s, OPENING_PATIENCE_S))
    try:
        await schema.bring_up_to_date(database)
    except BaseException:
        await database.close()
        raise
    database.patience_s = patience_s
    return Store(database, seal)
