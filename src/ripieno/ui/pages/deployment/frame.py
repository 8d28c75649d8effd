"""What all tabs of a deployment share: its head with how it is, the tabs, and the live stream.

A tab gives the names of its templates and what they need; here it becomes a page and a stream.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ripieno.control.gate import Gate
from ripieno.control.views import DeploymentState, DeploymentView, ReconfigurationView
from ripieno.ui import ending, lasting, pacing, rendering, standing, visit
from ripieno.ui.lasting import Lasting
from ripieno.ui.pacing import Sent
from ripieno.ui.standing import Progress, Standing
from ripieno.ui.streaming import Fragment, Live

HEAD = "deployment_head.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A deployment as it was just looked at, and what the visitor may do with it."""

    view: DeploymentView
    current: ReconfigurationView | None
    standing: Standing
    life: Lasting
    progress: Progress | None
    changes: bool
    reads_logs: bool
    reads_events: bool

    @property
    def is_there(self) -> bool:
        """Whether it was not removed."""
        return self.view.state is not DeploymentState.REMOVED

    @property
    def is_stopped(self) -> bool:
        """Whether there is nothing to stop or restart."""
        return self.view.state is DeploymentState.STOPPED


Paint = Callable[[Request, Seen], Awaitable[Mapping[str, str]]]
"""What the live parts of a tab show now: HTML, or JSON for a script, by the event's name."""


async def look(request: Request) -> Seen:
    """The deployment that the address names. Raises: `NotFound`, `Forbidden`."""
    gate = visit.gate_of(request)
    view = await gate.deployment(request.path_params["name"])
    spoken = rendering.texts(request)
    current = None
    if view.reconfiguration is not None:
        current = await gate.reconfiguration(view.reconfiguration)
    return Seen(
        view=view,
        current=current,
        standing=standing.of_deployment(view, current, spoken),
        life=lasting.of_deployment(view, spoken),
        progress=standing.progress(current, spoken),
        changes=_may_change(gate, view),
        reads_logs=gate.may(visit.READ_LOGS, owner=view.owner),
        reads_events=gate.may(visit.READ_EVENTS, owner=view.owner),
    )


def page(
    request: Request,
    seen: Seen,
    tab: str,
    *,
    status: int = 200,
    stream: str | None = None,
    **values: object,
) -> Response:
    """The page of a tab; `deployment_TAB.html` is its template."""
    return rendering.page(
        request,
        f"deployment_{tab}.html",
        status=status,
        section="deployments",
        tab=tab,
        seen=seen,
        stream=stream or stream_address(request, seen, tab),
        **values,
    )


def stream_address(request: Request, seen: Seen, tab: str) -> str:
    """Where the live parts of a tab come from; what the address asks for is asked for there too."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/deployments/{seen.view.name}/{tab}/stream{query}"


def respond(
    request: Request, fragments: AsyncIterator[Fragment], *, event: str = "head"
) -> Response:
    """The stream of fragments as a response; its last words are for `event`."""
    live: Live = request.app.state.live
    return live.respond(ending.told(request, fragments, event=event))


async def painted(
    request: Request, paint: Paint, *, beat_s: float = pacing.BEAT_S
) -> AsyncIterator[Fragment]:
    """The head of the page and the live parts of its tab, whenever they are others."""
    sent = Sent()
    ticks = visit.gate_of(request).ticks(request.path_params["name"])
    async for _ in pacing.paced(ticks, beat_s=beat_s):
        seen = await look(request)
        parts = {"head": rendering.render(request, HEAD, seen=seen), **await paint(request, seen)}
        for fragment in sent.fresh(parts):
            yield fragment


def _may_change(gate: Gate, view: DeploymentView) -> bool:
    is_there = view.state is not DeploymentState.REMOVED
    return is_there and gate.may(visit.CHANGE, owner=view.owner)
