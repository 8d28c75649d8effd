"""What processes have written, as lines: the last ones, those since a moment, those to come."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime
from typing import Literal

from ripieno.runtimes.base import Line
from ripieno.runtimes.host import Host

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")

LAST_BYTES = 64 * 1024
"""How much of a stream is looked through for its last lines at first; doubled where too little."""

LONGEST_LINE_BYTES = 64 * 1024
"""A line that is longer is handed on in pieces."""

QUEUE_LINES = 1000


async def last_lines(host: Host, name: str, count: int = 8) -> list[str]:
    """The last lines that were written to stderr, or to stdout if it is empty."""
    for stream in ("stderr", "stdout"):
        assert stream in STREAMS
        begin = await _tail_offset(host, name, stream, count)
        found = [
            text
            async for _, text in _split(host.log(name, stream, offset=begin), begin)
            if text.strip()
        ]
        if found:
            return _counted([each[:500] for each in found[-count:]])
    return []


def _counted(lines: list[str]) -> list[str]:
    """The lines, each once where it is there several times in a row."""
    return [
        line if number == 1 else f"{line} ({number} times)"
        for line, number in ((line, len(list(same))) for line, same in itertools.groupby(lines))
    ]


async def lines(
    host: Host,
    names: Mapping[int, str],
    *,
    follow: bool,
    since: datetime | None,
    tail: int | None,
) -> AsyncGenerator[Line]:
    """Lines of both streams of several processes; `tail` counts per process and stream."""
    begins = {}
    for slot, name in names.items():
        for stream in STREAMS:
            begin = 0
            if since is not None:
                begin = await host.log_offset_at(name, stream, since)
            if tail is not None:
                begin = max(begin, await _tail_offset(host, name, stream, tail))
            begins[slot, stream] = begin
    if not follow:
        for (slot, stream), begin in begins.items():
            async for offset, text in _split(host.log(names[slot], stream, offset=begin), begin):
                yield Line(slot=slot, stream=stream, offset=offset, text=text)
        return
    queue: asyncio.Queue[Line | BaseException] = asyncio.Queue(QUEUE_LINES)

    async def read(slot: int, stream: Stream, begin: int) -> None:
        try:
            chunks = host.log(names[slot], stream, offset=begin, follow=True)
            async for offset, text in _split(chunks, begin):
                await queue.put(Line(slot=slot, stream=stream, offset=offset, text=text))
        except Exception as problem:  # Told to whoever reads the lines.
            await queue.put(problem)

    readers = [
        asyncio.create_task(read(slot, stream, begin)) for (slot, stream), begin in begins.items()
    ]
    try:
        while True:
            line = await queue.get()
            if isinstance(line, BaseException):
                raise line
            yield line
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _tail_offset(host: Host, name: str, stream: Stream, count: int) -> int:
    """Where the last lines of a stream begin."""
    size = await host.log_size(name, stream)
    window = LAST_BYTES
    while True:
        begin = max(0, size - window)
        starts = [offset async for offset, _ in _split(host.log(name, stream, offset=begin), begin)]
        if begin:
            starts = starts[1:]  # The first one is a part of a line.
        if count == 0:
            return size
        if len(starts) >= count:
            return starts[-count]
        if not begin:
            return 0
        window *= 2


async def _split(
    chunks: AsyncIterator[tuple[int, bytes]], begin: int
) -> AsyncIterator[tuple[int, str]]:
    """Lines with their offsets; what comes after the last line end is a line too."""
    rest, at = b"", begin
    async for offset, data in chunks:
        if not rest:
            at = offset
        rest += data
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield at, line.decode(errors="replace").rstrip("\r")
            at += len(line) + 1
        while len(rest) > LONGEST_LINE_BYTES:
            piece, rest = rest[:LONGEST_LINE_BYTES], rest[LONGEST_LINE_BYTES:]
            yield at, piece.decode(errors="replace")
            at += len(piece)
    if rest:
        yield at, rest.decode(errors="replace")
