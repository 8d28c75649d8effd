"""How a deployment is as a whole, from how its components stand and where they should."""

from typing import TYPE_CHECKING

from ripieno.control import target as targets
from ripieno.control.views import DeploymentState, ReconfigurationKind
from ripieno.engine import look
from ripieno.model import application as applications

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
    lasting = []
    for name, wanted in state.target.components.items():
        places = looks[name].places if name in looks else ()
        held = state.held.get(name)
        is_to_be_up = wanted.state == targets.ready_places(wanted.definition, wanted.type)
        has_ended = is_to_be_up and held is not None and held.ended
        if not set(wanted.state) <= set(places) or has_ended:
            return DeploymentState.DEGRADED
        if wanted.definition.kind not in (applications.EXTERNAL, applications.JOB):
            lasting.append(is_to_be_up)
    # What is there anyway, and what was done once and for all, are up with nothing else to be so.
    return DeploymentState.RUNNING if any(lasting) or not lasting else DeploymentState.STOPPED
