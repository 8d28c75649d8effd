"""What goes wrong, as the visitor sees it: a page that says what to do, or a toast for htmx."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ripieno.ui import rendering, sayings
from ripieno.ui.language import N_
from ripieno.wire.problem import Problem

SIGN_IN = "/sign-in"

TITLES = {
    "not-found": N_("There is no such thing"),
    "no-such-path": N_("There is no such page"),
    "forbidden": N_("You may not do this"),
    "name-in-use": N_("The name is in use"),
    "held": N_("Another change is going on"),
    "conflict": N_("Not possible in the present state"),
    "revision-mismatch": N_("Somebody changed it meanwhile"),
    "invalid-request": N_("The request makes no sense"),
    "invalid-document": N_("The document cannot be read"),
    "unknown-field": N_("The document has an unknown field"),
    "invalid-parameter": N_("A parameter does not fit"),
    "invalid-model": N_("The document is not legal"),
    "no-plan": N_("There is no plan for what was asked"),
    "version-taken": N_("This version is published already"),
    "unknown-secret": N_("A secret has no value"),
    "too-large": N_("That is too large"),
    "csrf": N_("This page was open for too long"),
    "cross-site": N_("This was sent by another site"),
    "unknown-host": N_("This server is not known by that name"),
    "sign-in-refused": N_("You are not let in"),
    "too-many-attempts": N_("Too many attempts"),
    "quota-exceeded": N_("That is more than you may have"),
    "shutting-down": N_("The server is going down"),
    "store-unavailable": N_("The server cannot use its database now"),
    "disk-full": N_("The server has no room left"),
    "host-unavailable": N_("The host cannot do it now"),
    "server-fault": N_("The server failed"),
}
"""Titles by the slug of the problem; the API's own are in English only."""

REMEDIES = {
    "not-found": N_("It may have been removed or renamed. Look for it in the list."),
    "no-such-path": N_("Check the address, or begin at the catalogue."),
    "forbidden": N_("Ask its owner or an administrator."),
    "revision-mismatch": N_("Load the page again, look at what has changed, then repeat it."),
    "held": N_("Wait until it is over, then repeat it."),
    "csrf": N_("Load the page again, then repeat what you did."),
    "shutting-down": N_("Load the page again in a moment."),
    "store-unavailable": N_("Load the page again in a moment."),
    "server-fault": N_("Try again. If it stays so, tell an administrator the incident number."),
}


def title(request: Request, problem: Problem) -> str:
    """The title of a problem in the visitor's language, where there is one."""
    return rendering.texts(request).gettext(TITLES.get(problem.slug, problem.title))


def respond(request: Request, problem: Problem) -> Response:
    """The page that tells a problem, or a toast if htmx asked."""
    if problem.status == 401:
        return to_sign_in(request)
    headline = title(request, problem)
    if rendering.is_fragment(request):
        response = HTMLResponse("", status_code=problem.status, headers={"HX-Reswap": "none"})
        text = f"{headline}: {sayings.said(problem.detail, rendering.texts(request))}"
        return rendering.toast(response, text, tone="bad")
    remedy = REMEDIES.get(problem.slug)
    return rendering.page(
        request,
        "problem.html",
        status=problem.status,
        problem=problem,
        headline=headline,
        remedy=rendering.texts(request).gettext(remedy) if remedy else "",
    )


def to_sign_in(request: Request) -> Response:
    """Send somebody who is not signed in to where that can be mended, and back afterwards."""
    back = ""
    if request.method == "GET" and not rendering.is_fragment(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = f"{SIGN_IN}?next={quote(back, safe='/')}" if back else SIGN_IN
    if rendering.is_fragment(request):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
