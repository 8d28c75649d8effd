"""Component types written as plain data read back as equal records."""

import json

import pytest
from hypothesis import given

from ripieno.importers.draft import written
from ripieno.model import document, errors
from ripieno.model.component_type import ComponentType
from ripieno.model.reading_types import read_component_type
from ripieno.model.writing import component_type_from_json, component_type_to_json
from tests.strategies import component_types


@given(component_types(can_fail=True))
def test_a_component_type_comes_back_from_json(component_type: ComponentType) -> None:
    stored = json.loads(json.dumps(component_type_to_json(component_type)))
    assert component_type_from_json(component_type.name, stored) == component_type


@given(component_types(can_fail=True))
def test_a_component_type_comes_back_from_a_file(component_type: ComponentType) -> None:
    text = written(component_type_to_json(component_type))
    assert read_component_type(component_type.name, document.parse(text)) == component_type


def test_what_has_its_default_is_not_written() -> None:
    component_type = ComponentType(name="T", initial="off", places=("off",))
    assert component_type_to_json(component_type) == {
        "initial": "off",
        "places": ["off"],
        "transitions": {},
        "ports": {},
    }


def test_stored_data_that_is_illegal_is_refused_by_the_same_rules() -> None:
    with pytest.raises(errors.MissingInitialPlace, match="T: initial place missing"):
        component_type_from_json("T", {"places": ["a"]})
    with pytest.raises(errors.UnknownField, match="'place'"):
        component_type_from_json("T", {"place": ["a"]})
