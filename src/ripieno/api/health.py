"""Routes: how the server is."""

import ripieno
from ripieno.api import routers, shown
from ripieno.api.context import Control
from ripieno.wire.health import Findings, Health

open_router = routers.of("server", prefix="", is_open=True)
router = routers.of("server")


@open_router.get("/healthz")
async def health() -> Health:
    """Tell that the server answers; needs no token."""
    return Health(status="ok", version=ripieno.__version__)


@router.get("/doctor")
async def doctor(control: Control) -> Findings:
    """Look whether everything that the server needs is well."""
    return Findings(items=[shown.finding(each) for each in await control.doctor()])
