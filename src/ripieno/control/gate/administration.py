"""The gate's part about hosts, secrets and the server itself."""

from collections.abc import Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.host_views import Finding, HostView, RuntimeView
from ripieno.control.policy import Action
from ripieno.model.host import HostConfig


class AdministrationGate(Entry):
    """The server's own things, for one caller. Raises: `Forbidden`, and as `UseCases`."""

    async def hosts(self) -> Sequence[HostView]:
        """All hosts."""
        self._check(Action.LIST_HOSTS)
        return await self._control.hosts()

    async def runtimes(self) -> Sequence[RuntimeView]:
        """All ways to run components."""
        self._check(Action.LIST_HOSTS)
        return await self._control.runtimes()

    async def host(self, name: str) -> HostView:
        """A host."""
        self._check(Action.LIST_HOSTS)
        return await self._control.host(name)

    async def add_host(self, config: HostConfig, *, trust: str | None) -> HostView:
        """Add a host, trusting a key by its fingerprint, or (`first`) the one it shows."""
        async with self._doing(Action.CHANGE_HOST, f"host {config.name}") as user:
            return await self._control.add_host(config, trust=trust, caller=user)

    async def check_host(self, name: str) -> HostView:
        """Look whether a host is well."""
        self._check(Action.CHECK_HOST, f"host {name}")
        return await self._control.check_host(name)

    async def remove_host(self, name: str) -> None:
        """Forget a host."""
        async with self._doing(Action.CHANGE_HOST, f"host {name}") as user:
            await self._control.remove_host(name, caller=user)

    async def scan_host(self, config: HostConfig) -> tuple[str, str]:
        """The fingerprint of the key that a host shows, and its known_hosts line."""
        self._check(Action.CHANGE_HOST, f"host {config.name}")
        return await self._control.scan_host(config)

    async def secrets(self) -> Sequence[str]:
        """The names of all secrets."""
        self._check(Action.LIST_SECRETS)
        return await self._control.secrets()

    async def set_secret(self, name: str, value: str) -> None:
        """Set a secret."""
        async with self._doing(Action.CHANGE_SECRET, f"secret {name}") as user:
            await self._control.set_secret(name, value, caller=user)

    async def remove_secret(self, name: str) -> None:
        """Remove a secret."""
        async with self._doing(Action.CHANGE_SECRET, f"secret {name}") as user:
            await self._control.remove_secret(name, caller=user)

    async def doctor(self) -> Sequence[Finding]:
        """What is well and what is not."""
        self._check(Action.EXAMINE_SERVER)
        return await self._control.doctor()
