"""The form of an application's parameters, and what it stands for."""

import shlex
from typing import Any

import pytest
from starlette.datastructures import URL, QueryParams

from ripieno.model import parameter_texts, parameters
from ripieno.ui import form, language, launch
from ripieno.ui.form import Field, Kind

ENGLISH = language.languages()["en"]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["subject"],
    "properties": {
        "subject": {"type": "string", "pattern": "^sub-", "description": "Which <b>"},
        "atlas": {"type": "string", "enum": ["aal", "desikan"], "default": "aal"},
        "memory": {"type": "integer", "minimum": 64, "maximum": 4096, "default": 256},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "dark": {"type": "boolean", "default": True},
        "layers": {"type": "array", "items": {"type": "string"}, "default": ["t1"]},
        "note": {"type": "string", "default": "none"},
        "story": {"type": "string", "maxLength": 5000},
        "threads": {"$ref": "#/$defs/count", "title": "Threads"},
    },
    "$defs": {"count": {"type": "integer", "minimum": 1}},
}


def field(name: str) -> Field:
    return next(each for each in form.blank(SCHEMA).fields if each.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("subject", Kind.TEXT, ""),
        ("atlas", Kind.CHOICE, "aal"),
        ("memory", Kind.INTEGER, "256"),
        ("share", Kind.NUMBER, ""),
        ("dark", Kind.SWITCH, "true"),
        ("layers", Kind.DOCUMENT, '["t1"]'),
        ("note", Kind.TEXT, "none"),
        ("story", Kind.LONG_TEXT, ""),
        ("threads", Kind.INTEGER, ""),
    ],
)
def test_a_field_is_of_the_kind_of_its_parameter(name: str, kind: Kind, text: str) -> None:
    found = field(name)
    assert (found.kind, found.text) == (kind, text)


def test_fields_are_in_the_order_of_the_schema_and_say_what_they_are() -> None:
    fields = form.blank(SCHEMA).fields
    assert [each.name for each in fields] == list(SCHEMA["properties"])
    assert field("threads").label == "Threads"
    assert field("subject").help == "Which <b>"
    assert field("subject").is_required
    assert not field("atlas").is_required


def test_numbers_with_two_bounds_have_a_slider() -> None:
    assert field("memory").has_slider
    assert field("memory").slider_step == 1
    assert field("share").slider_step == pytest.approx(0.01)
    assert not field("threads").has_slider


def test_only_what_differs_from_the_default_is_set() -> None:
    unchanged = {each.name: each.text for each in form.blank(SCHEMA).fields}
    assert form.filled(SCHEMA, unchanged, ENGLISH).settings == {}
    changed = {**unchanged, "subject": "sub-1", "memory": "512", "dark": "false"}
    assert form.filled(SCHEMA, changed, ENGLISH).settings == {
        "subject": "sub-1",
        "memory": "512",
        "dark": "false",
    }


def test_an_emptied_text_is_set_and_an_emptied_number_is_not() -> None:
    found = form.filled(SCHEMA, {"subject": "sub-1", "note": "", "memory": ""}, ENGLISH)
    assert found.settings == {"subject": "sub-1", "note": ""}
    assert found.is_valid


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("subject", "", "This is needed."),
        ("subject", "x", "does not match"),
        ("atlas", "mni", "Take one of the choices."),
        ("memory", "63", "Give a whole number from 64 to 4096."),
        ("memory", "1.5", "Give a whole number from 64 to 4096."),
        ("memory", "much", "Give a whole number from 64 to 4096."),
        ("share", "1.01", "Give a number from 0 to 1."),
        ("layers", "[1]", "is not of type 'string'"),
        ("threads", "0", "Give a whole number, at least 1."),
        ("dark", "perhaps", "is no boolean"),
    ],
)
def test_a_field_says_what_is_wrong_with_it(name: str, text: str, error: str) -> None:
    found = form.filled(SCHEMA, {name: text}, ENGLISH)
    assert error in next(each.error for each in found.fields if each.name == name)


def test_every_wrong_field_says_so_at_once() -> None:
    found = form.filled(SCHEMA, {"memory": "1", "share": "2"}, ENGLISH)
    wrong = [each.name for each in found.fields if each.error]
    assert wrong == ["subject", "memory", "share"]


def test_what_is_wrong_with_fields_together_is_said_once() -> None:
    schema: dict[str, Any] = {
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "dependentRequired": {"a": ["b"]},
    }
    found = form.filled(schema, {"a": "1"}, ENGLISH)
    assert "'b' is a dependency of 'a'" in found.fault
    assert not found.is_valid


def test_a_link_fills_in_and_finds_no_fault() -> None:
    found = form.filled(SCHEMA, {"memory": "512", "gone": "x"}, ENGLISH, checks=False)
    assert found.settings == {"memory": "512"}
    assert not any(each.error for each in found.fields)


def test_errors_are_in_the_language_of_the_visitor() -> None:
    found = form.filled(SCHEMA, {"memory": "1"}, language.languages()["fr"])
    error = next(each.error for each in found.fields if each.name == "memory")
    assert error == "Donnez un nombre entier de 64 à 4096."


def test_what_was_posted_last_counts() -> None:
    items = [("set.dark", "false"), ("set.dark", "true"), ("name", "x"), ("set.story", "a\r\nb")]
    assert form.given(items) == {"dark": "true", "story": "a\nb"}


@pytest.mark.parametrize("text", ["plain", "two words", "a'b\"c", "$(rm -rf /)", "é;|&<>", "-x"])
def test_the_command_means_just_what_the_form_says(text: str) -> None:
    words = shlex.split(launch.command("viewer", {"note": text}, version="1.0.0", name="mine"))
    assert words[:7] == ["ripieno", "deploy", "viewer", "--version", "1.0.0", "--name", "mine"]
    assert words[7:] == ["--set", f"note={text}"]


@pytest.mark.parametrize("text", ["plain", "two words", "a&b=c", "#é?/%", "+", "a\nb"])
def test_the_link_fills_in_the_same_form(text: str) -> None:
    address = URL(launch.link("viewer", {"subject": "sub-1", "note": text}))
    query = QueryParams(address.query)
    assert address.path == "/applications/viewer"
    assert "launch" in query
    given = form.given(query.multi_items())
    assert form.filled(SCHEMA, given, ENGLISH, checks=False).settings == {
        "subject": "sub-1",
        "note": text,
    }


def test_texts_of_the_form_become_the_values_of_the_schema() -> None:
    given = {"subject": "sub-1", "layers": "[a, b]", "threads": "4", "dark": "false"}
    found = form.filled(SCHEMA, given, ENGLISH)
    values = parameters.complete(SCHEMA, parameter_texts.parse_settings(SCHEMA, found.settings))
    assert values["layers"] == ["a", "b"]
    assert values["threads"] == 4
    assert values["dark"] is False
