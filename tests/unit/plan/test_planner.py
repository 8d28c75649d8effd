"""Plans for situations small enough to know the answer."""

from collections.abc import Mapping

import pytest

from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType
from ripieno.model.goal import Goal, Wish
from ripieno.model.plan import Plan, Sign, to_json
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.model.program import in_words
from ripieno.plan import errors
from ripieno.plan.planner import goal_of, plan
from tests.scenarios import (
    installed,
    overlapping,
    plain,
    preparing,
    rebinding,
    signing_off,
    step,
)


def running(types: Mapping[str, ComponentType], *connections: str) -> Situation:
    """Components that are all up; a connection is written `a.u0 b`."""
    pairs = [each.split() for each in connections]
    return Situation(
        assembly=Assembly(
            components={name: Component(name=name, type=each) for name, each in types.items()},
            connections=frozenset(
                Connection(PortRef(*use.split(".")), PortRef(provider, "svc"))
                for use, provider in pairs
            ),
        ),
        marking={name: frozenset(("up",)) for name in types},
    )


def wanting(now: Situation, **wishes: Wish) -> Goal:
    """Everything as it is, but for some wishes."""
    still = goal_of(now)
    return Goal(components=still.components, wishes=wishes)


def update(*run: str) -> Wish:
    return Wish(run=run, state=frozenset(("up",)))


def steps(found: Plan) -> list[str]:
    return [in_words(each) for each in found.program.instructions]


def waits(found: Plan) -> list[str]:
    return [each for each in steps(found) if each.startswith("wait")]


def test_only_what_depends_on_a_change_is_touched() -> None:
    now = running(
        {"db": plain(0), "api": plain(1), "web": plain(1), "docs": plain(0)},
        "api.u0 db",
        "web.u0 api",
    )
    found = plan(now, wanting(now, api=update("stop")))
    assert {each.component for each in found.touched} == {"api", "web"}
    assert found.untouched_count == 2


def test_users_are_brought_away_and_back_to_any_depth_without_waits() -> None:
    names = [f"c{i}" for i in range(6)]
    now = running(
        {name: plain(min(i, 1)) for i, name in enumerate(names)},
        *(f"c{i}.u0 c{i - 1}" for i in range(1, 6)),
    )
    found = plan(now, wanting(now, c0=update("stop")))
    assert waits(found) == []
    assert all(found.forecast.final[name] == ("up",) for name in names)
    # All stop at once (1 s), and start side by side as soon as those below are there (2 s).
    assert found.makespan_s == 3


def test_a_port_released_late_keeps_its_users_up_until_then() -> None:
    now = running({"db": preparing(0), "web": plain(1)}, "web.u0 db")
    found = plan(now, wanting(now, db=update("backup", "swap")))
    assert waits(found) == ["wait db backup"]
    down = {each.component: each.downtime_s for each in found.touched}
    assert down["web"] == pytest.approx(4)
    assert found.makespan_s == 14


def test_uses_that_are_never_released_together_are_released_one_by_one() -> None:
    now = running(
        {"db": plain(0), "key": plain(1), "nova": overlapping(2)},
        "key.u0 db",
        "nova.u0 db",
        "nova.u1 key",
    )
    found = plan(now, wanting(now, db=update("stop")))
    assert found.forecast.final["nova"] == ("up",)


def test_a_port_that_is_needed_to_stop_is_there_until_that_is_over() -> None:
    now = running({"ns": plain(0), "svc": signing_off(1)}, "svc.u0 ns")
    goal = Goal(components={})
    found = plan(now, goal)
    assert steps(found).index("wait svc stop") < steps(found).index("push ns stop")
    assert set(found.forecast.final.values()) == {None}


def test_removing_brings_a_component_to_its_initial_place_first() -> None:
    now = running({"db": plain(0), "web": installed(1)}, "web.u0 db")
    goal = Goal(components={"db": now.assembly.components["db"]})
    assert steps(plan(now, goal)) == [
        "push web halt",
        "push web update",
        "disconnect web.u0 db.svc",
        "delete web",
    ]


def test_a_use_that_can_be_rebound_moves_without_downtime() -> None:
    now = running(
        {"old": plain(0), "web": rebinding(1), "top": plain(1)}, "web.u0 old", "top.u0 web"
    )
    components = {name: each for name, each in goal_of(now).components.items() if name != "old"} | {
        "new": Component(name="new", type=plain(0))
    }
    goal = Goal(components=components, connections=((PortRef("web", "u0"), PortRef("new", "svc")),))
    found = plan(now, goal)
    assert "rebind web.u0 new.svc" in steps(found)
    touched = {each.component: each for each in found.touched}
    assert touched["web"].downtime_s == 0 and touched["web"].behaviours == ()
    assert "top" not in touched
    assert touched["new"].sign is Sign.ADD and touched["old"].sign is Sign.REMOVE


def test_a_use_that_cannot_be_rebound_is_released_for_the_change() -> None:
    now = running({"old": plain(0), "web": plain(1)}, "web.u0 old")
    components = dict(goal_of(now).components) | {"new": Component(name="new", type=plain(0))}
    del components["old"]
    goal = Goal(components=components, connections=((PortRef("web", "u0"), PortRef("new", "svc")),))
    found = plan(now, goal)
    assert found.forecast.final == {"old": None, "web": ("up",), "new": ("up",)}
    assert waits(found) == []


def test_a_new_component_is_brought_where_its_users_need_it() -> None:
    now = running({})
    goal = Goal(
        components={
            "db": Component(name="db", type=plain(0)),
            "web": Component(name="web", type=plain(1)),
        },
        wishes={"web": Wish(state=frozenset(("up",)))},
    )
    found = plan(now, goal)
    assert found.forecast.final == {"db": ("up",), "web": ("up",)}


def test_a_component_of_another_type_under_the_same_name_is_replaced() -> None:
    now = running({"db": plain(0), "web": plain(1)}, "web.u0 db")
    goal = Goal(
        components={
            "db": Component(name="db", type=installed(0)),
            "web": now.assembly.components["web"],
        }
    )
    found = plan(now, goal)
    assert steps(found).index("delete db") < steps(found).index("add db installed0")
    touched = {each.component: each for each in found.touched}
    assert touched["db"].why == ("the goal has it of the type installed0 instead of plain0",)
    assert touched["db"].downtime_s
    assert found.forecast.final == {"db": ("up",), "web": ("up",)}


def test_behaviours_come_from_the_cheapest_way_not_from_the_fewest_steps() -> None:
    lift = ComponentType(
        name="Lift",
        initial="off",
        places=("off", "mid", "up"),
        transitions=(
            step("jump", "off", "up", "jump", 10),
            step("first", "off", "mid", "first", 2),
            step("second", "mid", "up", "second", 3),
        ),
    )
    goal = Goal(
        components={"lift": Component(name="lift", type=lift)},
        wishes={"lift": Wish(state=frozenset(("up",)))},
    )
    assert steps(plan(running({}), goal)) == [
        "add lift Lift",
        "push lift first",
        "push lift second",
    ]


def test_a_goal_out_of_reach_names_the_component_and_what_was_asked() -> None:
    fixed = ComponentType(name="Fixed", initial="off", places=("off", "up"))
    goal = Goal(
        components={"rock": Component(name="rock", type=fixed)},
        wishes={"rock": Wish(state=frozenset(("up",)))},
    )
    with pytest.raises(errors.UnreachableGoal, match=r"rock \(Fixed, on off\) cannot stand on up"):
        plan(running({}), goal)


def test_a_provider_cannot_be_told_to_stay_off_under_a_user_that_stays_on() -> None:
    now = running({"db": plain(0), "web": plain(1)}, "web.u0 db")
    goal = wanting(now, db=Wish(state=frozenset(("off",))))
    with pytest.raises(errors.UnreachableGoal, match="web uses its svc at the end"):
        plan(now, goal)


def test_a_behaviour_that_needs_an_unconnected_port_is_not_part_of_any_way() -> None:
    lonely = ComponentType(
        name="Lonely",
        initial="off",
        places=("off", "up"),
        transitions=(step("start", "off", "up", "deploy", 1),),
        ports=(Port(name="db", kind=PortKind.USE, on=("up",)),),
    )
    goal = Goal(
        components={"web": Component(name="web", type=lonely, select={"db": None})},
        wishes={"web": Wish(state=frozenset(("up",)))},
    )
    with pytest.raises(errors.UnreachableGoal, match="nothing provides that; connect it"):
        plan(running({}), goal)


def test_a_plan_that_would_deadlock_is_refused_with_the_reason() -> None:
    # Each needs the other before it can be up: no order of starting them works.
    mutual = ComponentType(
        name="Mutual",
        initial="off",
        places=("off", "up"),
        transitions=(step("start", "off", "up", "deploy", 1),),
        ports=(
            Port(name="svc", kind=PortKind.PROVIDE, on=("up",)),
            Port(name="peer", kind=PortKind.USE, on=("start",), interface="svc"),
        ),
    )
    goal = Goal(
        components={name: Component(name=name, type=mutual) for name in ("a", "b")},
        wishes={name: Wish(state=frozenset(("up",))) for name in ("a", "b")},
    )
    with pytest.raises(errors.PlanWouldFail, match="that is a cycle: a -> b -> a"):
        plan(running({}), goal)


def test_a_plan_says_why_each_component_is_touched() -> None:
    now = running({"db": plain(0), "web": plain(1)}, "web.u0 db")
    found = plan(now, wanting(now, db=update("stop")))
    why = {each.component: each.why for each in found.touched}
    assert why["db"] == ("the goal asks it to run stop and stand on up",)
    assert why["web"] == ("it uses db.svc, which stop withdraws",)


def test_a_plan_serialises_to_json_with_its_partial_order() -> None:
    now = running({"db": plain(0), "web": plain(1)}, "web.u0 db")
    record = to_json(plan(now, wanting(now, db=update("stop"))))
    assert record["makespan"] == 3 and not record["empty"]
    program = record["program"]
    assert len(program["after"]) == len(program["instructions"]) == 4
    assert {each["component"]: each["downtime"] for each in record["components"]} == {
        "db": pytest.approx(3),
        "web": pytest.approx(3),
    }
