"""Changes that the server begins by itself, or for a visitor: why, and whether that still holds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ripieno.control.life import Rest
from ripieno.control.requests import Change
from ripieno.control.views import ReconfigurationView
from ripieno.model.access import Caller, Role

SYSTEM = "system"
"""Who asks for what nobody has asked for; no user has this name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a change comes from; `event` with `data` tells it.

    `still_holds` is asked at the last moment, in the deployment's turn. `rest` is set where the
    server stops the deployment.
    """

    event: str
    still_holds: Callable[[], bool]
    data: Mapping[str, Any] = field(default_factory=dict)
    rest: Rest | None = None


class Begins(Protocol):
    """The use case by which changes begin."""

    def __call__(
        self, deployment: str, change: Change, *, caller: str, prompt: Prompt | None = None
    ) -> Awaitable[ReconfigurationView]:
        """Begin a change. Raises: `Conflict` if the prompt does not hold any more, and as ever."""
        ...


def system(via: str) -> Caller:
    """The server itself, as the audit trail names it."""
    return Caller(user=SYSTEM, role=Role.ADMIN, via=via)
