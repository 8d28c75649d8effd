"""Sessions on the one connection to a host: scripts, and the file transfer session.

Used by the parts of the SSH host. An operation here is done again over a new connection when its
link broke, so it has to be one that may be done twice.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

import asyncssh

from ripieno.model.host import HostConfig
from ripieno.runtimes import ssh_scripts, ssh_shell
from ripieno.runtimes.errors import (
    DiskFull,
    FileMissing,
    HostUnreachable,
    InvalidHost,
    LinkLost,
    PermanentFailure,
    PermissionDenied,
    RuntimeDriverError,
)
from ripieno.runtimes.ssh_link import SshLink
from ripieno.runtimes.ssh_shell import Answer, Shell, ShellEnded

SESSIONS = 8
"""Scripts at once. sshd's default (MaxSessions) is 10: one is for files, one watches."""

KEPT_IDLE = 2
"""How many shells are kept for the next scripts."""

REFUSED_PAUSE_S = 0.2
"""How long to wait when sshd has no session left after all: its limit may be lower."""

Result = TypeVar("Result")

_LOST = (
    asyncssh.ConnectionLost,
    asyncssh.DisconnectError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    ConnectionError,
)


class Sessions:
    """The sessions of one host."""

    def __init__(self, config: HostConfig, link: SshLink) -> None:
        self._config, self.link = config, link
        self._free = asyncio.Semaphore(SESSIONS)
        self._sftp: tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient] | None = None
        self._sftp_opening = asyncio.Lock()
        self._idle: list[Shell] = []
        self.shells_opened = 0
        self.sftp_sessions = 0

    async def do(
        self,
        attempt: str,
        operation: Callable[[asyncssh.SSHClientConnection], Awaitable[Result]],
        *,
        timeout_s: float | None = None,
        is_patient: bool = True,
    ) -> Result:
        """Do something on the connection, again on the next one if that breaks.

        `timeout_s` (that of the host if None) is for waiting for links, not for the operation.
        Raises: HostUnreachable after that time, PermanentFailure, what the operation raises.
        """
        clock = asyncio.get_running_loop()
        deadline = clock.time() + (self._config.timeout_s if timeout_s is None else timeout_s)
        while True:
            connection = await self.link.connection(deadline, is_patient=is_patient)
            try:
                return await operation(connection)
            except asyncssh.ChannelOpenError as refused:
                problem: Exception = refused
                if connection.is_closed():
                    self.link.lost(connection)
                else:
                    await asyncio.sleep(REFUSED_PAUSE_S)
            except _LOST as lost:
                problem = lost
                self.link.lost(connection)
            except ShellEnded as ended:
                problem = ended
                if connection.is_closed():
                    self.link.lost(connection)
                else:
                    await asyncio.sleep(REFUSED_PAUSE_S)
            if clock.time() >= deadline:
                raise HostUnreachable(
                    f"{attempt}: {problem}",
                    host=self._config.name,
                    remedy="see whether its sshd lets more sessions in, and the network is well",
                ) from problem

    async def script(
        self,
        attempt: str,
        script: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        is_patient: bool = True,
    ) -> Answer:
        """Run a script of `ssh_scripts` to its end; `attempt` says what for.

        Raises: TemporaryFailure; PermanentFailure if it fails, by what it says on stderr.
        """
        program = ssh_scripts.program(script, *arguments, env=env)

        async def run(connection: asyncssh.SSHClientConnection) -> Answer:
            async with self._shell(connection) as shell:
                return await shell.run(program, timeout_s=self._config.timeout_s)

        async with self._free:
            answer = await self.do(attempt, run, is_patient=is_patient)
        if answer.exit_code != 0:
            raise self.failure(attempt, answer)
        return answer

    async def once(self, attempt: str, program: bytes, *, stdin: bytes, timeout_s: float) -> Answer:
        """Run a program that may not be run twice.

        Raises: TooSlow; LinkLost if the link broke when it may have begun; see `do`.
        """

        async def run(connection: asyncssh.SSHClientConnection) -> Answer:
            async with self._shell(connection) as shell:
                try:
                    return await shell.run(program, stdin=stdin, timeout_s=timeout_s)
                except (*_LOST, ShellEnded) as lost:
                    raise LinkLost(
                        f"{attempt}: the link broke before it ended",
                        host=self._config.name,
                        remedy="see there what became of it",
                    ) from lost

        async with self._free:
            return await self.do(attempt, run, timeout_s=min(timeout_s, self._config.timeout_s))

    @contextlib.asynccontextmanager
    async def _shell(self, connection: asyncssh.SSHClientConnection) -> AsyncIterator[Shell]:
        """A shell there that nobody else uses, an idle one if there is one."""
        while self._idle:
            shell = self._idle.pop()
            if shell.connection is connection and not shell.is_closing():
                break
        else:
            shell = await self.open(connection)
        try:
            yield shell
        except BaseException:
            shell.close()  # Nobody knows what it still has to say.
            raise
        # With others waiting it is needed at once; at rest few are kept.
        if len(self._idle) < KEPT_IDLE or self._free.locked():
            self._idle.append(shell)
        else:
            shell.close()

    async def open(self, connection: asyncssh.SSHClientConnection) -> Shell:
        """A new shell there; close it."""
        shell = await ssh_shell.open_shell(connection, host=self._config.name)
        self.shells_opened += 1
        return shell

    async def sftp(self, connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
        """The one file transfer session of a connection.

        Raises: InvalidHost if its sshd offers none.
        """
        async with self._sftp_opening:
            if self._sftp is None or self._sftp[0] is not connection:
                try:
                    client = await connection.start_sftp_client()
                except asyncssh.ChannelOpenError as problem:
                    if "request failed" in problem.reason.lower():
                        raise InvalidHost(
                            "its sshd offers no SFTP",
                            host=self._config.name,
                            remedy="add the line `Subsystem sftp internal-sftp` to sshd_config",
                        ) from problem
                    raise
                self._sftp = (connection, client)
                self.sftp_sessions += 1
            return self._sftp[1]

    def failure(self, attempt: str, answer: Answer) -> RuntimeDriverError:
        """The error that stands for a script that failed, by what it said."""
        said = answer.stderr.decode(errors="replace").strip() or f"exit code {answer.exit_code}"
        return failure(f"{attempt}: {said[:500]}", host=self._config.name)


def failure(said: str, *, host: str) -> RuntimeDriverError:
    """The error that stands for what a tool said."""
    lower = said.lower()
    if "no space left" in lower or "quota exceeded" in lower:
        return DiskFull(said, host=host, remedy="make room there, then try again")
    if "permission denied" in lower or "read-only file system" in lower or "not perm" in lower:
        return PermissionDenied(
            said, host=host, remedy="give its user the right to, or use another folder or user"
        )
    if "no such file" in lower or "nonexistent" in lower:
        return FileMissing(said, host=host, remedy="create it, or correct the path")
    if "not found" in lower:
        return InvalidHost(said, host=host, remedy="install what is missing there")
    return PermanentFailure(said, host=host)
