"""Assemblies at rest: from a machine, and to one."""

from dataclasses import replace

import pytest

from ripieno.engine import invariants
from ripieno.engine.situation import machine_at, situation
from ripieno.model import errors
from ripieno.model.assembly import Assembly, Component, Situation
from ripieno.model.component_type import ComponentType
from ripieno.model.event import ProgramsSubmitted
from ripieno.model.port import Connection, PortRef
from tests.machines import CLIENT, SERVER, Rig, data_provide, data_use, life, move, program

SOURCE = life("Source", move("make", "off", "on"), data_provide("ip", "on"))
READER = life("Reader", move("read", "a", "b", reads=("ip",)), data_use("ip", "read"))
TYPES = {each.name: each for each in (SERVER, CLIENT, SOURCE, READER)}


def at(
    components: dict[str, tuple[ComponentType, set[str]]],
    *connections: tuple[str, str, str, str],
) -> Situation:
    return Situation(
        assembly=Assembly(
            components={name: Component(name=name, type=t) for name, (t, _) in components.items()},
            connections=frozenset(
                Connection(PortRef(user, use), PortRef(provider, provide))
                for user, use, provider, provide in connections
            ),
        ),
        marking={name: frozenset(places) for name, (_, places) in components.items()},
    )


UP = at({"s": (SERVER, {"up"}), "x": (CLIENT, {"using"})}, ("x", "svc", "s", "svc"))


def test_machine_stands_where_the_situation_says_and_goes_on_from_there() -> None:
    machine = machine_at(UP, TYPES)
    invariants.check(machine)
    assert situation(machine) == UP
    machine.handle(ProgramsSubmitted(programs=(program("p", "push s stop", "push x part"),)))
    assert [each for each in machine.facts if each[1] == "started"] == [
        ("x", "started", "part"),
        ("s", "started", "stop"),
    ]


def test_situation_of_a_machine_holds_its_data() -> None:
    rig = Rig(SOURCE, READER)
    rig.run("add d Source", "add x Reader", "connect x.ip d.ip", "push d go")
    rig.end("d.make", ip="10.0.0.1")
    taken = situation(rig.machine)
    assert taken.served == {("d", "ip")}
    assert taken.data == {("d", "ip"): "10.0.0.1"}
    again = machine_at(replace(taken, marking={**taken.marking, "d": frozenset({"off"})}), TYPES)
    (_, command) = again.handle(ProgramsSubmitted(programs=(program("p", "push x go"),)))[::-1]
    assert command.inputs == {"ip": "10.0.0.1"}  # type: ignore[union-attr]  # a StartTransition


def test_machine_that_is_not_at_rest_has_no_situation() -> None:
    rig = Rig(SERVER)
    rig.run("add s Server", "push s start")
    with pytest.raises(errors.IllegalMarking, match="s is busy"):
        situation(rig.machine)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (at({"s": (SERVER, {"gone"})}), "s is marked in 'gone', which is no place of Server"),
        (at({"s": (SERVER, set())}), "s stands nowhere"),
        (replace(UP, marking={"s": frozenset({"up"})}), "x stands nowhere"),
        (replace(UP, marking={**UP.marking, "z": frozenset({"a"})}), "z is marked, and is no"),
        (at({"x": (CLIENT, {"using"})}), "uses x.svc, which is not connected"),
        (
            at({"s": (SERVER, {"off"}), "x": (CLIENT, {"using"})}, ("x", "svc", "s", "svc")),
            "but s.svc is not active: s stands in off",
        ),
        (
            at({"s": (SERVER, {"up"}), "t": (SERVER, {"up"}), "x": (CLIENT, {"using"})},
               ("x", "svc", "s", "svc"), ("x", "svc", "t", "svc")),
            "a use port takes one connection",
        ),
        (at({"s": (SERVER, {"up"})}, ("x", "svc", "s", "svc")), "no such component: x"),
        (at({"s": (SERVER, {"up"})}, ("s", "svc", "s", "svc")), "a component to itself"),
        (replace(UP, served=frozenset({("s", "svc")})), "s.svc is served, and there is no such"),
        (replace(UP, data={("x", "svc"): 1}), "x.svc carries data, and there is no such"),
    ],
)  # fmt: skip
def test_illegal_marking_is_refused(given: Situation, words: str) -> None:
    with pytest.raises(errors.IllegalMarking, match=words):
        machine_at(given, TYPES)


def test_two_types_of_one_name_are_refused() -> None:
    other = life("Server", move("go", "a", "b"))
    with pytest.raises(errors.DuplicateName):
        machine_at(at({"s": (SERVER, {"up"}), "t": (other, {"a"})}), {})
    with pytest.raises(errors.DuplicateName):
        machine_at(UP, {"Server": other})
