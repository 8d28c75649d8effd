"""Tokens that fall, since what their place stands for is gone; and behaviours that are dropped."""

from ripieno.engine import look, snapshot
from ripieno.engine.errors import IllegalEvent
from ripieno.engine.situation import machine_at, situation
from ripieno.model import errors
from ripieno.model.event import BehavioursDropped, TokenFell
from tests.machines import CLIENT, SERVER, Rig, life, move, provide, use

RUNNER = life(
    "Runner",
    move("rest", "idle", "resting", "rest"),
    move("run", "resting", "up", "run"),
    move("roll", "up", "up", "roll"),
    provide("svc", "serving"),
    groups={"serving": ("up",)},
)


def fell(component: str, place: str, target: str) -> TokenFell:
    return TokenFell(component=component, place=place, target=target, cause="killed")


def served() -> Rig:
    """A client that uses a server."""
    rig = Rig(SERVER, CLIENT)
    rig.run("add s Server", "add x Client", "connect x.svc s.svc", "push s start", "push x join")
    rig.end_all()
    assert rig.places("x") == ("using",)
    return rig


def test_port_of_a_fallen_token_is_withdrawn_under_its_users() -> None:
    rig = served()
    rig.handle(fell("s", "up", "off"))
    assert rig.places("s") == ("off",)
    assert rig.places("x") == ("using",)
    assert look.look(rig.machine, "x").lost == ("s",)


def test_users_of_a_fallen_provider_may_leave() -> None:
    rig = served()
    rig.handle(fell("s", "up", "off"))
    rig.run("push x part", name="part")
    rig.end_all()
    assert rig.places("x") == ("idle",)
    assert look.look(rig.machine, "x").lost == ()


def test_provider_that_comes_back_serves_the_users_that_stayed() -> None:
    rig = served()
    rig.handle(fell("s", "up", "off"))
    rig.run("push s start", name="again")
    rig.end_all()
    assert look.look(rig.machine, "x").lost == ()
    rig.run("push s stop", name="stop")
    assert rig.places("s") == ("up",), "it is used, so it waits again before it leaves"


def test_new_users_wait_for_a_fallen_provider() -> None:
    rig = served()
    rig.handle(fell("s", "up", "off"))
    rig.run("add y Client", "connect y.svc s.svc", "push y join", name="more")
    rig.end_all()
    assert rig.places("y") == ()
    rig.run("push s start", name="again")
    rig.end_all()
    assert rig.places("y") == ("using",)


def test_fallen_user_lets_go_of_its_provider() -> None:
    rig = served()
    rig.handle(fell("x", "using", "idle"))
    rig.run("push s stop", name="stop")
    rig.end_all()
    assert rig.places("s") == ("off",)


def test_lost_port_is_kept_in_snapshots_and_situations() -> None:
    rig = served()
    rig.handle(fell("s", "up", "off"))
    copy = snapshot.from_json(snapshot.to_json(rig.machine))
    assert look.look(copy, "x").lost == ("s",)
    at_rest = situation(rig.machine)
    assert at_rest.lost == {("s", "svc")}
    assert look.look(machine_at(at_rest, {}), "x").lost == ("s",)


def test_token_cannot_fall_from_where_it_is_not() -> None:
    rig = served()
    rig.refuses(fell("s", "off", "up"), IllegalEvent, "no token on off")
    rig.refuses(fell("s", "up", "nowhere"), IllegalEvent, "no place 'nowhere'")
    rig.refuses(fell("nobody", "up", "off"), errors.UnknownComponent)


def test_token_cannot_fall_to_where_it_needs_others() -> None:
    rig = Rig(SERVER, life("Needy", move("go", "a", "b"), use("svc", "b")))
    rig.run("add n Needy")
    rig.refuses(fell("n", "a", "b"), IllegalEvent, "without use ports")


def test_port_stays_active_during_a_loop_inside_its_group() -> None:
    rig = Rig(RUNNER, CLIENT)
    rig.run("add r Runner", "add x Client", "connect x.svc r.svc", "push r rest", "push r run")
    rig.run("push x join", name="join")
    rig.end_all()
    rig.run("push r roll", name="roll")
    assert rig.running == ["r.roll"]
    rig.run("push x part", "push x join", name="again")
    rig.end("x.part", "x.join")
    assert rig.places("x") == ("using",)


def test_dropped_behaviours_wind_down_and_leave_the_queue() -> None:
    rig = Rig(RUNNER)
    rig.run("add r Runner", "push r rest", "push r run")
    rig.handle(BehavioursDropped(components=("r",)))
    rig.end("r.rest")
    assert rig.places("r") == ("resting",)
    assert look.is_at_rest(rig.machine)


def test_behaviours_of_a_running_program_are_not_dropped_behind_its_back() -> None:
    rig = Rig(RUNNER)
    rig.run("add r Runner", "push r rest", "wait r")
    rig.refuses(BehavioursDropped(components=("r",)), IllegalEvent, "'main' is running")
