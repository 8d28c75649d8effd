"""Every rule of a legal component type, as the author of a file meets it."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given

from ripieno.model import document, errors
from ripieno.model.component_type import ComponentType, Switch, SwitchRule, Transition
from ripieno.model.port import Port, PortKind
from ripieno.model.reading_types import read_component_type
from tests.strategies import component_types

BASE = """
initial: off
places: [off, up]
groups:
  all: [up]
transitions:
  start: {from: off, to: up, behavior: deploy}
ports:
  svc: {kind: provide, on: up}
  need: {kind: use, on: start}
  data: {kind: data_use, on: up}
"""


def read(text: str) -> ComponentType:
    return read_component_type("Srv", document.parse(text, "f.yaml"))


def changed(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


def test_the_base_of_these_tests_is_legal() -> None:
    read(BASE)


# Each: what is replaced, by what, the error, the line it is on, and what the message says.
RULES = [
    ("initial: off", "initial: null", errors.MissingInitialPlace, 2, "one of off, up"),
    ("initial: off\n", "", errors.MissingInitialPlace, 0, "initial place missing"),
    ("initial: off", "initial: of", errors.MissingInitialPlace, 2, "'of' is none of its places"),
    ("[off, up]", "[off, up, off]", errors.DuplicateName, 3, "places has 'off' 2 times"),
    ("all: [up]", "up: [up]", errors.DuplicateName, 5, "'up' is both a place and a group"),
    ("all: [up]", "all: [pu]", errors.UnknownPlace, 5, "group 'all' contains 'pu'"),
    ("all: [up]", "all: all", errors.GroupCycle, 5, "all -> all"),
    ("all: [up]", "a: b\n  b: [up, c]\n  c: [a]", errors.GroupCycle, 5, "a -> b -> c -> a"),
    ("from: off", "from: of", errors.UnknownPlace, 7, "'start' goes from 'of'"),
    ("to: up", "to: down", errors.UnknownPlace, 7, "'start' goes to 'down'"),
    (", behavior: deploy", "", errors.ComponentTypeError, 7, "'start' has no behaviour"),
    ("deploy}", "deploy, duration: -1}", errors.NegativeDuration, 7, "duration -1"),
    ("deploy}", "deploy, duration: [1, -2]}", errors.NegativeDuration, 7, "duration -2"),
    ("deploy}", "deploy, duration: .nan}", errors.NegativeDuration, 7, "duration nan"),
    ("deploy}", "deploy, duration: .inf}", errors.NegativeDuration, 7, "duration inf"),
    ("deploy}", "deploy, duration: 1e999}", errors.NegativeDuration, 7, "duration inf"),
    ("deploy}", "deploy, duration: []}", errors.NegativeDuration, 7, "empty list of durations"),
    ("deploy}", "deploy, reads: svc}", errors.IllegalData, 7, "'start' reads 'svc'"),
    ("deploy}", "deploy, reads: [gone]}", errors.IllegalData, 7, "'start' reads 'gone'"),
    ("deploy}", "deploy, writes: {need: 1}}", errors.IllegalData, 7, "'start' writes 'need'"),
    ("{kind: provide, on: up}", "{kind: provide}", errors.UnknownBinding, 9, "bound to nothing"),
    ("provide, on: up", "provide, on: start", errors.ProvideOnTransition, 9, "'svc' is bound to"),
    ("provide, on: up", "data_provide, on: start", errors.ProvideOnTransition, 9, "'start'"),
    ("provide, on: up", "provide, on: gone", errors.UnknownBinding, 9, "'svc' is bound to 'gone'"),
    (
        "provide, on: up",
        "provide, on: up, rebind: 1",
        errors.IllegalRebind,
        9,
        "'svc' is a provide",
    ),
    ("on: start", "on: start, rebind: -1", errors.NegativeDuration, 10, "rebind duration -1"),
    (
        "on: start",
        "on: [start, off]",
        errors.UseOnInitialPlace,
        10,
        "'need' is bound to the initial",
    ),
    ("start: {", "up: {", errors.AmbiguousBinding, 10, "both a place and a transition"),
]


@pytest.mark.parametrize(("old", "new", "error", "line", "words"), RULES)
def test_an_illegal_life_cycle_is_refused_where_it_is_wrong(
    old: str, new: str, error: type[errors.ModelError], line: int, words: str
) -> None:
    text = changed(old, new)
    if error is errors.AmbiguousBinding:
        text = text.replace("on: start", "on: up")
    with pytest.raises(error) as caught:
        read(text)
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"f.yaml:{line}: Srv: " if line else "f.yaml:")


def test_a_group_that_holds_the_initial_place_takes_no_use_port() -> None:
    text = changed("all: [up]", "all: [inner]\n  inner: [off]").replace("on: start", "on: all")
    with pytest.raises(errors.UseOnInitialPlace, match="'need'"):
        read(text)


# Each: the switch, the error, its line, and what the message says.
SWITCHES = [
    ("gone: {reads: data, rules: [else: []]}", errors.UnknownPlace, "the switch at 'gone'"),
    ("off: {reads: gone, rules: [else: []]}", errors.IllegalSwitch, "reads 'gone'"),
    ("off: {reads: need, rules: [else: []]}", errors.IllegalSwitch, "which is no data_use port"),
    ("up: {reads: data, rules: [else: [start]]}", errors.IllegalSwitch, "takes 'start'"),
    ("off: {reads: data, rules: []}", errors.IllegalSwitch, "has no rules"),
]


@pytest.mark.parametrize(("switch", "error", "words"), SWITCHES)
def test_an_illegal_switch_is_refused_where_it_is_wrong(
    switch: str, error: type[errors.ModelError], words: str
) -> None:
    with pytest.raises(error) as caught:
        read(BASE + f"switches:\n  {switch}\n")
    assert words in str(caught.value)
    assert str(caught.value).startswith("f.yaml:13: Srv: ")


def a_type(**fields: Any) -> ComponentType:
    return ComponentType(**{"name": "Srv", "initial": "off", "places": ("off", "up")} | fields)


def step(name: str, **fields: Any) -> Transition:
    return Transition(**{"source": "off", "target": "up", "behaviour": "go"} | fields, name=name)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"transitions": (step("a"), step("a"))}, errors.DuplicateName, "transitions has 'a'"),
        (
            {"ports": tuple(Port(name="p", kind=k, on=("up",)) for k in (PortKind.USE,) * 2)},
            errors.DuplicateName,
            "ports has 'p' 2 times",
        ),
        (
            {"switches": (Switch(place="off", reads="d", rules=(SwitchRule(take=()),)),) * 2},
            errors.DuplicateName,
            "switches has 'off' 2 times",
        ),
        ({"places": ("off", "")}, errors.ComponentTypeError, "places has an empty name"),
        ({"transitions": (step("", behaviour="go"),)}, errors.ComponentTypeError, "empty name"),
        ({"places": ()}, errors.MissingInitialPlace, "none of its places (none)"),
        (
            {"transitions": (step("a", durations_s=(math.nan,)),)},
            errors.NegativeDuration,
            "'a' has the duration nan",
        ),
    ],
)
def test_a_record_made_in_python_is_checked_too(
    fields: dict[str, Any], error: type[errors.ModelError], words: str
) -> None:
    with pytest.raises(error) as caught:
        a_type(**fields)
    assert words in str(caught.value)


def test_deep_groups_are_checked_without_recursion() -> None:
    groups = {f"g{i}": (f"g{i + 1}",) for i in range(20_000)} | {"g20000": ("up",)}
    found = a_type(groups=groups, ports=(Port(name="p", kind=PortKind.USE, on=("g0",)),))
    assert found.bound_places(found.ports[0]) == ("up",)


def test_a_long_cycle_of_groups_is_shown_by_its_ends() -> None:
    groups = {f"g{i}": (f"g{(i + 1) % 20_000}",) for i in range(20_000)}
    with pytest.raises(errors.GroupCycle, match=r"g0 -> g1 -> .* -> … -> g0; take"):
        a_type(groups=groups)


@given(component_types())
def test_what_the_strategy_makes_is_legal_and_replacing_its_name_keeps_it_so(
    component_type: ComponentType,
) -> None:
    assert dataclasses.replace(component_type, name="other").name == "other"
