"""A machine as JSON and back, and again from its events."""

import json

import pytest

from ripieno.engine import invariants, snapshot
from ripieno.engine.errors import EngineError
from ripieno.engine.machine import Machine
from ripieno.model.command import StartTransition
from ripieno.model.event import DeadlineReached, RetryAsked, TimerId, TransitionEnded
from tests.machines import CLIENT, SERVER, STEPS, Rig, data_provide, life, move, program

SOURCE = life(
    "Source", move("make", "off", "on", writes={"ip": ["10.0.0.1", 80]}), data_provide("ip", "on")
)


def busy() -> Rig:
    """Something of everything: a rebind, a failure, waits, deadlines, queues, data."""
    rig = Rig(SERVER, CLIENT, STEPS, SOURCE)
    rig.run(
        "add s Server", "add t Server", "add x Client", "add y Client", "add z Steps",
        "add d Source",
        "connect x.svc s.svc", "connect y.svc t.svc", "push s start", "push t start", "push x join",
        "push y join", "push d go",
    )  # fmt: skip
    rig.end("s.start", "t.start", "x.join", "d.make")
    rig.run("push t stop", "rebind x.svc t.svc", name="moved")
    rig.end("t.stop", "y.join")
    rig.run("push t start", name="again")
    rig.end("t.start")
    rig.submit(
        program("list", "push z go", "push z reset", ["wait", "z", "go", {"deadline_s": 5}]),
        program(
            "order", "push z go", "wait z go", "wait_all", "wait y", "push y part",
            after=((), (0,), (), (), ()), settles=True,
        ),
    )  # fmt: skip
    rig.fail("z.one")
    return rig


def reread(machine: Machine) -> Machine:
    return snapshot.from_json(json.loads(json.dumps(snapshot.to_json(machine))))


def test_round_trip_gives_the_same_record() -> None:
    rig = busy()
    record = snapshot.to_json(rig.machine)
    copy = reread(rig.machine)
    invariants.check(copy)
    assert snapshot.to_json(copy) == record
    assert json.loads(json.dumps(record)) == record


def test_record_is_written_in_names() -> None:
    record = snapshot.to_json(busy().machine)
    (z,) = (each for each in record["components"] if each["name"] == "z")
    assert z == {
        "name": "z",
        "type": "Steps",
        "left": ["a"],
        "running": ["one"],
        "failed": ["one"],
        "behaviour": "go",
        "queue": [["reset", None, 9], ["go", None, 10]],
        "begun_push": 8,
        "last_push": {"go": 10, "reset": 9},
        "commands": {"one": [9, 1]},
        "causes": {"one": "disk full"},
    }


def test_machine_that_was_read_back_goes_on() -> None:
    rig = busy()
    copy = reread(rig.machine)
    for each in (
        RetryAsked(component="z", transition="one"),
        TransitionEnded(command=rig.command("x.svc")),
        TransitionEnded(command=rig.command("z.one")),
        DeadlineReached(timer=TimerId(1)),
    ):
        assert copy.handle(each) == rig.machine.handle(each)
        assert snapshot.to_json(copy) == snapshot.to_json(rig.machine)


def test_attempts_go_on_counting() -> None:
    rig = busy()
    rig.retry("z.one")
    rig.fail("z.one")
    (command,) = reread(rig.machine).handle(RetryAsked(component="z", transition="one"))
    assert isinstance(command, StartTransition)
    assert command.attempt == 3


def test_replay_gives_the_same_state() -> None:
    rig = busy()
    types = rig.machine.core.types
    assert snapshot.to_json(snapshot.replay(types, rig.log)) == snapshot.to_json(rig.machine)


def test_waiters_keep_their_order() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run("add s Server", *(f"add x{i} Client" for i in range(5)))
    rig.run(*(f"connect x{i}.svc s.svc" for i in range(5)), *(f"push x{i} join" for i in range(5)))
    rig.end("x3.join", "x1.join", "x4.join", "x0.join", "x2.join")
    rig.run("push s start")
    copy = reread(rig.machine)
    ended = TransitionEnded(command=rig.command("s.start"))
    copy.handle(ended)
    rig.machine.handle(ended)
    assert copy.facts == rig.machine.facts


def test_snapshot_of_another_format_is_refused() -> None:
    with pytest.raises(EngineError, match="format 99"):
        snapshot.from_json({"format": 99})
