"""The second tab: every reconfiguration, the newest first, and one of them over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import NotFound
from ripieno.control.views import ReconfigurationView
from ripieno.ui import gantt, rendering, visit
from ripieno.ui.gantt import Gantt
from ripieno.ui.pages.deployment import frame
from ripieno.ui.pages.deployment.frame import Seen

PAGE = 25
BEAT_S = 1.0
"""How often the drawing is brought up to date while nothing else happens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """A page of reconfigurations, and the one that is shown; None: there is none yet."""

    items: Sequence[ReconfigurationView]
    following: str | None
    after: str | None
    shown: ReconfigurationView | None
    gantt: Gantt | None
    follows: bool

    def address(self, seen: Seen, id: str) -> str:
        """Where a reconfiguration of this page is shown."""
        page = f"&after={self.after}" if self.after else ""
        return f"/deployments/{seen.view.name}/timeline?of={id}{page}"


async def timeline(request: Request) -> Response:
    """The page; `of` is the reconfiguration that is shown, by default the latest."""
    seen = await frame.look(request)
    return frame.page(request, seen, "timeline", history=await _history(request, seen))


async def stream(request: Request) -> Response:
    """What of it changes."""
    return frame.respond(request, frame.painted(request, _paint, beat_s=BEAT_S))


async def _paint(request: Request, seen: Seen) -> Mapping[str, str]:
    history = await _history(request, seen)
    return {
        "history": rendering.render(request, "deployment_history.html", seen=seen, history=history),
        "gantt": rendering.render(request, "deployment_gantt.html", seen=seen, history=history),
    }


async def _history(request: Request, seen: Seen) -> History:
    gate = visit.gate_of(request)
    after = request.query_params.get("after") or None
    chosen = request.query_params.get("of")
    items, following = await gate.reconfigurations(seen.view.id, after=after, limit=PAGE)
    shown = None
    wanted = chosen or (items[0].id if items else None)
    if wanted is not None:
        shown = await gate.reconfiguration(wanted)
        if shown.deployment != seen.view.id:
            raise NotFound(f"{seen.view.name} has no reconfiguration {wanted}")
    return History(
        items=items,
        following=following,
        after=after,
        shown=shown,
        gantt=gantt.draw(shown, datetime.now(UTC)) if shown is not None else None,
        follows=chosen is None,
    )


ROUTES = [
    Route("/deployments/{name}/timeline", timeline),
    Route("/deployments/{name}/timeline/stream", stream),
]
