"""Changing the provider of a use port without leaving the place that uses it."""

from tests.machines import SERVER, Rig, life, move, program, use

USER = life(
    "User",
    move("join", "idle", "using", "join"),
    move("work", "idle", "worked", "work"),
    move("part", "using", "idle", "part"),
    use("svc", "using", "work", rebind_s=1.0),
)


def using(behaviour: str = "join") -> Rig:
    """Servers `s` and `t` that are up; `x` uses `s`."""
    rig = Rig(SERVER, USER)
    rig.run(
        "add s Server", "add t Server", "add x User", "connect x.svc s.svc",
        "push s start", "push t start",
    )  # fmt: skip
    rig.end("s.start", "t.start")
    rig.run(f"push x {behaviour}")
    if behaviour == "join":
        rig.end("x.join")
    rig.ends.clear()
    return rig


def test_rebind_holds_both_providers_until_it_ends() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc")
    assert rig.started["x.svc"].rebinds == "svc"
    assert rig.outcome() is None
    rig.run("push s stop", "push t stop", name="stops")
    assert rig.running == ["x.svc"]
    rig.end("x.svc")
    assert rig.outcome() == "completes"
    assert rig.running == ["s.stop"]
    assert rig.machine.status("x") == "idle"


def test_component_does_not_leave_the_place_while_it_is_rebound() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc", "wait x")
    rig.run("push x part", name="leave")
    assert rig.running == ["x.svc"]
    rig.end("x.svc")
    assert rig.running == ["x.part"]


def test_rebind_waits_for_the_new_provider_to_be_active() -> None:
    rig = using()
    rig.run("push t stop", "push t start", "rebind x.svc t.svc")
    rig.end("t.stop")
    assert rig.running == ["t.start"]
    rig.end("t.start")
    assert rig.running == ["x.svc"]


def test_rebind_of_an_inactive_use_is_done_at_once() -> None:
    rig = using()
    rig.run("push x part")
    rig.end("x.part")
    rig.run("rebind x.svc t.svc", "push s stop", "wait s")
    assert rig.running == ["s.stop"]


def test_rebind_of_a_use_that_ends_meanwhile_lets_go_of_both() -> None:
    rig = using("work")
    rig.run("rebind x.svc t.svc")
    rig.end("x.work")
    rig.run("push s stop", "push t stop", name="stops")
    assert rig.running == ["x.svc"]
    rig.end("x.svc")
    assert rig.running == ["s.stop", "t.stop"]
    assert rig.outcome() == "completes"


def test_failed_rebind_ends_its_program_and_can_be_retried() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc")
    first = rig.command("x.svc")
    rig.fail("x.svc", "refused")
    assert rig.outcome() == "failed"
    assert rig.reason() == "x.svc (rebind): refused"
    assert rig.machine.status("x") == "failed"
    rig.retry("x.svc")
    assert rig.command("x.svc") == first
    assert rig.started["x.svc"].attempt == 2
    rig.end("x.svc")
    assert rig.machine.status("x") == "idle"
    rig.run("push s stop", name="stops")
    assert rig.running == ["s.stop"]


def test_abandoned_rebind_keeps_the_old_provider() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc")
    rig.fail("x.svc")
    rig.abandon("x.svc")
    rig.run("push s stop", "push t stop", name="stops")
    assert rig.running == ["t.stop"]


def test_skipped_rebind_keeps_the_new_provider() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc")
    rig.fail("x.svc")
    rig.skip("x.svc")
    rig.run("push s stop", "push t stop", name="stops")
    assert rig.running == ["s.stop"]


def test_rebind_goes_on_when_its_program_is_cancelled() -> None:
    rig = using()
    rig.run("rebind x.svc t.svc")
    rig.cancel()
    rig.end("x.svc")
    assert rig.machine.status("x") == "idle"
    rig.run("push s stop", name="stops")
    assert rig.running == ["s.stop"]


def test_second_rebind_of_a_port_waits_for_the_first() -> None:
    rig = using()
    rig.run("add u Server", "push u start")
    rig.end("u.start")
    rig.submit(program("one", "rebind x.svc t.svc"), program("two", "rebind x.svc u.svc"))
    assert rig.running == ["x.svc"]
    rig.end("x.svc")
    assert rig.outcome("one") == "completes"
    assert rig.running == ["x.svc"]
    rig.end("x.svc")
    assert rig.outcome("two") == "completes"


def test_disconnect_of_a_port_that_is_rebound_fails_when_the_provider_is_another() -> None:
    rig = using()
    rig.submit(program("one", "rebind x.svc t.svc"), program("two", "disconnect x.svc s.svc"))
    rig.end("x.svc")
    assert rig.outcome("one") == "completes"
    assert rig.outcome("two") == "failed"
    assert "not connected" in rig.reason("two")
