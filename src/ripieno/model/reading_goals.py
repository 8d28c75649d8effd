"""Goals out of documents: the file form of `ripieno plan`, for what should be and for what is.

Called by whoever has read a file and parsed it with `document`. Whether a goal can be reached, and
who is matched to whom, is the planner's business.
"""

from collections.abc import Mapping

from ripieno.model.assembly import Component
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import (
    ProgramError,
    UnknownBehaviour,
    UnknownComponent,
    UnknownComponentType,
    UnknownPlace,
    UnknownPort,
)
from ripieno.model.fitting import orient
from ripieno.model.goal import Goal, Wish
from ripieno.model.node import REMARKS, Node, did_you_mean, listed, quoted
from ripieno.model.port import PortRef
from ripieno.model.reading_types import read_component_types

_GOAL = REMARKS | {"component_types", "components", "connections"}
_COMPONENT = REMARKS | {"type", "state", "run", "labels", "select"}


def is_goal(node: Node) -> bool:
    """Whether a document lists components, as an assembly or a goal does and a case does not."""
    return node.is_mapping and "components" in node.mapping()


def read_goal(
    node: Node, known_types: Mapping[str, ComponentType]
) -> tuple[dict[str, ComponentType], Goal]:
    """The goal of a document, and the component types its components may have.

    These are `known_types` and the document's own, which come first. Raises: a `ModelError` with
    file and line that names the component and the remedy.
    """
    fields = node.mapping(_GOAL)
    types = dict(known_types)
    if "component_types" in fields:
        types.update(read_component_types(fields["component_types"]))
    if "components" not in fields:
        raise node.error("the field 'components' is missing; list what should be there, or {}")
    entries = fields["components"].by_name()
    components, wishes = {}, {}
    for name, each in entries.items():
        components[name], wish = _component(name, each, types)
        if wish != Wish():
            wishes[name] = wish
    for each in entries.values():
        _check_selected(each, components)
    listed_pairs = fields["connections"].items() if "connections" in fields else ()
    connections = tuple(_pair(each, components) for each in listed_pairs)
    return types, Goal(components=components, connections=connections, wishes=wishes)


def _component(name: str, node: Node, types: Mapping[str, ComponentType]) -> tuple[Component, Wish]:
    if "." in name:
        raise node.error(
            f"{quoted(name)} has a dot, which separates a component from its port; leave it out"
        )
    if not node.is_mapping:
        return Component(name=name, type=_type(name, node, types)), Wish()
    fields = node.mapping(_COMPONENT)
    if "type" not in fields:
        raise node.error("the field 'type' is missing; name one of the component types")
    component_type = _type(name, fields["type"], types)
    component = Component(
        name=name,
        type=component_type,
        labels=_labels(fields["labels"]) if "labels" in fields else {},
        select=_select(fields["select"], component_type) if "select" in fields else {},
    )
    wish = Wish(
        state=frozenset(_state(fields["state"], component_type))
        if "state" in fields
        else frozenset(),
        run=_run(fields["run"], component_type) if "run" in fields else (),
    )
    return component, wish


def _type(name: str, node: Node, types: Mapping[str, ComponentType]) -> ComponentType:
    wanted = node.name()
    if wanted not in types:
        raise node.located(
            UnknownComponentType(
                f"{name}: there is no component type {quoted(wanted)}"
                f"{did_you_mean(wanted, types)}; types are {listed(types)}"
            )
        )
    return types[wanted]


def _state(node: Node, component_type: ComponentType) -> tuple[str, ...]:
    for each in node.names():
        if each not in component_type.places:
            raise node.located(
                UnknownPlace(
                    f"{component_type.name} has no place {quoted(each)}"
                    f"{did_you_mean(each, component_type.places)}; places are "
                    f"{listed(component_type.places)}"
                )
            )
    return node.names()


def _run(node: Node, component_type: ComponentType) -> tuple[str, ...]:
    for each in node.names():
        if each not in component_type.behaviours:
            raise node.located(
                UnknownBehaviour(
                    f"{component_type.name} has no behaviour {quoted(each)}"
                    f"{did_you_mean(each, component_type.behaviours)}; behaviours are "
                    f"{listed(component_type.behaviours)}"
                )
            )
    return node.names()


def _labels(node: Node) -> dict[str, str]:
    return {name: each.label() for name, each in node.by_name().items()}


def _select(node: Node, component_type: ComponentType) -> dict[str, str | Mapping[str, str] | None]:
    selected: dict[str, str | Mapping[str, str] | None] = {}
    uses = [port.name for port in component_type.ports if port.kind.is_consumer]
    for name, each in node.by_name().items():
        if name not in uses:
            has_it = name in component_type.port_by_name
            reason = "is not a use port" if has_it else "is no port"
            raise each.located(
                UnknownPort(
                    f"{quoted(name)} {reason} of {component_type.name}{did_you_mean(name, uses)}; "
                    f"what it uses can be selected: {listed(uses)}"
                )
            )
        if each.is_empty:
            selected[name] = None
        else:
            selected[name] = _labels(each) if each.is_mapping else each.name()
    return selected


def _check_selected(node: Node, components: Mapping[str, Component]) -> None:
    """A component that is selected by name is in the goal."""
    if not node.is_mapping or "select" not in node.mapping():
        return
    for each in node.mapping()["select"].mapping().values():
        if not each.is_empty and not each.is_mapping and each.name() not in components:
            raise each.located(
                UnknownComponent(
                    f"there is no component {quoted(each.name())}"
                    f"{did_you_mean(each.name(), components)}; select one of the goal, or give "
                    "labels {label: value}"
                )
            )


def _pair(node: Node, components: Mapping[str, Component]) -> tuple[PortRef, PortRef]:
    names = node.names()
    if len(names) != 2:
        raise node.error("write a connection as [component.use_port, component.provide_port]")
    one, other = (_port(node, name) for name in names)
    try:
        orient(lambda name: each.type if (each := components.get(name)) else None, one, other)
    except ProgramError as problem:
        raise node.located(problem) from problem
    return one, other


def _port(node: Node, text: str) -> PortRef:
    component, dot, port = text.partition(".")
    if not (component and dot and port):
        raise node.error(f"{quoted(text)} is no port; write component.port")
    return PortRef(component, port)
