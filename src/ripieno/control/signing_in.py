"""Use cases of signing in with a browser: by password, by one-time link, and what comes after.

These are asked before it is known who asks, so there is no gate before the first few of them.
"""

import dataclasses
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ripieno.control import attempts, trail
from ripieno.control.attempts import Attempts
from ripieno.control.callers import Callers
from ripieno.control.errors import (
    InvalidRequest,
    LinkRefused,
    NotFound,
    SignInRefused,
    Unauthenticated,
)
from ripieno.control.passwords import Passwords
from ripieno.control.sessions import SESSION_ID, Origin, Session, Sessions, digest
from ripieno.control.trail import Result, Trail
from ripieno.model.access import Caller, Role
from ripieno.model.errors import RipienoError
from ripieno.store.records import SessionRecord, TicketRecord
from ripieno.store.store import Store

OWN_LINK = timedelta(minutes=10)
"""How long a link is good that somebody makes for themselves."""

INVITATION = timedelta(hours=72)
"""How long a link is good that an administrator makes for somebody else."""

KNOWN_BROWSER = timedelta(days=180)
"""How long a browser is known in which a user has signed in."""

NEW_LINK = timedelta(minutes=30)
"""After a link has let somebody in, they may choose a password without the old one for so long."""

SIGN_IN = "session.begin"
"""What the audit trail calls it."""

_LINK, _BROWSER = "link", "browser"


class Via(StrEnum):
    """How somebody has signed in."""

    PASSWORD = "password"
    LINK = "link"
    PROVIDER = "provider"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A session that has just begun. `cookie` and `browser` are told to the browser only.

    `browser` is what it shows the next time, to be counted by itself when passwords are tried.
    `needs_password`: without one, nothing will let this user in the next time.
    """

    session: Session
    cookie: str
    browser: str
    needs_password: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A one-time link that is good: whom it lets in, and until when."""

    user: str
    expires_at: datetime


class SigningIn:
    """The part of the use cases that is about browsers."""

    _store: Store
    _callers: Callers
    _passwords: Passwords
    _sessions: Sessions
    _attempts: Attempts
    _trail: Trail

    async def session(self, cookie: str) -> Session | None:
        """The session of a browser, None if it is not good any more; cheap enough for every page.

        `cookie` is the value of the cookie, whatever the browser says that it is.
        """
        return await self._sessions.find(cookie)

    async def session_caller(self, cookie: str) -> Caller | None:
        """Who is signed in where this cookie comes from."""
        found = await self._sessions.find(cookie)
        return None if found is None else found.caller

    async def session_caller_by_id(self, id: str) -> Caller | None:
        """Who is signed in, by the id of the session; None once it is over."""
        found = await self._sessions.find_by_id(id)
        return None if found is None else found.caller

    async def renewed(self, caller: Caller) -> Caller:
        """The caller as they are now. Raises: `Unauthenticated` if they would be let in no more."""
        if caller.credential.startswith(SESSION_ID):
            session = await self._sessions.find_by_id(caller.credential)
            if session is None:
                raise Unauthenticated(f"{caller.user} was signed out meanwhile; sign in again")
            return dataclasses.replace(session.caller, address=caller.address)
        return await self._callers.renewed(caller)

    async def sign_in(
        self, user: str, password: str, *, origin: Origin, browser: str | None = None
    ) -> SignedIn:
        """Begin a session by a password. Raises: `SignInRefused`, `TooManyAttempts`."""
        user = user.strip().lower()
        counted = attempts.keys(
            user=user, address=origin.address, browser=await self._known(browser, user)
        )
        record = await self._store.user(user)
        known = "" if record is None else user
        try:
            self._attempts.begin(counted)
            kept = None if record is None or record.is_disabled else record.password_hash
            if not await self._passwords.is_right(kept, password) or kept is None:
                raise SignInRefused(
                    "the name or the password is not right; if you are sure of both, ask an "
                    "administrator"
                )
        except SignInRefused as refusal:
            # A name that is nobody's is not written down: it may be a password gone astray.
            self._note_refusal(known, Via.PASSWORD, origin, refusal)
            raise
        self._attempts.succeeded(counted)
        better = await self._passwords.renewed(kept, password)
        if better is not None:
            await self._store.change_user(user, password_hash=better)
        return await self._begin(user, Via.PASSWORD, origin)

    async def link(self, text: str) -> Link:
        """Look at a one-time link, which stays good. Raises: `LinkRefused`."""
        ticket = await self._store.ticket(digest(text))
        is_good = ticket is not None and ticket.purpose == _LINK and ticket.expires_at > _now()
        record = await self._store.user(ticket.user) if ticket is not None else None
        if (
            not is_good
            or ticket is None
            or record is None
            or ticket.created_at < record.signed_out_at
        ):
            raise LinkRefused(
                "the link was used already, has expired, or was replaced; ask for a new one"
            )
        return Link(user=ticket.user, expires_at=ticket.expires_at)

    async def sign_in_by_link(self, text: str, *, origin: Origin) -> SignedIn:
        """Begin a session by a one-time link. Raises: `LinkRefused`, `SignInRefused`."""
        link = await self.link(text)
        if not await self._store.take_ticket(digest(text), now=_now()):
            raise LinkRefused("the link was used just now; ask for a new one")
        record = await self._store.user(link.user)
        entered = await self._begin(link.user, Via.LINK, origin)
        has_way_in = record is not None and (record.password_hash or record.issuer)
        return dataclasses.replace(entered, needs_password=not has_way_in)

    async def sign_out(self, session: str, *, caller: str) -> None:
        """End a session of the caller. Raises: `NotFound`."""
        if session not in {each.id for each in await self._store.sessions_of(caller)}:
            raise NotFound(f"there is no session {session!r}; it may have ended by itself")
        await self._sessions.end(session)

    async def sessions(self, *, caller: str) -> Sequence[SessionRecord]:
        """The sessions of the caller, the last used one first."""
        return await self._sessions.of(caller)

    async def create_sign_in_link(self, user: str, *, caller: str) -> tuple[str, datetime]:
        """A text that lets a user in once, and until when; earlier links are void.

        Raises: `NotFound`; `InvalidRequest` for a user who is disabled.
        """
        record = await self._store.user(user)
        if record is None:
            raise NotFound(f"there is no user {user!r}; see: ripieno user list")
        if record.is_disabled:
            raise InvalidRequest(f"the user {user} is disabled; enable them first")
        text = secrets.token_urlsafe(32)
        lasting = OWN_LINK if user == caller else INVITATION
        await self._store.remove_tickets_of(user, purpose=_LINK)
        ticket = await self._add_ticket(text, user, _LINK, lasting)
        return text, ticket.expires_at

    async def change_password(
        self, old: str | None, new: str, *, session: Session, origin: Origin
    ) -> SignedIn:
        """Give the user of a session another password.

        All their sessions end, and one that begins takes the place of this one. The old password
        is not needed where there is none, or if a link has just let them in.
        Raises: `InvalidRequest`, `TooManyAttempts`.
        """
        user = session.caller.user
        record = await self._store.user(user)
        if record is None:
            raise NotFound(f"there is no user {user!r} any more")
        if record.password_hash is not None and not may_skip_old(session):
            counted = attempts.keys(user=user, address=origin.address, browser=session.record.id)
            self._attempts.begin(counted)
            if not await self._passwords.is_right(record.password_hash, old or ""):
                raise InvalidRequest("the present password is not right; try again")
            self._attempts.succeeded(counted)
        kept = await self._passwords.hashed(new)
        await self._store.change_user(user, password_hash=kept, signed_out_at=_now())
        self._callers.forget()
        await self._sessions.end_all(user)
        await self._store.remove_tickets_of(user)
        return await self._begin(user, Via(session.record.via), origin)

    async def _begin(self, user: str, via: Via, origin: Origin) -> SignedIn:
        """Raises: `SignInRefused`."""
        try:
            cookie, session = await self._sessions.begin(user, via=via.value, origin=origin)
        except Unauthenticated as problem:
            refusal = SignInRefused(str(problem))
            self._note_refusal(user, via, origin, refusal)
            raise refusal from problem
        caller = dataclasses.replace(session.caller, via=via.value, address=origin.address)
        await self._trail.add(trail.record(caller, SIGN_IN, f"user {user}", Result.ALLOWED))
        browser = secrets.token_urlsafe(32)
        await self._add_ticket(browser, user, _BROWSER, KNOWN_BROWSER)
        return SignedIn(session=session, cookie=cookie, browser=browser)

    def _note_refusal(self, user: str, via: Via, origin: Origin, why: RipienoError) -> None:
        """Have it in the audit trail that somebody was not let in."""
        nobody = Caller(user=user, role=Role.VIEWER, via=via.value, address=origin.address)
        thing = f"user {user}" if user else "an unknown user"
        self._trail.note(trail.record(nobody, SIGN_IN, thing, Result.REFUSED, str(why)))

    async def _known(self, browser: str | None, user: str) -> str | None:
        """The name of a browser in which that user has signed in before, None for others."""
        if not browser:
            return None
        ticket = await self._store.ticket(digest(browser))
        if ticket is None or (ticket.purpose, ticket.user) != (_BROWSER, user):
            return None
        return ticket.digest if ticket.expires_at > _now() else None

    async def _add_ticket(
        self, text: str, user: str, purpose: str, lasting: timedelta
    ) -> TicketRecord:
        now = _now()
        ticket = TicketRecord(
            digest=digest(text),
            user=user,
            purpose=purpose,
            created_at=now,
            expires_at=now + lasting,
        )
        await self._store.add_ticket(ticket)
        return ticket


def may_skip_old(session: Session) -> bool:
    """Whether a link let somebody in a moment ago, which proves as much as the old password."""
    record = session.record
    return record.via == Via.LINK and record.created_at + NEW_LINK > _now()


def _now() -> datetime:
    return datetime.now(UTC)
