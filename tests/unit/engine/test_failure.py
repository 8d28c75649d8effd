"""Transitions that fail, and what can be done about them from outside."""

import pytest

from ripieno.engine import explain
from ripieno.engine.errors import IllegalEvent
from ripieno.model import errors
from ripieno.model.event import (
    AbandonAsked,
    CommandId,
    ProgramCancelled,
    RetryAsked,
    SkipAsked,
    TransitionEnded,
    TransitionFailed,
)
from tests.machines import CLIENT, SERVER, STEPS, Rig, life, move, program, provide, use


def failed() -> Rig:
    """A server whose start failed, and a client that waits for it."""
    rig = Rig(SERVER, CLIENT)
    rig.run("add s Server", "add x Client", "connect x.svc s.svc", "push s start", "push x join")
    rig.submit(program("waits", "wait s"), program("all", "wait_all"), program("x", "wait x"))
    rig.end("x.join")
    rig.fail("s.start")
    return rig


def test_failed_transition_keeps_its_token_and_beyond_it_nothing_is_entered() -> None:
    rig = failed()
    assert rig.machine.status("s") == "failed"
    assert rig.machine.failures() == {"s": "s.start: disk full"}
    assert rig.places("s") == rig.places("x") == ()


def test_programs_that_wait_for_what_failed_end_with_transition_and_cause() -> None:
    rig = failed()
    for name in ("waits", "all"):
        assert rig.outcome(name) == "failed"
        assert rig.reason(name) == "s.start: disk full"
    assert rig.outcome("x") is None


def test_dependents_of_what_failed_stay_blocked_and_say_so() -> None:
    rig = failed()
    assert explain.blocked(rig.machine, "x") == (
        "x cannot enter using: x.svc waits for s.svc, which is not active",
    )
    explanation = explain.explain(rig.machine)
    assert explanation.failed
    assert "s.start: disk full" in explanation.text


def test_program_that_begins_to_wait_for_what_has_failed_ends_at_once() -> None:
    rig = failed()
    rig.submit(program("late", "wait s"), program("late all", "wait_all"))
    assert rig.outcome("late") == rig.outcome("late all") == "failed"


def test_retry_has_the_same_command_and_the_next_attempt() -> None:
    rig = failed()
    first = rig.command("s.start")
    rig.retry("s.start")
    assert rig.command("s.start") == first
    assert rig.started["s.start"].attempt == 2
    assert rig.machine.status("s") == "busy"
    rig.fail("s.start", "still full")
    rig.retry("s.start")
    assert rig.started["s.start"].attempt == 3
    rig.end("s.start")
    assert rig.places("x") == ("using",)
    assert rig.outcome("x") == "completes"
    assert rig.machine.failures() == {}


def test_skip_counts_as_arrived_and_is_recorded_as_skipped() -> None:
    rig = failed()
    rig.skip("s.start")
    assert ("s", "skipped", "start") in rig.machine.facts
    assert rig.places("s") == ("up",)
    assert rig.places("x") == ("using",)


def test_abandon_returns_the_token_and_drops_the_behaviour_and_the_queue_goes_on() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "push x go")
    rig.end("x.one")
    rig.submit(program("waits", "wait x go"))
    rig.fail("x.two")
    assert rig.outcome("waits") == "failed"
    rig.abandon("x.two")
    assert ("x", "dropped behaviour", "go") in rig.machine.facts
    assert rig.running == ["x.two"]
    assert rig.started["x.two"].attempt == 1
    rig.end("x.two")
    assert rig.places("x") == ("c",)


FORK = life(
    "Fork",
    move("left", "a", "d"),
    move("right", "a", "d"),
    move("on", "d", "e"),
    move("back", "e", "a", "reset"),
)


def test_failure_of_one_branch_lets_the_other_arrive() -> None:
    rig = Rig(FORK)
    rig.run("add x Fork", "push x go")
    rig.fail("x.left")
    rig.end("x.right")
    assert rig.machine.status("x") == "failed"
    rig.skip("x.left")
    assert rig.running == ["x.on"]


def test_abandoned_branch_waits_for_the_other_and_both_tokens_return() -> None:
    rig = Rig(FORK)
    rig.run("add x Fork", "push x go")
    rig.fail("x.left")
    rig.abandon("x.left")
    assert rig.running == ["x.right"]
    rig.end("x.right")
    assert rig.places("x") == ("a",)
    assert rig.machine.status("x") == "idle"


def test_several_failed_transitions_are_dealt_with_one_by_one() -> None:
    rig = Rig(FORK)
    rig.run("add x Fork", "push x go")
    rig.fail("x.left", "no disk")
    rig.fail("x.right", "no net")
    assert rig.machine.failures() == {"x": "x.left: no disk; x.right: no net"}
    rig.abandon("x.left")
    assert rig.machine.status("x") == "failed"
    rig.retry("x.right")
    rig.end("x.right")
    assert rig.places("x") == ("a",)
    assert rig.machine.status("x") == "idle"


def test_abandoned_transition_returns_to_a_place_whose_use_is_accepted_again() -> None:
    rig = Rig(SERVER, life("U", move("in", "a", "b"), move("out", "b", "c"), use("svc", "b")))
    rig.run("add s Server", "add x U", "connect x.svc s.svc", "push s start", "push x go")
    rig.end("s.start", "x.in")
    rig.run("push s stop", "wait_all")
    rig.fail("x.out")
    rig.abandon("x.out")
    assert rig.places("x") == ()
    assert explain.blocked(rig.machine, "x") == (
        "x cannot return to b: x.svc waits for s.svc, which is not active",
    )
    rig.run("push s start")
    rig.end("s.stop", "s.start")
    assert rig.places("x") == ("b",)
    assert rig.machine.status("x") == "idle"


def test_disconnect_of_a_component_that_has_failed_ends_with_the_cause() -> None:
    rig = Rig(SERVER, life("U", move("in", "a", "b"), move("on", "b", "c"), use("svc", "b", "c")))
    rig.run("add s Server", "add x U", "connect x.svc s.svc", "push s start", "push x go")
    rig.end("s.start", "x.in")
    rig.submit(program("before", "disconnect x.svc s.svc"))
    rig.fail("x.on")
    rig.submit(program("after", "disconnect x.svc s.svc"))
    assert rig.reason("before") == rig.reason("after") == "x.on: disk full"


def test_disconnect_goes_on_when_it_is_the_provider_that_has_failed() -> None:
    server = life("S2", move("up", "off", "up"), move("tune", "off", "tuned"), provide("svc", "up"))
    rig = Rig(server, CLIENT)
    rig.run("add s S2", "add x Client", "connect x.svc s.svc", "push s go", "push x join")
    rig.end("s.up", "x.join")
    rig.submit(program("leave", "disconnect x.svc s.svc"))
    rig.fail("s.tune")
    rig.run("push x part")
    assert rig.outcome("leave") == "completes"


def test_illegal_events_change_nothing_and_tell_the_story() -> None:
    rig = failed()
    for event, words in (
        (TransitionEnded(command=CommandId(99)), "no command 99 is under way"),
        (TransitionEnded(command=rig.command("s.start")), "has failed; retry, skip or abandon"),
        (TransitionFailed(command=CommandId(99), cause="x"), "no command 99"),
        (TransitionFailed(command=rig.command("s.start"), cause="x"), "has failed"),
        (RetryAsked(component="x", transition="join"), "has not failed"),
        (SkipAsked(component="s", transition="stop"), "has not failed"),
        (AbandonAsked(component="s", transition="nope"), "has not failed"),
        (ProgramCancelled(program="nope"), "no program 'nope' is running"),
    ):
        rig.refuses(event, IllegalEvent, words)
    rig.refuses(RetryAsked(component="z", transition="t"), errors.UnknownComponent)
    with pytest.raises(IllegalEvent, match="the story so far") as caught:
        rig.machine.handle(TransitionEnded(command=rig.command("s.start")))
    assert "failed start" in caught.value.story


def test_output_for_a_port_that_is_not_there_is_refused() -> None:
    rig = Rig(SERVER)
    rig.run("add s Server", "push s start")
    ended = TransitionEnded(command=rig.command("s.start"), outputs={"nope": 1})
    rig.refuses(ended, IllegalEvent, "no provide port")
    rig.end("s.start", svc="an address")
    assert rig.places("s") == ("up",)
