"""What holds in the engine whatever the life cycles, the programs and the order of events."""

import itertools
import json

from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from ripieno.engine import conducting, explain, invariants, snapshot
from ripieno.engine.errors import IllegalEvent
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState
from ripieno.engine.rules import TOKEN_MOVES, Fact, Seat
from ripieno.engine.simulate import simulate
from ripieno.engine.situation import machine_at, situation
from ripieno.engine.table import names
from ripieno.model import event as events
from ripieno.model import simulation
from ripieno.model.case import Case, Phase
from ripieno.model.command import Command, EndProgram, StartTimer, StartTransition, StopTimer
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.errors import ProgramError
from ripieno.model.event import (
    AbandonAsked,
    BehavioursDropped,
    CommandId,
    DeadlineReached,
    Event,
    ProgramCancelled,
    ProgramsSubmitted,
    RetryAsked,
    SkipAsked,
    TimerId,
    TokenFell,
    TransitionEnded,
    TransitionFailed,
)
from ripieno.model.program import Outcome, Program
from tests.drawing import examples
from tests.random_assemblies import TYPES, building, programs


class Follower:
    """Tokens by the facts alone: each must be a move of `TOKEN_MOVES`, and lead to the marking.

    Leaving a place puts a token on each output dock of the behaviour; those that a switch rules
    out are struck when the event is over.
    """

    MOVES = frozenset((each.source, each.target) for each in TOKEN_MOVES)

    def __init__(self, component_type: ComponentType) -> None:
        self.type = component_type
        self.behaviour = ""
        self.seats: dict[str, Seat] = {}
        self.marked = {self.type.initial}

    def follow(self, fact: Fact, detail: str) -> None:
        match fact:
            case Fact.BEGAN:
                assert not {Seat.RUNNING, Seat.FAILED} & set(self.seats.values())
                self.seats.clear()
                self.behaviour = detail
            case Fact.LEFT:
                assert detail in self.marked
                self.marked.remove(detail)
                for each in self.type.transitions:
                    if each.source == detail and each.behaviour == self.behaviour:
                        self.seats[each.name] = Seat.OUTPUT_DOCK
            case Fact.STARTED if detail in self.type.transition_by_name:
                self._move(detail, Seat.RUNNING)
            case Fact.ARRIVED | Fact.SKIPPED:
                self._move(detail, Seat.INPUT_DOCK)
            case Fact.FAILED if detail in self.type.transition_by_name:
                self._move(detail, Seat.FAILED)
            case Fact.ABANDONED if detail in self.type.transition_by_name:
                self._move(detail, Seat.OUTPUT_DOCK)
            case Fact.ENTERED:
                self.marked.add(detail)
            case Fact.FELL:
                assert detail in self.marked
                self.marked.remove(detail)

    def _move(self, transition: str, target: Seat) -> None:
        source = self.seats[transition]
        assert (source, target) in self.MOVES, f"{transition}: {source} to {target}"
        self.seats[transition] = target

    def compare(self, state: ComponentState) -> None:
        """Strike tokens that have entered places since, and compare with the marking."""
        table = state.table
        actual = {name: Seat.OUTPUT_DOCK for name in names(state.docked, table.transitions)}
        actual |= {name: Seat.RUNNING for name in names(state.running, table.transitions)}
        actual |= {name: Seat.FAILED for name in names(state.failed, table.transitions)}
        actual |= {name: Seat.INPUT_DOCK for name in names(state.arrived, table.transitions)}
        for name in set(self.seats) - set(actual):
            seat = self.seats.pop(name)
            excluded = set(names(state.excluded, table.transitions))
            assert (seat, Seat.PLACE) in self.MOVES or name in excluded, f"{name} lost on {seat}"
        assert self.seats == actual
        assert self.marked == set(state.places())


class Driver:
    """A machine whose commands are answered in any order, with every kind of event thrown in."""

    def __init__(self, data: DataObject) -> None:
        self.data = data
        types = data.draw(TYPES)
        self.types = {each.name: each for each in types}
        self.machine = Machine(self.types)
        self.log: list[Event] = []
        self.in_flight: dict[CommandId, StartTransition] = {}
        self.failed: dict[CommandId, StartTransition] = {}
        self.timers: dict[TimerId, None] = {}
        self.followers: dict[str, Follower] = {}
        self.count = itertools.count()
        self.handle(ProgramsSubmitted(programs=(data.draw(building(types)),)))

    def handle(self, event: Event) -> list[Command]:
        commands = self.machine.handle(event)
        self.log.append(event)
        invariants.check(self.machine)
        self._follow()
        for command in commands:
            match command:
                case StartTransition():
                    assert command.id not in self.in_flight
                    self.in_flight[command.id] = command
                case StartTimer():
                    self.timers[command.id] = None
                case StopTimer():
                    del self.timers[command.id]
                case EndProgram(outcome=outcome):
                    assert command.reason or outcome in (Outcome.COMPLETES, Outcome.CANCELLED)
        return commands

    def _follow(self) -> None:
        components = self.machine.core.components
        for name, fact, detail in self.machine.facts:
            if fact is Fact.DELETED:
                del self.followers[name]
            elif fact is Fact.ADDED:
                self.followers[name] = Follower(self.types[detail])
            else:
                self.followers[name].follow(fact, detail)
        assert set(self.followers) == set(components)
        for name, state in components.items():
            self.followers[name].compare(state)

    def submit(self) -> None:
        """One or two programs of any kind; a refusal changes nothing."""
        count = self.data.draw(st.integers(1, 2))
        submitted = tuple(self.data.draw(programs(f"p{next(self.count)}")) for _ in range(count))
        before = snapshot.to_json(self.machine)
        try:
            self.handle(ProgramsSubmitted(programs=submitted))
        except ProgramError:
            event("program refused")
            assert snapshot.to_json(self.machine) == before

    def step(self) -> None:
        """One event of those that can happen now."""
        draw = self.data.draw
        kinds = ["submit"]
        kinds += ["end"] * 6 + ["fail"] if self.in_flight else []
        kinds += ["deal"] * 3 if self.failed else []
        kinds += ["deadline"] * 2 if self.timers else []
        kinds += ["cancel"] if self.machine.running_programs() else ["drop"]
        kinds += ["fall"] if self.machine.core.components else []
        match draw(st.sampled_from(kinds)):
            case "submit":
                self.submit()
            case "end":
                self.end(self.pick_command())
            case "fail":
                command = self.pick_command()
                self.failed[command] = self.in_flight.pop(command)
                self.handle(TransitionFailed(command=command, cause="broken"))
            case "deal":
                self.deal()
            case "deadline":
                timer = draw(st.sampled_from(list(self.timers)))
                del self.timers[timer]
                self.handle(DeadlineReached(timer=timer))
            case "cancel":
                name = draw(st.sampled_from(self.machine.running_programs()))
                self.handle(ProgramCancelled(program=name, winds_down=draw(st.booleans())))
            case "drop":
                names_ = tuple(self.machine.core.components)
                self.handle(BehavioursDropped(components=names_))
            case "fall":
                self.fall()

    def fall(self) -> None:
        """A token falls to any place, or is refused because that place needs other components."""
        state = self.data.draw(st.sampled_from(list(self.machine.core.components.values())))
        if not state.places():
            return
        place = self.data.draw(st.sampled_from(state.places()))
        target = self.data.draw(st.sampled_from(state.table.places))
        fall = TokenFell(component=state.name, place=place, target=target, cause="gone")
        try:
            self.handle(fall)
        except IllegalEvent:
            assert state.table.guarded_places >> state.table.place_index[target] & 1

    def pick_command(self) -> CommandId:
        return self.data.draw(st.sampled_from(list(self.in_flight)))

    def end(self, command: CommandId) -> None:
        started = self.in_flight.pop(command)
        outputs: dict[str, Value] = {}
        if started.rebinds is None and self.data.draw(st.integers(0, 4)) == 0:
            outputs = {"data": self.data.draw(st.integers(0, 9))}
        self.handle(TransitionEnded(command=command, outputs=outputs))

    def deal(self) -> None:
        command = self.data.draw(st.sampled_from(list(self.failed)))
        failed = self.failed.pop(command)
        where = {"component": failed.component, "transition": failed.transition}
        remedies: tuple[Event, ...] = (
            RetryAsked(**where),
            SkipAsked(**where),
            AbandonAsked(**where),
        )
        remedy = self.data.draw(st.sampled_from(remedies))
        commands = self.handle(remedy)
        if isinstance(remedy, RetryAsked):
            again = next(each for each in commands if isinstance(each, StartTransition))
            assert (again.id, again.attempt) == (command, failed.attempt + 1)

    def finish(self) -> None:
        """Let everything end that can."""
        while self.in_flight:
            self.end(next(iter(self.in_flight)))


def steps(data: DataObject, most: int = 25) -> range:
    return range(data.draw(st.integers(0, most)))


def encoded(machine: Machine) -> str:
    return json.dumps(snapshot.to_json(machine))


@examples(150)
@given(st.data())
def test_rules_hold_after_every_event(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data):
        driver.step()
    driver.finish()
    for run in driver.machine.core.runs.values():
        event("a program cannot go on")
        assert run.steps or run.open_behaviours
    if driver.machine.core.runs:
        assert explain.explain(driver.machine).text
    for name, state in driver.machine.core.components.items():
        if not state.is_idle and state not in driver.machine.core.failed:
            assert explain.blocked(driver.machine, name)


@examples(60)
@given(st.data())
def test_replay_of_the_events_gives_the_same_state(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data):
        driver.step()
    log = [events.from_json(json.loads(json.dumps(events.to_json(each)))) for each in driver.log]
    assert encoded(snapshot.replay(driver.types, log)) == encoded(driver.machine)


@examples(60)
@given(st.data())
def test_machine_read_back_from_a_snapshot_goes_on_as_the_original(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data):
        driver.step()
    record = json.loads(encoded(driver.machine))
    copy = snapshot.from_json(record)
    invariants.check(copy)
    assert snapshot.to_json(copy) == record
    begin = len(driver.log)
    for _ in steps(data):
        driver.step()
    driver.finish()
    machine = snapshot.from_json(record)
    for each in driver.log[begin:]:
        machine.handle(each)
    assert encoded(machine) == encoded(driver.machine)


@examples(40)
@given(st.data())
def test_commands_after_a_snapshot_are_the_same(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data, 12):
        driver.step()
    copy = snapshot.from_json(json.loads(encoded(driver.machine)))
    for _ in steps(data, 12):
        done = len(driver.log)
        driver.step()
        if len(driver.log) > done:
            assert copy.handle(driver.log[-1]) == driver.machine.core.commands
            assert copy.facts == driver.machine.facts


@examples(50)
@given(st.data())
def test_nothing_is_overlooked(data: DataObject) -> None:
    """Looking at every component and every waiting step once more moves nothing."""
    driver = Driver(data)
    for _ in steps(data):
        driver.step()
        core = snapshot.from_json(snapshot.to_json(driver.machine)).core
        for state in core.components.values():
            core.enlist(state)
        for run in core.runs.values():
            core.ready.extend(run.steps.values())
        conducting.settle(core)
        assert core.facts == []
        assert core.commands == []


@examples(40)
@given(st.data())
def test_illegal_event_changes_nothing(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data, 12):
        driver.step()
    core = driver.machine.core
    illegal: list[Event] = [
        TransitionEnded(command=CommandId(core.next_command)),
        TransitionFailed(command=CommandId(core.next_command), cause="x"),
        ProgramCancelled(program="nobody"),
        RetryAsked(component="c0", transition="nothing"),
        *(TransitionEnded(command=each) for each in driver.failed),
        *(
            SkipAsked(component=each.component, transition=each.transition)
            for each in driver.in_flight.values()
        ),
        *(
            TransitionEnded(command=each, outputs={"nothing": 1})
            for each, started in driver.in_flight.items()
            if started.rebinds is None
        ),
    ]
    before = encoded(driver.machine)
    for each in illegal:
        try:
            driver.machine.handle(each)
        except (IllegalEvent, ProgramError) as error:
            assert str(error)
        else:
            raise AssertionError(f"{each} was accepted")
        assert encoded(driver.machine) == before


@examples(40)
@given(st.data())
def test_machine_at_a_situation_stands_as_the_one_that_it_was_taken_from(data: DataObject) -> None:
    driver = Driver(data)
    for _ in steps(data, 12):
        driver.step()
    driver.finish()
    components = driver.machine.core.components.values()
    if not all(state.is_idle for state in components):
        event("not at rest")
        return
    at_rest = situation(driver.machine)
    machine = machine_at(at_rest, driver.types)
    invariants.check(machine)
    assert situation(machine) == at_rest


def simulated(phases: tuple[Phase, ...], types: dict[str, ComponentType]) -> str:
    report = simulate(Case(id="case", component_types=types, phases=phases))
    for phase in report.phases:
        assert phase.reason or phase.outcome is Outcome.COMPLETES
    return json.dumps(simulation.to_json(report))


@examples(50)
@given(st.data())
def test_simulation_is_deterministic_and_tells_why_it_does_not_complete(data: DataObject) -> None:
    types = data.draw(TYPES)
    phases = [Phase(name="build", programs=(data.draw(building(types)),))]
    for number in range(data.draw(st.integers(1, 3))):
        together: list[Program] = [
            data.draw(programs(f"p{number}{i}")) for i in range(data.draw(st.integers(1, 2)))
        ]
        phases.append(Phase(name=f"phase {number}", programs=tuple(together)))
    by_name = {each.name: each for each in types}
    first = simulated(tuple(phases), by_name)
    assert first == simulated(tuple(phases), by_name)
