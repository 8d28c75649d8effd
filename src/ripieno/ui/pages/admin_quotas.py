"""Quotas: how much users and groups may have running, and how much they have."""

from collections.abc import Callable
from typing import TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Forbidden, InvalidRequest, NotFound
from ripieno.control.policy import Action
from ripieno.ui import rendering, visit
from ripieno.ui.pages.admin_users import REFUSALS
from ripieno.wire.base import MOST_INTEGER

Limit = TypeVar("Limit", int, float)

FIELDS = ("subject", "deployments", "cpus", "memory_mib")


async def show(request: Request) -> Response:
    """All quotas, and the form for one."""
    return await _page(request)


async def put(request: Request) -> Response:
    """Set a quota, in the place of what it was."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    try:
        await gate.set_quota(
            str(form.get("subject", "")).strip(),
            deployments=_limit(form, "deployments", int),
            cpus=_limit(form, "cpus", float),
            memory_mib=_limit(form, "memory_mib", int),
        )
    except (*REFUSALS, NotFound) as refusal:
        return await _page(request, error=str(refusal), form=form, status=422)
    return RedirectResponse("/admin/quotas?saved=yes", status_code=303)


async def remove(request: Request) -> Response:
    """Let somebody have as much as they like."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    await gate.remove_quota(str(form.get("subject", "")))
    return RedirectResponse("/admin/quotas?saved=removed", status_code=303)


async def _page(
    request: Request, *, error: str = "", form: FormData | None = None, status: int = 200
) -> Response:
    gate = visit.gate_of(request)
    if not gate.may(Action.CHANGE_QUOTA):
        raise Forbidden("all quotas are for administrators; yours is in your account")
    quotas = await gate.quotas()
    chosen = request.query_params.get("subject", "")
    known = {each.subject: each for each in quotas}.get(chosen)
    values = {name: "" for name in FIELDS}
    if form is not None:
        values = {name: str(form.get(name, "")) for name in FIELDS}
    elif known is not None:
        limits = {name: getattr(known, name) for name in FIELDS[1:]}
        values = {name: "" if each is None else f"{each:g}" for name, each in limits.items()}
        values["subject"] = chosen
    return rendering.page(
        request,
        "admin_quotas.html",
        status=status,
        section="admin",
        quotas=quotas,
        form=values,
        is_open=form is not None or known is not None,
        saved=request.query_params.get("saved", ""),
        error=error,
    )


def _limit(form: FormData, name: str, number: Callable[[str], Limit]) -> Limit | None:
    """A limit, None if the field is empty. Raises: `InvalidRequest`."""
    text = str(form.get(name, "")).strip().replace(",", ".")
    if not text:
        return None
    try:
        value = number(text)
    except ValueError:
        raise InvalidRequest(f"{name} is {text!r}; write a number, or nothing") from None
    if not 0 <= value <= MOST_INTEGER:
        raise InvalidRequest(f"{name} is {text}; write a number from 0 on, or nothing")
    return value


ROUTES = [
    Route("/admin/quotas", show, methods=["GET"]),
    Route("/admin/quotas", put, methods=["POST"]),
    Route("/admin/quotas/remove", remove, methods=["POST"]),
]
