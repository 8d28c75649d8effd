"""How pages are shown to this browser: theme and language, kept in cookies."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.ui import language, rendering

A_YEAR_S = 365 * 24 * 3600


async def choose(request: Request) -> Response:
    """Keep a choice, and show the page again."""
    form = await request.form(max_files=0, max_fields=10)
    response = RedirectResponse(_back(str(form.get("back", "/"))), status_code=303)
    for cookie, field, known in (
        (rendering.THEME_COOKIE, "theme", (*rendering.THEMES, "system")),
        (language.COOKIE, "language", tuple(language.languages())),
    ):
        if field not in form:
            continue
        chosen = str(form[field])
        if chosen not in known:
            raise InvalidRequest(f"there is no {field} like this; take {', '.join(known)}")
        response.set_cookie(cookie, chosen, max_age=A_YEAR_S, samesite="lax", path="/")
    return response


def _back(address: str) -> str:
    """The page to show again: one of ours, whatever was sent."""
    parts = urlsplit(address.replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return "/"
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


ROUTES = [Route("/preferences", choose, methods=["POST"])]
