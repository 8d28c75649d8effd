"""All tokens, as administrators see them: whose they are, and what they may be used for."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Forbidden
from ripieno.ui import rendering, visit


async def show(request: Request) -> Response:
    """All that are good, or have ended."""
    gate = visit.gate_of(request)
    if not gate.caller.is_admin:
        raise Forbidden("all tokens are for administrators; yours are in your account")
    tokens = await gate.tokens()
    whose = request.query_params.get("user", "").strip()
    with_ended = "ended" in request.query_params
    now = datetime.now(UTC)
    return rendering.page(
        request,
        "admin_tokens.html",
        section="admin",
        tokens=[
            each
            for each in tokens
            if (not whose or each.user == whose) and (with_ended or each.revoked_at is None)
        ],
        whose=whose,
        with_ended=with_ended,
        now=now,
    )


async def revoke(request: Request) -> Response:
    """Have a token let nobody in any more."""
    await visit.gate_of(request).revoke_token(request.path_params["id"])
    return RedirectResponse("/admin/tokens", status_code=303)


ROUTES = [
    Route("/admin/tokens", show, methods=["GET"]),
    Route("/admin/tokens/{id}/revoke", revoke, methods=["POST"]),
]
