"""A control plane in the test's own process, and what tests ask of it. For tests.

`async with control_rig.open_rig(folder) as rig`; on leaving, whatever the deployments have started
is ended.
"""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from ripieno import settings
from ripieno.bootstrap import running
from ripieno.control.requests import Change, OnFailure, Source
from ripieno.control.service import Control
from ripieno.control.views import (
    ComponentView,
    DeploymentView,
    ReconfigurationKind,
    ReconfigurationView,
)
from ripieno.settings import ServerSettings
from ripieno.store.records import EventRecord
from ripieno.testing.servers import marked_processes, pauses_s

PATIENCE_S = 60.0
CALLER = "tester"

PORTS_EACH = 60
"""Ports of one rig, so that tests that run at the same time do not take each other's."""

_numbers = itertools.count()


def tcp_ports() -> tuple[int, int]:
    """A range of ports that no other rig of this machine is likely to have."""
    number = (os.getpid() * 7 + next(_numbers)) % (10_000 // PORTS_EACH)
    first = settings.TCP_PORTS[0] + number * PORTS_EACH
    return first, first + PORTS_EACH - 1


class Rig:
    """A control plane at work, its folder, and the deployments that were made by it."""

    def __init__(self, control: Control, home: Path) -> None:
        self.control, self.home = control, home
        self._deployments: list[str] = []

    async def begin(
        self,
        document: str,
        *,
        name: str | None = None,
        on_failure: OnFailure | None = None,
        parameters: Mapping[str, object] | None = None,
        configuration: str | None = None,
        directory: Path | None = None,
        caller: str = CALLER,
    ) -> tuple[DeploymentView, ReconfigurationView]:
        """Ask for a deployment."""
        source = Source(
            document=document,
            parameters=parameters or {},
            configuration=configuration,
            directory=str(directory) if directory else None,
        )
        view, record = await self.control.deploy(
            source, name=name, on_failure=on_failure, caller=caller
        )
        self._deployments.append(view.id)
        return view, record

    async def deploy(
        self,
        document: str,
        *,
        name: str | None = None,
        on_failure: OnFailure | None = None,
        parameters: Mapping[str, object] | None = None,
        configuration: str | None = None,
        directory: Path | None = None,
        expected: str = "completed",
    ) -> DeploymentView:
        """Ask for a deployment and wait until it has ended as expected."""
        view, record = await self.begin(
            document,
            name=name,
            on_failure=on_failure,
            parameters=parameters,
            configuration=configuration,
            directory=directory,
        )
        await self.ended(record.id, expected)
        return await self.control.deployment(view.id)

    async def ask(
        self,
        deployment: str,
        kind: str,
        *,
        document: str | None = None,
        components: Sequence[str] = (),
        replicas: Mapping[str, int] | None = None,
        on_failure: OnFailure | None = None,
        queues: bool = False,
        revision: int | None = None,
        parameters: Mapping[str, object] | None = None,
        configuration: str | None = None,
    ) -> ReconfigurationView:
        """Ask for a change."""
        source = None
        if kind == "apply":
            source = Source(
                document=document, parameters=parameters or {}, configuration=configuration
            )
        change = Change(
            kind=ReconfigurationKind(kind),
            source=source,
            components=tuple(components),
            replicas=replicas or {},
            on_failure=on_failure,
            queues=queues,
        )
        return await self.control.change(deployment, change, caller=CALLER, revision=revision)

    async def change(
        self,
        deployment: str,
        kind: str,
        *,
        expected: str = "completed",
        document: str | None = None,
        components: Sequence[str] = (),
        replicas: Mapping[str, int] | None = None,
        on_failure: OnFailure | None = None,
    ) -> DeploymentView:
        """Ask for a change and wait until it has ended as expected."""
        asked = await self.ask(
            deployment,
            kind,
            document=document,
            components=components,
            replicas=replicas,
            on_failure=on_failure,
        )
        await self.ended(asked.id, expected)
        return await self.control.deployment(asked.deployment)

    async def ended(
        self, reconfiguration: str, expected: str | None = "completed"
    ) -> ReconfigurationView:
        """A reconfiguration once it is over, as expected (None: in whatever way)."""
        pauses = pauses_s()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                record = await self.control.reconfiguration(reconfiguration)
                if record.state.is_over:
                    break
                await asyncio.sleep(next(pauses))
        assert expected in (None, record.state), f"{record.state}: {record.reason}"
        return record

    async def until(
        self, deployment: str, claim: Callable[[DeploymentView], bool]
    ) -> DeploymentView:
        """The deployment, once the claim holds of it."""
        seen = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    seen = await self.control.deployment(deployment)
                    if claim(seen):
                        return seen
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"it never came to hold; last seen: {seen}") from None

    async def until_running(self, deployment: str, count: int) -> dict[str, int]:
        """The processes that really run, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = running_pids(deployment)
                if len(found) == count:
                    return found
                await asyncio.sleep(0.02)

    async def until_told(
        self, deployment: str, kind: str, *, component: str | None = None, count: int = 1
    ) -> list[EventRecord]:
        """The events of a kind, once there are so many."""
        pauses = pauses_s()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.events(deployment, kind, component=component)
                if len(found) >= count:
                    return found
                await asyncio.sleep(next(pauses))

    async def events(
        self, deployment: str, kind: str | None = None, *, component: str | None = None
    ) -> list[EventRecord]:
        """All events of a deployment so far; they are dense, or this fails."""
        found: list[EventRecord] = []
        while True:
            page = await self.control.events(
                deployment=deployment,
                after=found[-1].id if found else 0,
                limit=1000,
                component=None,
                kind=None,
            )
            if not page:
                break
            found.extend(page)
        assert [each.seq for each in found] == list(range(1, len(found) + 1))
        return [
            each
            for each in found
            if kind in (None, each.kind) and component in (None, each.component)
        ]

    async def settled(self, deployment: str, state: str = "running") -> DeploymentView:
        """The deployment once nothing is under way and it is in that state."""
        return await self.until(
            deployment, lambda view: view.state == state and view.reconfiguration is None
        )

    def end_strays(self) -> dict[str, list[int]]:
        """Kill whatever still runs of the deployments made here; what that was."""
        found: dict[str, list[int]] = {}
        for each in self._deployments:
            for name, pids in marked_processes(each).items():
                found[name] = pids
                for pid in pids:
                    kill(pid)
        return found


@contextlib.asynccontextmanager
async def open_rig(
    home: Path,
    *,
    actions: Sequence[str] = (),
    database_url: str | None = None,
    ports: tuple[int, int] | None = None,
) -> AsyncIterator[Rig]:
    """A control plane on a folder; ends what was started when the block is left."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240  # a test's own folder
    chosen = ServerSettings(
        home=home,
        database_url=database_url or settings.database_url(home),
        actions=tuple(actions),
        tcp_ports=ports or tcp_ports(),
    )
    rig: Rig | None = None
    try:
        async with running(chosen) as control:
            rig = Rig(control, home)
            yield rig
    finally:
        if rig is not None:
            rig.end_strays()


def component(view: DeploymentView, name: str) -> ComponentView:
    """One component of a deployment."""
    return next(each for each in view.components if each.name == name)


def pids(view: DeploymentView) -> dict[str, int]:
    """The processes that a deployment says it has, by component and slot."""
    return {
        f"{each.name}/{replica.index}": replica.pid
        for each in view.components
        for replica in each.replicas
        if replica.pid is not None
    }


def running_pids(deployment: str) -> dict[str, int]:
    """The processes that really run for a deployment; two under one name are an error."""
    found = {}
    for name, numbers in marked_processes(deployment).items():
        assert len(numbers) == 1, f"{name} runs as {numbers}"
        found[name.partition("/")[2]] = numbers[0]
    return found


def kill(pid: int) -> None:
    """End a process at once, if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
