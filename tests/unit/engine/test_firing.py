"""How tokens move within one component."""

import pytest

from ripieno.model.component_type import Comparison, Switch, SwitchRule
from tests.machines import STEPS, Rig, data_provide, data_use, life, move, program


def test_leaving_a_place_fires_all_its_transitions_of_the_behaviour_together() -> None:
    fork = life(
        "Fork",
        move("left", "a", "b"),
        move("right", "a", "c"),
        move("other", "a", "d", "elsewhere"),
    )
    rig = Rig(fork)
    rig.run("add x Fork", "push x go", "wait x")
    assert rig.running == ["x.left", "x.right"]
    rig.end("x.right", "x.left")
    assert rig.places("x") == ("b", "c")


def test_place_is_entered_when_all_of_its_dock_set_have_arrived() -> None:
    rig = Rig(life("Join", move("left", "a", "b"), move("right", "a", "b"), move("on", "b", "c")))
    rig.run("add x Join", "push x go")
    rig.end("x.left")
    assert rig.places("x") == ()
    assert rig.running == ["x.right"]
    rig.end("x.right")
    assert rig.running == ["x.on"]


def test_other_dock_sets_are_alternatives() -> None:
    either = life(
        "Either",
        move("slow", "a", "b", dock="1"),
        move("quick", "a", "b", dock="2"),
        move("on", "b", "c"),
    )
    rig = Rig(either)
    rig.run("add x Either", "push x go")
    rig.end("x.quick")
    assert rig.running == ["x.slow", "x.on"]
    rig.end("x.slow", "x.on")
    assert rig.places("x") == ("b", "c")
    assert rig.running == []


def test_join_waits_for_a_transition_that_the_behaviour_does_not_start() -> None:
    rig = Rig(life("Odd", move("near", "a", "c"), move("far", "b", "c"), move("x", "b", "a", "o")))
    rig.run("add x Odd", "push x go", "wait x")
    rig.end("x.near")
    assert rig.outcome() is None
    assert rig.places("x") == ()


def test_self_loop_runs_once_per_push() -> None:
    rig = Rig(life("Loop", move("again", "a", "a")))
    rig.run("add x Loop", "push x go", "push x go", "wait x")
    rig.end("x.again")
    assert rig.running == ["x.again"]
    rig.end("x.again")
    assert rig.running == []
    assert rig.outcome() == "completes"


def test_place_is_left_once_per_push_even_when_tokens_come_back() -> None:
    rig = Rig(life("Ring", move("to", "a", "b"), move("fro", "b", "a")))
    rig.run("add x Ring", "push x go")
    rig.end("x.to", "x.fro")
    assert rig.places("x") == ("a",)
    assert rig.running == []


def test_behaviours_of_the_queue_run_one_after_the_other() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "push x go", "wait x")
    for name in ("x.one", "x.two", "x.back", "x.one", "x.two"):
        assert rig.running == [name]
        rig.end(name)
    assert rig.places("x") == ("c",)
    assert rig.outcome() == "completes"


def test_behaviour_with_nothing_to_fire_ends_at_once() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x reset", "push x go", "wait x reset", "push x reset")
    assert rig.outcome() == "completes"
    assert rig.running == ["x.one"]


def test_component_is_idle_between_behaviours_only_when_its_queue_is_empty() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps")
    assert rig.machine.status("x") == "idle"
    rig.run("push x go", "push x reset")
    assert rig.machine.status("x") == "busy"
    rig.end("x.one", "x.two")
    assert rig.machine.status("x") == "busy"
    rig.end("x.back")
    assert rig.machine.status("x") == "idle"


def choosing(*rules: SwitchRule) -> Rig:
    """A switch at `s` between `to_low` and `to_high`, whose branches join again at `end`."""
    chooser = life(
        "Chooser",
        move("in", "a", "s"),
        move("to_low", "s", "low"),
        move("to_high", "s", "high"),
        move("from_low", "low", "end"),
        move("poll", "high", "high", dock="again"),
        move("climb", "high", "higher"),
        move("from_higher", "higher", "end"),
        move("onward", "end", "beyond"),
        data_use("level", "s"),
        Switch(place="s", reads="level", rules=rules),
    )
    source = life(
        "Source", move("serve", "off", "on", writes={"level": 7}), data_provide("level", "on")
    )
    rig = Rig(chooser, source)
    rig.run("add x Chooser", "add d Source", "connect x.level d.level", "push x go", "push d go")
    rig.run("wait_all")
    rig.end("x.in")
    assert rig.places("x") == ()
    return rig


LOW = SwitchRule(take=("to_low",), comparison=Comparison.LESS, operand=5)
HIGH = SwitchRule(take=("to_high",))


def test_switch_takes_the_branch_of_the_first_rule_that_holds() -> None:
    rig = choosing(LOW, HIGH)
    rig.end("d.serve", level=3)
    assert rig.running == ["x.to_low"]


def test_nobody_waits_for_what_a_switch_excludes_nor_for_what_only_that_leads_to() -> None:
    rig = choosing(LOW, HIGH)
    rig.end("d.serve", level=3)
    rig.end("x.to_low", "x.from_low")
    assert rig.running == ["x.onward"]
    rig.end("x.onward")
    assert rig.places("x") == ("beyond",)
    assert rig.outcome() == "completes"


def test_switch_takes_the_other_branch_with_the_data_that_a_transition_declares() -> None:
    rig = choosing(LOW, HIGH)
    rig.end("d.serve")
    rig.end_all()
    assert rig.places("x") == ("high", "beyond")
    assert rig.outcome() == "completes"


def test_switch_that_takes_both_branches_joins_them() -> None:
    rig = choosing(SwitchRule(take=("to_low", "to_high")))
    rig.end("d.serve")
    rig.end("x.to_low", "x.from_low", "x.to_high", "x.climb")
    assert rig.running == ["x.poll", "x.from_higher"]
    rig.end("x.from_higher")
    assert rig.running == ["x.poll", "x.onward"]


def test_switch_that_takes_nothing_keeps_its_token() -> None:
    rig = choosing(LOW)
    rig.end("d.serve")
    assert rig.places("x") == ("s",)
    assert rig.running == []
    assert rig.outcome() == "completes"


def test_place_which_an_exclusion_lets_a_token_into_is_left_at_once() -> None:
    """The join at `end` completes because the switch at `s` rules its other branch out."""
    chooser = life(
        "Chooser",
        move("in", "a", "s"),
        move("straight", "a", "end"),
        move("aside", "a", "busy"),
        move("to_end", "s", "end"),
        move("onward", "end", "beyond"),
        data_use("level", "s"),
        Switch(place="s", reads="level", rules=(SwitchRule(take=()),)),
    )
    source = life("Source", move("serve", "off", "on"), data_provide("level", "on"))
    rig = Rig(chooser, source)
    rig.run("add x Chooser", "add d Source", "connect x.level d.level", "push x go", "push d go")
    rig.end("x.straight", "x.in", "d.serve")
    assert rig.running == ["x.aside", "x.onward"]


def test_switch_on_the_initial_place_waits_for_its_data() -> None:
    chooser = life(
        "Chooser",
        move("low", "s", "l"),
        move("high", "s", "h"),
        data_use("level", "s"),
        Switch(
            place="s",
            reads="level",
            rules=(
                SwitchRule(take=("low",), comparison=Comparison.LESS, operand=5),
                SwitchRule(take=("high",)),
            ),
        ),
    )
    source = life("Source", move("serve", "off", "on"), data_provide("level", "on"))
    rig = Rig(chooser, source)
    rig.run("add x Chooser", "add d Source", "connect x.level d.level", "push x go", "push d go")
    assert rig.running == ["d.serve"]
    rig.end("d.serve", level=9)
    assert rig.running == ["x.high"]


@pytest.mark.parametrize(
    ("comparison", "operand", "value", "holds"),
    [
        ("<", 5, 4, True),
        ("<=", 5, 5, True),
        ("==", "a", "a", True),
        ("!=", "a", "b", True),
        (">=", 5, 4, False),
        (">", 5, 6, True),
        ("<", 5, None, False),
        ("<", 5, "text", False),
    ],
)
def test_switch_rule_compares(comparison: str, operand: object, value: object, holds: bool) -> None:
    rule = SwitchRule(take=(), comparison=Comparison(comparison), operand=operand)
    assert rule.holds(value) is holds


def test_two_components_of_one_type_do_not_share_anything() -> None:
    rig = Rig(STEPS)
    rig.submit(program("p", "add x Steps", "add y Steps", "push x go"))
    assert rig.running == ["x.one"]
    assert rig.places("y") == ("a",)
