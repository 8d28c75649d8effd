"""The life cycles of what applications are made of."""

import dataclasses
from typing import Any

import pytest

from ripieno.model import errors
from ripieno.model.action import Verb
from ripieno.model.application import (
    Address,
    Application,
    ComponentDefinition,
    Hold,
    Strategy,
    Use,
)
from ripieno.model.application_goal import goal_of, state_of
from ripieno.model.assembly import Assembly, Situation
from ripieno.model.builtin_types import component_type_of
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.workload import Workload
from ripieno.model.writing import component_type_from_json, component_type_to_json
from ripieno.plan import planner

RUN = Workload(argv=("a",), tcp_ports={"sql": 0, "http": 0})


def service(name: str, **fields: Any) -> ComponentDefinition:
    return ComponentDefinition(**{"name": name, "kind": "service", "workload": RUN, **fields})


DB = service("db", provides={"sql": "postgresql"})
WEB = service("web", uses={"store": Use(port="store", interface="postgresql")})
MIGRATE = ComponentDefinition(
    name="migrate",
    kind="job",
    workload=RUN,
    uses={"store": Use(port="store", interface="postgresql")},
    provides={"schema": "schema"},
)
MAIL = ComponentDefinition(
    name="mail",
    kind="external",
    address=Address(host="mail", tcp_ports={"smtp": 25}),
    provides={"smtp": "smtp"},
)


def type_of(definition: ComponentDefinition) -> ComponentType:
    return component_type_of(definition, {})


def test_components_with_equal_ports_share_a_type() -> None:
    assert type_of(service("a")).name == "service"
    assert type_of(WEB).name.startswith("service/")
    assert type_of(dataclasses.replace(WEB, name="other", deadline_s=3.0)) == type_of(WEB)
    assert type_of(WEB).name != type_of(DB).name
    rolling = dataclasses.replace(WEB, strategy=Strategy.ROLLING)
    assert type_of(rolling).name != type_of(WEB).name


def test_the_order_of_ports_does_not_make_another_type() -> None:
    one = {"a": Use(port="a", interface="x"), "b": Use(port="b", interface="y")}
    other = dict(reversed(one.items()))
    assert type_of(service("a", uses=one)) == type_of(service("a", uses=other))


def test_a_service_uses_while_it_runs_or_only_while_it_starts() -> None:
    running = type_of(WEB).port_by_name["store"]
    assert running.on == ("start", "running")
    use = Use(port="store", interface="postgresql", hold=Hold.STARTING)
    assert type_of(service("a", uses={"store": use})).port_by_name["store"].on == ("start",)
    assert running.rebind_s is None
    rolling = type_of(dataclasses.replace(WEB, strategy=Strategy.ROLLING))
    assert rolling.port_by_name["store"].rebind_s is not None


def test_what_starts_processes_reads_what_it_uses() -> None:
    reading = {each.name for each in type_of(WEB).transitions if each.reads == ("store",)}
    assert reading == {"start", "restart", "update", "scale"}
    assert {each.name for each in type_of(MIGRATE).transitions if each.reads} == {"run", "rerun"}


def test_every_transition_but_letting_go_does_something() -> None:
    for definition in (WEB, MIGRATE, MAIL):
        for transition in type_of(definition).transitions:
            assert (transition.action is None) == (transition.name == "let_go")
    update = type_of(WEB).transition_by_name["update"]
    assert update.action is not None and update.action.verb is Verb.ROLL


@pytest.mark.parametrize("definition", [DB, WEB, MIGRATE, MAIL])
def test_a_built_in_type_comes_back_from_its_stored_form(definition: ComponentDefinition) -> None:
    found = type_of(definition)
    assert component_type_from_json(found.name, component_type_to_json(found)) == found


def test_an_application_is_brought_up_and_taken_away_by_the_planner() -> None:
    parts = {each.name: each for each in (WEB, DB, MIGRATE, MAIL)}
    goal = goal_of(Application(name="a", version="1.0.0", components=parts))
    assert {name: set(wish.state) for name, wish in goal.wishes.items()} == {
        "web": {"ready"},
        "db": {"ready"},
        "migrate": {"done"},
        "mail": {"available"},
    }
    plan = planner.plan(Situation(assembly=Assembly(), marking={}), goal, name="deploy")
    pushed = [str(each) for each in plan.program.instructions]
    assert any("web" in each and "deploy" in each for each in pushed)


def test_selectors_and_types_are_part_of_the_goal() -> None:
    picky = dataclasses.replace(
        WEB, uses={"store": Use(port="store", interface="postgresql", select={"zone": "a"})}
    )
    goal = goal_of(
        Application(name="a", version="1.0.0", components={"db": DB, "web": picky, "two": WEB})
    )
    assert goal.components["web"].select == {"store": {"zone": "a"}}
    assert goal.components["two"].select == {}
    assert goal.components["web"].type is goal.components["two"].type


def test_an_unknown_type_is_refused_with_those_there_are() -> None:
    with pytest.raises(errors.UnknownComponentType, match=r"web: .* \(did you mean 'service'\?\)"):
        type_of(ComponentDefinition(name="web", kind="servise"))


def own(*transitions: tuple[str, str, str]) -> ComponentType:
    return ComponentType(
        name="Own",
        initial="a",
        places=("a", "b", "c"),
        transitions=tuple(
            Transition(name=f"t{index}", source=source, target=target, behaviour=behaviour)
            for index, (source, target, behaviour) in enumerate(transitions)
        ),
    )


def test_a_component_of_an_own_type_stands_where_deploy_ends() -> None:
    definition = ComponentDefinition(name="x", kind="Own")
    cycle = own(
        ("a", "b", "deploy"), ("b", "c", "deploy"), ("c", "a", "stop"), ("c", "c", "deploy")
    )
    assert state_of(definition, cycle) == ("c",)
    assert state_of(dataclasses.replace(definition, state=("b",)), cycle) == ("b",)


@pytest.mark.parametrize(
    ("transitions", "words"),
    [
        ([("a", "b", "deploy"), ("a", "c", "deploy")], "has several places"),
        ([("a", "b", "deploy"), ("b", "a", "deploy")], "has no place"),
        ([("a", "b", "go")], "has no place"),
    ],
)
def test_where_to_stand_has_to_be_said_if_deploy_does_not_tell(
    transitions: list[tuple[str, str, str]], words: str
) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        state_of(ComponentDefinition(name="x", kind="Own"), own(*transitions))
    assert words in str(caught.value)
    assert "give its 'state', of a, b, c" in str(caught.value)
