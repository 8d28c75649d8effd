"""Files that wait to be sent to a host, and the flush that sends them for all who queued.

Used by every host: a host only says how a list of files is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ripieno.runtimes.errors import PermanentFailure
from ripieno.runtimes.host import Transfer


class Outbox:
    """Queued files of one host."""

    def __init__(self, send: Callable[[Sequence[Transfer]], Awaitable[int]]) -> None:
        self._send = send
        self._queued: list[Transfer] = []
        self._under_way: set[asyncio.Task[int]] = set()

    def queue(self, transfer: Transfer) -> None:
        """Remember a file for the next flush."""
        self._queued.append(transfer)

    async def flush(self) -> int:
        """Send what is queued and wait for what is being sent; how many files really were.

        A flush that is cancelled leaves the sending to go on, since others may wait for it.
        """
        if self._queued:
            batch, self._queued = self._queued, []
            task = asyncio.create_task(self._sent(batch))
            self._under_way.add(task)
            task.add_done_callback(self._finished)
        counts = await asyncio.gather(*(asyncio.shield(task) for task in self._under_way))
        return sum(counts)

    async def _sent(self, batch: Sequence[Transfer]) -> int:
        return await self._send(batch)

    def _finished(self, task: asyncio.Task[int]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # Seen by those who flushed; nobody else is to hear of it.

    async def close(self) -> None:
        """Stop sending."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


def check_target(transfer: Transfer, host: str) -> str:
    """The target, if it stays in the host's directory.

    Raises: PermanentFailure.
    """
    parts = transfer.target.split("/")
    if transfer.target.startswith("/") or not parts[-1] or {"..", "."} & set(parts):
        raise PermanentFailure(
            f"{transfer.target!r} is no place for a file",
            host=host,
            remedy="give a path relative to the host's directory, without '..'",
        )
    if "\0" in transfer.target:
        raise PermanentFailure("a target has a zero byte", host=host, remedy="take it out")
    return transfer.target


def part_of(target: str) -> str:
    """The path under which a file is while it is not complete."""
    folder, slash, name = target.rpartition("/")
    return f"{folder}{slash}.{name}.ripieno-part"
