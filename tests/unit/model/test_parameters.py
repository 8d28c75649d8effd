"""Parameters of applications: which schemas are taken, which values fit."""

from typing import Any

import pytest

from ripieno.model import errors, parameter_texts, parameters

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)?$"},
        "atlas": {"enum": ["aal", "desikan"], "default": "aal"},
        "memory_mib": {"type": "integer", "minimum": 64, "maximum": 4096, "default": 256},
        "ratio": {"type": ["number", "null"]},
        "is_open": {"type": "boolean"},
        "sizes": {"type": "array", "items": {"$ref": "#/$defs/size"}},
    },
    "$defs": {"size": {"type": "integer"}},
}


def test_defaults_are_put_in_and_order_is_that_of_the_schema() -> None:
    parameters.check_schema(SCHEMA)
    assert parameters.complete(SCHEMA, {"sizes": [1], "name": "a"}) == {
        "name": "a",
        "atlas": "aal",
        "memory_mib": 256,
        "sizes": [1],
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "parameter name is required and has no default; give it a value: it takes"),
        ({"atlsa": 1}, "no parameter 'atlsa' (did you mean 'atlas'?); parameters are name, atlas"),
        ({"atlas": "x"}, "parameter atlas: 'x' is not one of ['aal', 'desikan']; it takes one of"),
        ({"memory_mib": 7}, "at least 64 and at most 4096"),
        ({"memory_mib": "7"}, "parameter memory_mib: '7' is not of type 'integer'"),
        ({"sizes": [1, "x"]}, "parameter sizes.1: 'x' is not of type 'integer'"),
        ({"ratio": float("nan")}, "parameter ratio: data cannot hold this number"),
        ({"name": object()}, "parameter name: object cannot be in a document"),
        ({"name": "a" * 100_001}, "too long together"),
        ({"sizes": [1] * 5000}, "more than 5000 values"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(values: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        parameters.complete(SCHEMA, {"name": "a", **values} if values else {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ([], "a JSON Schema of an object"),
        ({"type": "array"}, "parameters are of type object"),
        ({"properties": {"a": {"type": "int"}}}, "no JSON Schema: 'int'"),
        ({"properties": {"a.b": {}}}, "'a.b' cannot name a parameter"),
        ({"properties": {f"a{n}": {} for n in range(201)}}, "there are 201 parameters"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "only JSON Schema 2020-12"),
        ({"properties": {"a": {"$ref": "https://example.org/x"}}}, "is not followed"),
        ({"properties": {"a": {"$ref": "#/$defs/x"}}}, "is not followed"),
        ({"properties": {"a": {"$ref": "#"}}}, "is not followed"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to another one; write it out"),
        ({"allOf": [{"$dynamicRef": "#x"}]}, "$dynamicRef is not read"),
        ({"x-ui": {"$ref": 7, "properties": 7, "pattern": 7}}, "is not followed"),
        ({"properties": {"a": {"pattern": "("}}}, "'(' is no regular expression: missing )"),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, "could take for ever"),
        ({"properties": {"a": {"pattern": "(a|a)*$"}}}, "could take for ever"),
        ({"properties": {"a": {"pattern": "((a?)){9}"}}}, "could take for ever"),
        ({"properties": {"a": {"pattern": "a*a*a*a*$"}}}, "could take for ever"),
        ({"properties": {"a": {"patternProperties": {"(a*)*": {}}}}}, "could take for ever"),
        (
            {"properties": {"a": {"type": "integer", "default": "x"}}},
            "the default does not fit: parameter a: 'x' is not of type 'integer'",
        ),
        ({"properties": {"a": {"enum": list(range(5000))}}}, "more than 5000 values"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any, words: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        parameters.check_schema(schema)
    assert words in str(caught.value)


def test_a_pattern_with_classes_and_escapes_is_taken() -> None:
    for pattern in (r"^[a-z+*(]+\.[^\]]{2,5}$", r"(ab)+", r"\(a+\)+", "^(?:[a-z]+)$", "(a|b)"):
        parameters.check_schema({"properties": {"a": {"pattern": pattern}}})


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "integer"}, " 12", 12),
        ({"type": "number"}, "12", 12),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "boolean"}, "True", True),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["integer", "string"]}, "x", "x"),
        ({"type": "array"}, "[1, a]", [1, "a"]),
        ({"type": "object"}, '{"a": true}', {"a": True}),
        ({"enum": ["1", "2"]}, "1", "1"),
        ({"enum": [1, 2]}, "1", 1),
        ({"const": 3}, "3", 3),
        ({}, "3", 3),
        ({}, "a: [", "a: ["),
    ],
)
def test_a_setting_is_read_by_the_type_of_its_parameter(
    schema: dict[str, Any], text: str, value: object
) -> None:
    found = parameter_texts.parse_setting(schema, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer"}, "1.5"),
        ({"type": "number"}, "inf"),
        ({"type": "boolean"}, "yes"),
        ({"type": "array"}, "a"),
        ({"type": "array"}, "[a"),
        ({"type": ["integer", "boolean"]}, "x"),
    ],
)
def test_a_setting_of_another_type_is_refused(schema: dict[str, Any], text: str) -> None:
    with pytest.raises(errors.InvalidParameter, match="is no "):
        parameter_texts.parse_setting(schema, text)


def test_settings_name_the_parameter_that_is_wrong() -> None:
    assert parameter_texts.parse_settings(SCHEMA, {"memory_mib": "512", "nobody": "x"}) == {
        "memory_mib": 512,
        "nobody": "x",
    }
    with pytest.raises(errors.InvalidParameter, match="parameter memory_mib: 'x' is no integer"):
        parameter_texts.parse_settings(SCHEMA, {"memory_mib": "x"})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"default": 7}, 7),
        ({"const": 8}, 8),
        ({"enum": [9, 1]}, 9),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 64}, 64),
        ({"type": "number", "maximum": 0.5}, 0.5),
        ({"type": "boolean"}, False),
        ({"type": "array"}, None),
        ({}, None),
    ],
)
def test_a_sample_is_a_value_to_look_at(schema: dict[str, Any], value: object) -> None:
    assert parameters.sample(schema) == value
