"""The application itself, in a frame with a bar; what is in its way while it is not ready.

The frame belongs to another origin and cannot be looked into. It is let in by a one-time address,
which a script asks for when the application becomes ready, and when it has begun anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest, NotFound
from ripieno.control.views import ComponentView, RouteState, RouteView
from ripieno.ui import formats, gantt, rendering, visit
from ripieno.ui.gantt import Step
from ripieno.ui.pages.deployment import frame
from ripieno.ui.pages.deployment.frame import Seen

BEAT_S = 2.0
MOST_STEPS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What the frame shows: the application, or what is in its way."""

    routes: Sequence[RouteView]
    route: RouteView | None
    component: ComponentView | None
    began_at: datetime | None
    steps: Sequence[Step]

    @property
    def state(self) -> str:
        """`ready`, `waiting`, `stopped`, `idle`, `failed`, `no-door`, or `no-route`."""
        if self.route is None:
            return "no-route"
        if self.route.url is None:
            return "no-door"
        return self.route.state.value

    @property
    def uptime_s(self) -> float | None:
        """How long it has been up, roughly; None if it is not, or has been for a moment only."""
        if self.began_at is None or self.state != RouteState.READY:
            return None
        old_s = (datetime.now(UTC) - self.began_at).total_seconds()
        return formats.rough(old_s) if old_s >= 60 else None

    @property
    def key(self) -> str:
        """What the frame has to be loaded anew for when it is another."""
        if self.route is None or self.route.state is not RouteState.READY:
            return ""
        began = self.began_at.isoformat() if self.began_at else ""
        return f"{self.route.name} {self.route.url} {began}"


async def opened(request: Request) -> Response:
    """The page; `route` chooses one where there are several."""
    seen = await frame.look(request)
    stage = await _stage(request, seen)
    if stage.route is not None and stage.route.state is RouteState.IDLE:
        # Whoever opens it comes to use it, as if they came by its address.
        await visit.gate_of(request).wake(stage.route.name)
        seen = await frame.look(request)
        stage = await _stage(request, seen)
    return frame.page(request, seen, "open", stage=stage)


async def stream(request: Request) -> Response:
    """The bar and what is in the way, as they change."""
    return frame.respond(request, frame.painted(request, _paint, beat_s=BEAT_S), event="stage")


async def enter(request: Request) -> Response:
    """An address that lets this browser in, once; for the page's script."""
    seen = await frame.look(request)
    posted = await request.form(max_files=0, max_fields=10)
    chosen = str(posted.get("route", ""))
    gate = visit.gate_of(request)
    if all(each.name != chosen for each in await gate.routes(seen.view.id)):
        raise InvalidRequest(f"{seen.view.name} has no such route")
    address = await gate.hand_over(chosen)
    return JSONResponse({"address": address}, headers={"Cache-Control": "no-store"})


async def _paint(request: Request, seen: Seen) -> Mapping[str, str]:
    stage = await _stage(request, seen)
    return {
        "bar": rendering.render(request, "deployment_bar.html", seen=seen, stage=stage),
        "stage": rendering.render(request, "deployment_stage.html", seen=seen, stage=stage),
    }


async def _stage(request: Request, seen: Seen) -> Stage:
    routes = await visit.gate_of(request).routes(seen.view.id)
    chosen = request.query_params.get("route")
    route = next((each for each in routes if chosen in (None, "", each.name)), None)
    if route is None and chosen:
        raise NotFound(f"{seen.view.name} has no route {chosen!r}")
    component = next(
        (each for each in seen.view.components if route and each.name == route.component), None
    )
    begun = [each.started_at for each in component.replicas if each.started_at] if component else []
    steps: Sequence[Step] = ()
    if seen.current is not None:
        steps = gantt.draw(seen.current, datetime.now(UTC)).steps
    return Stage(
        routes=routes,
        route=route,
        component=component,
        # The one that began first: a rolling update leaves visitors where they are.
        began_at=min(begun, default=None),
        steps=steps[:MOST_STEPS],
    )


ROUTES = [
    Route("/deployments/{name}/open", opened),
    Route("/deployments/{name}/open/stream", stream),
    Route("/deployments/{name}/enter", enter, methods=["POST"]),
]
