"""Use cases about tokens: made for a user, with scopes, and shown once."""

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from ripieno.control.callers import Callers, digest
from ripieno.control.errors import InvalidRequest, NotFound
from ripieno.model.access import Caller, Scope
from ripieno.store.errors import NoSuchPerson
from ripieno.store.records import TokenRecord
from ripieno.store.store import Store

_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9 ._@-]{0,62}")


class Tokens:
    """The part of the use cases that is about what lets programs in."""

    _store: Store
    _callers: Callers

    async def authenticate(self, token: str) -> Caller:
        """Whose token it is. Raises: `Unauthenticated`."""
        return await self._callers.by_token(token)

    async def tokens(self, *, user: str | None = None) -> Sequence[TokenRecord]:
        """All tokens, or those of a user; their texts are not kept."""
        return await self._store.tokens(user=user)

    async def token(self, id: str) -> TokenRecord:
        """A token, without its text. Raises: `NotFound`."""
        found = await self._store.token(id)
        if found is None:
            raise _no_token(id)
        return found

    async def create_token(
        self,
        name: str,
        ttl_s: int | None,
        *,
        scopes: Collection[Scope],
        caller: str,
    ) -> tuple[TokenRecord, str]:
        """A new token of the caller and its text, which is shown this once.

        Raises: `InvalidRequest`, `NotFound` for the user.
        """
        if _NAME.fullmatch(name) is None:
            raise InvalidRequest(f"{name!r} is no name for a token; use letters and digits")
        if not scopes:
            raise InvalidRequest(f"the token {name!r} has no scope; give it one, such as read")
        record, text = made(name, user=caller, scopes=scopes, ttl_s=ttl_s)
        try:
            await self._store.add_token(record)
        except NoSuchPerson as problem:
            raise NotFound(str(problem)) from problem
        return record, text

    async def revoke_token(self, id: str, *, caller: str) -> None:
        """Have a token let nobody in any more. Raises: `NotFound`."""
        try:
            is_there = await self._store.revoke_token(id, _now())
        finally:
            self._callers.forget()
        if not is_there:
            raise _no_token(id)


def made(
    name: str, *, user: str, scopes: Collection[Scope], ttl_s: int | None = None
) -> tuple[TokenRecord, str]:
    """A token that is not stored yet, and its text."""
    text = f"rip_{secrets.token_urlsafe(32)}"
    record = TokenRecord(
        id=f"t-{secrets.token_hex(4)}",
        name=name,
        user=user,
        scopes=tuple(each.value for each in Scope if each in scopes),
        digest=digest(text),
        created_at=_now(),
        expires_at=None if ttl_s is None else _now() + timedelta(seconds=ttl_s),
    )
    return record, text


def _no_token(id: str) -> NotFound:
    return NotFound(f"there is no token {id!r}; see: ripieno token list")


def _now() -> datetime:
    return datetime.now(UTC)
