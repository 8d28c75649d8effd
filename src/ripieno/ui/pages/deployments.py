"""The deployments that the visitor may look at, as a list that stays up to date by itself."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.views import DeploymentState, Glance
from ripieno.ui import ending, pacing, rendering, standing, visit
from ripieno.ui.pacing import Sent
from ripieno.ui.standing import Standing
from ripieno.ui.streaming import Fragment, Live

PAGE = 50
LONGEST_TEXT = 100
PAUSE_S = 0.5
"""A list changes with everything that happens; it is painted less often than one deployment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A deployment in the list, and what the visitor may do with it now."""

    glance: Glance
    standing: Standing
    is_up: bool
    changes: bool
    reads_logs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Which deployments are shown: whose, in which a text occurs, and which page of them."""

    owner: str
    text: str
    after: str | None

    @property
    def is_narrow(self) -> bool:
        """Whether more might be found with less."""
        return bool(self.text or self.owner or self.after)

    def address(self, path: str, **changed: str | None) -> str:
        """A path with this query, or one that differs a little."""
        values = {"q": self.text, "owner": self.owner, "after": self.after, **changed}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


async def deployments(request: Request) -> Response:
    """The page, or for htmx the list alone."""
    query = _query(request)
    rows, following = await _rows(request, query)
    is_part = rendering.is_fragment(request)
    return rendering.page(
        request,
        "deployments_list.html" if is_part else "deployments.html",
        section="deployments",
        query=query,
        rows=rows,
        following=following,
    )


async def stream(request: Request) -> Response:
    """The list again, whenever something in it is another."""
    live: Live = request.app.state.live
    fragments = _fragments(request, _query(request))
    return live.respond(ending.told(request, fragments, event="list"))


async def _fragments(request: Request, query: Query) -> AsyncIterator[Fragment]:
    sent = Sent()
    ticks = visit.gate_of(request).ticks()
    async for _ in pacing.paced(ticks, pause_s=PAUSE_S):
        rows, following = await _rows(request, query)
        html = rendering.render(
            request, "deployments_rows.html", query=query, rows=rows, following=following
        )
        for fragment in sent.fresh({"list": html}):
            yield fragment


async def _rows(request: Request, query: Query) -> tuple[Sequence[Row], str | None]:
    gate = visit.gate_of(request)
    spoken = rendering.texts(request)
    owner = gate.caller.user if query.owner == "me" else query.owner or None
    found, following = await gate.glances(
        owner=owner, text=query.text, after=query.after, limit=PAGE
    )
    return [
        Row(
            glance=each,
            standing=standing.of_glance(each, spoken),
            is_up=each.deployment.state is not DeploymentState.STOPPED,
            changes=gate.may(visit.CHANGE, owner=each.deployment.owner),
            reads_logs=gate.may(visit.READ_LOGS, owner=each.deployment.owner),
        )
        for each in found
    ], following


def _query(request: Request) -> Query:
    given = request.query_params
    return Query(
        owner=given.get("owner", "")[:LONGEST_TEXT],
        text=given.get("q", "").strip()[:LONGEST_TEXT],
        after=given.get("after") or None,
    )


ROUTES = [
    Route("/deployments", deployments),
    Route("/deployments-stream", stream),
]
