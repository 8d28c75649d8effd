"""A machine in memory: files, processes made of coroutines, logs, ports.

Behind `fake_host`; tests look into it and do to it what happens to real machines.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ripieno.runtimes.host import Process, Stream

Program = Callable[["FakeRun"], Awaitable[int]]
"""What a command does, until it returns its exit code."""

SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15}


@dataclass(kw_only=True, slots=True)
class FakeFile:
    """A file's bytes and permissions."""

    content: bytes
    mode: int


@dataclass(kw_only=True, slots=True)
class FakeLog:
    """A log whose first `dropped` bytes are gone."""

    kept: bytearray = field(default_factory=bytearray)
    dropped: int = 0
    samples: list[tuple[float, int]] = field(default_factory=list)
    is_removed: bool = False

    @property
    def size(self) -> int:
        """The offset after the last byte."""
        return self.dropped + len(self.kept)


class FakeRun:
    """A running program: what it was given, and what it can do."""

    def __init__(
        self,
        machine: "FakeMachine",
        *,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        cwd: str,
        write: Callable[[Stream, bytes], None],
        group: int | None = None,
        stdin: bytes = b"",
    ) -> None:
        self.argv, self.env, self.cwd, self.stdin = argv, env, cwd, stdin
        self.write = write
        self.pid = next(machine.pids)
        self.start_time = next(machine.ticks)
        self.group = self.pid if group is None else group
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._machine = machine
        self._ignored: set[str] = set()
        self._killed_by: int | None = None
        self._task: asyncio.Task[int] | None = None

    def begin(self, program: Program) -> None:
        """Let it run."""
        self._machine.runs[self.pid] = self
        self._task = asyncio.create_task(self._go(program))
        self._task.add_done_callback(self._finish)

    async def _go(self, program: Program) -> int:
        return await program(self)

    def _finish(self, task: asyncio.Task[int]) -> None:
        self._machine.runs.pop(self.pid, None)
        if task.cancelled():
            self.ended.set_result(128 + (self._killed_by or SIGNALS["KILL"]))
        else:
            self.ended.set_result(task.result())

    def ignore(self, signal: str) -> None:
        """Not be ended by a signal; KILL cannot be ignored."""
        self._ignored.add(signal)

    def burn(self, cpu_s: float) -> None:
        """Take processor time."""
        before = self._machine.cpu_s.get(self.group, 0.0)
        self._machine.cpu_s[self.group] = before + cpu_s

    def fork(self, program: Program) -> int:
        """Start a child in the same group; its pid."""
        child = FakeRun(
            self._machine,
            argv=self.argv,
            env=self.env,
            cwd=self.cwd,
            write=self.write,
            group=self.group,
        )
        child.begin(program)
        return child.pid

    @contextlib.contextmanager
    def listening(self, port: int, greeting: bytes = b"") -> Iterator[None]:
        """Listen on a port, and greet whoever connects."""
        self._machine.listeners[port] = greeting
        try:
            yield
        finally:
            del self._machine.listeners[port]

    def signal(self, signal: str) -> None:
        """Receive a signal."""
        if self._task is not None and (signal == "KILL" or signal not in self._ignored):
            self._killed_by = SIGNALS[signal]
            self._task.cancel()

    async def gone(self) -> None:
        """Wait until it has ended."""
        await asyncio.shield(self.ended)


@dataclass(frozen=True, kw_only=True, slots=True)
class FakeRecord:
    """What the machine knows of a process that was started to stay."""

    process: Process
    run: FakeRun
    log_limit_bytes: int


class FakeMachine:
    """What is on the machine; several hosts may lead to it, as several servers would.

    `programs` are known by the first word of a command; other commands run until they are stopped
    if `runs_anything`, and do not exist otherwise.
    """

    def __init__(
        self, programs: Mapping[str, Program] | None = None, *, runs_anything: bool = True
    ) -> None:
        self.programs = dict(programs or {})
        self.runs_anything = runs_anything
        self.boot_id = "fake-boot-1"
        self.files: dict[str, FakeFile] = {}
        self.folders: set[str] = set()
        self.records: dict[str, dict[str, FakeRecord]] = {}
        self.logs: dict[tuple[str, str], FakeLog] = {}
        self.listeners: dict[int, bytes] = {}
        self.runs: dict[int, FakeRun] = {}
        self.lost: set[int] = set()
        self.cpu_s: dict[int, float] = {}
        self.pids = itertools.count(1000)
        self.ticks = itertools.count(500_000, 7)
        self.is_reachable = True

    def program(self, word: str) -> Program | None:
        """What a command does."""
        if word in self.programs:
            return self.programs[word]
        return run_until_stopped if self.runs_anything else None

    def group(self, group: int) -> list[FakeRun]:
        """What runs in a process group."""
        return [run for run in self.runs.values() if run.group == group]

    def lose(self, process: Process) -> None:
        """Kill a process so that nobody sees its exit code."""
        self.lost.add(process.pid)
        if process.pid in self.runs:
            self.runs[process.pid].signal("KILL")

    async def reboot(self) -> None:
        """End everything, and begin another boot."""
        running = list(self.runs.values())
        for run in running:
            self.lost.add(run.pid)
            run.signal("KILL")
        for run in running:
            await run.gone()
        self.boot_id = f"fake-boot-{next(self.ticks)}"

    async def close(self) -> None:
        """End everything."""
        await self.reboot()


async def run_until_stopped(run: FakeRun) -> int:
    """What a service does."""
    await asyncio.Event().wait()
    return 0
