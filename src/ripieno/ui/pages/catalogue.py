"""The catalogue: what there is to deploy, searched as one types."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.store.registered import ApplicationRecord, FacetKind, Found, Order, Search
from ripieno.ui import rendering, visit
from ripieno.ui.pages import pictures

PAGE = 24
"""How many applications one page shows: whole rows of two, three and four."""

HUES = 8
"""How many colours there are for applications without an icon."""

MOST_TEXT = 200
MOST_CHOSEN = 10
MOST_CHOICES = 12
"""How many values of a facet are offered; those that are chosen come on top of that."""

FACETS = {FacetKind.CATEGORY: "category", FacetKind.TAG: "tag"}
"""By what the catalogue can be narrowed, and what that is called in its address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """An application in the grid. `icon` is the address of a picture, or empty."""

    application: ApplicationRecord
    icon: str

    @property
    def title(self) -> str:
        """What it is called."""
        return self.application.title or self.application.name

    @property
    def hue(self) -> int:
        """Which colour stands for it where it has no icon; always the same."""
        return zlib.crc32(self.application.name.encode()) % HUES


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of a facet: how many applications it would leave, None if that is not known."""

    value: str
    count: int | None
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What a search found. `first` and `following` are addresses of pages, or empty.

    `is_partial`: there are more than `total`, and only so many were counted.
    """

    cards: Sequence[Card]
    total: int
    is_partial: bool
    categories: Sequence[Choice]
    tags: Sequence[Choice]
    first: str
    following: str


async def catalogue(request: Request) -> Response:
    """The grid of applications, or the part of the page that a search changes."""
    gate = visit.gate_of(request)
    query = request.query_params
    search = _search(query)
    found = await gate.search(search)
    is_part = rendering.is_fragment(request)
    return rendering.page(
        request,
        "catalogue_results.html" if is_part else "catalogue.html",
        section="catalogue",
        q=search.text,
        is_mine=search.is_mine,
        shelf=_shelf(query, search, found),
        is_narrowed=bool(search.text or search.facets or search.is_mine),
    )


def _search(query: QueryParams) -> Search:
    """What an address asks for; what makes no sense in it is left out."""
    facets = {}
    for kind, name in FACETS.items():
        chosen = [each for each in query.getlist(name) if each][:MOST_CHOSEN]
        if chosen:
            facets[kind] = tuple(dict.fromkeys(chosen))
    text = query.get("q", "").strip()[:MOST_TEXT]
    return Search(
        text=text,
        facets=facets,
        is_mine="mine" in query,
        order=Order.RELEVANCE if text else Order.NAME,
        after=query.get("after") or None,
        limit=PAGE,
    )


def _shelf(query: QueryParams, search: Search, found: Found) -> Shelf:
    return Shelf(
        cards=[Card(application=each, icon=pictures.icon(each)) for each in found.items],
        total=found.total if found.total is not None else len(found.items),
        is_partial=found.is_partial,
        categories=_choices(search, found, FacetKind.CATEGORY),
        tags=_choices(search, found, FacetKind.TAG),
        first=_address(query, None) if search.after else "",
        following=_address(query, found.next) if found.next else "",
    )


def _choices(search: Search, found: Found, kind: FacetKind) -> list[Choice]:
    chosen = search.facets.get(kind, ())
    counted = {each.value: each.count for each in found.facets.get(kind, ())}
    told = {} if found.is_partial else counted  # Of a part they would mislead.
    offered = [*chosen, *(each for each in counted if each not in chosen)]
    return [
        Choice(value=each, count=told.get(each), is_chosen=each in chosen)
        for each in offered[: MOST_CHOICES + len(chosen)]
    ]


def _address(query: QueryParams, after: str | None) -> str:
    """The address of another page of the same search."""
    kept = [(name, text) for name, text in query.multi_items() if name != "after" and text]
    if after is not None:
        kept.append(("after", after))
    return f"/?{urlencode(kept)}" if kept else "/"


ROUTES = [Route("/", catalogue)]
