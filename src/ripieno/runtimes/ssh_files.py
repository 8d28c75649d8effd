"""Sending files to a host by SFTP: unchanged ones stay, others appear complete.

Used by the SSH host. All transfers share the connection's one SFTP session.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import BinaryIO
from weakref import WeakValueDictionary

import asyncssh

from ripieno.runtimes import local_files, outbox, ssh_scripts
from ripieno.runtimes.errors import DiskFull, FileMissing, PermanentFailure, PermissionDenied
from ripieno.runtimes.host import Transfer
from ripieno.runtimes.ssh_session import Sessions

AT_ONCE = 4
"""How many files are sent at the same time."""

_PIECE_BYTES = 1024 * 1024
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


class Sender:
    """Sends files to one host."""

    def __init__(self, sessions: Sessions, directory: str, host: str) -> None:
        self._sessions, self._directory, self._host = sessions, directory, host
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, transfers: Sequence[Transfer]) -> int:
        """Bring files to their targets; how many were really sent.

        Raises: FileMissing, PermissionDenied, DiskFull, HostUnreachable ...
        """
        for each in transfers:
            outbox.check_target(each, self._host)
        there = await self._digests(transfers)
        results = await asyncio.gather(
            *(self._guarded(each, there.get(each.target)) for each in transfers),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(result is True for result in results)

    async def _guarded(self, transfer: Transfer, there: str | None) -> bool:
        """Send one file, when no other is on its way to the same target."""
        lock = self._locks.setdefault(transfer.target, asyncio.Lock())
        async with lock, self._places:
            return await self._send(transfer, there)

    async def _digests(self, transfers: Sequence[Transfer]) -> dict[str, str]:
        """The digests of targets that are there and as large as what is to be sent."""
        sizes = {}
        for each in transfers:
            source, size_bytes, _ = local_files.open_source(each, self._host)
            source.close()
            sizes[each.target] = size_bytes

        async def same_size(connection: asyncssh.SSHClientConnection) -> list[str]:
            sftp = await self._sessions.sftp(connection)

            async def size(target: str) -> int | None:
                try:
                    return (await sftp.stat(self._path(target))).size
                except (
                    asyncssh.SFTPNoSuchFile,
                    asyncssh.SFTPFailure,
                    asyncssh.SFTPPermissionDenied,
                ):
                    return None

            found = await asyncio.gather(*(size(target) for target in sizes))
            return [
                target
                for (target, wanted), size_bytes in zip(sizes.items(), found, strict=True)
                if size_bytes == wanted
            ]

        same = await self._sessions.do("files cannot be looked at", same_size)
        if not same:
            return {}
        answer = await self._sessions.script(
            "files cannot be compared", ssh_scripts.DIGESTS, *(self._path(each) for each in same)
        )
        digests = (line.split()[0] for line in answer.lines)
        return dict(zip(same, digests, strict=True))

    async def _send(self, transfer: Transfer, there: str | None) -> bool:
        source, size_bytes, mode = local_files.open_source(transfer, self._host)
        target = self._path(transfer.target)
        with source:
            is_same = there is not None and there == await asyncio.to_thread(_digest, source)

            async def send(connection: asyncssh.SSHClientConnection) -> None:
                sftp = await self._sessions.sftp(connection)
                try:
                    if is_same:
                        if (await sftp.stat(target)).permissions != mode:
                            await sftp.chmod(target, mode)
                        return
                    source.seek(0)
                    await self._put(sftp, source, target, size_bytes, mode)
                except _LOST:
                    raise
                except asyncssh.SFTPError as problem:
                    reason = await self._reason(sftp, transfer.target, problem)
                    if not is_same:
                        await _remove(sftp, outbox.part_of(target))
                    raise reason from problem

            await self._sessions.do(f"{transfer.target} cannot be sent", send)
        return not is_same

    async def _put(
        self,
        sftp: asyncssh.SFTPClient,
        source: BinaryIO,
        target: str,
        size_bytes: int,
        mode: int,
    ) -> None:
        """Send a file under another name, see whether all of it is there, and rename it."""
        part = outbox.part_of(target)
        await sftp.makedirs(target.rpartition("/")[0], exist_ok=True)
        attributes = asyncssh.SFTPAttrs(permissions=0o600)
        async with sftp.open(part, "wb", attributes, encoding=None) as file:
            sent = 0
            while piece := source.read(_PIECE_BYTES):
                await file.write(piece)
                sent += len(piece)
        found = (await sftp.stat(part)).size
        if found != sent or sent != size_bytes:
            raise asyncssh.SFTPFailure(
                f"{found} of {size_bytes} bytes arrived; did it change while it was sent?"
            )
        await sftp.chmod(part, mode)
        await sftp.posix_rename(part, target)

    async def _reason(
        self, sftp: asyncssh.SFTPClient, target: str, problem: asyncssh.SFTPError
    ) -> PermanentFailure:
        """The error that stands for what SFTP said, which for a full disk is just "Failure"."""
        said = f"{target} cannot be written: {problem.reason}"
        if isinstance(problem, asyncssh.SFTPPermissionDenied):
            return PermissionDenied(
                said, host=self._host, remedy="give its user the right to, or use another folder"
            )
        if isinstance(problem, asyncssh.SFTPNoSuchFile):
            return FileMissing(said, host=self._host, remedy="create the folder, or correct it")
        try:
            free = (await sftp.statvfs(self._directory)).bavail
        except asyncssh.SFTPError:
            free = None
        if free is not None and free < 16:
            return DiskFull(said, host=self._host, remedy="make room there, then try again")
        return PermanentFailure(said, host=self._host)

    def _path(self, target: str) -> str:
        return f"{self._directory}/{target}"


async def _remove(sftp: asyncssh.SFTPClient, path: str) -> None:
    try:
        await sftp.remove(path)
    except asyncssh.SFTPError:
        return


def _digest(source: BinaryIO) -> str:
    digest = sha256()
    while piece := source.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
