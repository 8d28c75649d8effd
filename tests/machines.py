"""Small life cycles, and a rig that drives a machine by names and checks it after every event."""

from collections.abc import Mapping, Sequence

import pytest

from ripieno.engine import invariants, snapshot
from ripieno.engine.machine import Machine
from ripieno.model import errors
from ripieno.model.command import (
    Command,
    EndProgram,
    ReportWait,
    StartTimer,
    StartTransition,
    StopTimer,
)
from ripieno.model.component_type import ComponentType, Switch, Transition, Value
from ripieno.model.event import (
    AbandonAsked,
    CommandId,
    DeadlineReached,
    Event,
    ProgramCancelled,
    ProgramsSubmitted,
    RetryAsked,
    SkipAsked,
    TimerId,
    TransitionEnded,
    TransitionFailed,
)
from ripieno.model.port import Port, PortKind
from ripieno.model.program import Outcome, Program, from_list


def move(
    name: str,
    source: str,
    target: str,
    behaviour: str = "go",
    *,
    seconds: float = 1.0,
    dock: str = "",
    reads: tuple[str, ...] = (),
    writes: Mapping[str, Value] | None = None,
    raises: str | None = None,
) -> Transition:
    return Transition(
        name=name,
        source=source,
        target=target,
        behaviour=behaviour,
        durations_s=(seconds,),
        dock_set=dock,
        reads=reads,
        writes=writes or {},
        raises=raises,
    )


def use(name: str, *on: str, rebind_s: float | None = None) -> Port:
    return Port(name=name, kind=PortKind.USE, on=on, rebind_s=rebind_s)


def provide(name: str, *on: str) -> Port:
    return Port(name=name, kind=PortKind.PROVIDE, on=on)


def data_use(name: str, *on: str) -> Port:
    return Port(name=name, kind=PortKind.DATA_USE, on=on)


def data_provide(name: str, *on: str) -> Port:
    return Port(name=name, kind=PortKind.DATA_PROVIDE, on=on)


def life(
    name: str,
    *parts: Transition | Port | Switch,
    groups: Mapping[str, tuple[str, ...]] | None = None,
) -> ComponentType:
    """A component type that begins where its first transition does."""
    transitions = tuple(each for each in parts if isinstance(each, Transition))
    places = dict.fromkeys(p for each in transitions for p in (each.source, each.target))
    return ComponentType(
        name=name,
        initial=transitions[0].source,
        places=tuple(places),
        transitions=transitions,
        groups=groups or {},
        switches=tuple(each for each in parts if isinstance(each, Switch)),
        ports=tuple(each for each in parts if isinstance(each, Port)),
    )


SERVER = life(
    "Server",
    move("start", "off", "up", "start"),
    move("stop", "up", "off", "stop"),
    provide("svc", "up"),
)
CLIENT = life(
    "Client",
    move("join", "idle", "using", "join"),
    move("part", "using", "idle", "part"),
    use("svc", "using", rebind_s=1.0),
)
STEPS = life("Steps", move("one", "a", "b"), move("two", "b", "c"), move("back", "c", "a", "reset"))


def program(
    name: str,
    *instructions: str | Sequence[object],
    after: tuple[tuple[int, ...], ...] | None = None,
    settles: bool = False,
) -> Program:
    """A program of instructions on one line each, or as lists."""
    lists = [each.split() if isinstance(each, str) else each for each in instructions]
    return Program(
        name=name,
        instructions=tuple(from_list(each) for each in lists),
        after=after,
        settles=settles,
    )


class Rig:
    """A machine and what it asked for, by name; `invariants.check` holds after every event."""

    def __init__(self, *types: ComponentType) -> None:
        self.machine = Machine({each.name: each for each in types})
        self.log: list[Event] = []
        self.commands: list[Command] = []
        self.started: dict[str, StartTransition] = {}
        self.timers: dict[TimerId, float] = {}
        self.ends: dict[str, EndProgram] = {}
        self.reports: list[ReportWait] = []

    def handle(self, event: Event) -> list[Command]:
        self.commands = self.machine.handle(event)
        self.log.append(event)
        invariants.check(self.machine)
        for command in self.commands:
            match command:
                case StartTransition():
                    self.started[f"{command.component}.{command.transition}"] = command
                case StartTimer():
                    self.timers[command.id] = command.delay_s
                case StopTimer():
                    del self.timers[command.id]
                case EndProgram():
                    self.ends[command.program] = command
                case ReportWait():
                    self.reports.append(command)
        return self.commands

    def submit(self, *programs: Program) -> None:
        self.handle(ProgramsSubmitted(programs=programs))

    def run(self, *instructions: str | Sequence[object], name: str = "main") -> None:
        """Submit one program."""
        self.submit(program(name, *instructions))

    def end(self, *names: str, **outputs: Value) -> None:
        """Transitions end, one event each."""
        for name in names:
            self.handle(TransitionEnded(command=self.started.pop(name).id, outputs=outputs))

    def end_all(self) -> None:
        """Whatever runs ends, oldest first, until nothing runs."""
        while self.started:
            self.end(next(iter(self.started)))

    def fail(self, name: str, cause: str = "disk full") -> None:
        self.handle(TransitionFailed(command=self.command(name), cause=cause))

    def command(self, name: str) -> CommandId:
        return self.started[name].id

    def retry(self, name: str) -> None:
        component, transition = name.split(".")
        self.handle(RetryAsked(component=component, transition=transition))

    def skip(self, name: str) -> None:
        component, transition = name.split(".")
        del self.started[name]
        self.handle(SkipAsked(component=component, transition=transition))

    def abandon(self, name: str) -> None:
        component, transition = name.split(".")
        del self.started[name]
        self.handle(AbandonAsked(component=component, transition=transition))

    def cancel(self, name: str = "main", *, winds_down: bool = True) -> None:
        self.handle(ProgramCancelled(program=name, winds_down=winds_down))

    def deadline(self) -> None:
        """The oldest deadline is reached."""
        timer = next(iter(self.timers))
        del self.timers[timer]
        self.handle(DeadlineReached(timer=timer))

    def refuses(self, event: Event, error: type[Exception], match: str | None = None) -> None:
        """The event is refused, and nothing has changed."""
        before = snapshot.to_json(self.machine)
        with pytest.raises(error, match=match):
            self.machine.handle(event)
        assert snapshot.to_json(self.machine) == before

    def refuses_program(
        self,
        *instructions: str | Sequence[object],
        error: type[errors.ProgramError],
        match: str | None = None,
    ) -> None:
        submission = ProgramsSubmitted(programs=(program("refused", *instructions),))
        self.refuses(submission, error, match)

    @property
    def running(self) -> list[str]:
        """What runs, in the order of its start."""
        return list(self.started)

    def places(self, component: str) -> tuple[str, ...]:
        return self.machine.marking()[component]

    def outcome(self, name: str = "main") -> Outcome | None:
        """How the program ended, None if it has not."""
        return self.ends[name].outcome if name in self.ends else None

    def reason(self, name: str = "main") -> str:
        return self.ends[name].reason or ""
