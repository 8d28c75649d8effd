"""The machine that the server itself runs on, as a host.

Native Python and the event loop: the ends of processes are heard of through pidfds, so that any
number of running ones costs nothing. What is started here goes on when the server ends, and the
next server finds it. Must not know of deployments or runtimes.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from weakref import WeakValueDictionary

from ripieno.runtimes import (
    errors,
    keeper,
    local_facts,
    local_files,
    local_folder,
    local_process,
    local_run,
    local_start,
    logs,
    outbox,
    proc,
    usage,
)
from ripieno.runtimes.errors import PortClosed
from ripieno.runtimes.host import (
    LOG_LIMIT_BYTES,
    ByteReader,
    ByteWriter,
    Command,
    Completed,
    HostFacts,
    LinkState,
    Process,
    ProcessStatus,
    Stream,
    Transfer,
    Usage,
)
from ripieno.runtimes.keeper import Run
from ripieno.runtimes.local_folder import Folder

SWEEP_S = 5.0
"""How often the logs of running processes are looked at, unless told otherwise."""

FAST_SWEEP_S = 0.5
"""How soon they are looked at again while one of them grows fast."""


class LocalHost:
    """This machine; `directory` is made if it is missing."""

    def __init__(
        self,
        directory: str | Path,
        *,
        name: str = "local",
        hostname: str = "127.0.0.1",
        sweep_s: float = SWEEP_S,
    ) -> None:
        self._name, self._hostname, self._sweep_s = name, hostname, sweep_s
        self._directory = os.path.abspath(directory)
        self._ends = proc.EndWatcher()
        self._outbox = outbox.Outbox(self.transfer)
        self._target_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._watched: dict[str, logs.Watched] = {}
        self._sweeper = logs.Sweeper()
        self._sweeping: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def name(self) -> str:
        """The name it is registered under."""
        return self._name

    @property
    def hostname(self) -> str:
        """How other machines reach it."""
        return self._hostname

    @property
    def directory(self) -> str:
        """The folder that holds all it has, absolute."""
        return self._directory

    @property
    def link(self) -> LinkState:
        """Always up."""
        return LinkState.UP

    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Accept the callback, which is never called."""
        return lambda: None

    async def check(self) -> HostFacts:
        """Whether the directory can be used, and what this machine is."""
        return await asyncio.to_thread(local_facts.facts, self._directory, self._name)

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: bytes = b"",
        timeout_s: float = 30.0,
    ) -> Completed:
        """Run a command to its end; see `Host.run`."""
        variables = keeper.environment(os.environ, env or {})
        keeper.check_data(argv, variables, self._name)
        with self._translated(f"{argv[0]} cannot be run"):
            local_folder.make_directory(self._directory)
            folder = local_start.working_folder(
                cwd, self._directory, self._name, default=self._directory
            )
            local_start.program(argv[0], variables["PATH"], folder, self._name)
            return await local_run.run(
                argv,
                env=variables,
                cwd=folder,
                stdin=stdin,
                timeout_s=timeout_s,
                ends=self._ends,
                host=self._name,
            )

    async def start(
        self, name: str, key: str, command: Command, *, log_limit_bytes: int = LOG_LIMIT_BYTES
    ) -> Process:
        """Start a process that outlives the server; see `Host.start`."""
        with self._translated(f"{name} cannot be started"):
            run = await local_start.start(
                self._folder(name),
                key,
                command,
                log_limit_bytes=log_limit_bytes,
                ends=self._ends,
                host=self._name,
            )
        self._watch_logs(run)
        return run.process

    async def find(self, name: str) -> Process | None:
        """The last process under the name, one included whose start is under way."""
        folder = self._folder(name)
        with self._translated(f"{name} cannot be looked for"):
            try:
                async with folder.locked(create=False):
                    runs = folder.runs()
            except FileNotFoundError:
                return None
        if not runs:
            return None
        self._watch_logs(runs[-1])
        return runs[-1].process

    async def status(self, process: Process) -> ProcessStatus:
        """What became of the process."""
        with self._translated(f"{process.name} cannot be looked at"):
            return await local_process.status(self._folder(process.name), process, self._ends)

    async def wait(self, process: Process) -> ProcessStatus:
        """What became of the process, when it has ended."""
        folder = self._folder(process.name)
        with self._translated(f"{process.name} cannot be watched"):
            run = folder.run_of(process)
            if run is not None:
                self._watch_logs(run)
            return await local_process.wait(folder, process, self._ends)

    async def stop(
        self, process: Process, *, signal: str = "TERM", grace_s: float = 10.0
    ) -> ProcessStatus:
        """Signal the group, wait, kill what is left; see `Host.stop`."""
        folder = self._folder(process.name)
        number = local_process.signal_number(signal, self._name)
        with self._translated(f"{process.name} cannot be stopped"):
            await local_process.stop(
                folder,
                process,
                number=number,
                grace_s=grace_s,
                ends=self._ends,
                host=self._name,
            )
            return await local_process.status(folder, process, self._ends)

    async def forget(self, name: str) -> None:
        """Kill what still runs under the name, and remove its folder."""
        folder = self._folder(name)
        self._watched.pop(name, None)
        with self._translated(f"{name} cannot be removed"):
            if not folder.exists():
                return
            async with folder.locked():
                for run in folder.runs():
                    await self.stop(run.process, signal="KILL")
                await asyncio.to_thread(folder.remove)
        self._sweeper.forget(folder.path)

    def queue(self, transfer: Transfer) -> None:
        """Remember a file for the next flush."""
        self._outbox.queue(transfer)

    async def flush(self) -> int:
        """Send all that is queued; how many files were really sent."""
        return await self._outbox.flush()

    async def transfer(self, transfers: Sequence[Transfer]) -> int:
        """Send files now; how many were really sent."""
        count = 0
        for each in transfers:
            lock = self._target_locks.setdefault(each.target, asyncio.Lock())
            async with lock:
                count += await asyncio.to_thread(local_files.put, self._directory, each, self._name)
        return count

    async def log(
        self, name: str, stream: Stream, *, offset: int = 0, follow: bool = False
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """Pieces of a log; see `Host.log`."""
        pieces = logs.pieces(self._folder(name).path, stream, offset, follow=follow)
        with self._translated(f"the log of {name} cannot be read"):
            async with contextlib.aclosing(pieces):
                async for at, data in pieces:
                    yield at, data

    async def log_size(self, name: str, stream: Stream) -> int:
        """The offset after the last byte; 0 if there is no log."""
        with self._translated(f"the log of {name} cannot be read"):
            return logs.size(self._folder(name).path, stream)

    async def log_offset_at(self, name: str, stream: Stream, since: datetime) -> int:
        """An offset at or shortly before which the log stood at that time."""
        with self._translated(f"the log of {name} cannot be read"):
            index = logs.read_index(self._folder(name).path, stream)
        return logs.offset_at(index, since.timestamp())

    async def connect(self, port: int) -> tuple[ByteReader, ByteWriter]:
        """A connection to a port on 127.0.0.1."""
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError as problem:
            raise PortClosed(
                f"nothing answers on port {port}: {problem.strerror or problem}",
                host=self._name,
                remedy="see whether the process listens there, and its log",
            ) from problem

    async def ports_in_use(self) -> frozenset[int]:
        """The TCP ports that something listens on."""
        with self._translated("the ports in use cannot be read"):
            return local_facts.listening_ports(local_facts.socket_table())

    async def usage(self, groups: Collection[int]) -> Mapping[int, Usage]:
        """What these process groups use."""
        with self._translated("what processes use cannot be read"):
            return await asyncio.to_thread(usage.of_groups, groups)

    async def close(self) -> None:
        """Let go of everything here; what was started goes on."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self._outbox.close()
        self._ends.close()

    def _folder(self, name: str) -> Folder:
        return Folder(self._directory, keeper.check_name(name, self._name))

    def _watch_logs(self, run: Run) -> None:
        name = run.process.name
        self._watched[name] = logs.Watched(
            folder=f"{self._directory}/{name}", limit_bytes=run.log_limit_bytes
        )
        if self._sweeping is None and not self._is_closed:
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        while True:
            is_fast = await asyncio.to_thread(
                self._sweeper.sweep, tuple(self._watched.values()), time.time()
            )
            await asyncio.sleep(min(FAST_SWEEP_S, self._sweep_s) if is_fast else self._sweep_s)

    def _translated(self, attempt: str) -> contextlib.AbstractContextManager[None]:
        return errors.translated(attempt, host=self._name)
