"""Programs under way: what is done of each, what waits, and how they end.

Bookkeeping only: `instructions` carries instructions out, `conducting` goes on from one to the
next. A program is a partial order of instructions (a list is the special case of a chain).
"""

from collections.abc import Iterable

from ripieno.engine import wiring
from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState
from ripieno.model.command import EndProgram, StartTimer, StopTimer
from ripieno.model.event import TimerId
from ripieno.model.program import (
    Add,
    Delete,
    Disconnect,
    Instruction,
    Outcome,
    Program,
    Push,
    Rebind,
    Wait,
    WaitAll,
)

DONE = -1
"""In `ProgramRun.unmet`: the instruction is done."""


class Step:
    """An instruction that has begun and is not done: what it waits for."""

    __slots__ = ("awaited", "awaited_push", "index", "run", "timer")

    def __init__(self, run: "ProgramRun", index: int) -> None:
        self.run = run
        self.index = index
        # For a wait: the component that it began to wait for, even if that is deleted since.
        self.awaited: ComponentState | None = None
        # For the wait for a behaviour: the number, in the engine, of the push that it is for.
        self.awaited_push: int | None = None
        self.timer: int | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the instruction is still to be done."""
        return self.run.steps.get(self.index) is self


class ProgramRun:
    """A program under way."""

    __slots__ = ("followers", "open_behaviours", "open_count", "program", "since", "steps", "unmet")

    def __init__(self, program: Program, since: int) -> None:
        self.program = program
        # Pushes of the engine before this program began: later ones are of its time.
        self.since = since
        self.open_count = len(program.instructions)
        self.open_behaviours = 0
        self.steps: dict[int, Step] = {}
        self.unmet: list[int] | None = None
        self.followers: list[list[int]] | None = None
        if program.after is not None:
            self.unmet = [len(earlier) for earlier in program.after]
            self.followers = [[] for _ in program.instructions]
            for index, earlier in enumerate(program.after):
                for other in earlier:
                    self.followers[other].append(index)

    def first(self) -> list[int]:
        """The instructions that nothing comes before."""
        if self.unmet is not None:
            return [index for index, count in enumerate(self.unmet) if not count]
        return [0] if self.open_count else []

    def step(self, index: int) -> Step:
        """The step of an instruction that waits already, or one for it to begin to wait with."""
        return self.steps.get(index) or Step(self, index)

    def behaviour_ended(self, core: Core) -> None:
        """A behaviour that the program pushed is over."""
        self.open_behaviours -= 1
        end_if_done(core, self)

    def pushes_ahead(self) -> list[Push]:
        """The pushes that the program has still to make."""
        instructions = self.program.instructions
        begin = 0 if self.unmet is not None else len(instructions) - self.open_count
        return [
            each
            for index, each in enumerate(instructions[begin:], begin)
            if isinstance(each, Push) and (self.unmet is None or self.unmet[index] != DONE)
        ]

    def has_yet_to_add(self, component: str) -> bool:
        """Whether the program has still to add a component of that name."""
        instructions = self.program.instructions
        begin = 0 if self.unmet is not None else len(instructions) - self.open_count
        return any(
            isinstance(each, Add)
            and each.component == component
            and (self.unmet is None or self.unmet[index] != DONE)
            for index, each in enumerate(instructions[begin:], begin)
        )

    def pushes_behind(self, index: int, component: str, behaviour: str) -> int:
        """How often a behaviour is pushed by instructions that come after this one."""
        instructions = self.program.instructions
        behind: Iterable[int] = range(index + 1, len(instructions))
        if self.followers is not None:
            reached = set(self.followers[index])
            pending = list(reached)
            while pending:
                following = set(self.followers[pending.pop()]) - reached
                reached |= following
                pending.extend(following)
            behind = reached
        wanted = Push(component=component, behaviour=behaviour)
        return sum(instructions[each] == wanted for each in behind)


def start(core: Core, program: Program) -> ProgramRun:
    """Enter a program among those under way; nothing of it is carried out yet."""
    run = ProgramRun(program, core.push_count)
    core.runs[program.name] = run
    expect_pushes(core, run)
    return run


def expect_pushes(core: Core, run: ProgramRun) -> None:
    """Count the pushes that the program has still to make."""
    ahead = core.pushes_ahead
    for push in run.pushes_ahead():
        pushed = (push.component, push.behaviour)
        ahead[pushed] = ahead.get(pushed, 0) + 1


def count_push(core: Core, push: Push) -> None:
    """Note that an expected push has been made, or will not be."""
    pushed = (push.component, push.behaviour)
    count = core.pushes_ahead.get(pushed, 0) - 1
    if count > 0:
        core.pushes_ahead[pushed] = count
    else:
        core.pushes_ahead.pop(pushed, None)


def finish(run: ProgramRun, index: int) -> None:
    """Note that an instruction of a list is done."""
    run.open_count -= 1
    if run.steps:
        run.steps.pop(index, None)


def complete(run: ProgramRun, index: int) -> list[int]:
    """Note that an instruction is done; returns those that may begin because of it."""
    finish(run, index)
    if run.unmet is None or run.followers is None:
        following = index + 1
        return [following] if following < len(run.program.instructions) else []
    run.unmet[index] = DONE
    begun = []
    for other in run.followers[index]:
        run.unmet[other] -= 1
        if not run.unmet[other]:
            begun.append(other)
    return begun


def end(core: Core, run: ProgramRun, outcome: Outcome, reason: str | None = None) -> None:
    """End a program; its waits are forgotten, and who waits for its pushes looks again."""
    if core.runs.get(run.program.name) is not run:
        return
    del core.runs[run.program.name]
    for step in run.steps.values():
        stop_timer(core, step)
        core.idle_waiters.pop(step, None)
    run.steps.clear()
    for waiters in core.absent_waiters.values():
        core.ready.extend(waiters)
    core.absent_waiters.clear()
    if run.open_count:
        for push in run.pushes_ahead():
            count_push(core, push)
            state = core.components.get(push.component)
            if state is not None:
                core.wake_steps(state)
    core.commands.append(EndProgram(program=run.program.name, outcome=outcome, reason=reason))


def end_if_done(core: Core, run: ProgramRun) -> None:
    """End a program of which nothing is left to do."""
    if not run.open_count and not (run.program.settles and run.open_behaviours):
        end(core, run, Outcome.COMPLETES)


def fail_waiting(core: Core, state: ComponentState, reason: str) -> None:
    """End the programs that wait for a component which has failed."""
    for run in list(core.runs.values()):
        waits = any(_waits_for(run.program.instructions[index], state) for index in run.steps)
        owns = run.program.settles and (
            state.owner is run or any(owner is run for _, owner, _ in state.queue or ())
        )
        if waits or owns:
            end(core, run, Outcome.FAILED, reason)


def await_addition(core: Core, step: Step) -> bool:
    """Have a step wait for a component that is not there, if another program is to add it."""
    name = wiring.missing(core, step.run.program.instructions[step.index])
    if name is None or not any(
        run.has_yet_to_add(name) for run in core.runs.values() if run is not step.run
    ):
        return False
    step.run.steps[step.index] = step
    core.absent_waiters.setdefault(name, {})[step] = None
    return True


def failure_reason(state: ComponentState) -> str | None:
    """Why a component has failed, in one line; None if it has not."""
    names = state.table.transitions
    failures = sorted((state.failures or {}).items())
    told = [f"{state.name}.{names[number]}: {failure.cause}" for number, failure in failures]
    for use, rebind in (state.rebinds or {}).items():
        if rebind.cause is not None:
            told.append(f"{state.name}.{state.use_name(use)} (rebind): {rebind.cause}")
    return "; ".join(told) or None


def wait_for(
    core: Core, step: Step, state: ComponentState, deadline_s: float | None = None
) -> bool:
    """Have the step look again when something of the component has changed. Always False.

    If the component has failed, the program ends.
    """
    if state in core.failed:
        end(core, step.run, Outcome.FAILED, failure_reason(state))
    else:
        start_timer(core, step, deadline_s)
        keep_waiting(step, state)
    return False


def keep_waiting(step: Step, state: ComponentState) -> None:
    """Put the step on the list of those that wait for the component."""
    step.run.steps[step.index] = step
    if state.waiting_steps is None:
        state.waiting_steps = {}
    state.waiting_steps[step] = None


def start_timer(core: Core, step: Step, deadline_s: float | None) -> None:
    """Ask for the deadline of a wait that is not over at once, unless that has been done."""
    if deadline_s is None or step.timer is not None:
        return
    step.timer = core.next_timer
    core.next_timer += 1
    core.timers[step.timer] = step
    core.commands.append(StartTimer(id=TimerId(step.timer), delay_s=deadline_s))


def stop_timer(core: Core, step: Step) -> None:
    """The deadline of a wait is not needed any more."""
    if step.timer is not None:
        del core.timers[step.timer]
        core.commands.append(StopTimer(id=TimerId(step.timer)))
        step.timer = None


def _waits_for(instruction: Instruction, state: ComponentState) -> bool:
    match instruction:
        case WaitAll():
            return True
        case Wait() | Delete():
            return instruction.component == state.name
        case Rebind():
            return instruction.use.component == state.name
        case Disconnect():
            ports = state.table.type.port_by_name
            return any(
                end.component == state.name and ports[end.port].kind.is_consumer
                for end in (instruction.one, instruction.other)
            )
        case _:
            return False
