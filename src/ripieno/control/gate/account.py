"""The gate's part about the caller's own account: sessions, password, ways in."""

from collections.abc import Sequence
from datetime import datetime

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.control.sessions import Origin, Session
from ripieno.control.signing_in import SignedIn
from ripieno.store.records import SessionRecord


class AccountGate(Entry):
    """The caller's own account. Raises: `Forbidden`, and what `UseCases` raises."""

    async def sessions(self) -> Sequence[SessionRecord]:
        """The browsers in which the caller is signed in, the last used one first."""
        self._check(Action.LIST_SESSIONS, owner=self.caller.user)
        return await self._control.sessions(caller=self.caller.user)

    async def end_session(self, id: str) -> None:
        """Sign out in one browser, be it this one or another."""
        async with self._doing(Action.END_SESSION, f"session {id}", owner=self.caller.user) as user:
            await self._control.sign_out(id, caller=user)

    async def change_password(
        self, old: str | None, new: str, *, session: Session, origin: Origin
    ) -> SignedIn:
        """Choose another password, which ends all other sessions."""
        user = session.caller.user
        async with self._doing(Action.CHANGE_PASSWORD, f"user {user}", owner=user):
            return await self._control.change_password(old, new, session=session, origin=origin)

    async def create_sign_in_link(self, user: str | None = None) -> tuple[str, datetime]:
        """What lets somebody (the caller, if nobody is named) in once, and until when."""
        whom = user or self.caller.user
        async with self._doing(Action.CREATE_SIGN_IN_LINK, f"user {whom}", owner=whom) as caller:
            return await self._control.create_sign_in_link(whom, caller=caller)
