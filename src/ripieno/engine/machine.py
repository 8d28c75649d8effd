"""The engine: events in, commands out.

`Machine.handle` is all that changes an assembly. It applies one event, moves every token and
program as far as they go, and returns what has to be done outside. Used by the simulation and by
the control plane; it must not know of clocks, threads, files or what a transition's action is.
"""

import contextlib
import gc
from collections.abc import Iterator, Mapping

from ripieno.engine import conducting, firing, programs
from ripieno.engine.admission import Draft
from ripieno.engine.core import Core, Flight, Happening, in_threes
from ripieno.engine.errors import IllegalEvent
from ripieno.engine.marking import ComponentState, Failure
from ripieno.engine.rules import Fact, Status
from ripieno.model import errors
from ripieno.model.command import Command, StartTransition
from ripieno.model.component_type import ComponentType
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
    TokenFell,
    TransitionEnded,
    TransitionFailed,
)
from ripieno.model.program import Outcome


class Machine:
    """An assembly that runs: components with their tokens, and programs under way.

    `facts` are the happenings of the last event, in order; `story` tells those of one component
    from the recent past.
    """

    def __init__(self, types: Mapping[str, ComponentType]) -> None:
        self.core = Core()
        self.core.types.update(types)

    @property
    def facts(self) -> list[Happening]:
        """What happened in the last event that was handled."""
        return self.core.happenings()

    def declare(self, types: Mapping[str, ComponentType]) -> None:
        """Make more component types known. Raises: `DuplicateName` for a different namesake."""
        for name, component_type in types.items():
            if self.core.types.get(name, component_type) != component_type:
                raise errors.DuplicateName(
                    f"there is another component type {name!r}; give the new one its own name"
                )
        self.core.types.update(types)

    def handle(self, event: Event) -> list[Command]:
        """Apply an event; returns the commands that follow from it.

        Raises: `IllegalEvent`, or the `ProgramError` of a program that is refused. The state is
        then what it was before.
        """
        core = self.core
        if isinstance(event, TransitionEnded):
            flight = core.in_flight.get(event.command)
            if flight is None or flight[0] in core.failed:
                flight = self._in_flight(event.command)
            state, transition, _ = flight
            if transition >= 0:
                table = state.table
                if event.outputs:
                    self._check_outputs(state, event)
                core.facts = []
                core.commands = []
                if table.writes[transition]:
                    firing.write(state, table.writes[transition])
                if event.outputs:
                    firing.write(state, event.outputs)
                firing.arrive(core, state, transition, event.command)
            else:
                core.facts = []
                core.commands = []
                conducting.end_rebind(core, state, -1 - transition, keeps_new=True)
        else:
            self._handle_rare(event)
        conducting.settle(core)
        core.story.extend(core.facts)
        return core.commands

    def story(self, component: str) -> tuple[str, ...]:
        """What is remembered of a component, oldest first, one line each."""
        told = in_threes(self.core.story)
        return tuple(f"{fact} {about}" for name, fact, about in told if name == component)

    def status(self, component: str) -> Status:
        """Idle, busy or failed. Raises: `UnknownComponent`."""
        return self._known(component).status

    def marking(self) -> dict[str, tuple[str, ...]]:
        """The marked places of every component."""
        return {name: state.places() for name, state in self.core.components.items()}

    def failures(self) -> dict[str, str]:
        """Of each failed component, what failed and why."""
        return {state.name: programs.failure_reason(state) or "" for state in self.core.failed}

    def running_programs(self) -> tuple[str, ...]:
        """Names of the programs that have not ended."""
        return tuple(self.core.runs)

    def end_programs(self) -> None:
        """End all programs at once, so that none goes on because another one ends.

        What they pushed stays queued. For the simulation, between two phases.
        """
        core = self.core
        self._begin_event()
        for run in list(core.runs.values()):
            programs.end(core, run, Outcome.CANCELLED)
        conducting.settle(core)
        core.story.extend(core.facts)

    def _handle_rare(self, event: Event) -> None:
        core = self.core
        match event:
            case ProgramsSubmitted():
                self._check_submission(event)
                self._begin_event()
                with _collector_at_rest():
                    runs = [programs.start(core, program) for program in event.programs]
                    for run in runs:
                        conducting.go_on(core, run, run.first())
            case TransitionFailed():
                state, transition, _ = self._in_flight(event.command)
                self._begin_event()
                self._fail(state, transition, event)
            case DeadlineReached():
                self._begin_event()
                step = core.timers.pop(event.timer, None)
                if step is not None:
                    conducting.reach_deadline(core, step)
            case RetryAsked() | SkipAsked() | AbandonAsked():
                self._deal_with_failure(event)
            case ProgramCancelled():
                self._cancel(event)
            case TokenFell():
                self._fall(event)
            case BehavioursDropped():
                self._drop_behaviours(event)
            case TransitionEnded():
                raise AssertionError("handled by the caller")

    def _begin_event(self) -> None:
        self.core.facts = []
        self.core.commands = []

    def _check_submission(self, event: ProgramsSubmitted) -> None:
        for program in event.programs:
            if program.name in self.core.runs:
                raise errors.NameTaken(
                    f"a program {program.name!r} is running; wait for its end, cancel it, or "
                    "choose another name"
                )
        Draft(self.core).check(event.programs)

    def _in_flight(self, command: CommandId) -> Flight:
        """What a command was for. Raises: `IllegalEvent` if it is not under way."""
        flight = self.core.in_flight.get(command)
        if flight is None:
            raise IllegalEvent(
                f"no command {command} is under way; it has ended already or was never given"
            )
        state, transition, _ = flight
        if transition >= 0:
            is_failed = bool(state.failed >> transition & 1)
            name = state.table.transitions[transition]
        else:
            rebind = (state.rebinds or {})[-1 - transition]
            is_failed = rebind.cause is not None
            name = state.use_name(-1 - transition)
        if is_failed:
            raise IllegalEvent(
                f"{state.name}.{name} has failed; retry, skip or abandon it",
                self.story(state.name),
            )
        return flight

    def _check_outputs(self, state: ComponentState, event: TransitionEnded) -> None:
        for name in event.outputs:
            port = state.table.type.port_by_name.get(name)
            if port is None or port.kind.is_consumer:
                raise IllegalEvent(
                    f"command {event.command} of {state.name} has an output {name!r}, which is no "
                    f"provide port of {state.table.type.name}",
                    self.story(state.name),
                )

    def _fail(self, state: ComponentState, transition: int, event: TransitionFailed) -> None:
        core = self.core
        if transition >= 0:
            state.failed |= 1 << transition
            name = state.table.transitions[transition]
            failure = Failure(event.command, event.cause)
            state.failures = {**(state.failures or {}), transition: failure}
        else:
            assert state.rebinds is not None
            state.rebinds[-1 - transition].cause = event.cause
            name = state.use_name(-1 - transition)
        core.failed[state] = None
        core.facts += (state.name, Fact.FAILED, name)
        programs.fail_waiting(core, state, programs.failure_reason(state) or event.cause)

    def _deal_with_failure(self, event: RetryAsked | SkipAsked | AbandonAsked) -> None:
        core = self.core
        state, transition = self._failed(event.component, event.transition)
        self._begin_event()
        if transition < 0:
            self._deal_with_rebind(event, state, -1 - transition)
        else:
            self._deal_with_transition(event, state, transition)
        if not state.has_failed:
            core.failed.pop(state, None)

    def _deal_with_transition(
        self, event: RetryAsked | SkipAsked | AbandonAsked, state: ComponentState, transition: int
    ) -> None:
        core = self.core
        assert state.failures is not None
        command = state.failures.pop(transition).command
        if isinstance(event, RetryAsked):
            attempt = core.in_flight[command][2] + 1
            core.in_flight[command] = (state, transition, attempt)
            state.failed &= ~(1 << transition)
            reads = state.table.inputs[transition]
            self._start_again(
                StartTransition(
                    id=CommandId(command),
                    component=state.name,
                    transition=event.transition,
                    attempt=attempt,
                    inputs={port: state.read(port) for port in reads},
                )
            )
        elif isinstance(event, SkipAsked):
            firing.arrive(core, state, transition, command, fact=Fact.SKIPPED)
        else:
            firing.abandon(core, state, transition, command)

    def _deal_with_rebind(
        self, event: RetryAsked | SkipAsked | AbandonAsked, state: ComponentState, use: int
    ) -> None:
        if not isinstance(event, RetryAsked):
            conducting.end_rebind(self.core, state, use, keeps_new=isinstance(event, SkipAsked))
            return
        assert state.rebinds is not None
        rebind = state.rebinds[use]
        rebind.cause = None
        attempt = self.core.in_flight[rebind.command][2] + 1
        self.core.in_flight[rebind.command] = (state, -1 - use, attempt)
        self._start_again(
            StartTransition(
                id=CommandId(rebind.command),
                component=state.name,
                transition=event.transition,
                attempt=attempt,
                rebinds=event.transition,
            )
        )

    def _start_again(self, command: StartTransition) -> None:
        self.core.facts += (command.component, Fact.STARTED, command.transition)
        self.core.commands.append(command)

    def _failed(self, component: str, name: str) -> tuple[ComponentState, int]:
        """A failed transition (or rebind, as -1 - use). Raises: `IllegalEvent`."""
        state = self._known(component)
        transition = state.table.transition_index.get(name, -1)
        if transition >= 0 and state.failed >> transition & 1:
            return state, transition
        for use, rebind in (state.rebinds or {}).items():
            if rebind.cause is not None and state.use_name(use) == name:
                return state, -1 - use
        raise IllegalEvent(
            f"{component}.{name} has not failed; only a failed transition can be retried, skipped "
            "or abandoned",
            self.story(component),
        )

    def _cancel(self, event: ProgramCancelled) -> None:
        core = self.core
        run = core.runs.get(event.program)
        if run is None:
            raise IllegalEvent(
                f"no program {event.program!r} is running; running are "
                f"{', '.join(core.runs) or 'none'}"
            )
        self._begin_event()
        programs.end(core, run, Outcome.CANCELLED)
        if not event.winds_down:
            return
        for state in core.busy:
            conducting.drop_pushes(core, state, run)

    def _fall(self, event: TokenFell) -> None:
        state = self._known(event.component)
        places = state.table.place_index
        for name in (event.place, event.target):
            if name not in places:
                raise IllegalEvent(
                    f"{state.table.type.name} has no place {name!r}; places are {', '.join(places)}"
                )
        place, target = places[event.place], places[event.target]
        if not state.marked >> place & 1:
            raise IllegalEvent(
                f"{event.component} has no token on {event.place} to fall: it is on "
                f"{', '.join(state.places()) or 'no place'}",
                self.story(event.component),
            )
        if state.table.guarded_places >> target & 1:
            raise IllegalEvent(
                f"the token of {event.component} cannot fall to {event.target}, where it would "
                "need what other components provide; name a place without use ports"
            )
        self._begin_event()
        firing.fall(self.core, state, place, target)

    def _drop_behaviours(self, event: BehavioursDropped) -> None:
        if self.core.runs:
            raise IllegalEvent(
                f"the program {next(iter(self.core.runs))!r} is running; cancel it instead"
            )
        states = [self._known(name) for name in event.components]
        self._begin_event()
        for state in states:
            conducting.drop_all_pushes(self.core, state)

    def _known(self, component: str) -> ComponentState:
        state = self.core.components.get(component)
        if state is None:
            raise errors.UnknownComponent(f"no such component: {component}; add it first")
        return state


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python's cycle collector from running meanwhile.

    A submission makes many objects and no garbage. The collector would look at all of them again
    and again while they come, which is what makes a large assembly dearer per component.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
