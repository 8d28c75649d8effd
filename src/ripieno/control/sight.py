"""What one caller may watch of what happens, for as long as they do.

A stream may last for days, and in the meantime users are disabled, tokens revoked, deployments
given away: whoever tells events looks again before each time.
"""

from collections.abc import Awaitable, Callable

from ripieno.control import policy
from ripieno.control.policy import Action
from ripieno.control.views import Ownership
from ripieno.model.access import Caller

Renew = Callable[[Caller], Awaitable[Caller]]
Owned = Callable[[str], Ownership | None]


class Sight:
    """Whose events are told: those of one deployment, or (None) of all that may be seen."""

    def __init__(
        self, caller: Caller, *, deployment: str | None, renew: Renew, owned: Owned
    ) -> None:
        """`owned` knows whose a deployment is, without waiting; None: nobody has heard of it."""
        self.caller = caller
        self.deployment = deployment
        self._renew = renew
        self._owned = owned
        self._known: dict[str, bool] = {}

    @property
    def owner(self) -> str | None:
        """Of whose deployments events may be told; None: of everybody's."""
        return None if self.caller.is_admin else self.caller.user

    async def renew(self) -> None:
        """Look who it is now. Raises: `Unauthenticated` if nobody any more; `Forbidden`."""
        self.caller = await self._renew(self.caller)
        self._known.clear()
        owner: str | None = None
        readers: tuple[str, ...] = ()
        if self.deployment is not None:
            found = self._owned(self.deployment)
            if found is None:  # Removed long ago: nothing new comes of it.
                return
            owner, readers = found.owner, found.readers
        policy.check(self.caller, Action.READ_EVENTS, owner=owner, readers=readers)

    def sees(self, deployment: str | None) -> bool:
        """Whether an event of that deployment, which is just happening, is told."""
        if self.deployment is not None:
            return deployment == self.deployment
        if self.caller.is_admin:
            return True
        if deployment is None:
            return False
        known = self._known.get(deployment)
        if known is None:
            found = self._owned(deployment)
            known = self._known[deployment] = found is not None and policy.is_allowed(
                self.caller, Action.READ_EVENTS, owner=found.owner, readers=found.readers
            )
        return known
