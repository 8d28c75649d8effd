"""Deployments and reconfigurations under a server that is killed again and again. For tests.

One `Chaos` draws applications and changes from a seed, asks a real server for them, kills it with
SIGKILL at random moments, from right after its start on and in the middle of requests, and checks
what must hold afterwards: no process doubled, none orphaned, none lost, every reconfiguration
ended as it should, the events complete, in order and telling the story.
"""

import asyncio
import contextlib
import os
import random
import signal
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ripieno.client.client import Client
from ripieno.client.errors import ClientError, Refused, ServerUnreachable
from ripieno.testing import chaos_applications
from ripieno.testing.chaos_applications import Drawn
from ripieno.testing.chaos_checks import OVER, Broken, check_events, check_processes, check_versions
from ripieno.testing.chaos_tally import Tally
from ripieno.testing.servers import ServerProcess, marked_processes
from ripieno.wire.deployment import Component, Deployment, DeployRequest
from ripieno.wire.reconfiguration import (
    ChangeKind,
    ChangeRequest,
    Reconfiguration,
    ReconfigurationState,
    Span,
)

END_S = 60.0
"""How long anything may take to end, kills aside."""

LONGEST_LIFE_S = 0.6
"""How long the server lives at most between two kills, once it answers."""

LONGEST_START_S = 2.0
"""How long it lives at most where it is killed while it starts."""

T = TypeVar("T")


class Chaos:
    """One random run, given by its seed as far as the machine allows."""

    def __init__(
        self,
        seed: int,
        *,
        directory: Path | None = None,
        database_url: str | None = None,
        disturb: Callable[[random.Random], None] | None = None,
        kills_services: bool = True,
    ) -> None:
        """`disturb` is called now and then, to break something else too."""
        self._random = random.Random(seed)
        self._home = directory or Path(tempfile.mkdtemp(prefix="ripieno-chaos-"))
        self._server = ServerProcess(self._home, database_url=database_url)
        self._disturb = disturb
        self._kills_services = kills_services
        self._name = f"chaos-{seed}"
        self._id = ""
        self._drawn = self._on_its_way = self._replaced = Drawn(document="")
        self._client: Client | None = None
        self._kills_left = 0
        self._spares_services = False
        self.tally = Tally()

    async def run(self, *, rounds: int, kills: int) -> None:
        """Deploy, change `rounds` times with up to `kills` kills in each, remove.

        Raises: `Broken` that says what does not hold.
        """
        try:
            self._server.start()
            self._client = await self._server.ready()
            self._kills_left = self._random.randint(0, kills)
            await self._deploy()
            for _ in range(rounds):
                self._kills_left = self._random.randint(0, kills)
                await self._round()
                await self._check()
            self._kills_left = self._random.randint(0, kills)
            await self._see_through(
                await self._ask(ChangeRequest(kind=ChangeKind.REMOVE)), "completed"
            )
            if left := marked_processes(self._id):
                raise Broken(f"after the removal of {self._id} these run on: {left}")
            await check_events(self._server_client, self._id)
        except Broken as problem:
            raise Broken(f"{problem} (in {self._home})") from problem
        finally:
            if self._client is not None:
                await self._client.close()
            self._server.kill()
            self._end_strays()

    @property
    def _server_client(self) -> Client:
        assert self._client is not None
        return self._client

    async def _deploy(self) -> None:
        drawn = self._drawn = self._on_its_way = self._replaced = chaos_applications.draw(
            self._random, self._name
        )
        request = DeployRequest(document=drawn.document, name=self._name)
        while True:
            with contextlib.suppress(ClientError):
                await self._among_kills(lambda: self._server_client.deploy(request))
            # The answer may be lost where the deployment is not.
            page = await self._patiently(lambda: self._server_client.deployments())
            for each in page.items:
                if each.name == self._name:
                    self._id = each.id
                    newest = await self._newest()
                    if newest is None:
                        raise Broken(f"{each.id} is there, and nothing that brings it up")
                    await self._see_through(newest, "completed")
                    await self._check()
                    return

    async def _round(self) -> None:
        """One change, and what else people do meanwhile."""
        draw = self._random
        match draw.choice(("apply",) * 4 + ("fail",) * 2 + ("scale", "restart", "stop", "cancel")):
            case "apply":
                await self._apply(pauses=draw.random() < 0.25)
            case "fail":
                await self._fail()
            case "scale":
                await self._scale()
            case "restart":
                chosen = self._some_services()
                asked = await self._ask(ChangeRequest(kind=ChangeKind.RESTART, components=chosen))
                await self._see_through(asked, "completed")
            case "stop":
                chosen = self._some_services()
                # One that is killed now would have to wait for what it uses until that is started.
                self._spares_services = True
                asked = await self._ask(ChangeRequest(kind=ChangeKind.STOP, components=chosen))
                await self._see_through(asked, "completed")
                await self._check(is_all_up=False)
                self._spares_services = False
                await self._see_through(
                    await self._ask(ChangeRequest(kind=ChangeKind.START)), "completed"
                )
            case _:
                await self._cancel()

    async def _apply(self, *, pauses: bool = False) -> None:
        drawn = self._on_its_way = chaos_applications.draw(self._random, self._name)
        asked = await self._ask(ChangeRequest(kind=ChangeKind.APPLY, document=drawn.document))
        self._replaced, self._drawn = self._drawn, drawn
        if pauses:
            await self._steer(lambda: self._server_client.pause(asked))
            await self._kill_some()
            await asyncio.sleep(self._random.uniform(0, 0.3))
            await self._steer(lambda: self._server_client.resume(asked))
            # The server may have been killed before it heard of that.
            seen = await self._patiently(lambda: self._server_client.reconfiguration(asked))
            if seen.state is ReconfigurationState.PAUSED:
                await self._patiently(lambda: self._server_client.resume(asked))
        await self._see_through(asked, "completed")
        self._replaced = drawn

    async def _fail(self) -> None:
        """An application that cannot come up: what ran before has to run again afterwards."""
        drawn = self._on_its_way = chaos_applications.draw(self._random, self._name, fails=True)
        asked = await self._ask(ChangeRequest(kind=ChangeKind.APPLY, document=drawn.document))
        record = await self._see_through(asked, "failed")
        if record.rollback is None:
            raise Broken(f"{record.id} failed and was not rolled back: {record.reason}")
        await self._see_through(record.rollback, "completed")

    async def _scale(self) -> None:
        if not self._drawn.services:
            return
        name = self._random.choice(sorted(self._drawn.services))
        count = self._random.randint(1, 4)
        asked = await self._ask(ChangeRequest(kind=ChangeKind.SCALE, replicas={name: count}))
        await self._see_through(asked, "completed")
        self._drawn = self._drawn.scaled(name, count)

    async def _cancel(self) -> None:
        """A change that is cancelled ends somewhere legal, from where another one goes on."""
        fails = self._random.random() < 0.3
        drawn = self._on_its_way = chaos_applications.draw(self._random, self._name, fails=fails)
        asked = await self._ask(ChangeRequest(kind=ChangeKind.APPLY, document=drawn.document))
        if self._random.random() < 0.3:
            await self._steer(lambda: self._server_client.pause(asked))
        await asyncio.sleep(self._random.uniform(0, 0.4))
        await self._steer(lambda: self._server_client.cancel(asked))
        record = await self._see_through(asked, None)
        if record.rollback is not None:
            await self._see_through(record.rollback, "completed")
        await self._at_rest()
        check_processes(await self._server_client.deployment(self._id), is_cancelled=True)
        self._kills_left = max(self._kills_left, 1)
        # What is there now is of neither application: a name may still be that of a job.
        self._spares_services = True
        await self._apply()
        self._spares_services = False

    def _some_services(self) -> list[str]:
        names = sorted(self._drawn.services)
        return self._random.sample(names, self._random.randint(0, len(names)))

    async def _ask(self, request: ChangeRequest) -> str:
        """Ask for a change; where the answer is lost, see whether it was taken. Its id."""
        before = await self._newest()
        while True:
            try:
                asked = await self._among_kills(
                    lambda: self._server_client.change(self._id, request)
                )
            except Refused as problem:
                raise Broken(f"{request.kind} was refused: {problem}") from problem
            except ServerUnreachable:
                pass
            else:
                if asked is not None:
                    return asked.id
            newest = await self._newest()
            if newest is not None and newest != before:
                return newest

    async def _newest(self) -> str | None:
        """The reconfiguration that was asked for last."""
        page = await self._patiently(
            lambda: self._server_client.reconfigurations(self._id, limit=1)
        )
        return page.items[0].id if page.items else None

    async def _steer(self, verb: Callable[[], Awaitable[object]]) -> None:
        """Pause, resume or cancel, unless it is too late for it."""
        with contextlib.suppress(ClientError):
            await self._among_kills(verb)

    async def _among_kills(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do something, killing the server in the middle of it now and then; then it is None."""
        if self._kills_left and self._random.random() < 0.3:
            task = asyncio.ensure_future(work())
            await asyncio.sleep(self._random.choice((0, 0.005, 0.02, 0.05)))
            if not task.done():
                await self._kill()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return None
            return await task
        return await work()

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        async with asyncio.timeout(END_S):
            return await work()

    async def _see_through(self, reconfiguration: str, expected: str | None) -> Reconfiguration:
        """Kill some more, then wait until the reconfiguration has ended as it should."""
        await self._kill_some()
        record = await self._ended(reconfiguration)
        self.tally.note(record)
        if expected not in (None, str(record.state)):
            raise Broken(
                f"reconfiguration {record.id} ({record.kind}) is {record.state} and should be "
                f"{expected}: {record.reason}"
            )
        if _open_spans(record):
            # A service that was killed in the last moment is being started again.
            await self._at_rest()
            record = await self._ended(reconfiguration)
        if open_ones := _open_spans(record):
            raise Broken(f"{record.id} is over, and these were never ended: {open_ones}")
        return record

    async def _kill_some(self) -> None:
        for _ in range(self._random.randint(0, self._kills_left)):
            await asyncio.sleep(self._random.choice((0, self._random.uniform(0, LONGEST_LIFE_S))))
            await self._kill()

    async def _kill(self) -> None:
        """Kill the server, perhaps once more while it starts, and have a client of the next."""
        self._kills_left -= 1
        if self._kills_services and self._random.random() < 0.3:
            self._kill_a_service()
        if self._disturb is not None:
            self._disturb(self._random)
        self._server.kill()
        self.tally.kills += 1
        if self._client is not None:
            await self._client.close()
            self._client = None
        if self._kills_services and self._random.random() < 0.2:
            self._kill_a_service()
        while self._random.random() < 0.25:
            self._server.start()
            # Early mostly: a server that is forked is there in a tenth of the time.
            await asyncio.sleep(LONGEST_START_S * self._random.random() ** 3)
            self._server.kill()
            self.tally.kills += 1
        self._server.start()
        self._client = await self._server.ready()

    def _kill_a_service(self) -> None:
        if self._spares_services:
            return
        applications = (self._replaced, self._drawn, self._on_its_way)
        lasting = set.intersection(*(set(each.services) for each in applications))
        found = [
            pid
            for name, pids in sorted(marked_processes(self._id).items())
            # Jobs and commands are not started again; what they are doing has failed then.
            if name.split("/")[1] in lasting
            for pid in pids
        ]
        if found and self._id:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(found), signal.SIGKILL)
            self.tally.kills_of_services += 1

    async def _ended(self, reconfiguration: str) -> Reconfiguration:
        record = None
        try:
            async with asyncio.timeout(END_S):
                while True:
                    record = await self._server_client.reconfiguration(reconfiguration)
                    if record.state in OVER:
                        return record
                    await asyncio.sleep(0.02)
        except TimeoutError:
            seen = await self._server_client.deployment(self._id)
            raise Broken(f"{record} does not end; {seen}") from None

    async def _at_rest(self) -> Deployment:
        """The deployment once nothing is under way and nothing waits to be started again."""
        seen = None
        try:
            async with asyncio.timeout(END_S):
                while True:
                    seen = await self._server_client.deployment(self._id)
                    if seen.reconfiguration is None and not any(map(_is_moving, seen.components)):
                        return seen
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise Broken(f"it does not come to rest: {seen}") from None

    async def _check(self, *, is_all_up: bool = True) -> None:
        """What must hold after a change that was completed, or undone."""
        give_up_at = asyncio.get_running_loop().time() + END_S
        while True:
            seen = await self._at_rest()
            try:
                if seen.state not in (("running",) if is_all_up else ("running", "stopped")):
                    raise Broken(f"{self._id} is {seen.state}: {seen.reason}; {seen}")
                check_processes(seen)
                check_versions(seen, self._drawn.services)
            except Broken:
                # A service that was killed may not have been missed yet.
                if asyncio.get_running_loop().time() > give_up_at - END_S + 5.0:
                    raise
                await asyncio.sleep(0.1)
            else:
                break
        await check_events(self._server_client, self._id)

    def _end_strays(self) -> None:
        for pids in marked_processes(self._id).values() if self._id else ():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _is_moving(component: Component) -> bool:
    return component.status == "busy" or component.restart_at is not None


def _open_spans(record: Reconfiguration) -> list[Span]:
    return [each for each in record.timeline if each.state not in ("done", "failed")]
