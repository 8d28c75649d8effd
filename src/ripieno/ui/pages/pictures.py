"""Icons and screenshots of applications, which strangers made."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.pictures import HEADERS, Picture
from ripieno.store.registered import ApplicationRecord, VersionRecord
from ripieno.ui import visit

KEPT = "private, max-age=31536000, immutable"
"""For a picture under its digest. Only this visitor's browser may keep it."""


def icon(application: ApplicationRecord) -> str:
    """The address of an application's icon, empty if it has none."""
    if not application.icon:
        return ""
    return f"/applications/{quote(application.name)}/icon/{application.icon[:16]}"


def icon_of(version: VersionRecord) -> str:
    """The address of a version's own icon, empty if it has none."""
    file = version.presentation.icon
    if file not in version.files:
        return ""
    return screenshot(version.application, version.version, file)


def screenshot(application: str, version: str, file: str) -> str:
    """The address of a picture of a version."""
    return f"/applications/{quote(application)}/pictures/{quote(version)}/{quote(file)}"


async def show_icon(request: Request) -> Response:
    """The icon of an application, as its catalogue entry has it."""
    gate = visit.gate_of(request)
    found = await gate.picture(request.path_params["name"], None)
    is_asked = found.digest.startswith(request.path_params["digest"])
    return _respond(found, KEPT if is_asked else "no-cache")


async def show(request: Request) -> Response:
    """A picture of a version."""
    asked = request.path_params
    found = await visit.gate_of(request).picture(asked["name"], asked["version"], asked["file"])
    return _respond(found, "private, max-age=3600")


def _respond(picture: Picture, kept: str) -> Response:
    headers = {**HEADERS, "Cache-Control": kept}
    return Response(picture.content, media_type=picture.media_type, headers=headers)


ROUTES = [
    Route("/applications/{name}/icon/{digest}", show_icon),
    Route("/applications/{name}/pictures/{version}/{file:path}", show),
]
