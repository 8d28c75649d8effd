"""What components use over time: charts that are fed with numbers, and the same as a table."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.views import MetricsView
from ripieno.ui import formats, pacing, rendering, visit
from ripieno.ui.pacing import Sent
from ripieno.ui.pages.deployment import frame
from ripieno.ui.streaming import Fragment

PAUSE_S = 1.0


async def metrics(request: Request) -> Response:
    """The page."""
    seen = await frame.look(request)
    view = await visit.gate_of(request).metrics(seen.view.id)
    sizes = formats.UNITS[rendering.texts(request).code]
    return frame.page(request, seen, "metrics", metrics=view, sizes=sizes)


async def stream(request: Request) -> Response:
    """Samples as they are taken: all that are kept at first, then those that are new."""
    return frame.respond(request, _fragments(request))


async def _fragments(request: Request) -> AsyncIterator[Fragment]:
    gate = visit.gate_of(request)
    sent, last_s = Sent(), 0.0
    ticks = gate.ticks(request.path_params["name"])
    async for _ in pacing.paced(ticks, pause_s=PAUSE_S):
        seen = await frame.look(request)
        since = datetime.fromtimestamp(last_s, UTC) if last_s else None
        fresh = await gate.metrics(seen.view.id, since=since)
        parts = {"head": rendering.render(request, frame.HEAD, seen=seen)}
        newest_s = max((each.at[-1] for each in fresh.components if each.at), default=0.0)
        if newest_s > last_s:
            last_s = newest_s
            yield Fragment(event="samples", html=_json(fresh))
            parts["usage"] = rendering.render(
                request, "deployment_usage.html", seen=seen, metrics=fresh
            )
        for fragment in sent.fresh(parts):
            yield fragment


def _json(view: MetricsView) -> str:
    """Samples as the page's script takes them; numbers are short, since there are many."""
    return json.dumps(
        {
            each.component: {
                "at": [round(value, 1) for value in each.at],
                "cpus": [_short(value, 4) for value in each.cpus],
                "memory": [_short(value, 0) for value in each.memory_bytes],
                "requests": [_short(value, 3) for value in each.requests_per_s],
            }
            for each in view.components
            if each.at
        },
        separators=(",", ":"),
    )


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


ROUTES = [
    Route("/deployments/{name}/metrics", metrics),
    Route("/deployments/{name}/metrics/stream", stream),
]
