"""Signing in and out: by password, by one-time link, by a provider of identities."""

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest, LinkRefused, SignInRefused, TooManyAttempts
from ripieno.identity.errors import IdentityError
from ripieno.identity.flow import GOOD_FOR_S
from ripieno.ui import problem, rendering, visit
from ripieno.ui.address import own_path
from ripieno.ui.entrance import Entrance, entrance_of
from ripieno.wire import cookie

BACK = "/sign-in/provider/back"
"""Where a provider sends browsers; it has to be told beforehand."""


async def show(request: Request) -> Response:
    """The form; somebody who is signed in goes on to where they wanted to be."""
    following = own_path(request.query_params.get("next"))
    if visit.visitor_of(request) is not None:
        return RedirectResponse(following, status_code=303)
    return await _form(request, following)


async def enter(request: Request) -> Response:
    """Somebody says who they are."""
    entrance = entrance_of(request)
    form = await request.form(max_files=0, max_fields=10)
    user, password = str(form.get("user", "")), str(form.get("password", ""))
    following = own_path(str(form.get("next", "")))
    try:
        entered = await entrance.control.sign_in(
            user,
            password,
            origin=entrance.origin(request),
            browser=entrance.read(request, cookie.BROWSER),
        )
    except SignInRefused:
        return await _form(request, following, user=user, is_refused=True, status=422)
    except TooManyAttempts as wait:
        response = await _form(request, following, user=user, wait_s=wait.retry_after_s, status=429)
        response.headers["Retry-After"] = str(wait.retry_after_s)
        return response
    await _end_present(request)
    response = RedirectResponse(following, status_code=303)
    entrance.let_in(request, response, entered)
    return response


async def leave(request: Request) -> Response:
    """Somebody goes; who came from a provider is told how to sign out there too."""
    entrance = entrance_of(request)
    visitor = visit.visitor_of(request)
    elsewhere = None
    if visitor is not None:
        back = f"{entrance.address.base(request.scope)}{problem.SIGN_IN}"
        elsewhere = await entrance.control.leave_provider(visitor.name, back=back)
        await _end_present(request)
        del request.state.gate
    response = rendering.page(
        request,
        "signed_out.html",
        elsewhere=elsewhere,
        provider=await entrance.control.provider_label(),
    )
    entrance.remove(request, response, cookie.SESSION)
    return response


async def show_link(request: Request) -> Response:
    """Whom a one-time link lets in: it is used up by a form only, which no preview sends."""
    try:
        link = await entrance_of(request).control.link(request.path_params["text"])
    except LinkRefused:
        return _no_link(request)
    # Opened from outside the browser, as `ripieno sign-in` does it; any other way somebody might
    # be let in by a link of another's without noticing.
    is_opened = request.headers.get("sec-fetch-site") == "none"
    by_itself = is_opened and visit.visitor_of(request) is None
    return rendering.page(
        request,
        "sign_in_link.html",
        link=link,
        following=own_path(request.query_params.get("next")),
        by_itself=by_itself,
    )


async def enter_by_link(request: Request) -> Response:
    """Somebody uses a one-time link."""
    entrance = entrance_of(request)
    form = await request.form(max_files=0, max_fields=10)
    try:
        entered = await entrance.control.sign_in_by_link(
            request.path_params["text"], origin=entrance.origin(request)
        )
    except LinkRefused:
        return _no_link(request)
    await _end_present(request)
    following = own_path(str(form.get("next", "")))
    if entered.needs_password:
        following = "/account?first=1"
    response = RedirectResponse(following, status_code=303)
    entrance.let_in(request, response, entered)
    return response


async def ask_provider(request: Request) -> Response:
    """Send somebody to the provider."""
    entrance = entrance_of(request)
    following = own_path(request.query_params.get("next"))
    try:
        address, kept = await entrance.control.ask_provider(back=_back(request, entrance))
    except IdentityError as error:
        return await _form(request, following, failure=str(error), status=503)
    response = RedirectResponse(address, status_code=303)
    text = f"{kept}.{quote(following, safe='')}"
    entrance.write(request, response, cookie.FLOW, text, GOOD_FOR_S)
    return response


async def return_from_provider(request: Request) -> Response:
    """Somebody comes back from the provider."""
    entrance = entrance_of(request)
    begun, _, rest = (entrance.read(request, cookie.FLOW) or "").partition(".")
    drawn, _, quoted = rest.partition(".")
    following = own_path(unquote(quoted))
    try:
        entered = await entrance.control.sign_in_by_provider(
            f"{begun}.{drawn}",
            dict(request.query_params),
            back=_back(request, entrance),
            origin=entrance.origin(request),
        )
    except (IdentityError, SignInRefused) as error:
        response: Response = await _form(request, following, failure=str(error), status=403)
    else:
        await _end_present(request)
        response = RedirectResponse(following, status_code=303)
        entrance.let_in(request, response, entered)
    entrance.remove(request, response, cookie.FLOW)
    return response


async def _form(
    request: Request,
    following: str,
    *,
    user: str = "",
    is_refused: bool = False,
    wait_s: int = 0,
    failure: str = "",
    status: int = 200,
) -> Response:
    entrance = entrance_of(request)
    return rendering.page(
        request,
        "sign_in.html",
        status=status,
        following=following,
        user=user[:100],
        is_refused=is_refused,
        wait_s=wait_s,
        failure=failure,
        provider=await entrance.control.provider_label(),
    )


def _no_link(request: Request) -> Response:
    return rendering.page(
        request, "sign_in_link.html", status=403, link=None, following="/", by_itself=False
    )


async def _end_present(request: Request) -> None:
    """End the session that this browser had until now, whoever's it was."""
    session = getattr(request.state, "session", None)
    if session is not None:
        entrance = entrance_of(request)
        await entrance.control.sign_out(session.record.id, caller=session.caller.user)


def _back(request: Request, entrance: Entrance) -> str:
    base = entrance.address.base(request.scope)
    if base is None:
        raise InvalidRequest("this server is not known by that name; use its own address")
    return base + BACK


ROUTES = [
    Route("/sign-in", show, methods=["GET"]),
    Route("/sign-in", enter, methods=["POST"]),
    Route("/sign-in/provider", ask_provider, methods=["GET"]),
    Route(BACK, return_from_provider, methods=["GET"]),
    Route("/sign-in/link/{text}", show_link, methods=["GET"]),
    Route("/sign-in/link/{text}", enter_by_link, methods=["POST"]),
    Route("/sign-out", leave, methods=["POST"]),
]
