"""The form of an application's parameters: fields made from a JSON Schema, and what was filled in.

Everything in a form is text, as it is for `--set`; the schema says what a text means. Knows
nothing of HTTP and of templates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ripieno.model import parameter_texts, parameters
from ripieno.model.component_type import Value
from ripieno.model.errors import InvalidParameter
from ripieno.ui.language import Language

PREFIX = "set."
"""What the names of fields begin with, in forms and in links that share a launch."""

LONG_TEXT = 120
"""A text that may be longer than this gets several lines."""


class Kind(StrEnum):
    """How a parameter is asked for."""

    TEXT = "text"
    LONG_TEXT = "long-text"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "switch"
    DOCUMENT = "document"  # lists and objects, written in YAML or JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One parameter. `default` None: it has none; `text`: what the field shows."""

    name: str
    label: str
    help: str
    kind: Kind
    is_required: bool
    default: str | None
    text: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: float | None = None
    error: str = ""

    @property
    def has_slider(self) -> bool:
        """Whether there are two bounds to slide between."""
        return self.kind in (Kind.INTEGER, Kind.NUMBER) and None not in (self.least, self.most)

    @property
    def slider_step(self) -> float:
        """How far one step of the slider goes: a hundredth of the way where nothing is said."""
        if self.step is not None:
            return self.step
        assert self.least is not None and self.most is not None
        return (self.most - self.least) / 100 or 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The fields, and what they say: `settings` are the texts that are not the defaults."""

    fields: tuple[Field, ...]
    settings: Mapping[str, str]
    fault: str = ""  # what is wrong with several fields together

    @property
    def is_valid(self) -> bool:
        """Whether it can be deployed, as far as the parameters go."""
        return not self.fault and not any(each.error for each in self.fields)


def blank(schema: Mapping[str, Any], base: Mapping[str, Value] | None = None) -> Form:
    """The form as it is before anybody fills it in: the defaults, or what `base` sets instead."""
    required = schema.get("required", ())
    fields = []
    for name, each in parameters.properties(schema).items():
        part = {**_resolved(schema, each)}
        if base and name in base:
            part["default"] = base[name]
        fields.append(_field(name, part, name in required))
    return Form(fields=tuple(fields), settings={})


def filled(
    schema: Mapping[str, Any],
    given: Mapping[str, str],
    spoken: Language,
    *,
    base: Mapping[str, Value] | None = None,
    checks: bool = True,
) -> Form:
    """The form with what somebody filled in; `given` are texts by the parameter's name.

    `base` is what a configuration sets, and takes the place of defaults. `checks` False: as a link
    fills it in, where what is missing is nobody's fault yet. What is given for no parameter is left
    out: a link may be older than the application.
    """
    empty = blank(schema, base)
    fields = [replace(each, text=given.get(each.name, each.text)) for each in empty.fields]
    settings = {each.name: each.text for each in fields if _is_said(each)}
    if not checks:
        return Form(fields=tuple(fields), settings=settings)
    checked = tuple(replace(each, error=_error(schema, each, settings, spoken)) for each in fields)
    fault = ""
    if not any(each.error for each in checked):
        fault = _fault(schema, base or {}, settings)
    return Form(fields=checked, settings=settings, fault=fault)


def given(items: Sequence[tuple[str, object]]) -> dict[str, str]:
    """What a form or an address gives for parameters; of several values the last one counts."""
    return {
        name.removeprefix(PREFIX): value.replace("\r\n", "\n")
        for name, value in items
        if name.startswith(PREFIX) and isinstance(value, str)
    }


def text_of(value: Value) -> str:
    """The text that stands for a value, in a field and after `--set`."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_said(field: Field) -> bool:
    """Whether a field says anything but its default."""
    if field.text == "":
        # An empty field says nothing, save where emptying it is the only way to say so.
        return field.kind in (Kind.TEXT, Kind.LONG_TEXT) and bool(field.default)
    return field.text != field.default


def _field(name: str, schema: Mapping[str, Any], is_required: bool) -> Field:
    default = text_of(schema["default"]) if "default" in schema else None
    kind = _kind(schema)
    choices = tuple(text_of(each) for each in schema.get("enum", ()))
    shown = default if default is not None else ""
    if kind is Kind.SWITCH and default is None:
        shown = "false"
    if kind is Kind.CHOICE and default is None and is_required and choices:
        shown = choices[0]
    if "const" in schema and default is None:
        shown = text_of(schema["const"])
    least, most = _bounds(schema, kind)
    return Field(
        name=name,
        label=str(schema.get("title") or name),
        help=str(schema.get("description") or ""),
        kind=kind,
        is_required=is_required and default is None,
        default=default,
        text=shown,
        choices=choices,
        least=least,
        most=most,
        step=schema.get("multipleOf", 1 if kind is Kind.INTEGER else None),
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
    if schema.get("enum"):
        return Kind.CHOICE
    stated = schema.get("type")
    types = [stated] if isinstance(stated, str) else list(stated or ())
    match types:
        case ["integer"]:
            return Kind.INTEGER
        case ["number"]:
            return Kind.NUMBER
        case ["boolean"]:
            return Kind.SWITCH
        case ["array"] | ["object"]:
            return Kind.DOCUMENT
    if types == ["string"]:
        is_long = schema.get("maxLength", 0) > LONG_TEXT or "\n" in str(schema.get("default", ""))
        return Kind.LONG_TEXT if is_long else Kind.TEXT
    return Kind.DOCUMENT if {"array", "object"} & set(types) else Kind.TEXT


def _bounds(schema: Mapping[str, Any], kind: Kind) -> tuple[float | None, float | None]:
    """The least and the most that a field for numbers offers; the schema itself has the say."""
    least, most = schema.get("minimum"), schema.get("maximum")
    if kind is Kind.INTEGER:
        if least is None and "exclusiveMinimum" in schema:
            least = int(schema["exclusiveMinimum"]) + 1
        if most is None and "exclusiveMaximum" in schema:
            most = int(schema["exclusiveMaximum"]) - 1
    return least, most


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter's schema, with what its `$ref` says."""
    target = part.get("$ref", "")
    named = schema.get("$defs", {}).get(str(target).removeprefix("#/$defs/"), {})
    return {**named, **part} if isinstance(named, Mapping) else part


def _error(
    schema: Mapping[str, Any], field: Field, settings: Mapping[str, str], spoken: Language
) -> str:
    """What is wrong with one field, taken by itself."""
    part = parameters.properties(schema)[field.name]
    if field.name not in settings:
        return spoken.gettext("This is needed.") if field.is_required and not field.text else ""
    alone = {"properties": {field.name: part}, "$defs": schema.get("$defs", {})}
    try:
        resolved = _resolved(schema, part)
        value = parameter_texts.parse_setting(resolved, settings[field.name])
        parameters.complete(alone, {field.name: value})
    except InvalidParameter as problem:
        return _remedy(field, spoken) or str(problem).removeprefix(f"parameter {field.name}: ")
    return ""


def _remedy(field: Field, spoken: Language) -> str:
    """What to write instead, where that can be said by the kind of the field; else nothing."""
    _ = spoken.gettext
    if field.kind is Kind.CHOICE:
        return _("Take one of the choices.")
    if field.kind not in (Kind.INTEGER, Kind.NUMBER) or field.step not in (None, 1):
        return ""
    numbers = {"least": _shown(field.least), "most": _shown(field.most)}
    is_whole = field.kind is Kind.INTEGER
    if field.least is not None and field.most is not None:
        text = (
            _("Give a whole number from %(least)s to %(most)s.")
            if is_whole
            else _("Give a number from %(least)s to %(most)s.")
        )
    elif field.least is not None:
        text = (
            _("Give a whole number, at least %(least)s.")
            if is_whole
            else _("Give a number, at least %(least)s.")
        )
    elif field.most is not None:
        text = (
            _("Give a whole number, at most %(most)s.")
            if is_whole
            else _("Give a number, at most %(most)s.")
        )
    else:
        text = _("Give a whole number.") if is_whole else _("Give a number.")
    return text % numbers


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:g}" if isinstance(number, float) else str(number)


def _fault(
    schema: Mapping[str, Any], base: Mapping[str, Value], settings: Mapping[str, str]
) -> str:
    """What is wrong with the fields together, once each is right by itself."""
    try:
        values = parameter_texts.parse_settings(schema, settings)
        parameters.complete(schema, {**base, **values})
    except InvalidParameter as problem:
        return str(problem)
    return ""
