"""The inputs of a Boutiques descriptor, and what of them depends on one another, as a JSON Schema.

Called by `boutiques`. What the reference tool checks before it runs something is checked here by
the schema of the parameters, which the form, the command line and the API all obey.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.importers import draft
from ripieno.importers.draft import Findings
from ripieno.model import parameters
from ripieno.model.component_type import Value
from ripieno.model.errors import InvalidParameter
from ripieno.model.node import Node, listed, quoted

Schema = dict[str, Any]


class InputType(StrEnum):
    """What an input holds."""

    STRING = "String"
    FILE = "File"
    FLAG = "Flag"
    NUMBER = "Number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One input: `id` is its name in the descriptor, `parameter` that of its parameter."""

    id: str
    parameter: str
    type: InputType
    key: str = ""
    flag: str = ""
    separator: str = " "
    list_separator: str = " "
    is_list: bool = False
    is_required: bool = False
    has_default: bool = False
    choices: tuple[Value, ...] = ()
    requires: tuple[str, ...] = ()
    disables: tuple[str, ...] = ()
    value_requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    value_disables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_always_set(self) -> bool:
        """Whether it has a value in every run."""
        return self.is_required or self.has_default


def read_inputs(nodes: Iterable[Node], findings: Findings) -> list[Input]:
    """The inputs of a descriptor. Raises: `DocumentError`."""
    found: dict[str, Input] = {}
    names: set[str] = set()
    for node in nodes:
        fields = Asked(node)
        id = fields.text("id")
        if not id or id in found:
            raise node.error(f"the id {quoted(id)} of an input is missing, or there twice")
        name = draft.unique(draft.parameter(id), names, most=100)
        names.add(name)
        if name != id:
            findings.notes.append(f"input {quoted(id)} is called {name}, since parameters are so")
        found[id] = _input(fields, id, name, findings)
    return list(found.values())


class Asked:
    """The fields of a mapping, each of the kind that is asked for."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._fields = node.mapping()

    def __contains__(self, name: str) -> bool:
        node = self._fields.get(name)
        return node is not None and not node.is_empty

    def get(self, name: str) -> Node | None:
        """A field that is there and holds something."""
        return self._fields[name] if name in self else None

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        node = self.get(name)
        return default if node is None else draft.clean(node.text())

    def flag(self, name: str) -> bool:
        """Whether something is said to be so."""
        node = self.get(name)
        if node is None or isinstance(node.value, bool):
            return node is not None and node.value is True
        raise node.error(f"{name} is true or false")

    def number(self, name: str) -> int | float | None:
        """A number, whole or not."""
        node = self.get(name)
        if node is None:
            return None
        number = node.number()
        return node.value if type(node.value) is int else number

    def items(self, name: str) -> Sequence[Node]:
        """The items of a list."""
        node = self.get(name)
        return () if node is None else node.items()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(draft.clean(each.text()) for each in self.items(name))

    def lists(self, name: str) -> dict[str, tuple[str, ...]]:
        """A mapping to lists of texts."""
        node = self.get(name)
        entries = {} if node is None else node.mapping()
        return {
            key: tuple(draft.clean(item.text()) for item in each.items())
            for key, each in entries.items()
        }


def _input(fields: Asked, id: str, name: str, findings: Findings) -> Input:
    try:
        kind = InputType(fields.text("type"))
    except ValueError as problem:
        raise fields.node.error(
            f"input {quoted(id)} is of the type {quoted(fields.text('type'))}; types are "
            f"{listed(InputType)}"
        ) from problem
    is_list = fields.flag("list") and kind is not InputType.FLAG
    choices = tuple(each.plain() for each in fields.items("value-choices"))
    schema = _schema(fields, kind, is_list, choices)
    default = _default(fields, id, schema, findings)
    if kind is InputType.FLAG and default is None:
        default = False
    if default is not None:
        schema["default"] = default
    return Input(
        id=id,
        parameter=name,
        type=kind,
        key=fields.text("value-key"),
        flag=fields.text("command-line-flag"),
        separator=fields.text("command-line-flag-separator", " "),
        list_separator=fields.text("list-separator", " "),
        is_list=is_list,
        is_required=not fields.flag("optional"),
        has_default=default is not None,
        choices=choices,
        requires=fields.texts("requires-inputs"),
        disables=fields.texts("disables-inputs"),
        value_requires=fields.lists("value-requires"),
        value_disables=fields.lists("value-disables"),
        schema=schema,
    )


def _schema(
    fields: Asked, kind: InputType, is_list: bool, choices: tuple[Value, ...]
) -> dict[str, Any]:
    schema: Schema = {}
    title = draft.line(fields.text("name"))
    if title:
        schema["title"] = title
    about = fields.text("description").strip()
    if kind is InputType.FILE:
        about = f"{about} (a path)".strip()
    if about:
        schema["description"] = about[:2000]
    value = _value_schema(fields, kind, choices)
    if not is_list:
        return {**schema, **value}
    schema |= {"type": "array", "items": value}
    for name, keyword in (("min-list-entries", "minItems"), ("max-list-entries", "maxItems")):
        number = fields.number(name)
        if number is not None and 0 <= number < 10**9:
            schema[keyword] = int(number)
    return schema


def _value_schema(fields: Asked, kind: InputType, choices: tuple[Value, ...]) -> Schema:
    types = {InputType.FLAG: "boolean", InputType.NUMBER: "number"}
    schema: Schema = {"type": types.get(kind, "string")}
    if kind is InputType.NUMBER and fields.flag("integer"):
        schema["type"] = "integer"
    if choices:
        if schema["type"] == "string" and not all(isinstance(each, str) for each in choices):
            del schema["type"]
        schema["enum"] = list(choices)
    if kind is InputType.NUMBER:
        for name, keyword in (("minimum", "inimum"), ("maximum", "aximum")):
            bound = fields.number(name)
            if bound is not None:
                is_open = fields.flag(f"exclusive-{name}")
                schema[f"exclusiveM{keyword}" if is_open else f"m{keyword}"] = bound
    return schema


def _default(fields: Asked, id: str, schema: Schema, findings: Findings) -> Value:
    node = fields.get("default-value")
    if node is None:
        return None
    default = node.plain()
    try:
        parameters.check_some({"properties": {"x": schema}}, {"x": default})
    except InvalidParameter as problem:
        findings.notes.append(f"the default of input {quoted(id)} is left out: {problem}")
        return None
    return default


def schema_of(inputs: Sequence[Input], groups: Sequence[Node], findings: Findings) -> Schema:
    """The JSON Schema of all inputs together. Raises: `DocumentError`."""
    schema: Schema = {
        "type": "object",
        "properties": {each.parameter: each.schema for each in inputs},
    }
    required = [each.parameter for each in inputs if each.is_required and not each.has_default]
    if required:
        schema["required"] = required
    rules = _Rules(inputs, findings)
    for node in groups:
        rules.add_group(Asked(node))
    for each in inputs:
        rules.add_input(each)
    if rules.found:
        schema["allOf"] = rules.found
    return schema


class _Rules:
    """What depends on one another. Each rule has a description, which is what an error tells."""

    def __init__(self, inputs: Sequence[Input], findings: Findings) -> None:
        self.found: list[Schema] = []
        self._inputs = {each.id: each for each in inputs}
        self._groups: dict[str, list[Input]] = {}
        self._findings = findings

    def add_group(self, fields: Asked) -> None:
        """What a group says of its members."""
        id = fields.text("id")
        members = [each for name in fields.texts("members") for each in self._known(name, id)]
        self._groups[id] = members
        if not members:
            return
        names = ", ".join(each.parameter for each in members)
        active = [_active(each) for each in members]
        is_one = fields.flag("one-is-required")
        if fields.flag("mutually-exclusive"):
            none = [] if is_one else [{"not": {"anyOf": active}}]
            told = "exactly one" if is_one else "at most one"
            self._add(f"give {told} of {names}", {"oneOf": [*none, *active]})
        elif is_one:
            self._add(f"give at least one of {names}", {"anyOf": active})
        if fields.flag("all-or-none"):
            self._add(
                f"give all of {names}, or none",
                {"anyOf": [{"allOf": active}, {"not": {"anyOf": active}}]},
            )

    def add_input(self, each: Input) -> None:
        """What an input, or a value of it, says of others."""
        self._requires(each.parameter, _active(each), each.requires, each.id)
        self._disables(each.parameter, _active(each), each.disables, each.id)
        for value, names in each.value_requires.items():
            told = f"{each.parameter}={draft.line(value, 60)}"
            self._requires(told, self._has(each, value), names, each.id)
        for value, names in each.value_disables.items():
            told = f"{each.parameter}={draft.line(value, 60)}"
            self._disables(told, self._has(each, value), names, each.id)

    def _requires(self, told: str, when: Schema, names: Sequence[str], where: str) -> None:
        for name in names:
            members = self._known(name, where)
            if not members:
                continue
            choice = [_active(each) for each in members]
            wanted = " or ".join(each.parameter for each in members)
            then = choice[0] if len(choice) == 1 else {"anyOf": choice}
            self._add(f"{told} needs {wanted}", {"if": when, "then": then})

    def _disables(self, told: str, when: Schema, names: Sequence[str], where: str) -> None:
        members = [each for name in names for each in self._known(name, where)]
        if members:
            others = ", ".join(each.parameter for each in members)
            excluded = {"not": {"anyOf": [_active(each) for each in members]}}
            self._add(f"with {told}, leave out {others}", {"if": when, "then": excluded})

    def _has(self, each: Input, written: str) -> Schema:
        """That an input has a value, which is written as text in the descriptor."""
        value = next((one for one in each.choices if _as_text(one) == written), written)
        inner = {"const": value}
        found = {"contains": inner} if each.is_list else inner
        return {"properties": {each.parameter: found}, "required": [each.parameter]}

    def _known(self, id: str, where: str) -> list[Input]:
        """The input of this id, or the members of the group."""
        if id in self._inputs:
            return [self._inputs[id]]
        if id not in self._groups:
            self._findings.notes.append(f"{quoted(where)} names {quoted(id)}, which is not there")
        return self._groups.get(id, [])

    def _add(self, told: str, rule: Schema) -> None:
        self.found.append({"description": told[:500], **rule})


def _active(each: Input) -> Schema:
    """That an input is set; a flag is if it is true."""
    if each.type is InputType.FLAG:
        return {"properties": {each.parameter: {"const": True}}, "required": [each.parameter]}
    return {"required": [each.parameter]}


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else str(value)
