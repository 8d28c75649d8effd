"""Routes: one reconfiguration, and what can be done about it."""

from fastapi import Depends

from ripieno.api import idempotency, routers, shown
from ripieno.api.context import Control, Id
from ripieno.wire.reconfiguration import Reconfiguration

router = routers.of("reconfigurations")
ONCE = [Depends(idempotency.document_key)]


@router.get("/reconfigurations/{reconfiguration}")
async def reconfiguration(reconfiguration: Id, control: Control) -> Reconfiguration:
    """Tell how far a reconfiguration is, with its timeline."""
    return shown.reconfiguration(await control.reconfiguration(reconfiguration))


@router.post(
    "/reconfigurations/{reconfiguration}/pause",
    responses={409: {}},
    dependencies=ONCE,
)
async def pause(reconfiguration: Id, control: Control) -> Reconfiguration:
    """Begin no further transition; those that run go on to their end."""
    return shown.reconfiguration(await control.pause(reconfiguration))


@router.post(
    "/reconfigurations/{reconfiguration}/resume",
    responses={409: {}},
    dependencies=ONCE,
)
async def resume(reconfiguration: Id, control: Control) -> Reconfiguration:
    """Go on with one that is paused."""
    return shown.reconfiguration(await control.resume(reconfiguration))


@router.post(
    "/reconfigurations/{reconfiguration}/cancel",
    responses={409: {}},
    dependencies=ONCE,
)
async def cancel(reconfiguration: Id, control: Control) -> Reconfiguration:
    """Give up what is left of it."""
    return shown.reconfiguration(await control.cancel(reconfiguration))
