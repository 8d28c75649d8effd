"""Programs that are cancelled: what they pushed winds down to a legal state."""

from tests.machines import CLIENT, SERVER, STEPS, Rig, life, move, program, use


def test_queued_behaviours_are_dropped_and_the_current_one_winds_down() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "wait x")
    rig.cancel()
    assert rig.outcome() == "cancelled"
    assert rig.machine.status("x") == "busy"
    rig.end("x.one")
    assert rig.places("x") == ("b",)
    assert rig.machine.status("x") == "idle"


def test_cancellation_without_winding_down_leaves_what_was_pushed() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "wait x")
    rig.cancel(winds_down=False)
    rig.end("x.one", "x.two", "x.back")
    assert rig.places("x") == ("a",)


def test_what_other_programs_pushed_goes_on() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "wait x")
    rig.submit(program("other", "push x go", "wait x go"))
    rig.cancel()
    rig.end("x.one")
    assert rig.running == ["x.two"]
    rig.end("x.two")
    assert rig.outcome("other") == "completes"


def test_wait_of_another_program_for_what_is_dropped_ends_with_an_error() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "wait x")
    rig.submit(program("queued", "wait x reset"), program("current", "wait x go"))
    rig.cancel()
    assert rig.outcome("queued") == "failed"
    assert "x.reset was dropped" in rig.reason("queued")
    assert rig.outcome("current") is None
    rig.end("x.one")
    assert rig.outcome("current") == "failed"


def test_tokens_at_output_docks_return_to_their_place() -> None:
    rig = Rig(life("U", move("work", "a", "b"), move("side", "a", "c"), use("svc", "work")))
    rig.run("add x U", "push x go", "wait x")
    assert rig.running == ["x.side"]
    rig.cancel()
    rig.end("x.side")
    assert rig.places("x") == ("a", "c")
    assert rig.machine.status("x") == "idle"


def test_tokens_at_input_docks_whose_join_cannot_complete_return() -> None:
    rig = Rig(
        SERVER,
        life("U", move("work", "a", "b"), move("side", "a", "b"), use("svc", "work")),
    )
    rig.run("add x U", "push x go", "wait x")
    rig.end("x.side")
    assert rig.places("x") == ()
    rig.cancel()
    assert rig.places("x") == ("a",)


def test_provider_that_winds_down_accepts_uses_again() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run(
        "add s Server", "add x Client", "add y Client", "connect x.svc s.svc",
        "connect y.svc s.svc",
        "push s start", "push x join",
    )  # fmt: skip
    rig.end("s.start", "x.join")
    rig.run("push s stop", "wait s", name="stop")
    rig.run("push y join")
    rig.end("y.join")
    assert rig.places("y") == ()
    rig.cancel("stop")
    assert rig.places("y") == ("using",)
    assert rig.places("s") == ("up",)
    assert rig.machine.status("s") == "idle"


def test_failed_transition_can_be_retried_while_its_behaviour_winds_down() -> None:
    rig = Rig(STEPS, SERVER)
    rig.run("add x Steps", "add s Server", "push s start", "push x go", "wait s")
    rig.fail("x.one")
    rig.cancel()
    assert rig.machine.status("x") == "failed"
    rig.retry("x.one")
    rig.end("x.one")
    assert rig.places("x") == ("b",)
    assert rig.machine.status("x") == "idle"


def test_cancelled_program_is_not_told_of_deadlines() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", ["wait", "x", {"deadline_s": 3}])
    rig.cancel()
    assert rig.timers == {}


def test_deadline_that_was_reached_meanwhile_is_ignored() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", ["wait", "x", {"deadline_s": 3}])
    timer = next(iter(rig.timers))
    rig.cancel()
    rig.timers[timer] = 0
    rig.deadline()
    assert rig.commands == []
