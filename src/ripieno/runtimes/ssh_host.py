"""A machine reached over SSH, as a host.

One connection for everything; the layout and the keeper are those of the local host, run by
scripts there. Must not know of deployments or runtimes.
"""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime

import asyncssh

from ripieno.model.host import HostConfig
from ripieno.runtimes import (
    keeper,
    local_facts,
    local_process,
    outbox,
    ssh_process_scripts,
    ssh_refusals,
    ssh_scripts,
    usage,
)
from ripieno.runtimes.errors import (
    InvalidHost,
    PermissionDenied,
    PortClosed,
    RuntimeDriverError,
    TemporaryFailure,
    TooSlow,
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
from ripieno.runtimes.keeper import Run
from ripieno.runtimes.ssh_files import Sender
from ripieno.runtimes.ssh_link import SshLink
from ripieno.runtimes.ssh_logs import Logs
from ripieno.runtimes.ssh_session import Sessions
from ripieno.runtimes.ssh_shell import Answer
from ripieno.runtimes.ssh_watch import ASK_S, EndWatch

TEND_S = 5.0
"""How often logs are sampled and shortened, unless told otherwise."""

KILL_S = 10.0
"""How long a killed process may take to be gone."""

_LEFT_OVER_PAUSE_S = 0.2


class SshHost:
    """A machine behind SSH; nothing is connected until something is asked of it."""

    def __init__(self, config: HostConfig, *, tend_s: float = TEND_S, ask_s: float = ASK_S) -> None:
        self._config, self._name, self._directory = config, config.name, config.directory
        self._link = SshLink(config)
        self.sessions = Sessions(config, self._link)
        self._watch = EndWatch(self.sessions, self._directory, self._look, ask_s=ask_s)
        self._logs = Logs(self.sessions, self._directory, tend_s=tend_s)
        self._sender = Sender(self.sessions, self._directory, self._name)
        self._outbox = outbox.Outbox(self.transfer)
        self._is_prepared = False

    @property
    def config(self) -> HostConfig:
        """How it is reached."""
        return self._config

    @property
    def name(self) -> str:
        """The name it is registered under."""
        return self._name

    @property
    def hostname(self) -> str:
        """How other machines reach it."""
        return self._config.address

    @property
    def directory(self) -> str:
        """The folder there that holds all it has, absolute."""
        return self._directory

    @property
    def link(self) -> LinkState:
        """Whether it can be talked to now."""
        return self._link.state

    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Call back whenever the link is lost or back; the answer ends the subscription."""
        return self._link.on_change(callback)

    async def check(self) -> HostFacts:
        """Whether it can be used, and what it is; does not wait for a host that is away."""
        answer = await self.sessions.script(
            "it cannot be used", ssh_scripts.CHECK, self._directory, is_patient=False
        )
        facts = dict(line.partition(" ")[::2] for line in answer.lines)
        missing = facts["missing"].split()
        if needed := [tool for tool in missing if tool not in ssh_scripts.OPTIONAL_TOOLS]:
            raise InvalidHost(
                f"it lacks {', '.join(needed)}",
                host=self._name,
                remedy="install coreutils, util-linux and grep there; it has to be Linux",
            )
        return HostFacts(
            os=facts["os"],
            kernel=facts["kernel"],
            architecture=facts["architecture"],
            user=facts["user"],
            cpus=int(facts["cpus"]),
            memory_mib=int(facts["memory_mib"]),
            disk_free_mib=int(facts["disk_kib"]) // 1024,
            missing_tools=tuple(missing),
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
        keeper.check_data(argv, env or {}, self._name)
        await self._prepare()
        folder = self._folder_of(cwd, self._directory)
        nonce = secrets.token_hex(8)
        program = ssh_scripts.program(
            ssh_scripts.RUN,
            *(f"{timeout_s:g}", folder, str(len(stdin)), self._directory, nonce),
            *argv,
            env=env,
        )
        begun = time.monotonic()
        answer = await self.sessions.once(
            f"{argv[0]} cannot be run", program, stdin=stdin, timeout_s=timeout_s + KILL_S
        )
        refused = answer.stderr.decode(errors="replace").removeprefix(ssh_scripts.REFUSED)
        if answer.exit_code == ssh_scripts.REFUSED_CODE and len(refused) < len(answer.stderr):
            raise ssh_refusals.refusal(
                self._name, argv[0], program=argv[0], cwd=folder, words=refused.split()
            )
        if answer.exit_code == 137 and time.monotonic() - begun >= timeout_s:
            raise TooSlow(
                f"{argv[0]} did not end within {timeout_s:g} s and was killed",
                host=self._name,
                remedy="give it more time, or see why it hangs",
            )
        return Completed(exit_code=answer.exit_code, stdout=answer.stdout, stderr=answer.stderr)

    async def start(
        self, name: str, key: str, command: Command, *, log_limit_bytes: int = LOG_LIMIT_BYTES
    ) -> Process:
        """Start a process that outlives the server and the link; see `Host.start`."""
        keeper.check_name(name, self._name)
        written_key = keeper.quoted_key(key, self._name)
        keeper.check_data(command.argv, command.env, self._name)
        await self._prepare()
        folder = f"{self._directory}/{name}"
        cwd = self._folder_of(command.cwd, f"{folder}/{keeper.CWD}")
        answer = await self.sessions.script(
            f"{name} cannot be started",
            ssh_process_scripts.START,
            *(self._directory, name, written_key, str(log_limit_bytes), cwd),
            f"{self._directory}/{ssh_process_scripts.ENDS_NAME}",
            *(str(math.ceil(time.time())), str(keeper.KEPT_RUNS)),
            f"{self._directory}/{keeper.SCRIPT_NAME}",
            *command.argv,
            env={**command.env, keeper.MARK: keeper.mark(name, written_key)},
        )
        word, _, rest = (answer.lines or [""])[-1].partition(" ")
        run = keeper.read_run(name, key, rest + "\n") if word == "run" else None
        if run is None:
            raise self._start_refusal(name, command, cwd, answer, rest.split())
        self._tend(run)
        return run.process

    async def find(self, name: str) -> Process | None:
        """The last process under the name, one included whose start is under way."""
        keeper.check_name(name, self._name)
        answer = await self.sessions.script(
            f"{name} cannot be looked for", ssh_process_scripts.FIND, f"{self._directory}/{name}"
        )
        runs = []
        for line in answer.lines:
            written_key, _, record = line.partition(" ")
            run = keeper.read_run(name, keeper.plain_key(written_key), record + "\n")
            if run is not None:
                runs.append(run)
        if not runs:
            return None
        last = max(runs, key=lambda run: (run.number, run.process.start_time))
        self._tend(last)
        return last.process

    async def status(self, process: Process) -> ProcessStatus:
        """What became of the process."""
        return (await self._look([process]))[0]

    async def wait(self, process: Process) -> ProcessStatus:
        """What became of the process, when it has ended; waits through lost links."""
        keeper.check_name(process.name, self._name)
        return await self._watch.wait(process)

    async def _look(self, processes: Sequence[Process]) -> list[ProcessStatus]:
        """What became of several processes, asked for by one script."""
        arguments: list[str] = []
        for each in processes:
            arguments += [
                f"{self._directory}/{keeper.check_name(each.name, self._name)}",
                keeper.quoted_key(each.key, self._name),
                *(str(each.pid), str(each.start_time), each.boot_id),
            ]
        answer = await self.sessions.script(
            "processes cannot be looked at", ssh_process_scripts.STATUS, *arguments
        )
        return [_status(line) for line in answer.lines]

    async def stop(
        self, process: Process, *, signal: str = "TERM", grace_s: float = 10.0
    ) -> ProcessStatus:
        """Signal the group, wait, kill what is left; see `Host.stop`."""
        local_process.signal_number(signal, self._name)
        for name, patience_s in ((signal.upper().removeprefix("SIG"), grace_s), ("KILL", KILL_S)):
            is_gone, status = await self._signal(process, name)
            if is_gone:
                return status
            try:
                async with asyncio.timeout(patience_s):
                    return await self._gone(process)
            except TimeoutError:
                continue
        raise TemporaryFailure(
            f"{process.name} (pid {process.pid}) does not end though it was killed",
            host=self._name,
            remedy="see what it waits for (a disk or network file system?)",
        )

    async def _gone(self, process: Process) -> ProcessStatus:
        """What became of a process, when it and its group are gone."""
        await self.wait(process)
        while True:
            is_gone, status = await self._signal(process, "0")
            if is_gone:
                return status
            await asyncio.sleep(_LEFT_OVER_PAUSE_S)

    async def _signal(self, process: Process, signal: str) -> tuple[bool, ProcessStatus]:
        """Send a signal (0: none); whether nothing is left of the group, and the status."""
        written_key = keeper.quoted_key(process.key, self._name)
        answer = await self.sessions.script(
            f"{process.name} cannot be signalled",
            ssh_process_scripts.SIGNAL,
            *(signal, f"{self._directory}/{keeper.check_name(process.name, self._name)}"),
            *(written_key, str(process.pid), str(process.start_time), process.boot_id),
            *(str(process.group), f"{keeper.MARK}={keeper.mark(process.name, written_key)}"),
        )
        state, status = answer.lines
        return state == "gone", _status(status)

    async def forget(self, name: str) -> None:
        """Kill what still runs under the name, and remove its folder."""
        keeper.check_name(name, self._name)
        self._logs.forget(name)
        answer = await self.sessions.script(
            f"{name} cannot be removed",
            ssh_process_scripts.FORGET,
            self._directory,
            name,
            keeper.MARK,
        )
        if answer.lines:
            raise TemporaryFailure(
                f"{name} cannot be removed: {answer.lines[-1]}",
                host=self._name,
                remedy="see what the process waits for (a disk or network file system?)",
            )

    def queue(self, transfer: Transfer) -> None:
        """Remember a file for the next flush."""
        self._outbox.queue(transfer)

    async def flush(self) -> int:
        """Send all that is queued; how many files were really sent."""
        return await self._outbox.flush()

    async def transfer(self, transfers: Sequence[Transfer]) -> int:
        """Send files now; how many were really sent."""
        await self._prepare()
        return await self._sender.send(transfers)

    def log(
        self, name: str, stream: Stream, *, offset: int = 0, follow: bool = False
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """Pieces of a log; see `Host.log`."""
        keeper.check_name(name, self._name)
        return self._logs.pieces(name, stream, offset, follow=follow)

    async def log_size(self, name: str, stream: Stream) -> int:
        """The offset after the last byte; 0 if there is no log."""
        return await self._logs.size(keeper.check_name(name, self._name), stream)

    async def log_offset_at(self, name: str, stream: Stream, since: datetime) -> int:
        """An offset at or shortly before which the log stood at that time."""
        keeper.check_name(name, self._name)
        return await self._logs.offset_at(name, stream, since.timestamp())

    async def connect(self, port: int) -> tuple[ByteReader, ByteWriter]:
        """A connection to a port on 127.0.0.1 there, through the link."""

        async def open_connection(
            connection: asyncssh.SSHClientConnection,
        ) -> tuple[ByteReader, ByteWriter]:
            try:
                return await connection.open_connection("127.0.0.1", port, encoding=None)
            except asyncssh.ChannelOpenError as problem:
                if problem.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
                    raise PermissionDenied(
                        f"its sshd forwards no connection to port {port}",
                        host=self._name,
                        remedy="set AllowTcpForwarding to yes (or local) in its sshd_config",
                    ) from problem
                if connection.is_closed():
                    raise
                raise PortClosed(
                    f"nothing answers on port {port}: {problem.reason}",
                    host=self._name,
                    remedy="see whether the process listens there, and its log",
                ) from problem

        return await self.sessions.do(f"port {port} cannot be reached", open_connection)

    async def ports_in_use(self) -> frozenset[int]:
        """The TCP ports that something listens on there."""
        answer = await self.sessions.script("the ports cannot be read", ssh_scripts.PORTS)
        return local_facts.listening_ports(answer.stdout.decode(errors="replace"))

    async def usage(self, groups: Collection[int]) -> Mapping[int, Usage]:
        """What these process groups use; one command for all of them."""
        answer = await self.sessions.script(
            "what processes use cannot be read", ssh_scripts.USAGE, *map(str, sorted(groups))
        )
        return usage.from_text(answer.stdout.decode(errors="replace"))

    async def close(self) -> None:
        """Let go of the host; what was started there goes on."""
        await self._outbox.close()
        await self._logs.close()
        await self._watch.close()
        await self._link.close()

    async def _prepare(self) -> None:
        """See to it, once, that the directory and the keeper's script are there."""
        if not self._is_prepared:
            await self.sessions.script(
                f"the directory {self._directory} cannot be used",
                ssh_scripts.PREPARE,
                *(self._directory, keeper.SCRIPT_NAME, keeper.SCRIPT),
            )
            self._is_prepared = True

    def _tend(self, run: Run) -> None:
        self._logs.tend(run.process.name, run.log_limit_bytes)

    def _folder_of(self, cwd: str | None, default: str) -> str:
        if cwd is None:
            return default
        return cwd if cwd.startswith("/") else f"{self._directory}/{cwd}"

    def _start_refusal(
        self, name: str, command: Command, cwd: str, answer: Answer, words: Sequence[str]
    ) -> RuntimeDriverError:
        """Why a process was not started, by what the script said."""
        if answer.stderr:
            return self.sessions.failure(f"{name} cannot be started", answer)
        return ssh_refusals.refusal(self._name, name, program=command.argv[0], cwd=cwd, words=words)


def _status(line: str) -> ProcessStatus:
    condition, _, code = line.partition(" ")
    return ProcessStatus(condition=Condition(condition), exit_code=int(code) if code else None)
