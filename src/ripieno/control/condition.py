"""How a deployment is as a whole, from how its components stand and where they should."""

from typing import TYPE_CHECKING

from ripieno.control import target as targets
from ripieno.control.views import DeploymentState, ReconfigurationKind
from ripieno.engine import look

if TYPE_CHECKING:
    from ripieno.control.state import State


def condition_of(state: "State") -> DeploymentState:
    """How the deployment is, as a whole."""
    if state.record.state == DeploymentState.REMOVED.value:
        return DeploymentState.REMOVED
    if state.current is not None:
        match ReconfigurationKind(state.current.kind):
            case ReconfigurationKind.DEPLOY:
                return DeploymentState.DEPLOYING
            case ReconfigurationKind.REMOVE:
                return DeploymentState.REMOVING
            case _:
                return DeploymentState.CHANGING
    looks = {each.name: each for each in look.looks(state.machine)}
    if state.machine.core.failed or not looks:
        return DeploymentState.FAILED
    is_up = False
    for name, wanted in state.target.components.items():
        places = looks[name].places if name in looks else ()
        held = state.held.get(name)
        if not set(wanted.state) <= set(places) or (held is not None and held.ended):
            return DeploymentState.DEGRADED
        if wanted.definition.kind != "external":
            ready = targets.ready_places(wanted.definition, wanted.type)
            is_up = is_up or wanted.state == ready
    return DeploymentState.RUNNING if is_up else DeploymentState.STOPPED
