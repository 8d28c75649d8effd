"""Lines of logs as newline-delimited JSON: many lines a chunk, and an error before or within."""

import asyncio
from collections.abc import AsyncIterator

from ripieno.api import problems
from ripieno.api.encoding import to_json
from ripieno.control.views import LogLine
from ripieno.wire.log import LogEnd

MOST_AHEAD = 64 * 1024
"""How many bytes are read ahead of the client, the last line not counted."""

FIRST_S = 1.0
"""How long an answer is held back for what could be an error instead of a first line."""

HEARTBEAT_S = 15.0
"""After how long without a line an empty one is sent, to find out whether the client is there."""


class Lines:
    """Reads lines ahead, up to a bound, and gives them out in chunks.

    Reading is a task of its own that ends with `aclose`; `stop` ends the stream from outside.
    """

    def __init__(self, lines: AsyncIterator[LogLine], *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._heartbeat_s = heartbeat_s
        self._ahead: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._is_over = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()
        self._reading = asyncio.create_task(self._read(lines))

    async def opened(self) -> "Lines":
        """Wait a moment for the first line.

        Raises: what reading has raised, if that was before there was any line.
        """
        try:
            async with asyncio.timeout(FIRST_S):
                await self._has_news.wait()
        except TimeoutError:
            return self
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if self._error is not None and not self._ahead:
            raise self._error
        return self

    def stop(self) -> None:
        """End the stream after what has been read already."""
        self._reading.cancel()

    async def aclose(self) -> None:
        """End the reading, and wait for that."""
        self._reading.cancel()
        await asyncio.wait({self._reading})

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await self._has_news.wait()
        except TimeoutError:
            return b"\n"
        if self._ahead:
            chunk = b"".join(self._ahead)
            self._ahead.clear()
            self._size = 0
            self._has_room.set()
            if not self._is_over:
                self._has_news.clear()
            return chunk
        error, self._error = self._error, None
        if error is None:
            raise StopAsyncIteration
        problem = problems.problem_of(error)
        if problem is None:
            raise error
        return to_json(LogEnd(problem=problem).model_dump(exclude_none=True)) + b"\n"

    async def _read(self, lines: AsyncIterator[LogLine]) -> None:
        try:
            async for line in lines:
                self._ahead.append(_encode(line))
                self._size += len(self._ahead[-1])
                self._has_news.set()
                if self._size > MOST_AHEAD:
                    self._has_room.clear()
                    await self._has_room.wait()
        except Exception as error:
            self._error = error  # handed on to whoever takes the next chunk
        finally:
            self._is_over = True
            self._has_news.set()
            close = getattr(lines, "aclose", None)
            if close is not None:
                await close()


def _encode(line: LogLine) -> bytes:
    return (
        to_json(
            {
                "component": line.component,
                "replica": line.replica,
                "stream": line.stream,
                "offset": line.offset,
                "text": line.text,
            }
        )
        + b"\n"
    )
