"""What buttons do: start, stop, restart, scale, remove; steer a change; decide what has failed."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.control.requests import Change, Decision
from ripieno.control.views import ReconfigurationKind
from ripieno.ui import rendering, visit
from ripieno.ui.language import Language

MOST_FIELDS = 50

_KINDS = {
    each.value: each
    for each in (
        ReconfigurationKind.START,
        ReconfigurationKind.STOP,
        ReconfigurationKind.RESTART,
        ReconfigurationKind.SCALE,
        ReconfigurationKind.REMOVE,
    )
}


async def change(request: Request) -> Response:
    """Ask for a change of the whole deployment, or of the components that are named."""
    gate = visit.gate_of(request)
    name = request.path_params["name"]
    posted = await _posted(request)
    kind = _KINDS.get(str(posted.get("kind", "")))
    if kind is None:
        raise InvalidRequest(f"kind is one of {', '.join(_KINDS)}")
    asked = Change(
        kind=kind,
        components=tuple(str(each) for each in posted.getlist("component") if each),
        replicas=_replicas(posted) if kind is ReconfigurationKind.SCALE else {},
    )
    await gate.change(name, asked)
    if kind is ReconfigurationKind.REMOVE and "stays" not in posted:
        return _go(request, "/deployments")
    return _done(request, _said(kind, rendering.texts(request)) % {"name": name})


async def extend(request: Request) -> Response:
    """Let it live for longer than it would."""
    posted = await _posted(request)
    try:
        hours = float(str(posted.get("hours", "")))
    except ValueError as problem:
        raise InvalidRequest("hours is a number, such as 1") from problem
    name = request.path_params["name"]
    await visit.gate_of(request).extend(name, hours)
    spoken = rendering.texts(request)
    said = spoken.gettext("%(name)s stays up for longer.")
    return _done(request, said % {"name": name})


async def steer(request: Request) -> Response:
    """Pause, resume or cancel the change that goes on."""
    gate = visit.gate_of(request)
    spoken = rendering.texts(request)
    id = request.path_params["id"]
    match request.path_params["verb"]:
        case "pause":
            await gate.pause(id)
            said = spoken.gettext("Paused: nothing more is begun.")
        case "resume":
            await gate.resume(id)
            said = spoken.gettext("It goes on.")
        case "cancel":
            await gate.cancel(id)
            said = spoken.gettext("It is being cancelled, and ends at the next legal state.")
        case _:
            raise InvalidRequest("a change can be paused, resumed or cancelled")
    return _done(request, said)


async def decide(request: Request) -> Response:
    """Retry, skip or abandon a transition that has failed."""
    path = request.path_params
    known = {each.value: each for each in Decision}
    decision = known.get(path["decision"])
    if decision is None:
        raise InvalidRequest(f"a decision is one of {', '.join(known)}")
    gate = visit.gate_of(request)
    await gate.decide(path["name"], path["component"], path["transition"], decision)
    spoken = rendering.texts(request)
    said = {
        Decision.RETRY: spoken.gettext("It is tried again."),
        Decision.SKIP: spoken.gettext("It is treated as done."),
        Decision.ABANDON: spoken.gettext("It is given up."),
    }
    return _done(request, said[decision])


def _said(kind: ReconfigurationKind, spoken: Language) -> str:
    _ = spoken.gettext
    match kind:
        case ReconfigurationKind.START:
            return _("%(name)s is being started.")
        case ReconfigurationKind.STOP:
            return _("%(name)s is being stopped.")
        case ReconfigurationKind.RESTART:
            return _("%(name)s is being restarted.")
        case ReconfigurationKind.SCALE:
            return _("%(name)s is being scaled.")
        case _:
            return _("%(name)s is being removed.")


def _replicas(posted: FormData) -> dict[str, int]:
    """The numbers that fields called `replicas.COMPONENT` ask for. Raises: `InvalidRequest`."""
    found = {}
    for field, value in posted.multi_items():
        component = field.removeprefix("replicas.")
        if component != field:
            if not (isinstance(value, str) and value.isdecimal() and len(value) < 6):
                raise InvalidRequest(f"{component} is to have a whole number of replicas")
            found[component] = int(value)
    return found


async def _posted(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


def _done(request: Request, said: str) -> Response:
    """A note for htmx, which hears of the rest by the stream; the page again for other browsers."""
    if rendering.is_fragment(request):
        return rendering.toast(Response(status_code=204), said)
    return RedirectResponse(f"/deployments/{request.path_params['name']}", status_code=303)


def _go(request: Request, address: str) -> Response:
    if rendering.is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


ROUTES = [
    Route("/deployments/{name}/actions", change, methods=["POST"]),
    Route("/deployments/{name}/extension", extend, methods=["POST"]),
    Route("/deployments/{name}/reconfigurations/{id}/{verb}", steer, methods=["POST"]),
    Route(
        "/deployments/{name}/components/{component}/transitions/{transition}/{decision}",
        decide,
        methods=["POST"],
    ),
]
