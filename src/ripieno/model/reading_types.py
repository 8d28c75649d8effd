"""Component types out of documents: the one reader of their file form.

Called by `reading` for cases and goals, and by `writing` for what it wrote. What makes a life cycle
legal is the business of `typecheck`; here every error of it gets the line of the part at fault.
"""

import re
from collections.abc import Mapping

from ripieno.model import document
from ripieno.model.action import Action, Verb
from ripieno.model.component_type import (
    Comparison,
    ComponentType,
    Switch,
    SwitchRule,
    Transition,
    Value,
)
from ripieno.model.errors import ComponentTypeError, DocumentError
from ripieno.model.node import REMARKS, Node, did_you_mean, listed, quoted
from ripieno.model.port import Port, PortKind

_TYPE = REMARKS | {"initial", "places", "groups", "switches", "transitions", "ports"}
_TRANSITION = REMARKS | {
    "from",
    "to",
    "behavior",
    "behaviour",
    "duration",
    "dock_set",
    "reads",
    "writes",
    "raises",
    "action",
}
_ACTION = frozenset({"call", "run", "do"})
_CALL = REMARKS | {"call", "with"}
_RUN = REMARKS | {"run", "env", "working_directory", "timeout_s"}
_DO = REMARKS | {"do", "with"}
_PORT = REMARKS | {"kind", "on", "interface", "rebind"}
_SWITCH = REMARKS | {"reads", "rules"}
_RULE = REMARKS | {"if", "take", "else"}

_KINDS = listed(PortKind)
_CONDITION = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(.*?)\s*", re.DOTALL)


def read_component_types(node: Node) -> dict[str, ComponentType]:
    """The component types of a mapping, by name. Raises: a `ModelError` with file and line."""
    return {name: read_component_type(name, each) for name, each in node.by_name().items()}


def read_component_type(name: str, node: Node) -> ComponentType:
    """One component type.

    Raises: `DocumentError` for what is not in the file form, and the `ComponentTypeError` of the
    rule that the life cycle breaks; both begin with file and line.
    """
    fields = node.mapping(_TYPE)
    try:
        return ComponentType(
            name=name,
            initial=_name(fields, "initial") or "",
            places=_places(fields.get("places")),
            transitions=tuple(
                _transition(each, part) for each, part in _entries(fields, "transitions").items()
            ),
            groups={each: part.names() for each, part in _entries(fields, "groups").items()},
            switches=tuple(
                _switch(each, part) for each, part in _entries(fields, "switches").items()
            ),
            ports=tuple(_port(each, part) for each, part in _entries(fields, "ports").items()),
        )
    except ComponentTypeError as problem:
        raise node.at(problem.at).located(problem) from problem


def _places(node: Node | None) -> tuple[str, ...]:
    """Places are a list, or a mapping where each may have remarks."""
    if node is None:
        return ()
    if not node.is_mapping:
        return node.names()
    places = node.by_name()
    for each in places.values():
        each.mapping(REMARKS)
    return tuple(places)


def _transition(name: str, node: Node) -> Transition:
    fields = node.mapping(_TRANSITION)
    if "behavior" in fields and "behaviour" in fields:
        raise node.error("'behavior' and 'behaviour' are one field; give it once")
    duration, dock_set = _given(fields, "duration"), _given(fields, "dock_set")
    reads, raises = _given(fields, "reads"), _given(fields, "raises")
    action = _given(fields, "action")
    return Transition(
        name=name,
        source=_required(node, fields, "from", "the place that the transition leaves").name(),
        target=_required(node, fields, "to", "the place that the transition goes to").name(),
        behaviour=_name(fields, "behaviour") or _name(fields, "behavior") or "",
        durations_s=duration.numbers() if duration else (0.0,),
        dock_set=dock_set.text() if dock_set else "",
        reads=reads.names() if reads else (),
        writes={each: part.plain() for each, part in _entries(fields, "writes").items()},
        raises=raises.text() if raises else None,
        action=_action(action) if action else None,
    )


def _action(node: Node) -> Action:
    """`{call: name, with: {…}}`, `{run: [program, …]}`, or a verb for the component's workload."""
    given = _ACTION & node.mapping().keys()
    if len(given) != 1:
        raise node.error(
            "write an action as {call: coroutine, with: {…}}, {run: [program, …]} or {do: verb}"
        )
    arguments: dict[str, Value] = {}
    if "run" in given:
        fields = node.mapping(_RUN)
        verb = Verb.COMMAND
        arguments["argv"] = [each.text() for each in fields["run"].items()]
        if "env" in fields:
            arguments["env"] = {name: each.text() for name, each in fields["env"].by_name().items()}
        if "working_directory" in fields:
            arguments["working_directory"] = fields["working_directory"].text()
        if "timeout_s" in fields:
            arguments["timeout_s"] = fields["timeout_s"].number()
    elif "call" in given:
        fields = node.mapping(_CALL)
        verb = Verb.CALL
        arguments["name"] = fields["call"].name()
        if "with" in fields:
            arguments["with"] = _data(fields["with"])
    else:
        fields = node.mapping(_DO)
        verb = _verb(fields["do"])
        if "with" in fields:
            arguments = _data(fields["with"])
    try:
        return Action(verb=verb, arguments=arguments)
    except ComponentTypeError as problem:
        raise node.error(str(problem)) from problem


def _verb(node: Node) -> Verb:
    try:
        return Verb(node.text())
    except ValueError as problem:
        raise node.error(
            f"{quoted(node.text())} is nothing that can be done{did_you_mean(node.text(), Verb)}; "
            f"there are {listed(Verb, most=len(Verb))}"
        ) from problem


def _data(node: Node) -> dict[str, Value]:
    return {name: each.plain() for name, each in node.mapping().items()}


def _port(name: str, node: Node) -> Port:
    fields = node.mapping(_PORT)
    on, rebind = _given(fields, "on"), _given(fields, "rebind")
    kind = _required(node, fields, "kind", f"one of {_KINDS}")
    try:
        port_kind = PortKind(kind.text())
    except ValueError as problem:
        raise kind.error(
            f"{quoted(kind.text())} is no kind of port{did_you_mean(kind.text(), PortKind)}; kinds "
            f"are {_KINDS}"
        ) from problem
    return Port(
        name=name,
        kind=port_kind,
        on=on.names() if on else (),
        interface=_name(fields, "interface"),
        rebind_s=_rebind_s(rebind) if rebind else None,
    )


def _rebind_s(node: Node) -> float:
    if not node.is_mapping:
        return node.number()
    fields = node.mapping(REMARKS | {"duration"})
    return _required(node, fields, "duration", "the seconds that a rebind takes").number()


def _switch(place: str, node: Node) -> Switch:
    fields = node.mapping(_SWITCH)
    rules = _given(fields, "rules")
    return Switch(
        place=place,
        reads=_required(node, fields, "reads", "the data_use port that it chooses by").name(),
        rules=tuple(_rule(each) for each in rules.items()) if rules else (),
    )


def _rule(node: Node) -> SwitchRule:
    fields = node.mapping(_RULE)
    if ("else" in fields) == ("if" in fields) or ("else" in fields and "take" in fields):
        raise node.error("write a rule as {if: < 5, take: [transitions]} or {else: [transitions]}")
    if "else" in fields:
        return SwitchRule(take=fields["else"].names())
    comparison, operand = _condition(fields["if"])
    take = _required(node, fields, "take", "the transitions that it takes")
    return SwitchRule(take=take.names(), comparison=comparison, operand=operand)


def _condition(node: Node) -> tuple[Comparison, Value]:
    """`< 5` as people write it, or `[<, 5]`, which can hold any data."""
    if node.is_list and len(node.items()) == 2:
        sign, operand = node.items()
        if sign.value in frozenset(Comparison):
            return Comparison(sign.text()), operand.plain()
    match = None if node.is_list else _CONDITION.fullmatch(node.text())
    if match is None or not match[2]:
        raise node.error(
            "write a condition as a comparison and a value, such as '< 5' or '== \"large\"'; "
            f"comparisons are {listed(Comparison)}"
        )
    try:
        operand_node = document.from_plain(document.scalar(match[2]))
        return Comparison(match[1]), operand_node.plain()
    except DocumentError as problem:
        raise node.located(DocumentError(str(problem))) from problem


def _entries(fields: Mapping[str, Node], name: str) -> Mapping[str, Node]:
    return fields[name].by_name() if name in fields else {}


def _given(fields: Mapping[str, Node], name: str) -> Node | None:
    """A field that is there and holds something."""
    node = fields.get(name)
    return None if node is None or node.is_empty else node


def _name(fields: Mapping[str, Node], name: str) -> str | None:
    node = _given(fields, name)
    return node.name() if node else None


def _required(node: Node, fields: Mapping[str, Node], name: str, what: str) -> Node:
    found = _given(fields, name)
    if found is None:
        raise node.error(f"the field {name!r} is missing; give {what}")
    return found
