"""What a provider of identities is to those who sign people in by its word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ripieno.identity.flow import Flow
from ripieno.identity.settings import ProviderSettings
from ripieno.model.access import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who somebody is to a provider. `groups` and `role` None: it is not asked about them."""

    issuer: str
    subject: str
    name: str
    display_name: str
    email: str
    groups: tuple[str, ...] | None
    role: Role | None


class IdentityProvider(Protocol):
    """A provider of identities."""

    settings: ProviderSettings

    async def check(self) -> None:
        """That browsers can be sent there now. Raises: `ProviderUnavailable`."""
        ...

    async def address(self, flow: Flow, *, back: str) -> str:
        """Where to send a browser; it comes back to `back`. Raises: `ProviderUnavailable`."""
        ...

    async def identity(self, flow: Flow, answer: Mapping[str, str], *, back: str) -> Identity:
        """Who came back with that answer. Raises: an `IdentityError`."""
        ...

    async def sign_out_address(self, *, back: str) -> str | None:
        """Where a browser can sign out at the provider too, None if it has no such place."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
