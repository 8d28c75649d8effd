"""What the contract of hosts needs of a machine, and how its tests look at one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from ripieno.runtimes.host import (
    Command,
    Condition,
    Host,
    Process,
    ProcessStatus,
    Stream,
)

NAME = "shop-1/web/0"
PATIENCE_S = 60.0
EXITED_0 = ProcessStatus(condition=Condition.EXITED, exit_code=0)
RUNNING = ProcessStatus(condition=Condition.RUNNING)
LOST = ProcessStatus(condition=Condition.LOST)
TRICKY = (
    "a b",
    "",
    "'\"`$(id)$HOME\\",
    "two\nlines\n",
    "é 漢 🎻",
    "ÁÂÃÄÅÆÇÈ\x7f\x01",
    "*",
    "-n",
    "--",
    "%s\\n",
    ";&|",
)


class Rig(Protocol):
    """A machine and ways to it; `host` is one, and `open` makes others as new servers would."""

    host: Host

    async def open(self) -> Host:
        """Another host object to the same machine; the rig closes it."""

    def program(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """The command that does a verb of `host_programs` there."""

    def is_running(self, pid: int) -> bool:
        """Whether that pid runs there."""

    async def lose(self, process: Process) -> None:
        """Kill a process and who watches over it there, so that its exit code is lost."""

    def disk_bytes(self, name: str, stream: Stream) -> int:
        """What a log takes on the disk there."""

    def file(self, target: str) -> tuple[bytes, int]:
        """Content and mode of a file under the host's directory."""


async def eventually(claim: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a claim holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await claim():  # noqa: ASYNC110  # It is about another machine.
            await asyncio.sleep(0.02)


async def read(host: Host, name: str = NAME, stream: Stream = "stdout", offset: int = 0) -> bytes:
    """A whole log from an offset on."""
    return b"".join([data async for _, data in host.log(name, stream, offset=offset)])


async def first_line(host: Host, name: str = NAME) -> str:
    """The first line that a process writes, once it is there."""
    text = b""
    async with asyncio.timeout(PATIENCE_S), aclosing(host.log(name, "stdout", follow=True)) as log:
        async for _, data in log:
            text += data
            if b"\n" in text:
                break
    return text.splitlines()[0].decode()


async def start(rig: Rig, verb: str, *arguments: str, key: str = "1", name: str = NAME) -> Process:
    """Start a verb."""
    return await rig.host.start(name, key, Command(argv=rig.program(verb, *arguments)))
