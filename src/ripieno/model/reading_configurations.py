"""Named configurations out of a document, and components with one of them put over.

Called by `reading_applications`. A configuration is put over the tree of a component before that
is read, so what it sets obeys the same rules and has a line of its own.
"""

from collections.abc import Iterator, Mapping

from ripieno.model import parameters
from ripieno.model.application import EXTERNAL
from ripieno.model.component_type import Value
from ripieno.model.configuration import MOST_CONFIGURATIONS, Configuration, Override
from ripieno.model.errors import ApplicationError, InvalidParameter
from ripieno.model.node import Node, did_you_mean, listed, quoted
from ripieno.model.reading_fields import Fields, located
from ripieno.model.reading_workloads import read_env, read_resources

_OVERRIDE = ("resources", "args", "env")
_FIELDS = ("title", "description", "note", "parameters", "components", *_OVERRIDE)
_MOST_TITLE = 200
_MOST_DESCRIPTION = 20_000


def overrides(fields: Fields) -> Mapping[str, Mapping[str, Node]]:
    """What each configuration says of each component, by names.

    Raises: `DocumentError` with line and field.
    """
    node = fields.text_node("configurations")
    entries = {} if node is None else node.by_name()
    if node is not None and len(entries) > MOST_CONFIGURATIONS:
        raise node.error(
            f"there are more than {MOST_CONFIGURATIONS} configurations; leave some out"
        )
    return {name: dict(_overrides(each, fields)) for name, each in entries.items()}


def _overrides(node: Node, fields: Fields) -> Iterator[tuple[str, Node]]:
    known = fields.entries("components")
    running = [name for name, each in known.items() if _runs(each)]
    found = {name: each for name, each in node.mapping(_FIELDS).items() if not each.is_empty}
    if any(name in found for name in _OVERRIDE):
        if "components" in found:
            raise found["components"].error(
                f"{listed(_OVERRIDE)} beside this are for the one component of an application; "
                "put them all under their components"
            )
        if len(running) != 1:
            raise node.error(
                f"{listed(running)} run something; say whose {listed(_OVERRIDE)} these are, "
                "components: {NAME: {…}}"
            )
        only = {name: each for name, each in found.items() if name in _OVERRIDE}
        yield running[0], Node(only, node.line, node.source, None, node.parent, node.position)
        return
    for name, each in found["components"].by_name().items() if "components" in found else ():
        if name not in running:
            raise each.error(
                f"there is no component {quoted(name)} that runs something"
                f"{did_you_mean(name, running)}; there are {listed(running, most=20)}"
            )
        each.mapping(_OVERRIDE)
        yield name, each


def _runs(node: Node) -> bool:
    kind = node.mapping().get("type")
    return kind is None or kind.value != EXTERNAL


def read(
    fields: Fields, schema: Mapping[str, Value], over: Mapping[str, Mapping[str, Node]]
) -> dict[str, Configuration]:
    """The configurations; `over` has what they say of components, with parameters put in.

    Raises: `DocumentError` with line and field.
    """
    found = {}
    for name, node in fields.entries("configurations").items():
        part = Fields(node, _FIELDS, is_open=True)
        given = part.entries("parameters")
        values = {each: value.plain() for each, value in given.items()}
        try:
            parameters.check_some(schema, values)
            found[name] = Configuration(
                name=name,
                title=_text(part, "title", _MOST_TITLE),
                description=_text(part, "description", _MOST_DESCRIPTION),
                parameters=values,
                components={each: _override(value) for each, value in over[name].items()},
            )
        except InvalidParameter as problem:
            at = node.at(("parameters", *problem.at[:1]))
            raise at.error(str(problem)) from problem
        except ApplicationError as problem:
            raise located(node, problem) from problem
    return found


def _override(node: Node) -> Override:
    fields = Fields(node, _OVERRIDE, is_open=True)
    cpus, memory_mib = read_resources(fields)
    try:
        return Override(
            cpus=cpus,
            memory_mib=memory_mib,
            args=fields.words("args") if "args" in fields else None,
            env=read_env(fields),
        )
    except ApplicationError as problem:
        raise located(node, problem) from problem


def put_over(component: Node, override: Node | None) -> Node:
    """A component with what a configuration says of it; both have their parameters put in."""
    if override is None:
        return component
    fields, said = dict(component.mapping()), override.mapping()
    copy = Node(
        fields, component.line, component.source, None, component.parent, component.position
    )
    for name in _OVERRIDE:
        if name not in said or said[name].is_empty:
            continue
        there = fields.get(name)
        if name == "args" or there is None or not there.is_mapping:
            fields[name] = said[name]
            continue
        merged = {**there.mapping(), **said[name].mapping()}
        fields[name] = Node(merged, there.line, there.source, None, copy, name)
    return copy


def _text(fields: Fields, name: str, most: int) -> str:
    node = fields.text_node(name)
    text = "" if node is None else node.text()
    if node is not None and len(text) > most:
        raise node.error(f"{name} has {len(text)} characters; give at most {most}")
    return text
