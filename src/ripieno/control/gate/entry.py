"""What all parts of the gate share: who asks, of what, the one way to check it, the audit trail.

A thing is told as its kind and its name: `deployment shop`, `user ada`.
"""

import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from contextvars import ContextVar

from ripieno.control import policy, trail
from ripieno.control.errors import Forbidden
from ripieno.control.policy import Action
from ripieno.control.trail import Result
from ripieno.control.use_cases import UseCases
from ripieno.control.views import Ownership
from ripieno.model.access import Caller
from ripieno.store.registered import Registered, VersionState

RENEW_EVERY_S = 1.0

_THING: ContextVar[str] = ContextVar("thing")
"""What is being done something to."""


class Entry:
    """A caller before the use cases."""

    def __init__(self, control: UseCases, caller: Caller) -> None:
        self._control = control
        self.caller = caller
        self._renew_at = time.monotonic() + RENEW_EVERY_S
        self._noted: Forbidden | None = None

    def may(
        self,
        action: Action,
        *,
        owner: str | None = None,
        readers: Collection[str] = (),
        editors: Collection[str] = (),
    ) -> bool:
        """Whether the caller may do something; for pages that show only what can be done."""
        return policy.is_allowed(self.caller, action, owner=owner, readers=readers, editors=editors)

    def _check(
        self,
        action: Action,
        thing: str = "",
        *,
        owner: str | None = None,
        readers: Collection[str] = (),
        editors: Collection[str] = (),
    ) -> None:
        """Let it pass, or note in the audit trail that it was refused. Raises: `Forbidden`."""
        try:
            policy.check(
                self.caller, action, thing=thing, owner=owner, readers=readers, editors=editors
            )
        except Forbidden as refusal:
            self._note(action, thing, refusal)
            raise

    @asynccontextmanager
    async def _doing(
        self,
        action: Action,
        thing: str = "",
        *,
        owner: str | None = None,
        editors: Collection[str] = (),
    ) -> AsyncIterator[str]:
        """Around what changes something: checked before, and then in the audit trail.

        Gives the caller's name. Raises: `Forbidden`.
        """
        self._check(action, thing, owner=owner, editors=editors)
        before = _THING.set(thing)
        try:
            yield self.caller.user
        except Exception as error:  # Whatever it was: it is raised again.
            self._note(action, _THING.get(), error)
            raise
        else:
            await self._control.add_audit(
                trail.record(self.caller, action, _THING.get(), Result.ALLOWED)
            )
        finally:
            _THING.reset(before)

    async def _renew(self) -> None:
        """While something lasts: look again, at most once a second, whether the caller is let in.

        Raises: `Unauthenticated`.
        """
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew_at = now + RENEW_EVERY_S
            self.caller = await self._control.renewed(self.caller)

    def _note(self, action: Action, thing: str, error: Exception) -> None:
        if error is self._noted:
            return
        result = Result.FAILED
        if isinstance(error, Forbidden):
            result, self._noted = Result.REFUSED, error
        record = trail.record(self.caller, action, thing, result, trail.reason_of(error))
        self._control.note_audit(record)

    def _about(self, thing: str) -> None:
        """Within `_doing`: what it is done to, where that was not known before."""
        _THING.set(thing)

    async def _version(self, name: str, version: str | None) -> Registered:
        """A version of an application (None: the one that presents it), if it may be looked at.

        Raises: `NotFound`; `Forbidden`.
        """
        found = await self._control.registered(name, version)
        entry = found.entry
        is_draft = found.version.state is VersionState.DRAFT
        self._check(
            Action.LOOK_AT_DRAFT if is_draft else Action.LOOK_AT_APPLICATION,
            f"application {name}",
            owner=entry.owner,
            readers=entry.visibility,
            editors=entry.editors,
        )
        return found

    async def _deployment(self, action: Action, name_or_id: str) -> Ownership:
        """The deployment that an action is about, once the action is allowed.

        Raises: `NotFound`; `Forbidden`.
        """
        found = await self._control.ownership(name_or_id)
        self._check(action, f"deployment {found.name}", owner=found.owner, readers=found.readers)
        return found
