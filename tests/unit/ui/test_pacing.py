"""When live pages are painted: soon, not too often, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ripieno.control.errors import NotFound
from ripieno.ui import pacing
from ripieno.ui.pacing import Sent

PATIENCE_S = 60.0


class Ticks:
    """Ticks by hand; says whether it was let go."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int | Exception | None] = asyncio.Queue()
        self.is_closed = False

    async def run(self) -> AsyncIterator[int]:
        try:
            while (each := await self.queue.get()) is not None:
                if isinstance(each, Exception):
                    raise each
                yield each
        finally:
            self.is_closed = True


async def test_many_events_at_once_are_one_painting() -> None:
    ticks, painted = Ticks(), 0
    async with asyncio.timeout(PATIENCE_S):
        async for _ in pacing.paced(ticks.run(), pause_s=0.01, beat_s=PATIENCE_S):
            painted += 1
            if painted == 1:
                for number in range(100):
                    ticks.queue.put_nowait(number)
            else:
                ticks.queue.put_nowait(None)
    assert painted == 2 and ticks.is_closed


async def test_without_news_it_is_painted_at_every_beat() -> None:
    ticks, painted = Ticks(), 0
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(pacing.paced(ticks.run(), pause_s=0, beat_s=0.001)) as times,
    ):
        async for _ in times:
            painted += 1
            if painted == 3:
                break
    assert ticks.is_closed


async def test_a_stream_ends_after_a_while_so_that_who_it_is_is_asked_again() -> None:
    async with asyncio.timeout(PATIENCE_S):
        times = pacing.paced(Ticks().run(), pause_s=0, beat_s=0.001, longest_s=0.01)
        assert [each async for each in times]


async def test_what_the_ticks_raise_is_raised() -> None:
    ticks = Ticks()
    ticks.queue.put_nowait(NotFound("gone"))
    with pytest.raises(NotFound):
        async with asyncio.timeout(PATIENCE_S):
            async for _ in pacing.paced(ticks.run(), pause_s=0, beat_s=PATIENCE_S):
                pass


async def test_others_may_have_news_too() -> None:
    ticks, news, painted = Ticks(), asyncio.Event(), 0
    async with asyncio.timeout(PATIENCE_S):
        times = pacing.paced(ticks.run(), pause_s=0, beat_s=PATIENCE_S, news=news)
        async for _ in times:
            painted += 1
            if painted == 1:
                news.set()
            else:
                ticks.queue.put_nowait(None)
    assert painted == 2


def test_only_what_is_different_is_sent() -> None:
    sent = Sent()
    assert [each.event for each in sent.fresh({"a": "1", "b": "2"})] == ["a", "b"]
    assert [each.html for each in sent.fresh({"a": "1", "b": "3"})] == ["3"]
    assert not sent.fresh({"b": "3"})
