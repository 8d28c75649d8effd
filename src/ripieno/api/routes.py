"""Routes: the addresses at which applications are reached, and what an own Traefik is told."""

from fastapi import Request, Response

from ripieno.api import routers, shown
from ripieno.api.context import Control, DeploymentName, Name
from ripieno.control.errors import NotFound
from ripieno.routing.publishing import Kept
from ripieno.wire.route import DoorConfiguration, HandOver, HandOverRequest, RoutePage

router = routers.of("routes")


@router.get("/routes")
async def routes(control: Control) -> RoutePage:
    """List all routes that the caller may reach."""
    return RoutePage(items=[shown.route(each) for each in await control.routes()])


@router.get("/deployments/{deployment}/routes")
async def routes_of_deployment(deployment: DeploymentName, control: Control) -> RoutePage:
    """List the routes of a deployment."""
    return RoutePage(items=[shown.route(each) for each in await control.routes(deployment)])


@router.post("/routes/{name}/hand-over", responses={409: {}})
async def hand_over(
    name: Name, request: HandOverRequest, response: Response, control: Control
) -> HandOver:
    """Make an address that lets the caller's browser in at a route, once."""
    url = await control.hand_over(name, path=request.path)
    response.headers["Cache-Control"] = "no-store"
    return HandOver(url=url)


@router.get("/door/traefik", response_model=DoorConfiguration, responses={404: {}})
async def door_configuration(request: Request, control: Control) -> Response:
    """Tell an external Traefik, by its HTTP provider, what goes where."""
    control.check_door()
    kept = request.app.state.door
    if not isinstance(kept, Kept) or not kept.text:
        raise NotFound("there is no configuration for an external door; serve with --external-door")
    # As it is: Traefik takes no part that is there and empty.
    return Response(kept.text, media_type="application/json")
