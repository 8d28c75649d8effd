"""Signing in, in memory: whoever knows the password of the tests is let in."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ripieno.control.errors import LinkRefused, NotFound, SignInRefused
from ripieno.control.sessions import Origin, Session
from ripieno.control.signing_in import Link, SignedIn
from ripieno.model.access import Caller, Role
from ripieno.store.records import SessionRecord

PASSWORD = "a password for tests"


class FakeSigningIn:
    """Sessions that never end by themselves; everybody is an administrator."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions_by_cookie: dict[str, Session] = {}
        self.links: dict[str, Link] = {}

    def _begin(self, user: str, via: str, origin: Origin) -> SignedIn:
        now = datetime.now(UTC)
        cookie = secrets.token_urlsafe(32)
        record = SessionRecord(
            id=f"s-{len(self.sessions_by_cookie) + 1}",
            digest="",
            user=user,
            via=via,
            address=origin.address,
            browser=origin.browser,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=1),
        )
        session = Session(record=record, caller=Caller(user=user, role=Role.ADMIN, via="session"))
        self.sessions_by_cookie[cookie] = session
        return SignedIn(session=session, cookie=cookie, browser="")

    async def session(self, cookie: str) -> Session | None:
        return self.sessions_by_cookie.get(cookie)

    async def session_caller(self, cookie: str) -> Caller | None:
        found = self.sessions_by_cookie.get(cookie)
        return None if found is None else found.caller

    async def session_caller_by_id(self, id: str) -> Caller | None:
        for each in self.sessions_by_cookie.values():
            if each.record.id == id:
                return each.caller
        return None

    async def sign_in(
        self, user: str, password: str, *, origin: Origin, browser: str | None = None
    ) -> SignedIn:
        if password != PASSWORD:
            raise SignInRefused("the name or the password is not right")
        return self._begin(user, "password", origin)

    async def link(self, text: str) -> Link:
        if text not in self.links:
            raise LinkRefused("the link was used already")
        return self.links[text]

    async def sign_in_by_link(self, text: str, *, origin: Origin) -> SignedIn:
        link = await self.link(text)
        del self.links[text]
        return self._begin(link.user, "link", origin)

    async def provider_label(self) -> str | None:
        return None

    async def ask_provider(self, *, back: str) -> tuple[str, str]:
        raise NotFound("no provider of identities is set up here")

    async def sign_in_by_provider(
        self, kept: str, answer: Mapping[str, str], *, back: str, origin: Origin
    ) -> SignedIn:
        raise NotFound("no provider of identities is set up here")

    async def leave_provider(self, user: str, *, back: str) -> str | None:
        return None

    async def sign_out(self, session: str, *, caller: str) -> None:
        for cookie, each in list(self.sessions_by_cookie.items()):
            if (each.record.id, each.caller.user) == (session, caller):
                del self.sessions_by_cookie[cookie]
                return
        raise NotFound(f"there is no session {session}")

    async def sessions(self, *, caller: str) -> Sequence[SessionRecord]:
        found = self.sessions_by_cookie.values()
        return [each.record for each in found if each.caller.user == caller]

    async def create_sign_in_link(self, user: str, *, caller: str) -> tuple[str, datetime]:
        text = secrets.token_urlsafe(32)
        self.links[text] = Link(user=user, expires_at=datetime.now(UTC) + timedelta(minutes=10))
        return text, self.links[text].expires_at

    async def change_password(
        self, old: str | None, new: str, *, session: Session, origin: Origin
    ) -> SignedIn:
        self.sessions_by_cookie.clear()
        return self._begin(session.caller.user, session.record.via, origin)
