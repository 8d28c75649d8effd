"""What is wrong with a request is said in words, whatever the schema has for programs."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from ripieno.api.app import create_app
from ripieno.cli import sources
from ripieno.cli.exits import CommandError
from ripieno.wire import faults
from ripieno.wire.application import ShareRequest
from ripieno.wire.user import UserRequest
from tests.fake_control import FakeControl


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            yield pattern
    children = schema.values() if isinstance(schema, dict) else schema
    for each in children if isinstance(schema, dict | list) else ():
        yield from patterns(each)


def test_every_pattern_has_words() -> None:
    found = set(patterns(create_app(FakeControl()).openapi()))
    assert found
    assert not found - set(faults.WORDS)


def test_a_name_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(CommandError, match="name: use lower case letters, digits and inner dash"):
        sources.request(UserRequest, {"name": "Bad_Name", "role": "viewer"})


def test_what_has_no_pattern_is_said_as_it_was() -> None:
    with pytest.raises(ValidationError) as refused:
        UserRequest.model_validate({"name": "ada", "role": "king"})
    (problem,) = refused.value.errors()
    assert faults.in_words(problem) == problem["msg"]


@pytest.mark.parametrize(
    ("loc", "told"),
    [
        (("body", "visibility", 0), "visibility, entry 1: it is wrong"),
        (("body", "settings", "limits", "cpus"), "settings.limits.cpus: it is wrong"),
        (("query", "limit"), "limit: it is wrong"),
        (("body",), "the request: it is wrong"),
        (("name",), "name: it is wrong"),
        ((), "it is wrong"),
    ],
)
def test_a_place_is_told_as_people_write_it(loc: tuple[str | int, ...], told: str) -> None:
    assert faults.told({"loc": loc, "msg": "it is wrong"}) == told


def test_what_we_say_ourselves_is_told_alone() -> None:
    with pytest.raises(CommandError) as refused:
        sources.request(ShareRequest, {})
    assert str(refused.value) == "give an owner, a visibility or both"
