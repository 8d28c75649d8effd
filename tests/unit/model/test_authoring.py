"""Component types written as Python classes."""

import pytest

from ripieno.model import errors
from ripieno.model.action import Action, Verb
from ripieno.model.authoring import (
    Component,
    DataProvide,
    DataUse,
    Group,
    Place,
    Provide,
    Rule,
    Switch,
    Transition,
    Use,
)
from ripieno.model.component_type import Comparison, SwitchRule
from ripieno.model.writing import component_type_to_json


class Agent(Component):
    """A life cycle with one of everything."""

    undeployed = Place(initial=True)
    configured = Place()
    connected = Place()
    attached = Group(configured, connected)
    naming = Use(on=attached, interface="naming", rebind_s=0.5)
    host = DataUse(on=configured)
    name = DataProvide(on=configured)
    service = Provide(on=[connected], interface="agent")
    configure = Transition(
        undeployed,
        configured,
        behaviour="deploy",
        duration_s=[1, 2.0],
        dock_set=1,
        reads=host,
        writes={name: "la1"},
    )
    start = Transition(
        configured,
        connected,
        behaviour="deploy",
        duration_s=3,
        action=Action(verb=Verb.COMMAND, arguments={"argv": ["agent", "up"]}),
    )
    fall = Transition(configured, undeployed, behaviour="deploy", raises="disk full")
    choice = Switch(configured, Rule(start, comparison="<", operand=5), Rule(fall), reads=host)


def test_a_class_compiles_to_the_record_of_a_file() -> None:
    assert component_type_to_json(Agent.component_type()) == {
        "initial": "undeployed",
        "places": ["undeployed", "configured", "connected"],
        "groups": {"attached": ["configured", "connected"]},
        "switches": {
            "configured": {
                "reads": "host",
                "rules": [{"if": ["<", 5], "take": ["start"]}, {"else": ["fall"]}],
            }
        },
        "transitions": {
            "configure": {
                "from": "undeployed",
                "to": "configured",
                "behavior": "deploy",
                "duration": [1.0, 2.0],
                "dock_set": "1",
                "reads": ["host"],
                "writes": {"name": "la1"},
            },
            "start": {
                "from": "configured",
                "to": "connected",
                "behavior": "deploy",
                "duration": 3.0,
                "action": {"run": ["agent", "up"]},
            },
            "fall": {
                "from": "configured",
                "to": "undeployed",
                "behavior": "deploy",
                "duration": 0.0,
                "raises": "disk full",
            },
        },
        "ports": {
            "naming": {"kind": "use", "on": ["attached"], "interface": "naming", "rebind": 0.5},
            "host": {"kind": "data_use", "on": ["configured"]},
            "name": {"kind": "data_provide", "on": ["configured"]},
            "service": {"kind": "provide", "on": ["connected"], "interface": "agent"},
        },
    }


def test_a_class_is_compiled_once_and_named_as_it_is() -> None:
    assert Agent.component_type() is Agent.component_type()
    assert Agent.component_type().name == "Agent"


def test_a_subclass_adds_to_its_base_and_overrides_it() -> None:
    class Verbose(Agent):
        stopped = Place()
        connected = Place()  # what the base binds to `connected` is bound to this one
        stop = Transition(connected, stopped, behaviour="stop")
        naming = Use(on=connected)
        choice = None  # type: ignore[assignment]  # a part is taken away

    found = Verbose.component_type()
    assert found.name == "Verbose"
    assert found.places == ("undeployed", "configured", "connected", "stopped")
    assert found.port_by_name["naming"].on == ("connected",)
    assert found.port_by_name["service"].on == ("connected",)
    assert found.behaviours == ("deploy", "stop")
    assert not found.switches
    assert Agent.component_type().switches


def test_of_several_bases_the_first_one_wins() -> None:
    class Slow(Component):
        off = Place(initial=True)
        step = Transition(off, off, behaviour="slow")

    class Fast(Component):
        off = Place(initial=True)
        step = Transition(off, off, behaviour="fast")

    class Both(Fast, Slow):
        pass

    assert Both.component_type().behaviours == ("fast",)


def test_a_rule_without_a_comparison_always_holds() -> None:
    assert Agent.component_type().switches[0].rules == (
        SwitchRule(take=("start",), comparison=Comparison.LESS, operand=5),
        SwitchRule(take=("fall",)),
    )


def test_two_initial_places_are_refused() -> None:
    class Two(Component):
        a = Place(initial=True)
        b = Place(initial=True)

    with pytest.raises(errors.DuplicateName, match=r"Two: 2 places are initial \(a, b\); mark one"):
        Two.component_type()


def test_no_initial_place_is_refused_as_in_a_file() -> None:
    class Nowhere(Component):
        a = Place()

    with pytest.raises(errors.MissingInitialPlace, match="Nowhere: initial place missing"):
        Nowhere.component_type()


def test_a_part_of_no_class_is_refused() -> None:
    class Loose(Component):
        a = Place(initial=True)
        step = Transition(a, Place(), behaviour="go")

    with pytest.raises(errors.ComponentTypeError, match="'step' refers to a Place without a name"):
        Loose.component_type()


def test_a_part_of_another_class_is_refused() -> None:
    class Foreign(Component):
        a = Place(initial=True)
        step = Transition(a, Agent.connected, behaviour="go")

    with pytest.raises(errors.ComponentTypeError, match="refers to 'connected', which is no part"):
        Foreign.component_type()


def test_one_part_under_two_names_is_refused() -> None:
    class Twice(Component):
        a = Place(initial=True)
        b = a

    with pytest.raises(errors.DuplicateName, match="'a' and 'b' are one part"):
        Twice.component_type()


def test_a_part_cannot_hide_the_method_that_compiles() -> None:
    with pytest.raises(errors.DuplicateName, match="rename it"):
        type("Hidden", (Component,), {"component_type": Place(initial=True)})


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(errors.IllegalSwitch, match="'~' is no comparison; comparisons are <"):
        Rule(comparison="~")


def test_a_text_in_the_place_of_a_part_is_refused_by_name() -> None:
    with pytest.raises(errors.ComponentTypeError, match="'off', which is a str"):

        class Wrong(Component):
            off = Place(initial=True)
            start = Transition("off", off, behaviour="start")  # type: ignore[arg-type]

        Wrong.component_type()
