"""Components of an application out of a document.

Called by `reading_applications`, for the application as it is written and again when its
parameters are put in.
"""

import dataclasses
from collections.abc import Collection, Mapping

from ripieno.model import references
from ripieno.model.application import (
    BUILTIN_KINDS,
    EXTERNAL,
    JOB,
    SERVICE,
    Address,
    ComponentDefinition,
    Hold,
    Selector,
    Strategy,
    Use,
)
from ripieno.model.application_goal import state_of
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import ApplicationError, UnknownReference
from ripieno.model.node import Node, did_you_mean, listed, quoted
from ripieno.model.reading_fields import Fields, located, static_text
from ripieno.model.reading_workloads import FIELDS as WORKLOAD
from ripieno.model.reading_workloads import read_health, read_tcp_ports, read_workload
from ripieno.model.route import PARTS
from ripieno.model.workload import RestartCondition

_REMARKS = frozenset(("title", "description", "note"))
_ALL = _REMARKS | {"type", "host", "labels", "for_each", "deadline_s"}
_FIELDS = {
    SERVICE: _ALL | WORKLOAD | {"uses", "provides", "update"},
    JOB: (_ALL | WORKLOAD | {"uses", "provides"}) - {"replicas"},
    EXTERNAL: (_ALL | {"address", "health", "provides"}) - {"host"},
}
_OWN = _ALL | WORKLOAD | {"uses", "with", "state", "update"}
_DYNAMIC = ("command", "args", "env", "files", "health", "working_directory", "with")

Types = Mapping[str, ComponentType]


def read_component(
    name: str, node: Node, own_types: Types, *, is_open: bool
) -> ComponentDefinition:
    """The definition of one component; `for_each` is not looked at.

    Raises: `DocumentError` with the field and what to do.
    """
    kind = kind_of(node, own_types)
    fields = Fields(node, _FIELDS.get(kind, _OWN), is_open=is_open)
    own_type = own_types.get(kind)
    address = _address(fields) if kind == EXTERNAL else None
    has_workload = kind in (SERVICE, JOB) or any(each in fields for each in WORKLOAD)
    condition = RestartCondition.NEVER if kind == JOB else RestartCondition.ALWAYS
    try:
        definition = ComponentDefinition(
            name=name,
            kind=kind,
            workload=read_workload(fields, restart=condition)
            if has_workload and kind != EXTERNAL
            else None,
            uses=_uses(fields, own_type),
            provides={
                port: static_text(each, is_open=is_open)
                for port, each in fields.entries("provides").items()
            },
            host=fields.static("host", "local"),
            labels={
                label: _label(each, is_open=is_open)
                for label, each in fields.entries("labels").items()
            },
            strategy=fields.choice("update", Strategy, Strategy.RECREATE),
            deadline_s=fields.number("deadline_s", 60.0),
            address=address,
            settings={label: each.plain() for label, each in fields.entries("with").items()},
            state=_state(fields, own_type) if own_type else (),
        )
        if own_type is not None and not (is_open and "state" in fields):
            definition = dataclasses.replace(definition, state=state_of(definition, own_type))
    except ApplicationError as problem:
        raise located(node, problem) from problem
    _check_references(fields, definition)
    return definition


def kind_of(node: Node, own_types: Types) -> str:
    """The `type` of a component: built in, or one of the application."""
    given = node.mapping().get("type")
    known = (*BUILTIN_KINDS, *own_types)
    if given is None or given.is_empty:
        raise node.error(f"the field 'type' is missing; give one of {listed(known)}")
    kind = given.text()
    if kind not in known:
        raise given.error(
            f"there is no component type {quoted(kind)}{did_you_mean(kind, known)}; types are "
            f"{listed(known, most=20)}"
        )
    return kind


def _address(fields: Fields) -> Address | None:
    node = fields.data_node("address")
    if node is None:
        return None
    part = Fields(node, ("host", "tcp_ports"), is_open=fields.is_open)
    tcp_ports = read_tcp_ports(part)
    if fields.is_open:
        tcp_ports = {name: number or 1 for name, number in tcp_ports.items()}
    try:
        return Address(host=part.static("host"), tcp_ports=tcp_ports, health=read_health(fields))
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem


def _uses(fields: Fields, own_type: ComponentType | None) -> dict[str, Use]:
    uses = {
        port: _use(port, each, own_type, is_open=fields.is_open)
        for port, each in fields.entries("uses").items()
    }
    if own_type is None:
        return uses
    # A port of the type that is not mentioned is used all the same.
    return {
        port.name: uses.get(port.name, Use(port=port.name, interface=port.matched_as))
        for port in own_type.ports
        if port.kind.is_consumer
    }


def _use(port: str, node: Node, own_type: ComponentType | None, *, is_open: bool) -> Use:
    interface, default = None, None
    if own_type is not None:
        consumers = [each.name for each in own_type.ports if each.kind.is_consumer]
        if port not in consumers:
            raise node.error(
                f"{own_type.name} has no use port {quoted(port)}{did_you_mean(port, consumers)}; "
                f"it uses {listed(consumers)}"
            )
        default = own_type.port_by_name[port].matched_as
    if not node.is_mapping:
        interface = static_text(node, is_open=is_open)
        selector: Selector = {}
        hold = Hold.RUNNING
    else:
        known = ("interface", "select") if own_type else ("interface", "select", "hold")
        part = Fields(node, known, is_open=is_open)
        interface = part.static("interface")
        selector = _selector(node, is_open=is_open)
        hold = part.choice("hold", Hold, Hold.RUNNING)
    interface = interface or default
    if not interface:
        raise node.error("name the interface that it uses, or write {interface: …, select: …}")
    if default is not None and interface != default:
        raise node.error(
            f"{quoted(port)} uses the interface {default!r}, says its type; leave it out here"
        )
    return Use(port=port, interface=interface, select=selector, hold=hold)


def _selector(node: Node, *, is_open: bool) -> Selector:
    """Any provider, a component by name, one with these labels, or (null) none at all."""
    fields = node.mapping()
    if "select" not in fields:
        return {}
    wanted = fields["select"]
    if wanted.is_empty:
        return None
    if wanted.is_mapping:
        return {name: _label(each, is_open=is_open) for name, each in wanted.by_name().items()}
    return static_text(wanted, is_open=is_open)


def _label(node: Node, *, is_open: bool) -> str:
    return static_text(node, is_open=is_open) if isinstance(node.value, str) else node.label()


def _state(fields: Fields, own_type: ComponentType) -> tuple[str, ...]:
    """What is given, or what the type implies."""
    node = fields.data_node("state")
    if node is None:
        return ()
    for each in node.items() if node.is_list else (node,):
        place = static_text(each, is_open=fields.is_open)
        if place not in own_type.places and not (fields.is_open and "${" in place):
            raise each.error(
                f"{own_type.name} has no place {quoted(place)}"
                f"{did_you_mean(place, own_type.places)}; places are {listed(own_type.places)}"
            )
    return tuple(node.names())


def _check_references(fields: Fields, definition: ComponentDefinition) -> None:
    """Texts that are resolved when the component starts refer to what there will be then."""
    workload = definition.workload
    tcp_ports = workload.tcp_ports if workload else {}
    known = {"host", "replica", "component", "deployment", "ports", "settings", *definition.uses}
    if tcp_ports:
        known |= {"port", "route"}
    if fields.is_open:
        known |= {"parameters", "each"}
    scope: dict[str, Collection[str] | None] = dict.fromkeys(sorted(known))
    scope["ports"], scope["settings"] = tcp_ports, definition.settings
    if "route" in scope:
        scope["route"] = PARTS
    for name in _DYNAMIC:
        node = fields.text_node(name)
        if node is not None:
            _check_node(node, scope)


def _check_node(node: Node, scope: Mapping[str, Collection[str] | None]) -> None:
    if isinstance(node.value, dict):
        for each in node.value.values():
            _check_node(each, scope)
    elif isinstance(node.value, list):
        for each in node.value:
            _check_node(each, scope)
    elif isinstance(node.value, str) and "${" in node.value:
        try:
            for reference in references.references(node.value):
                _check_reference(reference, scope)
        except ApplicationError as problem:
            raise node.error(str(problem)) from problem


def _check_reference(
    reference: references.Reference, scope: Mapping[str, Collection[str] | None]
) -> None:
    root, rest = reference.path[0], reference.path[1:]
    if root not in scope:
        raise UnknownReference(
            f"{reference}: there is no {quoted(root)}{did_you_mean(root, scope)}; there are "
            f"{listed(scope, most=30)} (write $${{ for a literal ${{)"
        )
    parts = scope[root]
    if parts is not None and (not rest or rest[0] not in parts):
        named = rest[0] if rest else ""
        raise UnknownReference(
            f"{reference}: there is no {quoted(f'{root}.{named}')}{did_you_mean(named, parts)}; "
            f"there are {listed((f'{root}.{each}' for each in parts), most=20)}"
        )
