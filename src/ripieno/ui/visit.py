"""Who looks at a page: what signing in has put into the request's state.

`request.state.gate` is what the visitor may use, `request.state.csrf_token` what the forms of this
session carry. Whoever is not signed in has neither.
"""

from dataclasses import dataclass

from starlette.requests import Request

from ripieno.control.errors import Unauthenticated
from ripieno.control.gate import Gate
from ripieno.control.policy import Action
from ripieno.model.access import Caller, Role

CHANGE, READ_LOGS, READ_EVENTS = Action.CHANGE, Action.READ_LOGS, Action.READ_EVENTS
"""What pages about deployments ask the gate for before they show buttons and tabs."""

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody who is signed in, as templates see them."""

    name: str
    role: Role
    groups: frozenset[str]
    csrf_token: str

    @property
    def is_admin(self) -> bool:
        """Whether the pages for administrators are shown."""
        return self.role is Role.ADMIN

    @property
    def deploys(self) -> bool:
        """Whether buttons that deploy and change are shown; the gate decides anyway."""
        return self.role.includes(Role.DEPLOYER)

    @property
    def publishes(self) -> bool:
        """Whether the pages for publishers are shown; the gate decides anyway."""
        return self.role.includes(Role.PUBLISHER)


def gate_of(request: Request) -> Gate:
    """What the visitor may use. Raises: `Unauthenticated`, which leads to the sign-in page."""
    gate = getattr(request.state, "gate", None)
    if not isinstance(gate, Gate):
        raise Unauthenticated("sign in first")
    return gate


def visitor_of(request: Request) -> Visitor | None:
    """Who looks, None for somebody who is not signed in."""
    gate = getattr(request.state, "gate", None)
    if not isinstance(gate, Gate):
        return None
    caller: Caller = gate.caller
    return Visitor(
        name=caller.user,
        role=caller.role,
        groups=caller.groups,
        csrf_token=str(getattr(request.state, "csrf_token", "")),
    )
