"""Logs on a host behind SSH: read by offset, sampled against the clock, bounded.

Used by the SSH host. They are read through the connection's SFTP session, so that a follower
takes no session of its own.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

import asyncssh

from ripieno.runtimes import logs, ssh_scripts
from ripieno.runtimes.errors import TemporaryFailure
from ripieno.runtimes.host import Stream
from ripieno.runtimes.keeper import STREAMS
from ripieno.runtimes.ssh_session import Sessions

PIECE_BYTES = 256 * 1024
SHORT_PAUSE_S, LONG_PAUSE_S = 0.1, 1.0
"""How long a follower rests before it looks for more: longer the longer nothing came."""

_BLOCK = 4096


class Logs:
    """The logs of one host."""

    def __init__(self, sessions: Sessions, directory: str, *, tend_s: float) -> None:
        self._sessions, self._directory, self._tend_s = sessions, directory, tend_s
        self._limits: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def tend(self, name: str, limit_bytes: int) -> None:
        """From now on sample the logs of a name and keep them within a limit."""
        self._limits[name] = limit_bytes
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tend_all())

    def forget(self, name: str) -> None:
        """Do not tend the logs of a name any more."""
        self._limits.pop(name, None)
        for stream in STREAMS:
            self._sizes.pop(self._path(name, stream), None)

    async def size(self, name: str, stream: Stream) -> int:
        """The offset after the last byte; 0 if there is no log."""
        found = await self._size(name, stream)
        return 0 if found is None else found

    async def _size(self, name: str, stream: Stream) -> int | None:
        path = f"{self._path(name, stream)}.log"

        async def look(connection: asyncssh.SSHClientConnection) -> int | None:
            sftp = await self._sessions.sftp(connection)
            try:
                return (await sftp.stat(path)).size
            except asyncssh.SFTPNoSuchFile:
                return None

        return await self._sessions.do(f"the log of {name} cannot be looked at", look)

    async def offset_at(self, name: str, stream: Stream, since: float) -> int:
        """Where a log stood at a time (seconds since 1970)."""
        index = await self._read(f"{self._path(name, stream)}.index", 0)
        return logs.offset_at((index or b"").decode("ascii", "replace"), since)

    async def pieces(
        self, name: str, stream: Stream, offset: int, *, follow: bool
    ) -> AsyncGenerator[tuple[int, bytes]]:
        """The pieces of a log from an offset on; a follower waits through lost links.

        Raises: RuntimeDriverError.
        """
        path = self._path(name, stream)
        offset = max(offset, await self._begin(path))
        pause_s = SHORT_PAUSE_S
        while True:
            try:
                data = await self._read(f"{path}.log", offset)
                if data and not data.strip(b"\0"):
                    offset = max(offset + len(data), await self._begin(path))
                    continue
                if data:
                    if data.startswith(b"\0"):
                        begin = max(offset, await self._begin(path))
                        data, offset = data[begin - offset :], begin
                    yield offset, data
                    offset += len(data)
                    pause_s = SHORT_PAUSE_S
                    continue
                if not follow or await self._is_over(name, stream, offset):
                    return
            except TemporaryFailure:
                if not follow:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONG_PAUSE_S)

    async def _is_over(self, name: str, stream: Stream, offset: int) -> bool:
        """Whether a log will not go on: it was removed, and perhaps begun anew."""
        size = await self._size(name, stream)
        if size is not None:
            return size < offset
        return offset > 0 or not await self._exists(f"{self._directory}/{name}")

    async def _exists(self, path: str) -> bool:
        async def look(connection: asyncssh.SSHClientConnection) -> bool:
            return await (await self._sessions.sftp(connection)).exists(path)

        return await self._sessions.do(f"{path} cannot be looked at", look)

    async def _begin(self, path: str) -> int:
        """Where what is kept of a log begins."""
        text = (await self._read(f"{path}.start", 0) or b"").strip()
        return int(text) if text.isdigit() else 0

    async def _read(self, path: str, offset: int) -> bytes | None:
        """A piece of a file; b"" at its end, None if there is no such file."""

        async def read(connection: asyncssh.SSHClientConnection) -> bytes | None:
            sftp = await self._sessions.sftp(connection)
            try:
                async with sftp.open(path, "rb", encoding=None) as file:
                    data: bytes = await file.read(PIECE_BYTES, offset)
                    return data
            except asyncssh.SFTPNoSuchFile:
                return None

        return await self._sessions.do(f"{path} cannot be read", read)

    async def _tend_all(self) -> None:
        while True:
            is_fast = False
            try:
                if self._limits:
                    is_fast = await self._tend_once()
            except TemporaryFailure:
                pass
            await asyncio.sleep(min(self._tend_s, 1.0) if is_fast else self._tend_s)

    async def _tend_once(self) -> bool:
        """Look at all logs; sample what grew, drop what is too much."""
        now = time.time()
        limits = {
            self._path(name, stream): limit
            for name, limit in self._limits.items()
            for stream in STREAMS
        }
        answer = await self._sessions.script(
            "logs cannot be looked at", ssh_scripts.LOG_STATES, *(f"{each}.log" for each in limits)
        )
        is_fast = False
        orders: list[str] = []
        for line in answer.lines:
            size_text, blocks, path = line.split(" ", 2)
            log, size = path.removesuffix(".log"), int(size_text)
            before = self._sizes.get(log)
            if before == size or log not in limits:
                continue
            self._sizes[log] = size
            cut = (size - limits[log] // 2) // _BLOCK * _BLOCK
            is_large = int(blocks) * 512 > limits[log] and cut > 0
            orders += [log, str(size), str(cut) if is_large else "-"]
            is_fast |= before is not None and size - before > limits[log] // 8
        if orders:
            await self._sessions.script(
                "logs cannot be tended", ssh_scripts.TEND_LOGS, f"{now + 0.999:.0f}", *orders
            )
        return is_fast

    def _path(self, name: str, stream: Stream) -> str:
        """The path of a log without its ending."""
        return f"{self._directory}/{name}/{stream}"

    async def close(self) -> None:
        """Stop tending."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
