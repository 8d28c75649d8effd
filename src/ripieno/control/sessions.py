"""Sessions: browsers in which somebody is signed in, found by what their cookie says.

A cookie's text is drawn at random and kept by the browser only; the store has its digest. Every
page and every visit of a route asks, so what was read is kept for a moment. What this server ends
is over at once; what another server on the same database ends, when that moment has passed.
"""

import dataclasses
import hashlib
import hmac
import re
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ripieno.control.errors import Unauthenticated
from ripieno.model.access import Caller
from ripieno.store.records import SessionRecord
from ripieno.store.store import Store

IDLE = timedelta(hours=12)
"""A session that is not used for so long is over."""

LONGEST = timedelta(days=7)
"""A session is over after so long, used or not."""

FRESH_S = 5.0
"""How long what was read is taken for true."""

SESSION_ID = "s-"
"""What the ids of sessions begin with."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""

MOST_KEPT = 10_000
"""Sessions that are kept in memory."""

LONGEST_BROWSER = 300
"""How much is kept of what a browser says of itself, in characters."""

_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")


class Callers(Protocol):
    """Who knows the users."""

    async def named(self, user: str, *, since: datetime | None = None) -> Caller:
        """A user who signed in at `since`. Raises: `Unauthenticated` if they are no more."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where somebody signs in from: an address, and how the browser names itself."""

    address: str
    browser: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session that is good, and who it is of."""

    record: SessionRecord
    caller: Caller


class Sessions:
    """Begins sessions, finds them and ends them."""

    def __init__(self, store: Store, callers: Callers, *, fresh_s: float = FRESH_S) -> None:
        self._store = store
        self._callers = callers
        self._fresh_s = fresh_s
        self._kept: dict[str, tuple[SessionRecord, float]] = {}
        self._digests: dict[str, str] = {}
        self._changes = 0

    async def begin(self, user: str, *, via: str, origin: Origin) -> tuple[str, Session]:
        """A new session and the text of its cookie, which nobody has seen before.

        Raises: `Unauthenticated` if there is no such user or they are disabled.
        """
        text = secrets.token_urlsafe(32)
        now = _now()
        record = SessionRecord(
            id=f"{SESSION_ID}{secrets.token_hex(6)}",
            digest=digest(text),
            user=user,
            via=via,
            address=origin.address,
            browser=origin.browser[:LONGEST_BROWSER],
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
        caller = await self._callers.named(user, since=now)
        caller = dataclasses.replace(caller, credential=record.id)
        await self._store.add_session(record)
        return text, Session(record=record, caller=caller)

    async def find(self, text: str) -> Session | None:
        """The session of a cookie, if it is good; that it is used is noted."""
        if _TEXT.fullmatch(text) is None:
            return None
        key = digest(text)
        kept = self._kept.get(key)
        if kept is None or kept[1] + self._fresh_s < time.monotonic():
            record = await self._read(key)
        else:
            record = kept[0]
        return None if record is None else await self._good(record)

    async def find_by_id(self, id: str) -> Session | None:
        """A session by its id, if it is good; for who was handed on from it to a route."""
        key = self._digests.get(id)
        kept = self._kept.get(key) if key is not None else None
        if kept is None or kept[1] + self._fresh_s < time.monotonic():
            changes, read_at = self._changes, time.monotonic()
            record = self._keep(await self._store.session(id), changes, read_at)
        else:
            record = kept[0]
        return None if record is None else await self._good(record)

    async def of(self, user: str) -> list[SessionRecord]:
        """The sessions of a user that are good, the last used one first."""
        now = _now()
        return [each for each in await self._store.sessions_of(user) if not _is_over(each, now)]

    async def end(self, id: str) -> bool:
        """End a session; whether there was one."""
        was_there = await self._store.remove_session(id)
        self.forget()
        return was_there

    async def end_all(self, user: str, *, but: str | None = None) -> None:
        """End all sessions of a user, but the one with that id."""
        await self._store.remove_sessions_of(user, but=but)
        self.forget()

    def forget(self) -> None:
        """Read all anew: sessions have ended."""
        self._changes += 1
        self._kept.clear()
        self._digests.clear()

    async def _read(self, key: str) -> SessionRecord | None:
        changes, read_at = self._changes, time.monotonic()
        record = await self._store.session_by_digest(key)
        if record is None:  # Not kept, or whoever tries many would fill the memory.
            self._kept.pop(key, None)
        return self._keep(record, changes, read_at)

    def _keep(
        self, record: SessionRecord | None, changes: int, read_at: float
    ) -> SessionRecord | None:
        if record is not None and changes == self._changes:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
                self._digests.clear()
            self._kept[record.digest] = record, read_at
            self._digests[record.id] = record.digest
        return record

    async def _good(self, record: SessionRecord) -> Session | None:
        now = _now()
        if _is_over(record, now):
            await self.end(record.id)
            return None
        try:
            caller = await self._callers.named(record.user, since=record.created_at)
        except Unauthenticated:
            await self.end(record.id)
            return None
        if now - record.seen_at >= SEEN_EVERY:
            record = dataclasses.replace(record, seen_at=now)
            kept = self._kept.get(record.digest)
            if kept is not None:
                self._kept[record.digest] = record, kept[1]
            if not await self._store.session_seen(record.id, now):
                self.forget()
                return None
        caller = dataclasses.replace(caller, credential=record.id)
        return Session(record=record, caller=caller)


def csrf_token(text: str) -> str:
    """What the forms of a session carry: nobody can tell it who does not know the cookie."""
    mac = hmac.digest(text.encode(), b"forms of this session", "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode()


def digest(text: str) -> str:
    """What is kept of a text that lets in."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_over(record: SessionRecord, now: datetime) -> bool:
    return record.expires_at <= now or record.seen_at + IDLE <= now


def _now() -> datetime:
    return datetime.now(UTC)
