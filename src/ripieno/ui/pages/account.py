"""The visitor's own account: who they are, password, sessions, tokens."""

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control import signing_in
from ripieno.control.errors import InvalidRequest, TooManyAttempts
from ripieno.control.sessions import Session
from ripieno.model.access import Scope
from ripieno.ui import browsers, rendering, visit
from ripieno.ui.entrance import entrance_of

DAY_S = 24 * 3600
LIFETIMES_S = {"7": 7 * DAY_S, "30": 30 * DAY_S, "90": 90 * DAY_S, "365": 365 * DAY_S, "": None}
"""How long a token may be good, by the days that the form offers; nothing: until it is revoked."""

FIELDS = ("details", "password", "again", "token")
"""Where an error may stand."""


async def show(request: Request) -> Response:
    """All of it."""
    return await _page(request)


async def describe(request: Request) -> Response:
    """Change how the visitor is named and written to."""
    form = await _form(request)
    try:
        await visit.gate_of(request).change_user(
            visit.gate_of(request).caller.user,
            display_name=_text(form, "display_name"),
            email=_text(form, "email"),
        )
    except InvalidRequest as refusal:
        return await _page(request, errors={"details": str(refusal)}, status=422)
    return _back("details")


async def change_password(request: Request) -> Response:
    """Choose another password."""
    entrance = entrance_of(request)
    form = await _form(request)
    new = _text(form, "new")
    texts = rendering.texts(request)
    if new != _text(form, "again"):
        errors = {"again": texts.gettext("This is not what the other field holds.")}
        return await _page(request, errors=errors, status=422)
    try:
        entered = await visit.gate_of(request).change_password(
            _text(form, "old") or None,
            new,
            session=_session(request),
            origin=entrance.origin(request),
        )
    except InvalidRequest as refusal:
        return await _page(request, errors={"password": str(refusal)}, status=422)
    except TooManyAttempts as wait:
        return await _page(request, errors={"password": str(wait)}, status=429)
    response = _back("password")
    entrance.let_in(request, response, entered)
    return response


async def end_session(request: Request) -> Response:
    """Sign out in another browser."""
    await visit.gate_of(request).end_session(request.path_params["id"])
    return RedirectResponse("/account#sessions", status_code=303)


async def create_token(request: Request) -> Response:
    """Make a token, whose text is on this one page and nowhere else."""
    form = await _form(request)
    name = _text(form, "name")
    try:
        scopes = [Scope(str(each)) for each in form.getlist("scope")]
        ttl_s = LIFETIMES_S[_text(form, "days")]
    except (ValueError, KeyError):
        raise InvalidRequest("there is no such scope or time; use the form") from None
    try:
        made, text = await visit.gate_of(request).create_token(name, ttl_s, scopes=scopes)
    except InvalidRequest as refusal:
        return await _page(
            request, errors={"token": str(refusal)}, named=name, chosen=scopes, status=422
        )
    return await _page(request, made={"name": made.name, "text": text})


async def revoke_token(request: Request) -> Response:
    """Have a token let nobody in any more."""
    gate = visit.gate_of(request)
    id = request.path_params["id"]
    if id not in {each.id for each in await gate.tokens(user=gate.caller.user)}:
        raise InvalidRequest(f"{id} is no token of yours; see the list in your account")
    await gate.revoke_token(id)
    return RedirectResponse("/account#tokens", status_code=303)


async def _page(
    request: Request,
    *,
    errors: Mapping[str, str] | None = None,
    made: Mapping[str, str] | None = None,
    named: str = "",
    chosen: object = (Scope.READ, Scope.DEPLOY),
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    session = _session(request)
    tokens = await gate.tokens(user=gate.caller.user)
    return rendering.page(
        request,
        "account.html",
        status=status,
        me=await gate.me(),
        quotas=await gate.quotas(user=gate.caller.user),
        sessions=[
            {"record": each, "browser": browsers.told(each.browser)}
            for each in await gate.sessions()
        ],
        present=session.record.id,
        tokens=[each for each in tokens if each.revoked_at is None],
        scopes=list(Scope),
        lifetimes=list(LIFETIMES_S),
        needs_old=not signing_in.may_skip_old(session),
        is_first="first" in request.query_params,
        saved=request.query_params.get("saved", ""),
        errors={**dict.fromkeys(FIELDS, ""), **(errors or {})},
        made=made,
        named=named[:100],
        chosen=chosen,
    )


def _session(request: Request) -> Session:
    session: Session = request.state.session
    return session


async def _form(request: Request) -> FormData:
    visit.gate_of(request)
    return await request.form(max_files=0, max_fields=30)


def _text(form: FormData, name: str) -> str:
    return str(form.get(name, ""))


def _back(saved: str) -> RedirectResponse:
    return RedirectResponse(f"/account?saved={saved}", status_code=303)


ROUTES = [
    Route("/account", show, methods=["GET"]),
    Route("/account/details", describe, methods=["POST"]),
    Route("/account/password", change_password, methods=["POST"]),
    Route("/account/sessions/{id}/end", end_session, methods=["POST"]),
    Route("/account/tokens", create_token, methods=["POST"]),
    Route("/account/tokens/{id}/revoke", revoke_token, methods=["POST"]),
]
