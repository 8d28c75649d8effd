"""The catalogue: what there is to deploy, searched as one types."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.gate import Gate
from ripieno.store.registered import Search
from ripieno.ui import rendering, visit

PAGE = 24
"""How many applications one page shows: whole rows of two, three and four."""

HUES = 8
"""How many colours there are for applications without an icon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """An application in the grid. `icon` is the address of a picture, or empty."""

    name: str
    title: str
    summary: str
    version: str
    category: str = ""
    tags: tuple[str, ...] = ()
    icon: str = ""

    @property
    def hue(self) -> int:
        """Which colour stands for it where it has no icon; always the same."""
        return zlib.crc32(self.name.encode()) % HUES


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of a facet: how many applications it would leave."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What a search found. `previous` and `following` are addresses of pages, or empty."""

    cards: Sequence[Card]
    total: int
    categories: Sequence[Choice] = ()
    tags: Sequence[Choice] = ()
    previous: str = ""
    following: str = ""


async def catalogue(request: Request) -> Response:
    """The grid of applications, or the part of the page that a search changes."""
    shelf = await _search(visit.gate_of(request), request)
    query = request.query_params
    is_part = rendering.is_fragment(request)
    return rendering.page(
        request,
        "catalogue_results.html" if is_part else "catalogue.html",
        section="catalogue",
        q=query.get("q", "").strip(),
        shelf=shelf,
        is_narrowed=any(query.get(name) for name in ("q", "category", "tag")),
    )


async def _search(gate: Gate, request: Request) -> Shelf:
    after = request.query_params.get("after")
    found = await gate.search(Search(after=after, limit=PAGE))
    return Shelf(
        cards=[
            Card(
                name=each.name,
                title=each.title or each.name,
                summary=each.summary,
                version=each.version,
                category=each.category,
                tags=each.tags,
            )
            for each in found.items
        ],
        total=found.total or 0,
        following=f"/?after={found.next}" if found.next else "",
    )


ROUTES = [Route("/", catalogue)]
