"""What all parts of the gate share: who asks, of what, and the one way to check it."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from ripieno.control import policy
from ripieno.control.policy import Action
from ripieno.control.use_cases import UseCases
from ripieno.control.views import Ownership
from ripieno.model.access import Caller


class Entry:
    """A caller before the use cases."""

    def __init__(self, control: UseCases, caller: Caller) -> None:
        self._control = control
        self.caller = caller

    def may(
        self, action: Action, *, owner: str | None = None, readers: Collection[str] = ()
    ) -> bool:
        """Whether the caller may do something; for pages that show only what can be done."""
        return policy.is_allowed(self.caller, action, owner=owner, readers=readers)

    def _check(
        self,
        action: Action,
        thing: str = "",
        *,
        owner: str | None = None,
        readers: Collection[str] = (),
    ) -> None:
        policy.check(self.caller, action, thing=thing, owner=owner, readers=readers)

    @asynccontextmanager
    async def _doing(
        self, action: Action, thing: str = "", *, owner: str | None = None
    ) -> AsyncIterator[str]:
        """Around what changes something: checked before; gives the caller's name.

        Raises: `Forbidden`.
        """
        self._check(action, thing, owner=owner)
        yield self.caller.user

    async def _deployment(self, action: Action, name_or_id: str) -> Ownership:
        """The deployment that an action is about, once the action is allowed.

        Raises: `NotFound`; `Forbidden`.
        """
        found = await self._control.ownership(name_or_id)
        self._check(action, f"deployment {found.name}", owner=found.owner, readers=found.readers)
        return found
