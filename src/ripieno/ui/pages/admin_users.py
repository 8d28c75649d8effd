"""Users, as administrators see them."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Conflict, InvalidRequest
from ripieno.control.policy import Action
from ripieno.model.access import Role
from ripieno.model.errors import ModelError
from ripieno.ui import rendering, visit
from ripieno.ui.entrance import entrance_of

PAGE = 50
"""How many users one page shows."""

REFUSALS = (InvalidRequest, Conflict, ModelError)
"""What is said beside the form that was sent."""


async def first(request: Request) -> Response:
    """Where the pages of administrators begin."""
    visit.gate_of(request)
    return RedirectResponse("/admin/users", status_code=303)


async def show_all(request: Request) -> Response:
    """All users, and the form for a new one."""
    return await _all(request)


async def add(request: Request) -> Response:
    """Make a user, and go to where a way in can be made for them."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    name = str(form.get("name", "")).strip()
    try:
        made = await gate.add_user(
            name,
            role=_role(str(form.get("role", ""))),
            display_name=str(form.get("display_name", "")),
            email=str(form.get("email", "")),
        )
    except REFUSALS as refusal:
        return await _all(request, error=str(refusal), form=dict(form), status=422)
    return RedirectResponse(f"/admin/users/{made.name}?saved=new", status_code=303)


async def show(request: Request) -> Response:
    """One user."""
    return await _one(request)


async def change(request: Request) -> Response:
    """Change what a user is and may."""
    gate = visit.gate_of(request)
    name = request.path_params["name"]
    form = await request.form(max_files=0, max_fields=20)
    try:
        await gate.change_user(
            name,
            role=_role(str(form.get("role", ""))),
            display_name=str(form.get("display_name", "")),
            email=str(form.get("email", "")),
            is_disabled="is_disabled" in form,
        )
    except REFUSALS as refusal:
        return await _one(request, error=str(refusal), status=422)
    return RedirectResponse(f"/admin/users/{name}?saved=yes", status_code=303)


async def make_link(request: Request) -> Response:
    """Make a link that lets a user in once."""
    gate = visit.gate_of(request)
    try:
        text, expires_at = await gate.create_sign_in_link(request.path_params["name"])
    except REFUSALS as refusal:
        return await _one(request, error=str(refusal), status=422)
    base = entrance_of(request).address.base(request.scope)
    link = {"url": f"{base}/sign-in/link/{text}", "expires_at": expires_at}
    return await _one(request, link=link)


async def remove(request: Request) -> Response:
    """Forget a user."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    heir = str(form.get("to", "")).strip()
    try:
        await gate.remove_user(request.path_params["name"], to=heir or None)
    except REFUSALS as refusal:
        return await _one(request, error=str(refusal), status=422)
    return RedirectResponse("/admin/users?saved=removed", status_code=303)


async def _all(
    request: Request,
    *,
    error: str = "",
    form: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    after = request.query_params.get("after")
    users, following = await gate.users(after=after, limit=PAGE)
    return rendering.page(
        request,
        "admin_users.html",
        status=status,
        section="admin",
        users=users,
        following=following,
        is_first=after is None,
        roles=list(Role),
        saved=request.query_params.get("saved", ""),
        error=error,
        form={"name": "", "display_name": "", "email": "", "role": "deployer", **(form or {})},
    )


async def _one(
    request: Request,
    *,
    error: str = "",
    link: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    name = request.path_params["name"]
    user = await gate.user(name)
    tokens = await gate.tokens(user=name)
    return rendering.page(
        request,
        "admin_user.html",
        status=status,
        section="admin",
        user=user,
        tokens=[each for each in tokens if each.revoked_at is None],
        roles=list(Role),
        may_change=gate.may(Action.CHANGE_USER),
        saved=request.query_params.get("saved", ""),
        error=error,
        link=link,
    )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidRequest(f"there is no role like this; take {', '.join(Role)}") from None


ROUTES = [
    Route("/admin", first, methods=["GET"]),
    Route("/admin/users", show_all, methods=["GET"]),
    Route("/admin/users", add, methods=["POST"]),
    Route("/admin/users/{name}", show, methods=["GET"]),
    Route("/admin/users/{name}", change, methods=["POST"]),
    Route("/admin/users/{name}/link", make_link, methods=["POST"]),
    Route("/admin/users/{name}/remove", remove, methods=["POST"]),
]
