"""Who waits for whom at use, provide and data ports."""

from tests.machines import (
    CLIENT,
    SERVER,
    STEPS,
    Rig,
    data_provide,
    data_use,
    life,
    move,
    provide,
    use,
)


def served(*types: object) -> Rig:
    """A server that runs, and a user `x` connected to it, of the only type given."""
    (user,) = types
    rig = Rig(SERVER, user)  # type: ignore[arg-type]  # what each test makes with `life`
    rig.run("add s Server", f"add x {user.name}", "connect x.svc s.svc", "push s start")  # type: ignore[attr-defined]
    rig.end("s.start")
    return rig


def held(rig: Rig, component: str = "x") -> bool:
    return bool(rig.machine.core.components[component].held)


def test_use_on_a_place_is_asked_for_at_its_input_dock() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run("add s Server", "add x Client", "connect s.svc x.svc", "push x join", "push s start")
    rig.end("x.join")
    assert rig.places("x") == ()
    rig.end("s.start")
    assert rig.places("x") == ("using",)
    assert held(rig)


def test_use_on_places_is_held_through_the_transition_between_them() -> None:
    rig = served(
        life(
            "U",
            move("in", "a", "b"),
            move("on", "b", "c"),
            move("out", "c", "d"),
            use("svc", "b", "c"),
        )
    )
    rig.run("push x go")
    assert not held(rig)
    rig.end("x.in")
    assert rig.running == ["x.on"]
    assert held(rig)
    rig.end("x.on")
    assert rig.running == ["x.out"]
    assert not held(rig)


def test_use_on_a_group_ends_with_its_last_token() -> None:
    rig = served(
        life(
            "U",
            move("in", "a", "b"),
            move("left", "b", "c"),
            move("right", "b", "d"),
            move("out_left", "c", "e"),
            move("out_right", "d", "e"),
            use("svc", "G"),
            groups={"G": ("b", "c", "d")},
        )
    )
    rig.run("push x go")
    rig.end("x.in", "x.left")
    assert rig.running == ["x.right", "x.out_left"]
    assert held(rig)
    rig.end("x.out_left")
    assert held(rig)
    rig.end("x.right")
    assert not held(rig)


def test_use_on_a_transition_is_held_while_it_runs() -> None:
    rig = Rig(SERVER, life("U", move("work", "a", "b"), move("rest", "b", "c"), use("svc", "work")))
    rig.run("add s Server", "add x U", "connect x.svc s.svc", "push x go", "push s start")
    assert rig.running == ["s.start"]
    assert rig.places("x") == ()
    rig.end("s.start")
    assert rig.running == ["x.work"]
    assert held(rig)
    rig.end("x.work")
    assert not held(rig)


def test_use_on_a_transition_and_the_place_it_leads_to_is_not_dropped_in_between() -> None:
    rig = served(
        life("U", move("work", "a", "b"), move("out", "b", "c", "leave"), use("svc", "work", "b"))
    )
    rig.run("push x go", "push s stop")
    assert held(rig)
    rig.end("x.work")
    assert rig.places("x") == ("b",)
    assert held(rig)
    assert rig.running == []
    rig.run("push x leave")
    assert rig.running == ["x.out", "s.stop"]


def test_provider_waits_until_every_connected_use_is_inactive() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run(
        "add s Server", "add x Client", "add y Client", "connect x.svc s.svc",
        "connect y.svc s.svc",
        "push s start", "push x join", "push y join",
    )  # fmt: skip
    rig.end("s.start", "x.join", "y.join")
    rig.run("push s stop", "push x part")
    assert rig.running == ["x.part"]
    assert rig.places("s") == ("up",)
    rig.run("push y part")
    assert rig.running == ["x.part", "y.part", "s.stop"]


def test_users_never_wait_for_anyone_to_leave() -> None:
    rig = served(CLIENT)
    rig.run("push x join")
    rig.end("x.join")
    rig.run("push x part")
    assert rig.running == ["x.part"]


def test_provider_about_to_withdraw_refuses_new_uses() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.run(
        "add s Server", "add x Client", "add y Client", "connect x.svc s.svc",
        "connect y.svc s.svc",
        "push s start", "push x join",
    )  # fmt: skip
    rig.end("s.start", "x.join")
    rig.run("push s stop", "push s start", "push y join")
    rig.end("y.join")
    assert rig.places("y") == ()
    assert rig.places("x") == ("using",)
    rig.run("push x part")
    assert rig.running == ["x.part", "s.stop"]
    rig.end("s.stop", "s.start")
    assert rig.places("y") == ("using",)


def test_port_whose_group_has_a_token_elsewhere_does_not_refuse() -> None:
    pool = life(
        "Pool",
        move("left", "a", "l"),
        move("right", "a", "r"),
        move("close", "l", "z", "close"),
        provide("svc", "l", "r"),
    )
    rig = Rig(pool, CLIENT)
    rig.run(
        "add s Pool", "add x Client", "add y Client", "connect x.svc s.svc", "connect y.svc s.svc"
    )
    rig.run("push s go", "push x join", "wait_all")
    rig.end("s.left", "s.right", "x.join")
    rig.run("push s close", "push y join")
    assert rig.running == ["s.close", "y.join"]
    rig.end("y.join")
    assert rig.places("y") == ("using",)


def test_two_tokens_of_a_group_leave_one_after_the_other() -> None:
    pool = life(
        "Pool",
        move("left", "a", "l"),
        move("right", "a", "r"),
        move("close_l", "l", "z", "close", dock="1"),
        move("close_r", "r", "z", "close", dock="2"),
        provide("svc", "l", "r"),
    )
    rig = Rig(pool, CLIENT)
    rig.run("add s Pool", "add x Client", "connect x.svc s.svc", "push s go", "push x join")
    rig.end("s.left", "s.right", "x.join")
    rig.run("push s close")
    assert rig.running == ["s.close_l"]
    rig.run("push x part")
    assert rig.running == ["s.close_l", "x.part", "s.close_r"]


def test_data_stay_served_after_the_place_is_left_and_never_hold_it() -> None:
    source = life(
        "Source",
        move("make", "off", "on", writes={"ip": "10.0.0.1"}),
        move("close", "on", "off", "close"),
        data_provide("ip", "on"),
    )
    reader = life("Reader", move("read", "a", "b", reads=("ip",)), data_use("ip", "read"))
    rig = Rig(source, reader)
    rig.run("add d Source", "add x Reader", "connect x.ip d.ip", "push x go", "push d go")
    assert rig.running == ["d.make"]
    rig.end("d.make")
    assert rig.started["x.read"].inputs == {"ip": "10.0.0.1"}
    rig.run("push d close")
    assert "d.close" in rig.running
    rig.end("d.close", "x.read")
    rig.run("add y Reader", "connect y.ip d.ip", "push y go")
    assert rig.running == ["y.read"]


def test_output_of_an_action_is_what_its_provide_ports_carry() -> None:
    source = life(
        "Source", move("make", "off", "on", writes={"ip": "declared"}), data_provide("ip", "on")
    )
    reader = life("Reader", move("read", "a", "b", reads=("ip",)), data_use("ip", "read"))
    rig = Rig(source, reader)
    rig.run("add d Source", "add x Reader", "connect x.ip d.ip", "push x go", "push d go")
    rig.end("d.make", ip="real")
    assert rig.started["x.read"].inputs == {"ip": "real"}


def test_component_that_both_provides_and_uses_stands_in_a_diamond() -> None:
    middle = life(
        "Middle",
        move("start", "off", "up", "start"),
        move("stop", "up", "off", "stop"),
        provide("out", "up"),
        use("svc", "up"),
    )
    top = life(
        "Top",
        move("start", "off", "up", "start"),
        move("stop", "up", "off", "stop"),
        use("left", "up"),
        use("right", "up"),
    )
    rig = Rig(SERVER, middle, top)
    rig.run(
        "add s Server", "add l Middle", "add r Middle", "add t Top",
        "connect l.svc s.svc", "connect r.svc s.svc", "connect t.left l.out",
        "connect t.right r.out",
        "push t start", "push l start", "push r start", "push s start", "wait_all",
    )  # fmt: skip
    rig.end("t.start", "l.start", "r.start")
    assert rig.places("t") == rig.places("l") == ()
    rig.end("s.start")
    assert rig.outcome() == "completes"
    rig.run("push s stop", "push l stop", "push r stop", "push t stop", "wait_all", name="down")
    assert rig.running == ["t.stop", "l.stop", "r.stop", "s.stop"]
    rig.end_all()
    assert rig.outcome("down") == "completes"


def test_data_use_on_a_place_is_asked_for_at_its_input_dock() -> None:
    source = life("Source", move("make", "off", "on"), data_provide("ip", "on"))
    reader = life("Reader", move("read", "a", "b"), data_use("ip", "b"))
    rig = Rig(source, reader, STEPS)
    rig.run("add d Source", "add x Reader", "connect x.ip d.ip", "push x go")
    rig.end("x.read")
    assert rig.places("x") == ()
    rig.run("push d go")
    rig.end("d.make")
    assert rig.places("x") == ("b",)
