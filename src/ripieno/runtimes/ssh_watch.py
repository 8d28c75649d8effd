"""Hearing of the ends of processes on a host over one session, whatever number is waited for.

Used by the SSH host. Keepers add a line to a file when their command ends, and a `tail` there
sends it at once. What `tail` cannot see (a keeper that was killed, a line while the link was down)
is found by asking for all that are waited for: when the link is back, and every few seconds.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import asyncssh

from ripieno.runtimes import keeper, ssh_process_scripts, ssh_scripts
from ripieno.runtimes.errors import PermanentFailure, RuntimeDriverError, TemporaryFailure
from ripieno.runtimes.host import Condition, Process, ProcessStatus
from ripieno.runtimes.ssh_session import Sessions
from ripieno.runtimes.ssh_shell import ShellEnded

ASK_S = 5.0
"""How often all are asked for."""

REST_S = 2.0
"""How long to rest when watching fails though the link is there; asking goes on."""

GATHER_S = 0.01
"""How long to wait for others before asking for one."""


class EndWatch:
    """All who wait for ends on one host."""

    def __init__(
        self,
        sessions: Sessions,
        directory: str,
        look: Callable[[Sequence[Process]], Awaitable[list[ProcessStatus]]],
        *,
        ask_s: float = ASK_S,
    ) -> None:
        self._sessions, self._look, self._ask_s = sessions, look, ask_s
        self._ends = f"{directory}/{ssh_process_scripts.ENDS_NAME}"
        self._waited: dict[Process, asyncio.Future[ProcessStatus]] = {}
        self._counts: dict[Process, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_to_ask = asyncio.Event()

    async def wait(self, process: Process) -> ProcessStatus:
        """What became of a process, when it has ended; waits through lost links.

        Raises: PermanentFailure.
        """
        if process not in self._waited:
            self._waited[process] = asyncio.get_running_loop().create_future()
            self._counts[process] = 0
        self._counts[process] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        self._is_to_ask.set()
        future = self._waited[process]
        try:
            return await asyncio.shield(future)
        finally:
            if self._waited.get(process) is future:
                self._counts[process] -= 1
                if not self._counts[process]:
                    del self._waited[process], self._counts[process]

    async def _watch(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self._ask())
        except* PermanentFailure as refusals:
            for process in list(self._waited):
                self._fail(process, refusals.exceptions[0])

    def _fail(self, process: Process, problem: BaseException) -> None:
        future = self._waited.pop(process)
        del self._counts[process]
        if not future.done():
            if isinstance(problem, RuntimeDriverError):
                problem = problem.again()
            future.set_exception(problem)
            future.exception()

    def _resolve(self, process: Process, status: ProcessStatus) -> None:
        future = self._waited.pop(process, None)
        self._counts.pop(process, None)
        if future is not None and not future.done():
            future.set_result(status)

    async def _ask(self) -> None:
        """Ask for all that are waited for, when there is cause to and every few seconds."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ask_s if self._waited else None):
                    await self._is_to_ask.wait()
            await asyncio.sleep(GATHER_S)
            self._is_to_ask.clear()
            waited = list(self._waited)
            if not waited:
                continue
            try:
                statuses = await self._look(waited)
            except TemporaryFailure:
                self._is_to_ask.set()
                await asyncio.sleep(REST_S)
                continue
            for process, status in zip(waited, statuses, strict=True):
                if status.condition is not Condition.RUNNING:
                    self._resolve(process, status)

    async def _listen(self) -> None:
        """Hear of ends from `tail`, for ever; after a break everything is asked for."""
        while True:
            try:
                await self._sessions.do("ends cannot be watched", self._tail)
            except TemporaryFailure:
                continue

    async def _tail(self, connection: asyncssh.SSHClientConnection) -> None:
        program = ssh_scripts.program(
            ssh_process_scripts.WATCH, self._ends, str(ssh_process_scripts.MOST_ENDS_BYTES)
        )
        shell = await self._sessions.open(connection)
        try:
            async for line in shell.stream(program):
                self._hear(line)
        except ShellEnded:
            if not connection.is_closed():
                await asyncio.sleep(REST_S)
            raise
        finally:
            shell.close()

    def _hear(self, line: str) -> None:
        words = line.split()
        if len(words) != 3:
            self._is_to_ask.set()  # It is listening now: what ended before is to be asked for.
            return
        code, key, name = words
        for process in list(self._waited):
            if process.name == name and keeper.quoted_key(process.key, "") == key:
                self._resolve(
                    process, ProcessStatus(condition=Condition.EXITED, exit_code=int(code))
                )

    async def close(self) -> None:
        """Stop watching; whoever still waits gets a TemporaryFailure."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for process in list(self._waited):
            self._fail(process, TemporaryFailure("the host was closed"))
