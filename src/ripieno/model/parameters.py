"""Parameters of applications: a JSON Schema, and values that fit it.

Everything here is untrusted, the schema as well: only what can be checked in reasonable time is
taken. A `$ref` leads to `#/$defs/…` and no further, so nothing is fetched and nothing is circular;
patterns cannot repeat what repeats.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ripieno.model import document
from ripieno.model.component_type import Value
from ripieno.model.errors import DocumentError, InvalidParameter
from ripieno.model.node import did_you_mean, listed, printable, quoted

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_PARAMETERS = 200
MOST_SCHEMA = 5000
MOST_VALUES = 5000
MOST_REFS = 50
MOST_TEXT = 100_000
"""The longest that all the values may be together, in characters of JSON."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FORBIDDEN = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_-]*")
_MOST_PATTERN = 200
_LOCAL = re.compile(r"#/\$defs/([A-Za-z0-9_-]+)")
_NAMED = ("properties", "$defs", "patternProperties", "dependentSchemas")


def check_schema(schema: Value) -> None:
    """Raise `InvalidParameter` unless this can be the `parameters` of an application.

    `at` of the error leads to the part at fault.
    """
    if not isinstance(schema, Mapping):
        raise InvalidParameter("parameters are a JSON Schema of an object; give 'properties'")
    _check_size(schema, MOST_SCHEMA, "the schema")
    problem = _worst(schema)
    if problem is not None:
        raise InvalidParameter(
            f"no JSON Schema: {printable(problem.message, 300)}; see "
            "https://json-schema.org/understanding-json-schema",
            at=_path(problem),
        )
    if schema.get("type", "object") != "object":
        raise InvalidParameter("parameters are of type object; give 'properties'", at=("type",))
    if schema.get("$schema", DIALECT) != DIALECT:
        raise InvalidParameter(
            f"only JSON Schema 2020-12 is read; remove this, or give {DIALECT}", at=("$schema",)
        )
    _check_names(schema)
    parts = list(_subschemas(schema, ()))
    for at, part in parts:
        _check_part(at, part, schema.get("$defs", {}))
    if sum("$ref" in part for _, part in parts) > MOST_REFS:
        raise InvalidParameter(f"there are more than {MOST_REFS} $ref; write some out")
    for name, each in properties(schema).items():
        if "default" in each:
            try:
                _check_values(schema, {name: each["default"]}, is_complete=False)
            except InvalidParameter as problem:
                raise InvalidParameter(
                    f"the default does not fit: {problem}",
                    at=("properties", name, "default"),
                ) from problem


def properties(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The parameters that a schema declares, each with its own schema."""
    return {
        name: each if isinstance(each, Mapping) else {}
        for name, each in schema.get("properties", {}).items()
    }


def complete(schema: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of all parameters, with the defaults of those that are not given.

    A parameter without either is not in it. Raises: `InvalidParameter` that names the parameter,
    for one that is unknown or required, or a value that does not fit.
    """
    known = properties(schema)
    plain = _known(known, values)
    defaults = {name: each["default"] for name, each in known.items() if "default" in each}
    found = {**defaults, **plain}
    _check_values(schema, found, is_complete=True)
    return {name: found[name] for name in known if name in found}


def check_some(schema: Mapping[str, Any], values: Mapping[str, Value]) -> None:
    """Raise `InvalidParameter` for a value that is unknown or does not fit, whatever the others."""
    for name, value in _known(properties(schema), values).items():
        _check_values(schema, {name: value}, is_complete=False)


def defaults_suffice(schema: Mapping[str, Any]) -> bool:
    """Whether every parameter has a default, and these keep the rules of the schema together."""
    if not all("default" in each for each in properties(schema).values()):
        return False
    try:
        complete(schema, {})
    except InvalidParameter:
        return False
    return True


def sample(schema: Mapping[str, Any]) -> Value:
    """A value by which an application can be shown before one is given: the default, if there is.

    None if nothing simple will do; it may not fit in all respects.
    """
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", min(1, schema.get("maximum", 1)))
        case "boolean":
            return False
        case _:
            return None


def _known(known: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Value]:
    """Values of parameters that there are, as plain data of reasonable size."""
    for name in values:
        if name not in known:
            raise InvalidParameter(
                f"there is no parameter {quoted(name)}{did_you_mean(name, known)}; parameters are "
                f"{listed(known, most=30)}"
            )
    plain = {name: _plain(name, value) for name, value in values.items()}
    _check_size(plain, MOST_VALUES, "what the parameters hold")
    if len(json.dumps(plain)) > MOST_TEXT:
        raise InvalidParameter(
            f"the parameters are too long together; give at most {MOST_TEXT} characters"
        )
    return plain


def _check_names(schema: Mapping[str, Any]) -> None:
    names = schema.get("properties", {})
    if len(names) > MOST_PARAMETERS:
        raise InvalidParameter(
            f"there are {len(names)} parameters, and at most {MOST_PARAMETERS} are taken",
            at=("properties",),
        )
    for name in names:
        if len(name) > 100 or _NAME.fullmatch(name) is None:
            raise InvalidParameter(
                f"{quoted(name)} cannot name a parameter; use letters, digits, dashes and "
                "underscores, a letter first",
                at=("properties", name),
            )


def _check_size(value: Value, most: int, what: str) -> None:
    count = 0
    pending = [value]
    while pending:
        each = pending.pop()
        count += 1
        if count > most:
            raise InvalidParameter(f"{what} has more than {most} values; make it smaller")
        if isinstance(each, Mapping):
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)


def _check_part(
    at: tuple[str, ...], part: Mapping[str, Any], definitions: Mapping[str, Value]
) -> None:
    for keyword in _FORBIDDEN:
        if keyword in part:
            raise InvalidParameter(f"{keyword} is not read; remove it", at=(*at, keyword))
    target = part.get("$ref")
    if target is not None:
        named = _LOCAL.fullmatch(target) if isinstance(target, str) else None
        if named is None or named[1] not in definitions:
            raise InvalidParameter(
                f"$ref {quoted(str(target))} is not followed; refer to #/$defs/NAME, declared here",
                at=(*at, "$ref"),
            )
        if at[:1] == ("$defs",):
            raise InvalidParameter(
                "a definition refers to another one; write it out", at=(*at, "$ref")
            )
    if isinstance(part.get("pattern"), str):
        _check_pattern(part["pattern"], (*at, "pattern"))
    if isinstance(part.get("patternProperties"), Mapping):
        for pattern in part["patternProperties"]:
            _check_pattern(pattern, (*at, "patternProperties", pattern))


def _check_pattern(pattern: str, at: tuple[str, ...]) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as problem:
        raise InvalidParameter(
            f"{quoted(pattern)} is no regular expression: {problem}", at=at
        ) from problem
    if len(pattern) > _MOST_PATTERN or _can_run_away(pattern):
        raise InvalidParameter(
            f"the pattern {quoted(pattern)} could take for ever; repeat no group that repeats or "
            f"has alternatives, repeat at most 3 times, and use at most {_MOST_PATTERN} characters",
            at=at,
        )


def _can_run_away(pattern: str) -> bool:
    """Whether a pattern repeats what repeats, or repeats much: what backtracking is slow with."""
    bare = re.sub(r"\\.|\[\^?\]?(\\.|[^\]\\])*\]", "x", pattern, flags=re.DOTALL)
    if len(re.findall(r"[*+]|\{[0-9]*,|\{[0-9]{3,}", bare)) > 3 or "(?P=" in bare:
        return True
    while group := re.search(r"\([^()]*\)", bare):
        inner, after = group[0], bare[group.end() : group.end() + 1]
        is_slow = re.search(r"[*+{|]|(?<!\()\?", inner) is not None
        if is_slow and after in ("*", "+", "{"):
            return True
        bare = bare[: group.start()] + ("x*" if is_slow else "x") + bare[group.end() :]
    return False


def _subschemas(
    part: Value, at: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """All mappings in a schema that are schemas themselves, or may be."""
    if isinstance(part, list):
        for index, each in enumerate(part):
            yield from _subschemas(each, (*at, str(index)))
    if not isinstance(part, Mapping):
        return
    yield at, part
    for keyword, each in part.items():
        if keyword in ("default", "const", "enum", "examples"):
            continue
        if keyword in _NAMED and isinstance(each, Mapping):
            for name, inner in each.items():
                yield from _subschemas(inner, (*at, keyword, name))
        else:
            yield from _subschemas(each, (*at, keyword))


def _check_values(
    schema: Mapping[str, Any], values: Mapping[str, Value], *, is_complete: bool
) -> None:
    judged = schema if is_complete else _without_required(schema)
    try:
        problem = _worst(values, of=judged)
    except (RecursionError, ArithmeticError) as error:
        raise InvalidParameter("the parameters cannot be checked; simplify the schema") from error
    if problem is None:
        return
    rule = _rule(judged, problem)
    if rule:
        raise InvalidParameter(f"parameters: {rule}")
    known = properties(schema)
    if problem.validator == "required" and not problem.absolute_path:
        required: Any = problem.validator_value
        missing = [name for name in required if name not in values]
        raise InvalidParameter(
            f"parameter {missing[0]} is required and has no default; give it a value: "
            f"{remedy(known.get(missing[0], {}))}"
        )
    path = _path(problem)
    of = known.get(path[0], {}) if path else {}
    where = f"parameter {'.'.join(path)}: " if path else "parameters: "
    raise InvalidParameter(f"{where}{printable(problem.message, 300)}; {remedy(of)}", at=path)


def _worst(value: object, *, of: Mapping[str, Any] | None = None) -> "ValidationError | None":
    """What tells best why a value does not fit the schema `of`; None: it does.

    Without `of`: why it is no schema.
    """
    # Loaded only where something is judged.
    from jsonschema import Draft202012Validator as Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry

    if of is None:
        validator = Validator(Validator.META_SCHEMA)
    else:
        validator = Validator(of, registry=Registry())  # empty, so that nothing is ever fetched
    found: ValidationError | None = best_match(validator.iter_errors(value))
    return found


def _rule(schema: Mapping[str, Any], problem: "ValidationError") -> str:
    """What the author says of the rule that is broken, if it is one over several parameters."""
    path = list(problem.absolute_schema_path)
    if len(path) < 2 or path[0] != "allOf" or not isinstance(path[1], int):
        return ""
    rule = schema["allOf"][path[1]]
    told = rule.get("description") if isinstance(rule, Mapping) else None
    return printable(told, 300) if isinstance(told, str) else ""


def _without_required(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a schema by which one parameter can be judged without the others."""
    return {name: schema[name] for name in ("properties", "$defs") if name in schema}


def remedy(schema: Mapping[str, Any]) -> str:
    """What a parameter takes, in words."""
    if "enum" in schema:
        return f"it takes one of {listed((str(each) for each in schema['enum']), most=20)}"
    stated = schema.get("type")
    types = " or ".join([stated] if isinstance(stated, str) else stated or ["value"])
    least, most = schema.get("minimum"), schema.get("maximum")
    limits = [
        f"at least {least}" if least is not None else "",
        f"at most {most}" if most is not None else "",
    ]
    said = " and ".join(filter(None, limits))
    return f"it takes a value of type {types}{f', {said}' if said else ''}"


def _plain(name: str, value: Value) -> Value:
    try:
        return document.from_plain(value).plain()
    except (DocumentError, ValueError) as problem:
        raise InvalidParameter(f"parameter {name}: {problem}") from problem


def _path(problem: "ValidationError") -> tuple[str, ...]:
    return tuple(str(each) for each in problem.absolute_path)
