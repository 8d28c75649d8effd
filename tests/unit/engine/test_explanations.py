"""What an assembly that cannot go on is stuck on, in words."""

import pytest

from ripieno.engine import explain
from ripieno.model.component_type import ComponentType, Switch, SwitchRule
from tests.machines import (
    CLIENT,
    SERVER,
    STEPS,
    Rig,
    data_provide,
    data_use,
    life,
    move,
    program,
    provide,
    use,
)

MUTUAL = life("Mutual", move("start", "init", "up"), provide("p", "up"), use("u", "start"))
ODD = life("Odd", move("near", "a", "c"), move("far", "b", "c"), move("lead", "c", "b", "other"))
TWIN = life("Twin", move("near", "a", "c"), move("far", "a", "c"), use("u", "far"))
CHOICE = life(
    "Choice",
    move("to", "s", "b"),
    data_use("level", "s"),
    Switch(place="s", reads="level", rules=(SwitchRule(take=("to",)),)),
)
READER = life("Reader", move("read", "a", "b"), data_use("ip", "read"))
SOURCE = life("Source", move("make", "off", "on"), data_provide("ip", "on"))


@pytest.mark.parametrize(
    ("types", "instructions", "words"),
    [
        (
            [MUTUAL],
            ["add a Mutual", "push a go", "wait_all"],
            ["a cannot start start: a.u has no provider; connect it"],
        ),
        (
            [MUTUAL],
            ["add a Mutual", "add b Mutual", "connect a.p b.u", "connect b.p a.u", "push a go",
             "push b go", "wait_all"],
            ["a.u waits for b.p, which is not active", "that is a cycle: a -> b -> a"],
        ),
        (
            [ODD],
            ["add a Odd", "push a go", "wait a"],
            ["a cannot enter c: it waits for far to arrive too, which this behaviour does not"],
        ),
        (
            [TWIN],
            ["add a Twin", "push a go", "wait a go"],
            ["a cannot start far: a.u has no provider", "it waits for far to arrive too"],
        ),
        (
            [CHOICE],
            ["add a Choice", "push a go", "wait a"],
            ["a cannot leave s: a.level has no provider"],
        ),
        (
            [READER, SOURCE],
            ["add a Reader", "add d Source", "connect a.ip d.ip", "push a go", "wait a"],
            ["a.ip waits for the data of d.ip", "d is idle in off, and no program pushes to it"],
        ),
        (
            [STEPS],
            ["add a Steps", "wait a go"],
            ["program main waits a.go, which no program pushes"],
        ),
        (
            [STEPS],
            ["add a Steps", "wait a go", "push a go"],
            ["which program main has not pushed yet", "that is a cycle"],
        ),
        (
            [SERVER, CLIENT],
            ["add s Server", "add x Client", "connect s.svc x.svc", "push s start", "push x join",
             "wait_all", "push s stop", "wait s"],
            ["s cannot leave up: s.svc is locked by x.svc active in using", "x is idle in using"],
        ),
        (
            [SERVER, CLIENT],
            ["add s Server", "add x Client", "connect s.svc x.svc", "push s start", "push x join",
             "wait_all", "disconnect s.svc x.svc"],
            ["waits to disconnect s.svc from x.svc", "x is idle and keeps using it"],
        ),
        (
            [SERVER, CLIENT],
            ["add s Server", "add t Server", "add x Client", "connect s.svc x.svc", "push s start",
             "push x join", "wait_all", "rebind x.svc t.svc"],
            ["waits to rebind x.svc to t.svc", "t is idle in off"],
        ),
        (
            [MUTUAL],
            ["add a Mutual", "push a go", "delete a"],
            ["waits to delete a", "a.u has no provider"],
        ),
    ],
)  # fmt: skip
def test_deadlock_is_told(
    types: list[ComponentType], instructions: list[str], words: list[str]
) -> None:
    rig = Rig(*types)
    rig.run(*instructions)
    rig.end_all()
    assert rig.outcome() is None
    explanation = explain.explain(rig.machine)
    assert not explanation.failed
    for each in words:
        assert each in explanation.text


def test_refusing_provider_is_named() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run(
        "add s Server", "add x Client", "add y Client", "connect x.svc s.svc",
        "connect y.svc s.svc",
        "push s start", "push x join",
    )  # fmt: skip
    rig.end("s.start", "x.join")
    rig.run("push s stop", "push y join", "wait y")
    rig.end("y.join")
    assert "waits for s.svc, which is about to be withdrawn" in explain.explain(rig.machine).text


def test_programs_that_wait_for_each_other_are_a_cycle() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "add y Steps")
    rig.submit(
        program("p", "wait y go", "push x go"),
        program("q", "wait x go", "push y go"),
    )
    assert (
        "that is a cycle: program p -> program q -> program p" in explain.explain(rig.machine).text
    )


def test_program_that_settles_names_what_it_pushed() -> None:
    rig = Rig(MUTUAL)
    rig.submit(program("p", "add a Mutual", "push a go", settles=True))
    text = explain.explain(rig.machine).text
    assert "program p waits for the end of what it pushed to a" in text
    assert "a.u has no provider" in text


def test_long_explanation_is_cut_and_keeps_its_cycle() -> None:
    count = 3_000
    rig = Rig(MUTUAL)
    rig.run(
        *(f"add a{i} Mutual" for i in range(count)),
        *(f"connect a{i}.u a{(i + 1) % count}.p" for i in range(count)),
        *(f"push a{i} go" for i in range(count)),
        "wait_all",
    )
    text = explain.explain(rig.machine).text
    assert "that is a cycle: a0 -> a1 -> " in text
    assert "more reasons" in text
    assert len(text) < 2_000
