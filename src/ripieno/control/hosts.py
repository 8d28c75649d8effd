"""The hosts that a server can send work to: opened when they are first needed, kept open.

Called by the use cases and, for hosts by name, by the performer and the runtime.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ripieno.control import host_checks
from ripieno.control.errors import Conflict, InvalidRequest, NotFound
from ripieno.control.host_views import HostView, Load
from ripieno.model import host as configs
from ripieno.model.host import HostConfig, HostKind
from ripieno.runtimes import docker
from ripieno.runtimes.docker import DockerEngine
from ripieno.runtimes.errors import (
    EngineAway,
    InvalidHost,
    RuntimeDriverError,
    TemporaryFailure,
)
from ripieno.runtimes.host import Host, HostFacts, LinkState
from ripieno.runtimes.local_host import LocalHost

LOCAL = "local"

COMPONENTS = "components"
"""The folder in the state directory that has one for each component on this machine."""

SshOpener = Callable[[HostConfig], Host]
"""Makes the host that a configuration describes. Given by bootstrap, so that what speaks SSH is
loaded only where there is a host to reach by it."""


class HostBook:
    """All hosts by name; `local` is always there."""

    def __init__(
        self,
        state_directory: Path,
        *,
        open_ssh: SshOpener,
        link_changed: Callable[[str, LinkState], None] = lambda name, state: None,
    ) -> None:
        self.known_hosts = state_directory / "known_hosts"
        self._open_ssh = open_ssh
        self._link_changed = link_changed
        self._hosts: dict[str, Host] = {}
        self._configs: dict[str, HostConfig] = {}
        self._facts: dict[str, HostFacts] = {}
        self._engines: dict[str, DockerEngine | RuntimeDriverError] = {}
        self._problems: dict[str, RuntimeDriverError] = {}
        self._checked_at: dict[str, datetime] = {}
        config = HostConfig(name=LOCAL, directory=str(state_directory / COMPONENTS))
        self._configs[LOCAL] = config
        self._hosts[LOCAL] = LocalHost(config.directory, name=LOCAL)

    @property
    def names(self) -> tuple[str, ...]:
        """All hosts, the local one first."""
        return tuple(self._configs)

    def enter(self, config: HostConfig) -> None:
        """Make a host known; nothing is opened yet. Raises: `Conflict` if the name is taken."""
        if config.name in self._configs:
            raise Conflict(f"there is a host {config.name!r} already; remove it, or rename this")
        self._configs[config.name] = config

    def host(self, name: str) -> Host:
        """A host to work with. Raises: `InvalidHost` that lists what there is."""
        host = self._hosts.get(name)
        if host is not None:
            return host
        config = self._configs.get(name)
        if config is None:
            raise InvalidHost(
                f"there is no host {name!r}; known are {', '.join(self._configs)}; add it with "
                f"ripieno host add {name} ADDRESS"
            )
        host = self._hosts[name] = self._open_ssh(config)
        host.on_link(lambda state: self._link_changed(name, state))
        return host

    def away(self) -> Mapping[str, str]:
        """What is wrong with the hosts that cannot be talked to now."""
        return {
            name: "its link is lost"
            for name, host in self._hosts.items()
            if host.link is LinkState.DOWN
        }

    async def forget(self, name: str) -> None:
        """Let go of a host. Raises: `NotFound`, `InvalidRequest` for the local one."""
        self.config(name)
        if name == LOCAL:
            raise InvalidRequest("the host local is this machine; it cannot be removed")
        del self._configs[name]
        self._facts.pop(name, None)
        self._problems.pop(name, None)
        self._engines.pop(name, None)
        self._checked_at.pop(name, None)
        host = self._hosts.pop(name, None)
        if host is not None:
            await host.close()

    def config(self, name: str) -> HostConfig:
        """How a host is reached. Raises: `NotFound`."""
        config = self._configs.get(name)
        if config is None:
            raise NotFound(f"there is no host {name!r}; known are {', '.join(self._configs)}")
        return config

    async def check(self, name: str) -> None:
        """Look at a host, and remember what was found. Raises: `NotFound`."""
        self.config(name)
        try:
            self._facts[name] = await self.host(name).check()
            self._problems.pop(name, None)
            await self.image_problem(name)
        except RuntimeDriverError as problem:
            self._problems[name] = problem
        self._checked_at[name] = datetime.now(UTC)

    async def image_problem(self, name: str) -> str | None:
        """Why a host cannot run images, and what to do; None if it can, or cannot be asked now."""
        host = self.host(name)
        if host.link is LinkState.DOWN:
            return None
        try:
            self._engines[name] = await docker.look(host)
        except TemporaryFailure as problem:
            # That the host is away is found, and told, by whatever is done there.
            if not isinstance(problem, EngineAway):
                return None
            self._engines[name] = problem
            return str(problem)
        except RuntimeDriverError as problem:
            self._engines[name] = problem
            return str(problem)
        return None

    def runs_images(self, name: str) -> bool:
        """Whether a host had an engine that answered when it was last looked at."""
        return isinstance(self._engines.get(name), DockerEngine)

    def of_kind(self, kind: HostKind) -> tuple[str, ...]:
        """The hosts that are reached in one way."""
        return tuple(name for name, config in self._configs.items() if config.kind is kind)

    def view(self, name: str, load: Load) -> HostView:
        """A host as it was last seen. Raises: `NotFound`."""
        config = self.config(name)
        host = self._hosts.get(name)
        facts, problem = self._facts.get(name), self._problems.get(name)
        state = "unchecked"
        if (host is not None and host.link is LinkState.DOWN) or problem is not None:
            state = "away"
        elif facts is not None or config.kind is HostKind.LOCAL:
            state = "connected"
        return HostView(
            name=name,
            kind=config.kind.value,
            address=config.address,
            directory=config.directory,
            state=state,
            components=load.components,
            facts={} if facts is None else _facts(facts, self._engines.get(name)),
            problem=None if problem is None else str(problem),
            load=load,
            checks=host_checks.checks(facts, problem, self._engines.get(name)),
            checked_at=self._checked_at.get(name),
        )

    async def close(self) -> None:
        """Let go of all hosts; what runs there goes on."""
        for host in self._hosts.values():
            await host.close()


def with_known_hosts(config: HostConfig, path: Path) -> HostConfig:
    """The configuration, with the server's own list of host keys where it names none."""
    if config.kind is HostKind.LOCAL or config.known_hosts_path is not None:
        return config
    return configs.from_json({**configs.to_json(config), "known_hosts_path": str(path)})


def _facts(facts: HostFacts, found: DockerEngine | RuntimeDriverError | None) -> dict[str, object]:
    return {
        "os": facts.os,
        "kernel": facts.kernel,
        "architecture": facts.architecture,
        "user": facts.user,
        "cpus": facts.cpus,
        "memory_mib": facts.memory_mib,
        "disk_free_mib": facts.disk_free_mib,
        "missing_tools": list(facts.missing_tools),
        "engine": found.version if isinstance(found, DockerEngine) else None,
    }
