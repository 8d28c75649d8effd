"""The catalogue: what there is to deploy."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.ui import rendering, visit

PAGE = 24
"""How many applications one page shows: whole rows of two, three and four."""


async def catalogue(request: Request) -> Response:
    """The grid of applications."""
    gate = visit.gate_of(request)
    after = request.query_params.get("after")
    found, following = await gate.applications(after=after, limit=PAGE)
    return rendering.page(
        request,
        "catalogue.html",
        section="catalogue",
        found=[
            {"name": name, "version": version, "title": title or name, "summary": summary}
            for name, version, title, summary in found
        ],
        following=following,
    )


ROUTES = [Route("/", catalogue)]
