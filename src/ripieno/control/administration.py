"""Use cases about the server itself: hosts, secrets, how it is."""

import asyncio
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ripieno.control.caretaker import Caretaker
from ripieno.control.errors import Conflict, InvalidRequest, NotFound
from ripieno.control.host_checks import LEAST_FREE_MIB
from ripieno.control.host_views import Finding, HostView
from ripieno.control.hosts import HostBook, with_known_hosts
from ripieno.control.leading import Leading
from ripieno.control.placement import Placement
from ripieno.model import host as configs
from ripieno.model.host import HostConfig, HostKind
from ripieno.store.records import (
    HostRecord,
    IdempotencyRecord,
)
from ripieno.store.store import Store

_SECRET_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,62}")
_LONGEST_SECRET = 64 * 1024

KeyScan = Callable[[HostConfig], Awaitable[tuple[str, str]]]
"""Asks a host for its key: fingerprint, and line for a known_hosts file."""


class Administration(Placement):
    """The part of the use cases that is not about deployments."""

    caretaker: Caretaker

    def __init__(
        self,
        *,
        store: Store,
        leading: Leading,
        hosts: HostBook,
        scan_key: KeyScan,
        state_directory: Path,
    ) -> None:
        self._store = store
        self._leading = leading
        self._hosts = hosts
        self._scan_key = scan_key
        self._directory = state_directory

    async def hosts(self) -> Sequence[HostView]:
        """All hosts, the local one first."""
        return [await self.host(name) for name in self._hosts.names]

    async def host(self, name: str) -> HostView:
        """A host as it was last seen. Raises: `NotFound`."""
        return self._hosts.view(name, self._load((name,)))

    async def check_host(self, name: str) -> HostView:
        """Look at a host now. Raises: `NotFound`."""
        await self._hosts.check(name)
        return await self.host(name)

    async def scan_host(self, config: HostConfig) -> tuple[str, str]:
        """Fingerprint and line of the key that a host shows. Raises: a `RuntimeDriverError`."""
        return await self._scan_key(config)

    async def add_host(self, config: HostConfig, *, trust: str | None, caller: str) -> HostView:
        """Register a host, once it has been reached.

        `trust` is the fingerprint of the key that it has to show, or `first` for the one that it
        shows now. Raises: `Conflict`, `InvalidRequest`, a `RuntimeDriverError` if it cannot be
        used.
        """
        if config.kind is HostKind.LOCAL:
            raise InvalidRequest("this machine is the host local already; give an SSH address")
        config = with_known_hosts(config, self._hosts.known_hosts)
        if trust is not None:
            fingerprint, line = await self._scan_key(config)
            if trust not in ("first", fingerprint):
                raise InvalidRequest(
                    f"host {config.name} shows the key {fingerprint}, not {trust}; find out why "
                    "before you trust it"
                )
            self._trust(line)
        self._hosts.enter(config)
        try:
            facts = await self._hosts.host(config.name).check()
            if facts.missing_tools:
                raise InvalidRequest(
                    f"host {config.name} lacks {', '.join(facts.missing_tools)}; install that"
                )
        except BaseException:
            await self._hosts.forget(config.name)
            raise
        await self._hosts.check(config.name)
        await self._store.put_host(
            HostRecord(
                name=config.name, config=configs.to_json(config), created_at=_now(), revision=1
            )
        )
        return await self.host(config.name)

    async def remove_host(self, name: str, *, caller: str) -> None:
        """Forget a host. Raises: `NotFound`; `Conflict` while something runs there."""
        self._hosts.config(name)
        users = self._load((name,)).components
        if users:
            raise Conflict(f"{users} components are on host {name}; move or remove them first")
        await self._hosts.forget(name)
        await self._store.remove_host(name)

    async def secrets(self) -> Sequence[str]:
        """The names of all secrets."""
        return await self._store.secret_names()

    async def set_secret(self, name: str, value: str, *, caller: str) -> None:
        """Keep a secret, in the place of what it was. Raises: `InvalidRequest`."""
        if _SECRET_NAME.fullmatch(name) is None:
            raise InvalidRequest(
                f"{name!r} is no name for a secret; use a-z, 0-9, dot, dash and underscore"
            )
        if len(value) > _LONGEST_SECRET or "\0" in value:
            raise InvalidRequest(
                f"a secret has at most {_LONGEST_SECRET} characters, and no NUL among them"
            )
        await self._store.put_secret(name, value)

    async def remove_secret(self, name: str, *, caller: str) -> None:
        """Forget a secret. Raises: `NotFound`."""
        if not await self._store.remove_secret(name):
            raise NotFound(f"there is no secret {name!r}; see: ripieno secret list")

    async def recall(self, key: str, *, caller: str) -> IdempotencyRecord | None:
        """What was answered to a request with this key."""
        return await self._store.recall(key, caller)

    async def remember(self, record: IdempotencyRecord) -> None:
        """Keep what was answered, for a day."""
        await self._store.remember(record)

    async def doctor(self) -> Sequence[Finding]:
        """What there is to know about whether this server can do its work."""
        found = [
            Finding(subject="python", is_well=True, said=sys.version.split()[0]),
            await self._store_finding(),
            self._disk(),
        ]
        for tool in ("sh", "setsid", "fallocate"):
            path = shutil.which(tool)
            remedy = None if path else "install util-linux and a shell"
            found.append(
                Finding(
                    subject=f"tool {tool}",
                    is_well=path is not None,
                    said=path or "not found",
                    remedy=remedy,
                )
            )
        names = self._hosts.names
        await asyncio.gather(*(self._hosts.check(name) for name in names))
        for name in names:
            view = await self.host(name)
            is_well = view.problem is None
            found.append(
                Finding(
                    subject=f"host {name}",
                    is_well=is_well,
                    said=view.problem or f"{view.state}, {view.components} components",
                    remedy=None if is_well else f"mend it, then ripieno host check {name}",
                )
            )
        if self.caretaker.problem is not None:
            found.append(
                Finding(
                    subject="idle stop",
                    is_well=False,
                    said=f"nothing is stopped for not being used: {self.caretaker.problem}",
                    remedy="let the server run Traefik (without --external-door and --no-door)",
                )
            )
        for id, problem in self._leading.not_led.items():
            found.append(
                Finding(
                    subject=f"deployment {id}",
                    is_well=False,
                    said=f"it could not be taken up: {problem}",
                    remedy="see the server's log, and start the version that wrote it",
                )
            )
        for supervisor in self._leading.all:
            state = supervisor.state
            for component, cause in state.machine.failures().items():
                found.append(
                    Finding(
                        subject=f"{state.record.name}/{component}",
                        is_well=False,
                        said=cause,
                        remedy=f"ripieno retry {state.record.name} {component}, or apply a mended "
                        "application",
                    )
                )
        return found

    async def _store_finding(self) -> Finding:
        count = await self._store.last_event_id()
        return Finding(subject="store", is_well=True, said=f"answers; {count} events so far")

    def _disk(self) -> Finding:
        free_mib = shutil.disk_usage(self._directory).free // 2**20
        return Finding(
            subject="disk",
            is_well=free_mib >= LEAST_FREE_MIB,
            said=f"{free_mib} MiB free",
            remedy=None if free_mib >= LEAST_FREE_MIB else "make room, or move the server",
        )

    def _trust(self, line: str) -> None:
        path = self._hosts.known_hosts
        known = path.read_text().splitlines() if path.exists() else []
        if line.strip() not in known:
            path.touch(0o600)
            path.write_text("\n".join([*known, line.strip()]) + "\n")


def _now() -> datetime:
    return datetime.now(UTC)
