"""The first tab: the assembly as a graph, the components as a table, what has failed."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.views import ComponentView
from ripieno.ui import graph, rendering, standing, visit
from ripieno.ui.pages.deployment import frame
from ripieno.ui.pages.deployment.frame import Seen

TAIL = 8
"""How many last lines of a component are shown beside what has failed in it."""


async def overview(request: Request) -> Response:
    """The page."""
    seen = await frame.look(request)
    return frame.page(
        request, seen, "overview", rows=_rows(request, seen), graph=await _graph(request, seen)
    )


async def stream(request: Request) -> Response:
    """What of it changes."""
    return frame.respond(request, frame.painted(request, _paint))


async def tail(request: Request) -> Response:
    """The last lines of a component."""
    gate = visit.gate_of(request)
    component = request.path_params["component"]
    lines = [
        line
        async for line in gate.logs(
            request.path_params["name"],
            component=component,
            replica=None,
            follow=False,
            since=None,
            tail=TAIL,
        )
    ]
    return rendering.page(request, "deployment_tail.html", lines=lines[-2 * TAIL :])


async def _paint(request: Request, seen: Seen) -> Mapping[str, str]:
    table = rendering.render(
        request, "deployment_components.html", seen=seen, rows=_rows(request, seen)
    )
    return {"components": table, "graph": await _graph(request, seen)}


def _rows(request: Request, seen: Seen) -> list[tuple[ComponentView, str, str]]:
    """Every component with its tone, and where it stands or what it does."""
    spoken = rendering.texts(request)
    return [(each, *standing.of_component(each, spoken)) for each in seen.view.components]


async def _graph(request: Request, seen: Seen) -> str:
    assembly = await visit.gate_of(request).assembly(seen.view.id)
    return json.dumps(graph.graph(assembly, seen.view, rendering.texts(request)))


ROUTES = [
    Route("/deployments/{name}", overview),
    Route("/deployments/{name}/overview/stream", stream),
    Route("/deployments/{name}/components/{component}/tail", tail),
]
