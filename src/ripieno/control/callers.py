"""Who asks: tokens and names of users as callers, with what they are and may at the moment.

Every request and every visit of a route asks, so what was read is kept for a while. A change that
this server makes is seen at once; one that another server on the same database makes, when what
was read has become old.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ripieno.control.errors import Unauthenticated
from ripieno.model.access import ALL_SCOPES, Caller, Role, Scope
from ripieno.store.errors import StoreError
from ripieno.store.records import TokenRecord, UserRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

FRESH_S = 5.0
"""How long what was read is taken for true."""

MOST_KEPT = 10_000
"""Users and tokens that are kept."""

USES_EVERY_S = 60.0
"""How often it is stored when tokens were used."""

SESSION = "session"
"""What a caller comes by who has signed in."""


@dataclass(frozen=True, slots=True)
class _Person:
    user: UserRecord
    groups: frozenset[str]
    read_at: float


class Callers:
    """Callers, by the text of a token or by the name of a user."""

    def __init__(
        self, store: Store, *, fresh_s: float = FRESH_S, uses_every_s: float = USES_EVERY_S
    ) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._uses_every_s = uses_every_s
        self._tokens: dict[str, tuple[TokenRecord, float]] = {}
        self._people: dict[str, _Person] = {}
        self._changes = 0
        self._uses: dict[str, datetime] = {}
        self._is_used = asyncio.Event()

    async def by_token(self, text: str) -> Caller:
        """Whose token it is. Raises: `Unauthenticated`."""
        key = digest(text)
        kept = self._tokens.get(key)
        if kept is None or kept[1] + self._fresh_s < time.monotonic():
            record = await self._keep(key, self._store.token_by_digest(key))
        else:
            record = kept[0]
        return await self._of_token(record)

    async def by_token_id(self, id: str) -> Caller:
        """Whose token it is, by its id: for browsers handed on. Raises: `Unauthenticated`."""
        kept = self._tokens.get(id)
        if kept is None or kept[1] + self._fresh_s < time.monotonic():
            return await self._of_token(await self._keep(id, self._store.token(id)))
        return await self._of_token(kept[0])

    async def _of_token(self, record: TokenRecord | None) -> Caller:
        record = _check(record)
        person = await self._person(record.user)
        self._uses[record.id] = _now()
        self._is_used.set()
        scopes = frozenset(map(Scope, record.scopes))
        via = f"{record.name} ({record.id})"
        return _caller(person, scopes=scopes, via=via, credential=record.id)

    async def renewed(self, caller: Caller) -> Caller:
        """A caller as they are now, for what lasts. Raises: `Unauthenticated`."""
        if caller.credential:
            now = await self.by_token_id(caller.credential)
            return replace(now, address=caller.address)
        person = await self._person(caller.user)
        return replace(caller, role=Role(person.user.role), groups=person.groups)

    async def named(self, user: str, *, since: datetime | None = None) -> Caller:
        """A user who has signed in, at `since` if that is said, with all scopes.

        Raises: `Unauthenticated` if there is no such user, they are disabled, or were signed out
        after `since`.
        """
        person = await self._person(user)
        if since is not None and since < person.user.signed_out_at:
            raise Unauthenticated(f"{user} was signed out meanwhile; sign in again")
        return _caller(person, scopes=ALL_SCOPES, via=SESSION)

    def forget(self) -> None:
        """Read all anew: a user, a group or a token has changed."""
        self._changes += 1
        self._tokens.clear()
        self._people.clear()

    async def run(self) -> None:
        """Store now and then when tokens were used, until cancelled."""
        while True:
            await self._is_used.wait()
            self._is_used.clear()
            uses, self._uses = self._uses, {}
            try:
                await self._store.note_use(uses)
            except StoreError:  # It is told for people's information; the next time will do.
                LOG.warning("the last use of tokens could not be stored", exc_info=True)
            await asyncio.sleep(self._uses_every_s)

    async def _keep(self, key: str, reading: Awaitable[TokenRecord | None]) -> TokenRecord | None:
        """Read a token, and keep it under the key by which it was asked for."""
        changes, read_at = self._changes, time.monotonic()
        record = await reading
        if record is None:  # Not kept, or whoever tries many would fill the memory.
            self._tokens.pop(key, None)
        elif changes == self._changes:
            if len(self._tokens) >= MOST_KEPT:
                self._tokens.clear()
            self._tokens[key] = record, read_at
        return record

    async def _person(self, name: str) -> _Person:
        """A user who is there and not disabled. Raises: `Unauthenticated`."""
        person = self._people.get(name)
        if person is None or person.read_at + self._fresh_s < time.monotonic():
            changes, read_at = self._changes, time.monotonic()
            found = await self._store.user_and_groups(name)
            if found is None:
                raise Unauthenticated(f"there is no user {name!r} any more")
            person = _Person(*found, read_at)
            if changes == self._changes:
                if len(self._people) >= MOST_KEPT:
                    self._people.clear()
                self._people[name] = person
        if person.user.is_disabled:
            raise Unauthenticated(f"the user {name} is disabled; ask an administrator")
        return person


def _check(record: TokenRecord | None) -> TokenRecord:
    """A token that is good. Raises: `Unauthenticated`."""
    if record is None or record.revoked_at is not None:
        raise Unauthenticated("the token is not known here, or was revoked")
    if record.expires_at is not None and record.expires_at <= _now():
        raise Unauthenticated(f"the token {record.name!r} has expired; make a new one")
    return record


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _caller(person: _Person, *, scopes: frozenset[Scope], via: str, credential: str = "") -> Caller:
    return Caller(
        user=person.user.name,
        role=Role(person.user.role),
        groups=person.groups,
        scopes=scopes,
        via=via,
        credential=credential,
    )


def _now() -> datetime:
    return datetime.now(UTC)
