"""A shell on a host that runs one program after another, each answer ending with a mark.

Used by `ssh_session`; `ssh_scripts.COMMAND_LINE` is the other end.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import asyncssh

from ripieno.runtimes import ssh_scripts
from ripieno.runtimes.errors import HostUnreachable

_PIECE_BYTES = 64 * 1024


class ShellEnded(Exception):
    """A shell ended, or its session did, before a program had ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a program printed, and its exit code."""

    stdout: bytes
    stderr: bytes
    exit_code: int

    @property
    def lines(self) -> list[str]:
        """What it printed, line by line."""
        return self.stdout.decode(errors="replace").splitlines()


async def open_shell(connection: asyncssh.SSHClientConnection, *, host: str) -> "Shell":
    """A new session with a shell in it."""
    process = await connection.create_process(ssh_scripts.COMMAND_LINE, encoding=None)
    return Shell(connection, process, host)


class Shell:
    """One session; it does one thing at a time."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        process: asyncssh.SSHClientProcess[bytes],
        host: str,
    ) -> None:
        self.connection = connection
        self._process, self._host = process, host

    async def run(self, program: bytes, *, stdin: bytes = b"", timeout_s: float) -> Answer:
        """Run a program to its end.

        Raises: HostUnreachable when it takes too long, ShellEnded, asyncssh.Error.
        """
        mark = self._send(program, stdin)
        try:
            async with asyncio.timeout(timeout_s):
                out, err = await asyncio.gather(
                    self._until(self._process.stdout, mark),
                    self._until(self._process.stderr, mark),
                )
        except TimeoutError as late:
            raise HostUnreachable(
                f"it did not answer within {timeout_s:g} s",
                host=self._host,
                remedy="see whether it is overloaded, or the network is",
            ) from late
        return Answer(stdout=out[0], stderr=err[0], exit_code=out[1])

    async def stream(self, program: bytes) -> AsyncGenerator[str]:
        """The lines of a program that has no end.

        Raises: ShellEnded, asyncssh.Error.
        """
        mark = self._send(program, b"").decode()
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            if mark in text:
                break
            yield text
        raise ShellEnded("a program that has no end ended")

    def _send(self, program: bytes, stdin: bytes) -> bytes:
        mark = secrets.token_hex(16).encode()
        self._process.stdin.write(b"%d %b\n%b%b" % (len(program), mark, program, stdin))
        return mark

    async def _until(self, reader: asyncssh.SSHReader[bytes], mark: bytes) -> tuple[bytes, int]:
        """What comes before the line with the mark, and the exit code in that line."""
        found = bytearray()
        wanted = b"\n%b " % mark
        while True:
            looked_at = max(0, len(found) - len(wanted) - 5)
            piece = await reader.read(_PIECE_BYTES)
            if not piece:
                raise ShellEnded("the session ended before the program")
            found += piece
            at = found.find(wanted, looked_at)
            if at >= 0 and found.endswith(b"\n", at + len(wanted)):
                return bytes(found[:at]), int(found[at + len(wanted) :])

    def is_closing(self) -> bool:
        """Whether it cannot be used any more."""
        return self._process.is_closing() or self._process.stdout.at_eof()

    def close(self) -> None:
        """End the session; a program that runs is not told."""
        self._process.close()
