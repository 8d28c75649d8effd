"""Where the routes of a module are gathered: what they have in common, and which are all of them.

A router is made with all of that, rather than included into another one: the framework looks
through included routers twice for every request.
"""

from collections.abc import Iterable

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from ripieno.api.route import Route
from ripieno.api.security import PREFIX, bearer


def of(tag: str, *, prefix: str = PREFIX, is_open: bool = False) -> APIRouter:
    """An empty router; who asks below it shows a token, unless it is open."""
    return APIRouter(
        route_class=Route,
        tags=[tag],
        prefix=prefix,
        dependencies=[] if is_open else [Depends(bearer)],
        generate_unique_id_function=_operation_id,
    )


def routes_of(routers: Iterable[APIRouter]) -> list[BaseRoute]:
    """The routes of routers, in that order."""
    return [each for router in routers for each in router.routes]


def _operation_id(route: APIRoute) -> str:
    return route.name
