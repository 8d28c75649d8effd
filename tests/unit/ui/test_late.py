"""The site that is made at the first request."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from ripieno.ui.late import LateSite

SCOPE: Scope = {"type": "http"}


class Recorded:
    """A site that counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1

    def close(self) -> None:
        self.is_closed = True


async def _receive() -> Message:
    raise AssertionError("nobody reads")


async def _send(message: Message) -> None:
    raise AssertionError("nobody answers")


async def test_it_is_made_once_and_only_when_somebody_asks() -> None:
    made: list[Recorded] = []

    def make() -> Recorded:
        made.append(Recorded())
        return made[-1]

    site = LateSite(make)
    assert made == []
    await asyncio.gather(*(site(SCOPE, _receive, _send) for _ in range(3)))
    await site(SCOPE, _receive, _send)
    assert [each.asked for each in made] == [4]
    site.close()
    assert made[0].is_closed


async def test_who_comes_when_it_is_closed_finds_it_closed() -> None:
    recorded = Recorded()
    site = LateSite(lambda: recorded)
    site.close()
    await site(SCOPE, _receive, _send)
    assert recorded.is_closed


async def test_a_site_that_could_not_be_made_is_tried_again() -> None:
    recorded = Recorded()
    faults = [RuntimeError("a template is broken")]

    def make() -> Recorded:
        if faults:
            raise faults.pop()
        return recorded

    site = LateSite(make)
    with pytest.raises(RuntimeError, match="a template is broken"):
        await site(SCOPE, _receive, _send)
    await site(SCOPE, _receive, _send)
    assert recorded.asked == 1
