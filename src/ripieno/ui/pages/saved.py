"""What a visitor has saved of an application's form: kept under a name, opened, forgotten."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.store.records import SavedRecord
from ripieno.ui import launch, rendering, visit
from ripieno.ui.pages import application


async def open_(request: Request) -> Response:
    """Go to the form as it was saved, by the address that is good for everybody."""
    asked = request.path_params
    saved = await visit.gate_of(request).saved_configuration(asked["name"], asked["saved"])
    link = launch.link(
        saved.application,
        saved.settings,
        version=saved.version,
        configuration=saved.configuration or None,
    )
    return RedirectResponse(link, status_code=303)


async def save(request: Request) -> Response:
    """Keep what the form says, in the place of what had the name."""
    gate = visit.gate_of(request)
    asked = await application.posted(request, gate)
    saved = await gate.save_configuration(
        asked.record.application,
        asked.text("label"),
        version=asked.version,
        configuration=asked.configuration,
        settings=asked.form.settings,
    )
    if not rendering.is_fragment(request):
        return RedirectResponse(_address(saved), status_code=303)
    said = rendering.texts(request).gettext("Saved as %(name)s.") % {"name": saved.name}
    return rendering.toast(await _list(request), said)


async def remove(request: Request) -> Response:
    """Forget it."""
    asked = request.path_params
    await visit.gate_of(request).remove_saved_configuration(asked["name"], asked["saved"])
    if not rendering.is_fragment(request):
        return RedirectResponse(f"/applications/{quote(asked['name'])}", status_code=303)
    return await _list(request)


async def _list(request: Request) -> Response:
    name = request.path_params["name"]
    return rendering.page(
        request,
        "saved.html",
        application_name=name,
        saved=await visit.gate_of(request).saved_configurations(name),
    )


def _address(saved: SavedRecord) -> str:
    """Where the form is filled in as it was saved; good for its user only."""
    return f"/applications/{quote(saved.application)}/saved/{quote(saved.name, safe='')}"


ROUTES = [
    Route("/applications/{name}/saved", save, methods=["POST"]),
    Route("/applications/{name}/saved/{saved}", open_, methods=["GET"]),
    Route("/applications/{name}/saved/{saved}/remove", remove, methods=["POST"]),
]
