"""Routes: how the server is."""

from fastapi import APIRouter

import ripieno
from ripieno.api import shown
from ripieno.api.context import Control
from ripieno.api.route import Route
from ripieno.wire.health import Findings, Health

open_router = APIRouter(route_class=Route, tags=["server"])
router = APIRouter(route_class=Route, tags=["server"])


@open_router.get("/healthz")
async def health() -> Health:
    """Tell that the server answers; needs no token."""
    return Health(status="ok", version=ripieno.__version__)


@router.get("/doctor")
async def doctor(control: Control) -> Findings:
    """Look whether everything that the server needs is well."""
    return Findings(items=[shown.finding(each) for each in await control.doctor()])
