"""The audit trail: who did what, from where, to what, with which result."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.control.policy import Action
from ripieno.control.trail import Result
from ripieno.store.records import AuditQuery
from ripieno.ui import rendering, visit

PAGE = 50
"""How many entries one page shows."""

FIELDS = ("user", "action", "thing", "result", "since", "until")


async def show(request: Request) -> Response:
    """A page of the entries that are looked for, the latest first."""
    gate = visit.gate_of(request)
    asked = {name: request.query_params.get(name, "").strip()[:200] for name in FIELDS}
    query = AuditQuery(
        user=asked["user"] or None,
        action=asked["action"] or None,
        thing=asked["thing"] or None,
        result=asked["result"] or None,
        since=_day(asked["since"]),
        until=_day(asked["until"], end=True),
    )
    after = request.query_params.get("after")
    entries, following = await gate.audit(query, after=after, limit=PAGE)
    chosen = {name: text for name, text in asked.items() if text}
    more = None if following is None else "?" + urlencode({**chosen, "after": following})
    is_part = rendering.is_fragment(request)
    return rendering.page(
        request,
        "admin_audit_entries.html" if is_part else "admin_audit.html",
        section="admin",
        asked=asked,
        entries=entries,
        following=more,
        is_first=after is None,
        is_narrowed=bool(chosen),
        begin="?" + urlencode(chosen),
        actions=sorted({each.value.partition(".")[0] for each in Action} | {"session"}),
        results=list(Result),
    )


def _day(text: str, *, end: bool = False) -> datetime | None:
    """A day as a form has it: its beginning, or its end."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidRequest(f"{text!r} is no day; write it as 2026-01-31") from None
    return day + timedelta(days=1) if end else day


ROUTES = [Route("/admin/audit", show, methods=["GET"])]
