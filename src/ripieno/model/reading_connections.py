"""Connections out of a document, and what else the parts of an application say of each other.

Called by `reading_applications`.
"""

from collections.abc import Mapping

from ripieno.model.application import Application, ComponentDefinition
from ripieno.model.application_goal import goal_of
from ripieno.model.errors import ProgramError
from ripieno.model.fitting import orient
from ripieno.model.node import Node, did_you_mean, listed, printable, quoted
from ripieno.model.port import PortRef
from ripieno.model.reading_fields import Fields, is_open


def read_connection(node: Node) -> tuple[PortRef, PortRef]:
    """The two ports of a connection. Raises: `DocumentError` with line and field."""
    refs = []
    for each in node.items():
        component, dot, port = each.text().partition(".")
        if not (component and dot and port):
            raise each.error(f"{quoted(each.text())} is no port; write component.port")
        refs.append(PortRef(component, port))
    if len(refs) != 2:
        raise node.error("write a connection as [component.use_port, component.provide_port]")
    return refs[0], refs[1]


def check_assembly(found: Application, places: Mapping[str, Node], fields: Fields) -> None:
    """See whether the parts of an application agree. Raises: `DocumentError` with the line."""
    for name, definition in found.components.items():
        for use in definition.uses.values():
            if isinstance(use.select, str):
                node = places[name].at(("uses", use.port, "select"))
                _known(node, use.select, found.components)
    goal = goal_of(found)
    listed_node = fields.text_node("connections")
    nodes = () if listed_node is None or is_open(listed_node) else listed_node.items()
    for index, (one, other) in enumerate(found.connections):
        at = nodes[index] if index < len(nodes) else fields.node
        try:
            orient(
                lambda name: each.type if (each := goal.components.get(name)) else None, one, other
            )
        except ProgramError as problem:
            raise at.error(printable(str(problem))) from problem


def _known(
    node: Node, name: str, components: Mapping[str, ComponentDefinition]
) -> ComponentDefinition:
    if name not in components:
        raise node.error(
            f"there is no component {quoted(name)}{did_you_mean(name, components)}; components "
            f"are {listed(components, most=20)}"
        )
    return components[name]
