"""Output of several components as one stream of lines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from ripieno.runtimes.base import Line

MOST_WAITING = 1000
"""Lines that wait for a reader; then those who write them wait."""


async def merged(
    streams: Mapping[str, AsyncIterator[Line]], *, together: bool
) -> AsyncGenerator[tuple[str, Line]]:
    """Several streams as one: one after the other, or (those that never end) as lines come."""
    if not together:
        for name, stream in streams.items():
            async for line in stream:
                yield name, line
        return
    queue: asyncio.Queue[tuple[str, Line] | BaseException] = asyncio.Queue(MOST_WAITING)

    async def pump(name: str, stream: AsyncIterator[Line]) -> None:
        try:
            async for line in stream:
                await queue.put((name, line))
        except Exception as problem:  # Told to whoever reads the lines.
            await queue.put(problem)

    tasks = [asyncio.create_task(pump(name, stream)) for name, stream in streams.items()]
    try:
        while True:
            item = await queue.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
