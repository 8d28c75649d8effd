"""What all parts of the gate share: who asks, of what, the one way to check it, the audit trail.

A thing is told as its kind and its name: `deployment shop`, `user ada`.
"""

import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from contextvars import ContextVar

from ripieno.control import missing, policy, trail
from ripieno.control.errors import Forbidden, NotFound
from ripieno.control.policy import Action
from ripieno.control.trail import Result
from ripieno.control.use_cases import UseCases
from ripieno.control.views import Ownership
from ripieno.model.access import Caller
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    Registered,
    VersionState,
    VersionSummary,
)

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

    def _hide(self, action: Action, thing: str) -> None:
        """Note that something was asked of what the caller may not know of."""
        reason = "it is not shared with them, and they were told that it is not there"
        self._control.note_audit(trail.record(self.caller, action, thing, Result.REFUSED, reason))

    def _about(self, thing: str) -> None:
        """Within `_doing`: what it is done to, where that was not known before."""
        _THING.set(thing)

    async def _version(self, name: str, version: str | None) -> Registered:
        """A version of an application (None: the one that presents it), if it may be looked at.

        Raises: `NotFound`, for what is hidden too; `Forbidden`.
        """
        action = Action.LOOK_AT_APPLICATION
        try:
            found = await self._control.registered(name, version)
        except NotFound:
            if version is not None:  # Whoever may not know of the application hears only of that.
                await self._application(action, name)
            raise
        entry = found.entry
        self._show(action, entry, found.version)
        is_draft = found.version.state is VersionState.DRAFT
        self._check(
            Action.LOOK_AT_DRAFT if is_draft else action,
            f"application {name}",
            owner=entry.owner,
            readers=entry.visibility,
            editors=entry.editors,
        )
        return found

    async def _application(self, action: Action, name: str) -> ApplicationRecord:
        """The application that an action is about. Raises: `NotFound`, for a hidden one too."""
        entry = await self._control.entry(name)
        if entry is None:
            raise missing.application(name)
        self._show(action, entry)
        return entry

    def _show(
        self, action: Action, entry: ApplicationRecord, version: VersionSummary | None = None
    ) -> None:
        """Raises: `NotFound` if the caller may not know of an application, or of that version."""
        if not self._knows(entry):
            self._hide(action, f"application {entry.name}")
            raise missing.application(entry.name)
        if version is None or version.state is not VersionState.DRAFT:
            return
        if not policy.knows(self.caller, owner=entry.owner, readers=entry.editors):
            self._hide(action, f"application {entry.name} {version.version}")
            raise missing.version(entry.name, version.version)

    def _knows(self, entry: ApplicationRecord) -> bool:
        """Whether the caller may know of an application; of one with drafts only, as an editor."""
        readers = entry.editors
        if entry.state is not EntryState.DRAFT:
            readers = (*entry.visibility, *readers)
        return policy.knows(self.caller, owner=entry.owner, readers=readers)

    async def _deployment(self, action: Action, name_or_id: str) -> Ownership:
        """The deployment that an action is about, once the action is allowed.

        Raises: `NotFound`; `Forbidden`.
        """
        found = await self._known(action, name_or_id)
        self._check(action, f"deployment {found.name}", owner=found.owner, readers=found.readers)
        return found

    async def _known(
        self, action: Action, name_or_id: str, *, asked: NotFound | None = None
    ) -> Ownership:
        """The deployment that an action is about. Raises: `NotFound`, for a hidden one too.

        That is `asked` where it was not the deployment that was asked for.
        """
        found = await self._control.ownership(name_or_id)
        if not policy.knows(self.caller, owner=found.owner, readers=found.readers):
            self._hide(action, f"deployment {found.name}")
            raise asked or missing.deployment(name_or_id)
        return found
