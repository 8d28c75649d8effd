"""What a deployed application should be, in the engine's words: components, wishes, connections.

Called by the reader, which so finds out whether an application makes sense, and by whoever plans
a deployment.
"""

from collections.abc import Mapping

from ripieno.model.application import Application, ComponentDefinition
from ripieno.model.assembly import Component
from ripieno.model.builtin_types import DEPLOY, READY_PLACE, component_type_of
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import ApplicationError
from ripieno.model.goal import Goal, Wish
from ripieno.model.node import listed


def goal_of(application: Application) -> Goal:
    """The goal of an application with all of its components up.

    Use ports that no connection names are matched by the planner. Raises: a `ModelError` that
    names the component, for an unknown type or one without a place to stand on.
    """
    components: dict[str, Component] = {}
    wishes: dict[str, Wish] = {}
    types: dict[str, ComponentType] = {}
    for name, definition in application.components.items():
        component_type = component_type_of(definition, application.component_types)
        components[name] = Component(
            name=name,
            # One record for all that share a type, so that comparing them costs nothing.
            type=types.setdefault(component_type.name, component_type),
            labels=definition.labels,
            select={port: use.select for port, use in definition.uses.items() if use.select != {}},
        )
        wishes[name] = Wish(state=frozenset(state_of(definition, component_type)))
    return Goal(components=components, connections=application.connections, wishes=wishes)


def state_of(definition: ComponentDefinition, component_type: ComponentType) -> tuple[str, ...]:
    """The places where a component is to stand when it is deployed.

    What its definition says; or what its kind implies; or, for a type of the application, the one
    place where its behaviour `deploy` comes to an end. Raises: `ApplicationError`.
    """
    if definition.state:
        return definition.state
    if definition.kind in READY_PLACE:
        return (READY_PLACE[definition.kind],)
    final = _final_places(component_type)
    if len(final) != 1:
        raise ApplicationError(
            f"{definition.name}: where should it stand? {component_type.name} has "
            f"{'no place' if not final else 'several places'} where its behaviour {DEPLOY!r} "
            f"ends; give its 'state', of {listed(component_type.places)}"
        )
    return final


def _final_places(component_type: ComponentType) -> tuple[str, ...]:
    """Where a component comes from its initial place by `deploy` and goes no further."""
    if DEPLOY not in component_type.behaviours:
        return ()
    exits: Mapping[str, list[str]] = {place: [] for place in component_type.places}
    for transition in component_type.transitions:
        if transition.behaviour == DEPLOY and transition.source != transition.target:
            exits[transition.source].append(transition.target)
    reached = {component_type.initial: None}
    pending = [component_type.initial]
    while pending:
        for target in exits[pending.pop()]:
            if target not in reached:
                reached[target] = None
                pending.append(target)
    return tuple(place for place in component_type.places if place in reached and not exits[place])
