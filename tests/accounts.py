"""Users who sign in: the use cases of accounts over a real store, without the rest of a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from argon2 import PasswordHasher

from ripieno.control.attempts import Attempts
from ripieno.control.callers import Callers
from ripieno.control.identities import Identities
from ripieno.control.passwords import Passwords
from ripieno.control.people import People
from ripieno.control.sessions import Origin, Sessions
from ripieno.control.tokens import Tokens
from ripieno.control.trail import Trail
from ripieno.identity.base import IdentityProvider
from ripieno.identity.flow import UsedFlows
from ripieno.model.access import Role
from ripieno.store.store import Store, open_store

HERE = Origin(address="192.0.2.1", browser="A browser")
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD = "correct horse battery"


class Accounts(Identities, People, Tokens):
    """What there is about users in `Control`."""

    def __init__(self, store: Store, provider: IdentityProvider | None = None) -> None:
        self.store = self._store = store
        self._callers = Callers(store, fresh_s=0)
        self._trail = Trail(store)
        self._passwords = Passwords(QUICK)
        self._sessions = Sessions(store, self._callers, fresh_s=0)
        self._attempts = Attempts()
        self._provider = provider
        self._used_flows = UsedFlows()

    async def add(
        self, name: str, role: Role = Role.DEPLOYER, *, password: str | None = None
    ) -> None:
        """A user, who has no password if none is given."""
        await self.add_user(name, role=role, password=password, caller="admin")


@asynccontextmanager
async def accounts(
    folder: Path, provider: IdentityProvider | None = None
) -> AsyncIterator[Accounts]:
    """Accounts, with an administrator `admin` who has no password."""
    store = await open_store(f"sqlite:///{folder / 'accounts.db'}", folder / "accounts.key")
    try:
        found = Accounts(store, provider)
        await found.add("admin", Role.ADMIN)
        yield found
    finally:
        await store.close()
