"""What each instruction does, what it waits for, and what is refused."""

import pytest

from ripieno.model import errors
from ripieno.model.command import Activity
from ripieno.model.event import ProgramsSubmitted, TransitionEnded
from ripieno.model.port import PortRef
from ripieno.model.program import Add, Connect, Program
from tests.machines import CLIENT, SERVER, STEPS, Rig, life, move, program, provide, use


def using() -> Rig:
    """A server `s` that is up, another `t`, and a client `x` that uses `s`."""
    rig = Rig(SERVER, CLIENT, STEPS)
    rig.run(
        "add s Server", "add t Server", "add x Client", "connect x.svc s.svc",
        "push s start", "push t start", "push x join",
    )  # fmt: skip
    rig.end("s.start", "t.start", "x.join")
    assert rig.places("x") == ("using",)
    return rig


@pytest.mark.parametrize(
    ("instruction", "error", "words"),
    [
        ("add x Steps", errors.NameTaken, "name already used"),
        ("add y Nothing", errors.UnknownComponentType, "no such component type"),
        ("delete z", errors.UnknownComponent, "no such component"),
        ("delete x", errors.StillConnected, "still connected"),
        ("connect x.svc s.svc", errors.AlreadyConnected, "exists already"),
        ("connect x.svc t.svc", errors.SecondProvider, "takes one connection"),
        ("connect s.svc t.svc", errors.IncompatiblePorts, "provide to provide"),
        ("connect s.svc s.svc", errors.IncompatiblePorts, "a component to itself"),
        ("connect x.nope s.svc", errors.UnknownPort, "no port 'nope'"),
        ("connect z.svc s.svc", errors.UnknownComponent, "no such component"),
        ("disconnect x.svc t.svc", errors.NotConnected, "not connected"),
        ("rebind x.svc s.svc", errors.AlreadyConnected, "this is its provider"),
        ("push z start", errors.UnknownComponent, "no such component"),
        ("push s fly", errors.UnknownBehaviour, "no behaviour 'fly'"),
        ("wait z", errors.UnknownComponent, "no such component"),
        ("wait s fly", errors.UnknownBehaviour, "no behaviour 'fly'"),
    ],
)
def test_illegal_instruction_is_refused_before_anything_of_its_program_runs(
    instruction: str, error: type[errors.ProgramError], words: str
) -> None:
    using().refuses_program("push s stop", instruction, error=error, match=words)


def test_program_is_checked_as_if_what_comes_before_were_done() -> None:
    using().refuses_program(
        "disconnect x.svc s.svc", "connect x.svc t.svc", "delete t",
        error=errors.StillConnected, match="delete t",
    )  # fmt: skip


def test_component_added_under_the_name_of_a_deleted_one_may_have_other_ports() -> None:
    other = life("Other", move("go", "a", "b"), use("else", "b"))
    rig = Rig(SERVER, CLIENT, other)
    rig.run("add s Server", "add x Client")
    rig.run("delete x", "add x Other", "connect x.else s.svc", "push x go", name="again")
    assert rig.outcome("again") == "completes"


def test_rebind_that_the_type_does_not_declare_is_refused() -> None:
    plain = life("Plain", move("go", "a", "b"), use("svc", "b"))
    rig = Rig(SERVER, plain)
    rig.run("add s Server", "add t Server", "add x Plain", "connect x.svc s.svc")
    rig.refuses_program("rebind x.svc t.svc", error=errors.NotRebindable)


def test_program_under_a_running_name_is_refused_and_after_its_end_it_is_not() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "wait x")
    rig.refuses(ProgramsSubmitted(programs=(program("main"),)), errors.NameTaken, "is running")
    rig.end("x.one", "x.two")
    rig.run("push x reset", "wait x")
    assert rig.outcome() == "completes"
    assert rig.running == ["x.back"]


def test_two_programs_of_one_name_are_refused() -> None:
    rig = Rig(STEPS)
    rig.refuses(ProgramsSubmitted(programs=(program("a"), program("a"))), errors.NameTaken)


def test_empty_program_completes_at_once() -> None:
    rig = Rig()
    rig.submit(Program(name="main", instructions=()), Program(name="o", instructions=(), after=()))
    assert rig.outcome() == rig.outcome("o") == "completes"


def test_disconnect_waits_until_the_use_is_inactive_and_the_program_goes_on() -> None:
    rig = using()
    rig.run("disconnect x.svc s.svc", "push s stop", "wait s")
    assert rig.outcome() == "completes"  # of the program before
    rig.ends.clear()
    assert rig.running == []
    rig.run("push x part", name="leave")
    assert rig.running == ["x.part", "s.stop"]
    rig.end("s.stop")
    assert rig.outcome() == "completes"


def test_disconnect_from_one_and_connect_to_another_while_the_use_is_active() -> None:
    rig = using()
    rig.run(
        "push x part", "push x join", "disconnect x.svc s.svc", "connect x.svc t.svc", "wait x",
        name="move",
    )  # fmt: skip
    rig.end("x.part", "x.join")
    assert rig.outcome("move") == "completes"
    assert rig.places("x") == ("using",)
    rig.run("push s stop", "push t stop")
    assert rig.running == ["s.stop"]


def test_delete_waits_until_the_component_is_idle() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "delete x", "add x Steps", "push x go", "wait x")
    rig.end("x.one")
    assert rig.outcome() is None
    rig.end("x.two")
    assert rig.running == ["x.one"]
    rig.end("x.one", "x.two")
    assert rig.outcome() == "completes"


def test_wait_of_another_program_is_over_when_the_component_is_deleted_at_that_moment() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go")
    rig.submit(
        program("remove", "delete x", "add x Steps"),
        program("idle", "wait x"),
        program("done", "wait x go"),
    )
    rig.end("x.one", "x.two")
    assert [rig.outcome(name) for name in ("remove", "idle", "done")] == ["completes"] * 3


def test_wait_for_a_push_to_come_ends_with_an_error_when_the_component_is_deleted() -> None:
    rig = Rig(STEPS, SERVER)
    rig.run("add x Steps", "add s Server", "push s start")
    rig.submit(
        program("waits", "wait x go"),
        program("pushes", "wait s", "wait s", "push x go"),
        program("deletes", "delete x"),
    )
    assert rig.outcome("waits") == "failed"
    assert "no such component: x" in rig.reason("waits")
    rig.end("s.start")
    assert rig.outcome("pushes") == "failed"


def test_rebind_to_a_provider_that_is_deleted_ends_with_an_error() -> None:
    rig = using()
    rig.run("push t stop", "add u Server", "rebind x.svc u.svc", name="move")
    assert rig.outcome("move") is None
    rig.run("delete u", name="delete")
    assert rig.outcome("move") == "failed"
    assert "no such component: u" in rig.reason("move")


def test_push_of_the_same_behaviour_twice_runs_it_twice() -> None:
    rig = Rig(life("Loop", move("again", "a", "a")))
    rig.run("add x Loop", "push x go", "push x go", "wait x go")
    rig.end("x.again")
    assert rig.outcome() is None
    rig.end("x.again")
    assert rig.outcome() == "completes"


def test_wait_for_a_behaviour_is_over_before_the_component_is_idle() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", "push x reset", "wait x go")
    rig.end("x.one", "x.two")
    assert rig.outcome() == "completes"
    assert rig.running == ["x.back"]


def test_wait_for_a_behaviour_that_another_program_pushes_later() -> None:
    rig = Rig(STEPS, SERVER)
    rig.run("add x Steps", "add s Server", "push x go")
    rig.end("x.one", "x.two")
    rig.submit(
        program("waits", "wait x go", "push x reset"),
        program("pushes", "push s start", "wait s", "push x reset", "push x go"),
    )
    assert rig.running == ["s.start"]
    rig.end("s.start", "x.back", "x.one")
    assert rig.outcome("waits") is None
    rig.end("x.two")
    assert rig.outcome("waits") == "completes"


def test_wait_falls_back_on_an_earlier_push_when_the_program_to_push_ends() -> None:
    rig = Rig(STEPS, SERVER)
    rig.run("add x Steps", "add s Server", "push x go", "push s start")
    rig.end("x.one", "x.two")
    rig.submit(program("waits", "wait x go"), program("pushes", "wait s", "push x go"))
    assert rig.outcome("waits") is None
    rig.cancel("pushes")
    assert rig.outcome("waits") == "completes"


def test_programs_may_be_about_components_that_another_one_adds_later() -> None:
    rig = Rig(SERVER, CLIENT)
    rig.submit(
        program("user", "add u Client", "connect u.svc s.svc", "push u join", "wait s start"),
        program("server", "add s Server", "connect s.svc u.svc", "push s start", "wait u"),
    )
    assert "s.start" in rig.running
    rig.end("s.start")
    assert rig.outcome("user") == "completes"


def test_a_program_ends_with_an_error_when_what_it_is_about_is_not_added_after_all() -> None:
    rig = Rig(SERVER, STEPS)
    rig.run("add s Server", "push s start")
    rig.submit(program("early", "push x go"), program("adds", "wait s", "add x Steps"))
    assert rig.outcome("early") is None
    rig.cancel("adds")
    assert rig.outcome("early") == "failed"


def test_wait_does_not_wait_for_a_push_that_comes_only_behind_it() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go")
    rig.end("x.one", "x.two")
    rig.submit(program("again", "push x reset", "wait x go", "push x go", "wait x go"))
    rig.end("x.back", "x.one")
    assert rig.outcome("again") is None
    rig.end("x.two")
    assert rig.outcome("again") == "completes"


def test_wait_all_waits_for_every_component() -> None:
    rig = Rig(STEPS, SERVER)
    rig.run("add x Steps", "add s Server", "push x go", "push s start", "wait_all")
    rig.end("x.one", "x.two")
    assert rig.outcome() is None
    rig.end("s.start")
    assert rig.outcome() == "completes"


@pytest.mark.parametrize("instruction", [["wait", "x"], ["wait", "x", "go"], ["wait_all"]])
def test_deadline_ends_a_wait_with_a_report_and_kills_nothing(instruction: list[object]) -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", [*instruction, {"deadline_s": 2.0}], "push x reset")
    assert list(rig.timers.values()) == [2.0]
    rig.deadline()
    (report,) = rig.reports
    assert report.waited_for == {
        "x": Activity(active_transitions=("one",), active_places=()),
    }
    assert not report.finished
    assert rig.outcome() == "completes"
    rig.end("x.one", "x.two", "x.back")
    assert rig.machine.status("x") == "idle"


@pytest.mark.parametrize("instruction", [["wait", "x"], ["wait", "x", "go"], ["wait_all"]])
def test_deadline_of_a_wait_that_is_over_in_time_is_stopped(instruction: list[object]) -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go", [*instruction, {"deadline_s": 2.0}])
    rig.end("x.one", "x.two")
    assert rig.timers == {}
    assert rig.reports == []
    assert rig.outcome() == "completes"


def test_two_waits_with_deadlines_on_one_component_are_told_apart() -> None:
    rig = Rig(STEPS)
    rig.run("add x Steps", "push x go")
    rig.submit(
        program("a", ["wait", "x", {"deadline_s": 2}]),
        program("b", ["wait", "x", "go", {"deadline_s": 1}]),
    )
    rig.deadline()
    assert (rig.outcome("a"), rig.outcome("b")) == ("completes", None)
    rig.end("x.one", "x.two")
    assert rig.outcome("b") == "completes"
    assert rig.timers == {}


def test_program_that_settles_ends_when_what_it_pushed_is_done() -> None:
    rig = Rig(STEPS)
    rig.submit(program("p", "add x Steps", "push x go", settles=True))
    rig.end("x.one")
    assert rig.outcome("p") is None
    rig.end("x.two")
    assert rig.outcome("p") == "completes"


def test_program_that_settles_fails_with_what_it_pushed() -> None:
    rig = Rig(STEPS)
    rig.submit(program("p", "add x Steps", "push x go", "push x reset", settles=True))
    rig.fail("x.one")
    assert rig.outcome("p") == "failed"
    rig.abandon("x.one")
    assert rig.places("x") == ("a",)
    assert rig.machine.status("x") == "idle"


def test_instructions_of_a_partial_order_wait_only_for_those_before_them() -> None:
    rig = Rig(STEPS)
    rig.submit(
        program(
            "p", "add x Steps", "add y Steps", "push x go", "wait x", "push y go", "wait y",
            "push x reset",
            after=((), (), (0,), (2,), (1,), (4,), (3, 5)),
        )
    )  # fmt: skip
    assert rig.running == ["x.one", "y.one"]
    rig.end("x.one", "x.two", "y.one")
    assert rig.running == ["y.two"]
    rig.end("y.two")
    assert rig.running == ["x.back"]
    assert rig.outcome("p") == "completes"


def test_order_that_names_a_later_instruction_is_refused() -> None:
    with pytest.raises(errors.IllegalOrder):
        program("p", "add x Steps", "push x go", after=((1,), ()))
    with pytest.raises(errors.IllegalOrder):
        program("p", "add x Steps", after=())


def test_several_programs_begin_together() -> None:
    rig = Rig(STEPS)
    rig.submit(program("a", "add x Steps", "push x go"), program("b", "add y Steps", "push y go"))
    assert rig.running == ["x.one", "y.one"]


COUNT = 5_000


def test_programs_that_wait_for_each_other_in_a_long_chain_take_no_stack() -> None:
    rig = Rig(STEPS)
    adds = tuple(Add(component=f"x{i}", type="Steps") for i in range(COUNT))
    rig.submit(Program(name="adds", instructions=adds))
    programs = [program("p0", "push x0 go", "wait x0 go")]
    programs += [
        program(f"p{i}", f"wait x{i - 1} {'reset' if i > 1 else 'go'}", f"push x{i} reset")
        for i in range(1, COUNT)
    ]
    rig.submit(*reversed(programs))
    rig.end("x0.one")
    assert len(rig.machine.running_programs()) == COUNT
    rig.end("x0.two")
    assert rig.machine.running_programs() == ()


def test_providers_that_wait_for_each_other_in_a_long_chain_take_no_stack() -> None:
    rig = Rig(life("Link", move("go", "a", "b"), provide("out", "b"), use("in", "b")), SERVER)
    instructions: list[Add | Connect] = [Add(component="s", type="Server")]
    instructions += [Add(component=f"x{i}", type="Link") for i in range(COUNT)]
    providers = [PortRef("s", "svc"), *(PortRef(f"x{i}", "out") for i in range(COUNT))]
    instructions += [Connect(one=PortRef(f"x{i}", "in"), other=providers[i]) for i in range(COUNT)]
    rig.submit(Program(name="adds", instructions=tuple(instructions)))
    rig.run(*(f"push x{i} go" for i in range(COUNT)), "push s start", "wait_all")
    for name in rig.running[:-1]:
        rig.machine.handle(TransitionEnded(command=rig.command(name)))
    assert rig.outcome() is None
    rig.end("s.start")
    assert rig.outcome() == "completes"
