"""Which two ports can be connected: the one rule, for whoever has components and types at hand."""

from collections.abc import Callable

from ripieno.model import errors
from ripieno.model.component_type import ComponentType
from ripieno.model.port import Connection, Port, PortKind, PortRef

TypeOf = Callable[[str], ComponentType | None]
"""The type of a component, None if there is no such component."""


def orient(type_of: TypeOf, one: PortRef, other: PortRef) -> Connection:
    """The connection of two ports named in either order.

    Raises: `UnknownComponent`, `UnknownPort`, or `IncompatiblePorts` when kinds or interfaces do
    not fit or both ports are of one component.
    """
    first, second = find_port(type_of, one), find_port(type_of, other)
    problems = []
    if first.kind.counterpart is not second.kind:
        problems.append(f"{_said(first.kind)} to {_said(second.kind)}")
    if one.component == other.component:
        problems.append("a component to itself")
    if first.interface and second.interface and first.interface != second.interface:
        problems.append(f"interface {first.interface} to interface {second.interface}")
    if problems:
        raise errors.IncompatiblePorts(
            f"{one} cannot be connected to {other}: {', and '.join(problems)}; connect a use port "
            "to a provide port (or data use to data provide) of another component"
        )
    return Connection(one, other) if first.kind.is_consumer else Connection(other, one)


def find_port(type_of: TypeOf, ref: PortRef) -> Port:
    """The port that a reference names. Raises: `UnknownComponent`, `UnknownPort`."""
    component_type = type_of(ref.component)
    if component_type is None:
        raise errors.UnknownComponent(f"{ref}: no such component: {ref.component}; add it first")
    port = component_type.port_by_name.get(ref.port)
    if port is None:
        raise errors.UnknownPort(
            f"{ref}: the type {component_type.name} has no port {ref.port!r}; it has "
            f"{', '.join(component_type.port_by_name) or 'none'}"
        )
    return port


def _said(kind: PortKind) -> str:
    return kind.replace("_", " ")
