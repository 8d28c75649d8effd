"""When a live page is painted again: soon after news, not more than some times a second.

A page that is open follows a deployment by ticks, which say only that something is new; what it is
the page asks for itself. A hundred events a second are four paintings.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from ripieno.ui.streaming import Fragment

PAUSE_S = 0.25
"""How long nothing is painted after something was."""

BEAT_S = 5.0
"""After how long without news a page is painted all the same: hosts and clocks tell of no event."""

LONGEST_S = 600.0
"""How long one stream lives. The browser opens another one then, and shows anew who it is."""


async def paced(
    ticks: AsyncIterator[int],
    *,
    pause_s: float = PAUSE_S,
    beat_s: float = BEAT_S,
    longest_s: float = LONGEST_S,
    news: asyncio.Event | None = None,
) -> AsyncGenerator[None]:
    """Say when to paint: at once, then after news or a beat, until the ticks end.

    `news` is set by whoever else has something to show. Raises: what the ticks raise.
    """
    has_news = news or asyncio.Event()

    async def follow() -> None:
        try:
            async for _ in ticks:
                has_news.set()
        finally:
            close = getattr(ticks, "aclose", None)
            if close is not None:
                await close()

    following = asyncio.create_task(follow())
    following.add_done_callback(lambda _: has_news.set())
    ends_at_s = time.monotonic() + longest_s
    try:
        while not following.done() and time.monotonic() < ends_at_s:
            has_news.clear()
            yield
            await asyncio.sleep(pause_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(beat_s):
                    await has_news.wait()
        if following.done():
            await following
    finally:
        following.cancel()
        await asyncio.wait({following})


class Sent:
    """What an open page shows already, so that only what is different is sent."""

    def __init__(self) -> None:
        self._sent: dict[str, str] = {}

    def fresh(self, painted: Mapping[str, str]) -> list[Fragment]:
        """The parts that are not as they were sent last."""
        found = [
            Fragment(event=event, html=html)
            for event, html in painted.items()
            if self._sent.get(event) != html
        ]
        self._sent.update(painted)
        return found
