"""Component types as plain data in their file form, and back.

Called by whoever stores a component type or shows one. `reading_types` is the one reader: what is
written here is what a file could hold, and reading it gives an equal record.
"""

from typing import Any

from ripieno.model import document
from ripieno.model.action import Action, Verb
from ripieno.model.component_type import ComponentType, Switch, SwitchRule, Transition
from ripieno.model.port import Port
from ripieno.model.reading_types import read_component_type


def component_type_to_json(component_type: ComponentType) -> dict[str, Any]:
    """The fields of a component type that differ from their defaults; its name is not among them.

    Data that transitions write is passed on as it is, not copied.
    """
    record: dict[str, Any] = {
        "initial": component_type.initial,
        "places": list(component_type.places),
    }
    if component_type.groups:
        record["groups"] = {name: list(parts) for name, parts in component_type.groups.items()}
    if component_type.switches:
        record["switches"] = {each.place: _switch(each) for each in component_type.switches}
    record["transitions"] = {each.name: _transition(each) for each in component_type.transitions}
    record["ports"] = {each.name: _port(each) for each in component_type.ports}
    return record


def component_type_from_json(name: str, record: dict[str, Any]) -> ComponentType:
    """The component type that `component_type_to_json` wrote, or a file's in plain data.

    Raises: a `ModelError` that names the field, for data that is no legal component type.
    """
    return read_component_type(name, document.from_plain(record))


def _transition(transition: Transition) -> dict[str, Any]:
    durations = transition.durations_s
    record: dict[str, Any] = {
        "from": transition.source,
        "to": transition.target,
        "behavior": transition.behaviour,
        "duration": durations[0] if len(durations) == 1 else list(durations),
    }
    if transition.dock_set:
        record["dock_set"] = transition.dock_set
    if transition.reads:
        record["reads"] = list(transition.reads)
    if transition.writes:
        record["writes"] = dict(transition.writes)
    if transition.raises is not None:
        record["raises"] = transition.raises
    if transition.action is not None:
        record["action"] = _action(transition.action)
    return record


def _action(action: Action) -> dict[str, Any]:
    arguments = dict(action.arguments)
    if action.verb is Verb.CALL and arguments.keys() <= {"name", "with"}:
        return {"call": arguments.pop("name"), **arguments}
    if action.verb is Verb.COMMAND and arguments.keys() == {"argv"}:
        return {"run": arguments["argv"]}
    record: dict[str, Any] = {"do": action.verb.value}
    if arguments:
        record["with"] = arguments
    return record


def _port(port: Port) -> dict[str, Any]:
    record: dict[str, Any] = {"kind": port.kind.value, "on": list(port.on)}
    if port.interface is not None:
        record["interface"] = port.interface
    if port.rebind_s is not None:
        record["rebind"] = port.rebind_s
    return record


def _switch(switch: Switch) -> dict[str, Any]:
    return {"reads": switch.reads, "rules": [_rule(each) for each in switch.rules]}


def _rule(rule: SwitchRule) -> dict[str, Any]:
    if rule.comparison is None:
        return {"else": list(rule.take)}
    # As a list, since an operand can be any data, also text that looks like something else.
    return {"if": [rule.comparison.value, rule.operand], "take": list(rule.take)}
