"""What happened to a deployment, in sentences, the newest first."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.control.gate import Gate
from ripieno.store.records import EventRecord
from ripieno.ui import pacing, rendering, sentences, visit
from ripieno.ui.pacing import Sent
from ripieno.ui.pages.deployment import frame
from ripieno.ui.streaming import Fragment

PAGE = 100
LONGEST_NAME = 200

KINDS = (
    "deployment.created",
    "reconfiguration.accepted",
    "reconfiguration.started",
    "reconfiguration.completed",
    "reconfiguration.failed",
    "reconfiguration.cancelled",
    "reconfiguration.refused",
    "transition.ended",
    "transition.failed",
    "component.crashed",
    "component.unhealthy",
    "component.restarting",
    "component.given_up",
    "component.provider_lost",
    "component.note",
    "host.away",
    "host.back",
)
"""What can be chosen; any other kind may be asked for in the address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which events are shown; `before` the one with that id (None: up to now)."""

    component: str | None
    kind: str | None
    before: int | None

    def address(self, path: str, *, before: int | None = None) -> str:
        """The page of these events that ends before one."""
        values = {"component": self.component, "kind": self.kind, "before": before}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


async def events(request: Request) -> Response:
    """The page; `component`, `kind` and `before` choose what is shown."""
    seen = await frame.look(request)
    chosen = _filter(request)
    gate = visit.gate_of(request)
    found, is_all = await _latest(gate, seen.view.id, chosen)
    spoken = rendering.texts(request)
    last = found[-1].id if found else 0
    address = frame.stream_address(request, seen, "events")
    return frame.page(
        request,
        seen,
        "events",
        stream=f"{address}{'&' if '?' in address else '?'}last={last}",
        chosen=chosen,
        kinds=KINDS if chosen.kind in (None, *KINDS) else (*KINDS, chosen.kind),
        items=[sentences.told(each, spoken) for each in reversed(found)],
        older=None if is_all or not found else found[0].id,
    )


async def stream(request: Request) -> Response:
    """Events that are new, as items to be put before the others."""
    return frame.respond(request, _fragments(request))


async def _fragments(request: Request) -> AsyncIterator[Fragment]:
    gate = visit.gate_of(request)
    spoken = rendering.texts(request)
    chosen = _filter(request)
    last = _number(request, "last") or 0
    resumed = request.headers.get("last-event-id", "")
    if resumed.isdecimal() and len(resumed) < 20:
        last = max(last, int(resumed))
    sent = Sent()
    async for _ in pacing.paced(gate.ticks(request.path_params["name"])):
        seen = await frame.look(request)
        head = rendering.render(request, frame.HEAD, seen=seen)
        for fragment in sent.fresh({"head": head}):
            yield fragment
        fresh = await gate.events(
            deployment=seen.view.id,
            after=last,
            limit=PAGE,
            component=chosen.component,
            kind=chosen.kind,
        )
        if fresh and chosen.before is None:
            last = fresh[-1].id
            items = [sentences.told(each, spoken) for each in reversed(fresh)]
            html = rendering.render(request, "deployment_event_items.html", items=items)
            yield Fragment(event="events", html=html, id=last)


async def _latest(gate: Gate, id: str, chosen: Filter) -> tuple[Sequence[EventRecord], bool]:
    """The last events that are wanted, oldest first, and whether those are all there are.

    Events are read forwards only, so the part that is read grows until it has enough.
    """
    end = chosen.before
    reach = 4 * PAGE
    newest = await gate.last_event_id(id) if end is None else end - 1
    while True:
        after = max(0, newest - reach)
        found: list[EventRecord] = []
        cursor = after
        while True:
            page = await gate.events(
                deployment=id,
                after=cursor,
                limit=1000,
                component=chosen.component,
                kind=chosen.kind,
            )
            found += (each for each in page if each.id <= newest)
            if len(page) < 1000 or page[-1].id > newest:
                break
            cursor = page[-1].id
        if len(found) > PAGE or after == 0:
            return found[-PAGE:], len(found) <= PAGE
        reach *= 4


def _filter(request: Request) -> Filter:
    query = request.query_params
    return Filter(
        component=query.get("component", "")[:LONGEST_NAME] or None,
        kind=query.get("kind", "")[:LONGEST_NAME] or None,
        before=_number(request, "before"),
    )


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name) or None
    if text is not None and not (text.isdecimal() and len(text) < 19):
        raise InvalidRequest(f"{name} is the id of an event, a number")
    return None if text is None else int(text)


ROUTES = [
    Route("/deployments/{name}/events", events),
    Route("/deployments/{name}/events/stream", stream),
]
