"""Streams of fragments: they end when the server stops, and let go of what they come from."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

import pytest

from ripieno.ui.streaming import Fragment, Live

WAIT_S = 60.0


class Source:
    """Fragments as they are put in; remembers that it was let go of."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Fragment | None] = asyncio.Queue()
        self.has_ended = asyncio.Event()

    async def fragments(self) -> AsyncIterator[Fragment]:
        try:
            while (fragment := await self.queue.get()) is not None:
                yield fragment
        finally:
            self.has_ended.set()


def test_a_fragment_may_have_several_lines_and_no_line_ends_it() -> None:
    fragment = Fragment(event="status", html="<p>\n\nevent: x\r\n</p>", id=7)
    encoded = fragment.encode().decode()
    assert encoded.startswith("event: status\nid: 7\n")
    assert encoded.endswith("\n\n")
    body = encoded.removesuffix("\n\n").split("\n")[2:]
    assert all(line.startswith("data: ") for line in body)
    assert [line.removeprefix("data: ") for line in body] == ["<p>", "", "event: x", "</p>"]
    assert Fragment(event="gone", html="").encode() == b"event: gone\ndata:\n\n"


async def test_fragments_come_as_they_are_made() -> None:
    source = Source()
    chunks = Live().respond(source.fragments()).body_iterator
    async with asyncio.timeout(WAIT_S):
        assert await anext(aiter(chunks)) == b"retry: 1000\n\n"
        for text in ("one", "two"):
            source.queue.put_nowait(Fragment(event="e", html=text))
            assert await anext(aiter(chunks)) == f"event: e\ndata: {text}\n\n".encode()
        source.queue.put_nowait(None)
        assert [each async for each in chunks] == []
    assert source.has_ended.is_set()


async def test_a_quiet_stream_says_that_it_is_there() -> None:
    source = Source()
    chunks = aiter(Live(heartbeat_s=0.001).respond(source.fragments()).body_iterator)
    async with asyncio.timeout(WAIT_S):
        await anext(chunks)
        assert await anext(chunks) == b": still here\n\n"
        source.queue.put_nowait(Fragment(event="e", html="late"))
        while (chunk := await anext(chunks)) == b": still here\n\n":
            pass
        assert b"late" in bytes(chunk if isinstance(chunk, bytes) else b"")


async def test_streams_end_when_the_server_stops() -> None:
    source, live = Source(), Live()
    chunks = live.respond(source.fragments()).body_iterator
    async with asyncio.timeout(WAIT_S):
        await anext(aiter(chunks))
        reading = asyncio.create_task(_all(chunks))
        await asyncio.sleep(0)
        live.close()
        assert await reading == []
        await source.has_ended.wait()


async def test_a_source_that_fails_ends_its_stream_with_the_error() -> None:
    async def failing() -> AsyncIterator[Fragment]:
        yield Fragment(event="e", html="one")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await _all(Live().respond(failing()).body_iterator)


async def test_who_leaves_ends_the_stream() -> None:
    source = Source()
    chunks = Live().respond(source.fragments()).body_iterator
    async with asyncio.timeout(WAIT_S):
        reading = asyncio.create_task(_all(chunks))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await source.has_ended.wait()


async def _all(chunks: AsyncIterable[object]) -> list[object]:
    return [each async for each in chunks if each != b"retry: 1000\n\n"]
