"""Routes: what would happen if a change were asked for."""

from ripieno.api import asked, routers, shown
from ripieno.api.context import Control, DeploymentName
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.plan import Preview
from ripieno.wire.reconfiguration import ChangeRequest

router = routers.of("plans")


@router.post("/plan")
async def plan_deployment(request: DeployRequest, control: Control) -> Preview:
    """Plan a new deployment; nothing happens."""
    return shown.preview(await control.preview(None, asked.deploying(request)))


@router.post("/deployments/{deployment}/plan")
async def plan_change(
    deployment: DeploymentName, request: ChangeRequest, control: Control
) -> Preview:
    """Plan a change of a deployment; nothing happens."""
    return shown.preview(await control.preview(deployment, asked.change(request)))
