"""Templates filled in: one way for whole pages, fragments, and what streams send.

Handlers call `page`, `fragment` and `toast`. Everything is escaped, a template that uses what it
was not given is an error, and texts are in the visitor's language.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ripieno.ui import assets, formats, language, markdown, visit
from ripieno.ui.assets import Assets
from ripieno.ui.language import Language

FOLDER = Path(__file__).parent / "templates"
THEME_COOKIE = "ripieno-theme"
THEMES = ("light", "dark")


class Templates:
    """The templates, once for each language."""

    def __init__(self, files: Assets) -> None:
        self._environments = {
            each.code: _environment(each, files) for each in language.languages().values()
        }

    def render(self, request: Request, template: str, values: Mapping[str, object]) -> str:
        """The text of a template for whoever sent a request."""
        spoken = language.language_of(request)
        return (
            self._environments[spoken.code]
            .get_template(template)
            .render(
                {
                    "request": request,
                    "visitor": visit.visitor_of(request),
                    "language": spoken,
                    "theme": theme_of(request),
                    **values,
                }
            )
        )


@functools.cache
def shipped() -> Templates:
    """The templates of this release, compiled once in a process."""
    return Templates(assets.shipped())


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A response with a whole page, or with a fragment for htmx."""
    text = render(request, template, **values)
    # What was made for one visitor is for nobody else, and Back is to show what is now.
    headers = {"Cache-Control": "no-store", "Vary": "HX-Request"}
    return HTMLResponse(text, status_code=status, headers=headers)


def render(request: Request, template: str, **values: object) -> str:
    """The text of a template, for streams and for what is put together from several."""
    templates: Templates = request.app.state.templates
    return templates.render(request, template, values)


def is_fragment(request: Request) -> bool:
    """Whether htmx asked, for a part of a page that is there already."""
    asks = request.headers.get("hx-request") == "true"
    return asks and request.headers.get("hx-history-restore-request") != "true"


def toast(response: Response, text: str, *, tone: str = "good") -> Response:
    """Let a response to htmx show a short note as well; `tone`: good, bad or plain."""
    said = json.dumps({"toast": {"text": text, "tone": tone}})
    response.headers["HX-Trigger"] = said
    return response


def theme_of(request: Request) -> str | None:
    """The theme that was chosen; None: what the system prefers."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None


def texts(request: Request) -> Language:
    """The language of a request, for handlers that put texts together themselves."""
    return language.language_of(request)


def _environment(spoken: Language, files: Assets) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # by the extension
        spoken.gettext, spoken.ngettext, newstyle=True
    )
    environment.globals.update(
        static=files.url,
        assets=assets,
        languages=tuple(language.languages().values()),
        CSRF_FIELD=visit.CSRF_FIELD,
        CSRF_HEADER=visit.CSRF_HEADER,
    )
    environment.filters.update(formats.filters(spoken))
    environment.tests["web_address"] = markdown.is_web_address
    return environment
