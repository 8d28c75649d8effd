"""What a command of the machine means: a job, with the definition, inputs and handle it goes with.

Called by the supervisor. It changes nothing.
"""

from ripieno.control.messages import (
    Job,
)
from ripieno.control.state import State
from ripieno.engine import look
from ripieno.model.action import Action, Verb
from ripieno.model.application import ComponentDefinition
from ripieno.model.command import (
    StartTransition,
)

WITH_OLD_DEFINITION = frozenset((Verb.STOP, Verb.REMOVE))
"""What is done to a component as it was started, not as it is to become."""


def job_for(state: State, command: StartTransition) -> Job:
    """What a command of the machine means for whoever performs it."""
    held = state.held.get(command.component)
    component_type = look.look(state.machine, command.component).type
    action: Action | None
    if command.rebinds is not None:
        action = Action(verb=Verb.ROLL)
    else:
        action = component_type.transition_by_name[command.transition].action
    found = look.inputs(state.machine, command.component, rebinds=command.rebinds)
    inputs = {**(held.inputs if held else {}), **found, **command.inputs}
    return Job(
        deployment=state.id,
        deployment_name=state.record.name,
        command=command.id,
        attempt=command.attempt,
        component=command.component,
        transition=command.transition,
        action=action,
        definition=_definition(state, command.component, action),
        inputs=inputs,
        handle=held.handle if held else None,
    )


def _definition(state: State, component: str, action: Action | None) -> ComponentDefinition:
    """What a component is to run: as wanted, or as it was started where that is what ends."""
    held = state.held.get(component)
    running = held.definition if held else None
    targets = [each for each in (state.wanted, state.target) if each is not None]
    entries = [each.components[component] for each in targets if component in each.components]
    # One that is to be replaced by a component of another type is not that component yet.
    actual = look.look(state.machine, component).type
    entry = next((each for each in entries if each.type == actual), None)
    if running is not None and (
        entry is None or (action is not None and action.verb in WITH_OLD_DEFINITION)
    ):
        return running
    if entry is not None or entries:
        return (entry or entries[0]).definition
    return ComponentDefinition(name=component, kind="gone")
