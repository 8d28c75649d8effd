"""Going through all pages of a list."""

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from ripieno.wire.page import Page

Item = TypeVar("Item")
Found = TypeVar("Found", covariant=True)


class Fetch(Protocol[Found]):
    """Gets the page after a cursor, or the first one."""

    async def __call__(self, *, after: str | None) -> Found:
        """The page."""
        ...


async def every(fetch: Fetch[Page[Item]]) -> AsyncIterator[Item]:
    """Every item of a list: `async for each in every(client.deployments)`."""
    after: str | None = None
    while True:
        page = await fetch(after=after)
        for item in page.items:
            yield item
        after = page.next
        if after is None:
            return
