"""A host in memory, for tests of what is built over hosts; it keeps the contract of the real ones.

Two hosts over one `FakeMachine` are two servers that reach the same machine.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime

from ripieno.runtimes import keeper, local_files, outbox
from ripieno.runtimes.errors import (
    CommandNotFound,
    FileMissing,
    HostUnreachable,
    PermanentFailure,
    PortClosed,
    TooSlow,
)
from ripieno.runtimes.fake_machine import (
    SIGNALS,
    FakeFile,
    FakeLog,
    FakeMachine,
    FakeRecord,
    FakeRun,
    Program,
)
from ripieno.runtimes.host import (
    LOG_LIMIT_BYTES,
    ByteReader,
    ByteWriter,
    Command,
    Completed,
    Condition,
    HostFacts,
    LinkState,
    Process,
    ProcessStatus,
    Stream,
    Transfer,
    Usage,
)

__all__ = ["FakeHost", "FakeMachine", "FakeRun", "Program"]

_BASE = {"PATH": keeper.DEFAULT_PATH, "HOME": "/home/fake", "USER": "fake"}


class FakeHost:
    """A way to a machine in memory; `cut` and `mend` do to the link what networks do."""

    def __init__(
        self,
        machine: FakeMachine | None = None,
        *,
        name: str = "fake",
        hostname: str = "127.0.0.1",
        directory: str = "/fake",
    ) -> None:
        self.machine = FakeMachine() if machine is None else machine
        self._name, self._hostname, self._directory = name, hostname, directory
        self._outbox = outbox.Outbox(self.transfer)
        self._link = LinkState.UP
        self._callbacks: list[Callable[[LinkState], None]] = []

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
        """The folder there that holds all it has, absolute."""
        return self._directory

    @property
    def link(self) -> LinkState:
        """Whether it can be talked to now."""
        return self._link

    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Call back whenever the link is lost or back; the answer ends the subscription."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def cut(self) -> None:
        """Let every operation fail as if the host could not be reached."""
        self._set_link(LinkState.DOWN)

    def mend(self) -> None:
        """End the cut."""
        self._set_link(LinkState.UP)

    def _set_link(self, link: LinkState) -> None:
        if link is not self._link:
            self._link = link
            for callback in tuple(self._callbacks):
                callback(link)

    def _reach(self) -> FakeMachine:
        if self._link is LinkState.DOWN:
            raise HostUnreachable("the link is cut", host=self._name, remedy="mend it")
        return self.machine

    async def check(self) -> HostFacts:
        """Whether it can be used, and what it is."""
        self._reach()
        return HostFacts(
            os="Fake",
            kernel="0",
            architecture="none",
            user="fake",
            cpus=1,
            memory_mib=1024,
            disk_free_mib=1024,
        )

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
        machine = self._reach()
        keeper.check_data(argv, env or {}, self._name)
        written: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        run = FakeRun(
            machine,
            argv=tuple(argv),
            env=keeper.environment(_BASE, env or {}),
            cwd=self._cwd(cwd, self._directory),
            write=lambda stream, data: written[stream].extend(data),
            stdin=stdin,
        )
        run.begin(self._program(argv[0]))
        try:
            async with asyncio.timeout(timeout_s):
                await run.gone()
        except TimeoutError as late:
            raise TooSlow(
                f"{argv[0]} did not end within {timeout_s:g} s and was killed", host=self._name
            ) from late
        finally:
            for member in machine.group(run.group):
                member.signal("KILL")
            await run.gone()
        return Completed(
            exit_code=run.ended.result(),
            stdout=bytes(written["stdout"]),
            stderr=bytes(written["stderr"]),
        )

    async def start(
        self, name: str, key: str, command: Command, *, log_limit_bytes: int = LOG_LIMIT_BYTES
    ) -> Process:
        """Start a process; see `Host.start`."""
        machine = self._reach()
        keeper.check_name(name, self._name)
        written_key = keeper.quoted_key(key, self._name)
        records = machine.records.setdefault(name, {})
        if key in records:
            return records[key].process
        keeper.check_data(command.argv, command.env, self._name)
        cwd = self._cwd(command.cwd, f"{self._directory}/{name}/{keeper.CWD}")
        program = self._program(command.argv[0])
        logs = {each: machine.logs.setdefault((name, each), FakeLog()) for each in keeper.STREAMS}
        for log in logs.values():
            log.samples.append((time.time(), log.size))

        def write(stream: Stream, data: bytes) -> None:
            log = logs[stream]
            log.samples.append((time.time(), log.size))
            log.kept += data
            excess = len(log.kept) - log_limit_bytes
            if excess > 0:
                log.dropped += excess
                del log.kept[:excess]

        marked = {**command.env, keeper.MARK: keeper.mark(name, written_key)}
        run = FakeRun(
            machine,
            argv=command.argv,
            env=keeper.environment(_BASE, marked),
            cwd=cwd,
            write=write,
        )
        process = Process(
            name=name,
            key=key,
            pid=run.pid,
            start_time=run.start_time,
            boot_id=machine.boot_id,
            group=run.group,
        )
        records[key] = FakeRecord(process=process, run=run, log_limit_bytes=log_limit_bytes)
        run.begin(program)
        return process

    async def find(self, name: str) -> Process | None:
        """The last process under the name, running or not."""
        records = self._reach().records.get(name)
        return list(records.values())[-1].process if records else None

    async def status(self, process: Process) -> ProcessStatus:
        """What became of it."""
        machine = self._reach()
        record = machine.records.get(process.name, {}).get(process.key)
        if record is None or record.process != process:
            return ProcessStatus(condition=Condition.LOST)
        if not record.run.ended.done():
            return ProcessStatus(condition=Condition.RUNNING)
        if process.pid in machine.lost:
            return ProcessStatus(condition=Condition.LOST)
        return ProcessStatus(condition=Condition.EXITED, exit_code=record.run.ended.result())

    async def wait(self, process: Process) -> ProcessStatus:
        """What became of it, when it has ended."""
        status = await self.status(process)
        if status.condition is Condition.RUNNING:
            await self.machine.records[process.name][process.key].run.gone()
            status = await self.status(process)
        return status

    async def stop(
        self, process: Process, *, signal: str = "TERM", grace_s: float = 10.0
    ) -> ProcessStatus:
        """Signal its group, wait, kill what is left; see `Host.stop`."""
        machine = self._reach()
        signal = signal.upper().removeprefix("SIG")
        if signal not in SIGNALS:
            raise PermanentFailure(f"there is no signal {signal!r}", host=self._name)
        record = machine.records.get(process.name, {}).get(process.key)
        if record is not None and record.process == process:
            for name, patience_s in ((signal, grace_s), ("KILL", None)):
                members = machine.group(process.group)
                for member in members:
                    member.signal(name)
                if members:
                    await asyncio.wait([member.ended for member in members], timeout=patience_s)
        return await self.status(process)

    async def forget(self, name: str) -> None:
        """Kill what still runs under the name, and remove its files and logs."""
        machine = self._reach()
        for record in machine.records.pop(name, {}).values():
            for member in machine.group(record.process.group):
                member.signal("KILL")
                await member.gone()
        for stream in keeper.STREAMS:
            log = machine.logs.pop((name, stream), None)
            if log is not None:
                log.is_removed = True
        prefix = f"{self._directory}/{name}/{keeper.CWD}/"
        for path in [path for path in machine.files if path.startswith(prefix)]:
            del machine.files[path]

    def queue(self, transfer: Transfer) -> None:
        """Remember a file for the next flush."""
        self._outbox.queue(transfer)

    async def flush(self) -> int:
        """Send all that is queued; how many files were really sent."""
        return await self._outbox.flush()

    async def transfer(self, transfers: Sequence[Transfer]) -> int:
        """Send files now; how many were really sent."""
        machine = self._reach()
        count = 0
        for each in transfers:
            path = f"{self._directory}/{outbox.check_target(each, self._name)}"
            source, _, mode = local_files.open_source(each, self._name)
            with source:
                file = FakeFile(content=source.read(), mode=mode)
            there = machine.files.get(path)
            if there is None or there.content != file.content:
                count += 1
            machine.files[path] = file
        return count

    async def log(
        self, name: str, stream: Stream, *, offset: int = 0, follow: bool = False
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """Pieces of a log; see `Host.log`."""
        log = self._reach().logs.get((name, stream))
        while log is not None:
            offset = max(offset, log.dropped)
            data = bytes(log.kept[offset - log.dropped :])
            if data:
                yield offset, data
                offset += len(data)
            elif not follow or log.is_removed:
                return
            else:
                await asyncio.sleep(0.01)
                self._reach()

    async def log_size(self, name: str, stream: Stream) -> int:
        """The offset after the last byte; 0 if there is no log."""
        log = self._reach().logs.get((name, stream))
        return 0 if log is None else log.size

    async def log_offset_at(self, name: str, stream: Stream, since: datetime) -> int:
        """Where the log stood at that time."""
        log = self._reach().logs.get((name, stream))
        samples = [] if log is None else log.samples
        return max((size for at, size in samples if at <= since.timestamp()), default=0)

    async def connect(self, port: int) -> tuple[ByteReader, ByteWriter]:
        """A connection to a port of the machine: it brings the greeting, and ends."""
        machine = self._reach()
        if port not in machine.listeners:
            raise PortClosed(f"nothing answers on port {port}", host=self._name)
        reader = asyncio.StreamReader()
        reader.feed_data(machine.listeners[port])
        reader.feed_eof()
        return reader, _Sink()

    async def ports_in_use(self) -> frozenset[int]:
        """The ports that something listens on."""
        return frozenset(self._reach().listeners)

    async def usage(self, groups: Collection[int]) -> Mapping[int, Usage]:
        """What these process groups use: a MiB a process, and whatever the test has set."""
        machine = self._reach()
        return {
            group: Usage(
                cpu_s=machine.cpu_s.get(group, 0.0),
                memory_bytes=len(runs) * 2**20,
                processes=len(runs),
            )
            for group in groups
            if (runs := machine.group(group))
        }

    async def close(self) -> None:
        """Let go of the machine; what was started goes on."""
        await self._outbox.close()

    def _cwd(self, cwd: str | None, default: str) -> str:
        if cwd is None:
            return default
        path = cwd if cwd.startswith("/") else f"{self._directory}/{cwd}"
        has_files = any(file.startswith(f"{path}/") for file in self.machine.files)
        if not has_files and path not in self.machine.folders:
            raise FileMissing(f"the working folder {path} does not exist", host=self._name)
        return path

    def _program(self, word: str) -> Program:
        program = self.machine.program(word)
        if program is None:
            raise CommandNotFound(f"there is no command {word}", host=self._name)
        return program


class _Sink:
    """The writing end of a connection to a machine in memory: takes all."""

    def write(self, data: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass

    async def wait_closed(self) -> None:
        pass
