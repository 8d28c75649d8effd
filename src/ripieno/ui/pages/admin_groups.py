"""Groups: who is in them, and who may say so."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import NotFound
from ripieno.control.policy import Action
from ripieno.ui import rendering, visit
from ripieno.ui.pages.admin_users import REFUSALS


async def show_all(request: Request) -> Response:
    """All groups, and the form for a new one."""
    return await _all(request)


async def add(request: Request) -> Response:
    """Make a group."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    name, description = str(form.get("name", "")).strip(), str(form.get("description", ""))
    try:
        await gate.add_group(name, description=description)
    except REFUSALS as refusal:
        sent = {"name": name, "description": description}
        return await _all(request, error=str(refusal), form=sent, status=422)
    return RedirectResponse(f"/admin/groups/{name}", status_code=303)


async def show(request: Request) -> Response:
    """One group."""
    return await _one(request)


async def describe(request: Request) -> Response:
    """Say something else of a group."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    name = request.path_params["name"]
    try:
        await gate.describe_group(name, str(form.get("description", "")))
    except REFUSALS as refusal:
        return await _one(request, error=str(refusal), status=422)
    return _back(name)


async def put_member(request: Request) -> Response:
    """Put a user into a group, or say anew whether they manage it."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    name, user = request.path_params["name"], str(form.get("user", "")).strip()
    try:
        await gate.put_member(name, user, is_manager="is_manager" in form)
    except (*REFUSALS, NotFound) as refusal:
        return await _one(request, error=str(refusal), status=422)
    return _back(name)


async def remove_member(request: Request) -> Response:
    """Take a user out of a group."""
    name = request.path_params["name"]
    await visit.gate_of(request).remove_member(name, request.path_params["user"])
    return _back(name)


async def remove(request: Request) -> Response:
    """Forget a group."""
    await visit.gate_of(request).remove_group(request.path_params["name"])
    return RedirectResponse("/admin/groups?saved=removed", status_code=303)


async def _all(
    request: Request,
    *,
    error: str = "",
    form: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    return rendering.page(
        request,
        "admin_groups.html",
        status=status,
        section="admin",
        groups=await gate.groups(),
        may_add=gate.may(Action.ADD_GROUP),
        saved=request.query_params.get("saved", ""),
        error=error,
        form={"name": "", "description": "", **(form or {})},
    )


async def _one(request: Request, *, error: str = "", status: int = 200) -> Response:
    gate = visit.gate_of(request)
    group = await gate.group(request.path_params["name"])
    mine = gate.caller.user if gate.caller.user in group.managers else ""
    return rendering.page(
        request,
        "admin_group.html",
        status=status,
        section="admin",
        group=group,
        may_change=gate.may(Action.CHANGE_GROUP, owner=mine),
        may_remove=gate.may(Action.REMOVE_GROUP),
        error=error,
    )


def _back(name: str) -> RedirectResponse:
    return RedirectResponse(f"/admin/groups/{name}", status_code=303)


ROUTES = [
    Route("/admin/groups", show_all, methods=["GET"]),
    Route("/admin/groups", add, methods=["POST"]),
    Route("/admin/groups/{name}", show, methods=["GET"]),
    Route("/admin/groups/{name}", describe, methods=["POST"]),
    Route("/admin/groups/{name}/members", put_member, methods=["POST"]),
    Route("/admin/groups/{name}/members/{user}/remove", remove_member, methods=["POST"]),
    Route("/admin/groups/{name}/remove", remove, methods=["POST"]),
]
