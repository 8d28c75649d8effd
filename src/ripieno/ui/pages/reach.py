"""The way from the web UI into an application: where the door sends whoever it does not know."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.ui.visit import gate_of


async def reach(request: Request) -> Response:
    """Let the visitor's browser in at a route, and go on to what was asked for there."""
    gate = gate_of(request)
    name = request.path_params["route"]
    path = request.query_params.get("to")
    try:
        address = await gate.hand_over(name, path=path)
    except InvalidRequest:
        if path is None:
            raise
        address = await gate.hand_over(name)  # Not a path of it: to where visitors begin.
    return RedirectResponse(
        address,
        status_code=303,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )


ROUTES = [Route("/reach/{route}", reach, methods=["GET"])]
