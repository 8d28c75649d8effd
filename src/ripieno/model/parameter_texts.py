"""Values of parameters that are given as text: `--set NAME=VALUE`, and the fields of forms."""

import math
import re
from collections.abc import Mapping
from typing import Any

from ripieno.model import document
from ripieno.model.component_type import Value
from ripieno.model.errors import DocumentError, InvalidParameter
from ripieno.model.node import quoted
from ripieno.model.parameters import properties, remedy

_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


def parse_setting(schema: Mapping[str, Any], text: str) -> Value:
    """The value that a text stands for, by the type of one parameter's schema.

    Texts are taken as they are, lists and objects read as JSON or YAML. Raises:
    `InvalidParameter` for a text that cannot be of that type. Whether it fits is for `complete`.
    """
    stated = schema.get("type")
    types = [stated] if isinstance(stated, str) else list(stated or ())
    if not types:
        types = sorted({_type_of(each) for each in schema.get("enum", ()) or [schema.get("const")]})
    for each in types:
        found, value = _as(each, text)
        if found:
            return value
    if "string" in types:
        return text
    if set(types) - {"null"}:
        raise InvalidParameter(f"{quoted(text)} is no {' or '.join(types)}")
    try:
        return document.parse(text).plain()
    except DocumentError:
        return text


def parse_settings(schema: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Value]:
    """The values of several settings, by name. Raises: `InvalidParameter`, as `parse_setting`."""
    known = properties(schema)
    values: dict[str, Value] = {}
    for name, text in settings.items():
        try:
            values[name] = parse_setting(known.get(name, {}), text)
        except InvalidParameter as problem:
            raise InvalidParameter(
                f"parameter {name}: {problem}; {remedy(known[name])}"
            ) from problem
    return values


def _as(type_name: str, text: str) -> tuple[bool, Value]:
    """Whether a text is of a JSON type other than string, and its value."""
    stripped = text.strip()
    try:
        match type_name:
            case "integer":
                return True, int(stripped)
            case "number":
                number = float(stripped)
                is_whole = re.fullmatch("[+-]?[0-9]+", stripped) is not None
                return math.isfinite(number), int(stripped) if is_whole else number
            case "boolean" | "null":
                value = _WORDS.get(stripped.lower(), "")
                return _type_of(value) == type_name, value
            case "array" | "object":
                value = document.parse(text).plain()
                return _type_of(value) == type_name, value
    except (ValueError, DocumentError):
        pass
    return False, None


def _type_of(value: Value) -> str:
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return names.get(type(value), "")
