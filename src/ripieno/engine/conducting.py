"""How programs go on: instructions are carried out as soon as those before them are done.

A program is a partial order of instructions (a list is the special case of a chain). An
instruction that cannot be done yet becomes a waiting `Step`, kept by whoever can let it go on.
"""

from collections import deque

from ripieno.engine import firing, ports, wiring
from ripieno.engine.core import Core
from ripieno.engine.marking import NO_BEHAVIOUR, ComponentState, Rebinding
from ripieno.engine.rules import Fact
from ripieno.model import errors
from ripieno.model import program as programs
from ripieno.model.command import (
    Activity,
    EndProgram,
    ReportWait,
    StartTimer,
    StartTransition,
    StopTimer,
)
from ripieno.model.event import CommandId, TimerId
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Outcome,
    Program,
    Push,
    Rebind,
    Wait,
    WaitAll,
)


class Step:
    """An instruction that has begun and is not done: what it waits for."""

    __slots__ = ("awaited_push", "index", "run", "timer")

    def __init__(self, run: "ProgramRun", index: int) -> None:
        self.run = run
        self.index = index
        # For the wait for a behaviour: the number of the push that it is for.
        self.awaited_push: int | None = None
        self.timer: int | None = None


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

    def behaviour_ended(self, core: Core) -> None:
        """A behaviour that the program pushed is over."""
        self.open_behaviours -= 1
        end_if_done(core, self)

    def is_waiting_to_push(self, component: str, behaviour: str | None = None) -> bool:
        """Whether a push (of the behaviour, or of any) is among what the program has still to do."""
        instructions = self.program.instructions
        begin = 0 if self.unmet is not None else len(instructions) - self.open_count
        return any(
            isinstance(each, Push)
            and each.component == component
            and behaviour in (None, each.behaviour)
            and (self.unmet is None or self.unmet[index] != DONE)
            for index, each in enumerate(instructions[begin:], begin)
        )


DONE = -1
"""In `ProgramRun.unmet`: the instruction is done."""


def start(core: Core, program: Program) -> ProgramRun:
    """Begin a program; `go_on` carries out what can be done of it."""
    run = ProgramRun(program, core.push_count)
    core.runs[program.name] = run
    return run


def go_on(core: Core, run: ProgramRun, indices: list[int]) -> None:
    """Carry out these instructions, and those after them, until all that is left waits."""
    instructions = run.program.instructions
    pending = deque(indices)
    while pending:
        index = pending.popleft()
        if core.runs.get(run.program.name) is not run:
            return
        if not _carry_out(core, Step(run, index), instructions[index]):
            continue
        pending.extend(complete(run, index))
    end_if_done(core, run)


def complete(run: ProgramRun, index: int) -> list[int]:
    """Note that an instruction is done; returns those that may begin because of it."""
    run.open_count -= 1
    run.steps.pop(index, None)
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


def look_again(core: Core, step: Step) -> None:
    """Try a waiting step once more, and go on behind it if it is done."""
    run = step.run
    if run.steps.get(step.index) is not step:
        return
    if _carry_out(core, step, run.program.instructions[step.index]):
        go_on(core, run, complete(run, step.index))


def reach_deadline(core: Core, step: Step) -> None:
    """End a wait that is not over, with a report of what it waited for."""
    run = step.run
    instruction = run.program.instructions[step.index]
    if isinstance(instruction, Wait):
        awaited = [core.components[instruction.component]]
    else:
        awaited = list(core.busy)
    core.commands.append(
        ReportWait(
            program=run.program.name,
            instruction=step.index,
            waited_for={state.name: activity(state) for state in awaited},
        )
    )
    step.timer = None
    go_on(core, run, complete(run, step.index))


def activity(state: ComponentState) -> Activity:
    """What a component is doing now."""
    running = wiring.names(state.running, state.table.transitions)
    return Activity(active_transitions=running, active_places=state.places())


def end(core: Core, run: ProgramRun, outcome: Outcome, reason: str | None = None) -> None:
    """End a program; its waits are forgotten."""
    if core.runs.get(run.program.name) is not run:
        return
    del core.runs[run.program.name]
    for step in run.steps.values():
        _stop_timer(core, step)
        core.idle_waiters.pop(step, None)
    run.steps.clear()
    core.commands.append(EndProgram(program=run.program.name, outcome=outcome, reason=reason))


def end_if_done(core: Core, run: ProgramRun) -> None:
    """End a program of which nothing is left to do."""
    if not run.open_count and not (run.program.settles and run.open_behaviours):
        end(core, run, Outcome.COMPLETES)


def fail_waiting(core: Core, state: ComponentState, reason: str) -> None:
    """End the programs that wait for a component which has failed."""
    for run in list(core.runs.values()):
        waits = any(
            _waits_for(run.program.instructions[index], state.name) for index in run.steps
        )
        owns = run.program.settles and (
            state.owner is run or any(owner is run for _, owner in state.queue or ())
        )
        if waits or owns:
            end(core, run, Outcome.FAILED, reason)


def drop_pushes(core: Core, state: ComponentState, run: ProgramRun) -> None:
    """Drop what a program pushed to a component: the queued at once, the current by winding down."""
    first = state.done_count + (1 if state.behaviour >= 0 else 0) + 1
    for place, (behaviour, owner) in enumerate(state.queue or ()):
        if owner is run and behaviour >= 0:
            assert state.queue is not None
            state.queue[place] = (NO_BEHAVIOUR, None)
            firing.drop_push(state, first + place)
            core.facts.append((state.name, Fact.DROPPED, state.table.behaviours[behaviour]))
    if state.owner is run and state.behaviour >= 0:
        firing.wind_down(core, state)
    core.enlist(state)


def failure_reason(state: ComponentState) -> str | None:
    """Why a component has failed, in one line; None if it has not."""
    causes = state.causes or {}
    failed = wiring.names(state.failed, state.table.transitions)
    told = [f"{state.name}.{name}: {causes.get(name, 'failed')}" for name in failed]
    for use, rebind in (state.rebinds or {}).items():
        if rebind.cause is not None:
            told.append(f"{state.name}.{state.use_name(use)} (rebind): {rebind.cause}")
    return "; ".join(told) or None


def _waits_for(instruction: programs.Instruction, component: str) -> bool:
    match instruction:
        case WaitAll():
            return True
        case Wait() | Delete():
            return instruction.component == component
        case Rebind():
            return instruction.use.component == component
        case Disconnect():
            return component in (instruction.one.component, instruction.other.component)
        case _:
            return False


def _carry_out(core: Core, step: Step, instruction: programs.Instruction) -> bool:
    """Carry the instruction out if that can be done now; False if it waits or its program ended."""
    try:
        match instruction:
            case Push():
                return _push(core, step, instruction)
            case Add():
                return _add(core, instruction)
            case Connect():
                return _connect(core, instruction)
            case Wait():
                return _wait(core, step, instruction)
            case WaitAll():
                return _wait_all(core, step, instruction)
            case Delete():
                return _delete(core, step, instruction)
            case Disconnect():
                return _disconnect(core, step, instruction)
            case Rebind():
                return _rebind(core, step, instruction)
    except errors.ProgramError as refusal:
        # What was legal when the program was submitted is not any more: another one was quicker.
        end(core, step.run, Outcome.FAILED, str(refusal))
        return False


def _push(core: Core, step: Step, instruction: Push) -> bool:
    state, behaviour = wiring.behaviour(core, instruction)
    run = step.run
    if state.queue is None:
        state.queue = deque()
    state.queue.append((behaviour, run))
    run.open_behaviours += 1
    core.push_count += 1
    state.push_count += 1
    if state.last_push is None:
        state.last_push = {}
    state.last_push[behaviour] = (state.push_count, core.push_count)
    core.busy[state] = None
    core.facts.append((state.name, Fact.PUSHED, instruction.behaviour))
    if state.behaviour < 0:
        core.enlist(state)
        settle_components(core)
    return True


def settle_components(core: Core) -> None:
    """Advance all components that are listed, until none is."""
    worklist = core.worklist
    while worklist:
        state = worklist.popleft()
        state.is_listed = False
        firing.advance(core, state)


def _add(core: Core, instruction: Add) -> bool:
    state = wiring.new_component(core, instruction)
    core.components[state.name] = state
    core.facts.append((state.name, Fact.ADDED, instruction.type))
    ports.offer(core, state, state.table.first_place)
    return True


def _connect(core: Core, instruction: Connect) -> bool:
    end_points = wiring.new_connection(core, instruction)
    ports.join(*end_points)
    user, use, provider, provide = end_points
    core.facts.append((user.name, Fact.CONNECTED, user.use_name(use)))
    core.facts.append((provider.name, Fact.CONNECTED, provider.port_name(provide)))
    if user.behaviour >= 0:
        core.enlist(user)
        settle_components(core)
    return True


def _disconnect(core: Core, step: Step, instruction: Disconnect) -> bool:
    user, use, provider, provide = wiring.connection(core, instruction)
    if user.held >> use & 1 and use < len(user.table.uses) or use in (user.rebinds or ()):
        return _keep_waiting(step, user)
    ports.part(user, use)
    core.facts.append((user.name, Fact.DISCONNECTED, user.use_name(use)))
    core.facts.append((provider.name, Fact.DISCONNECTED, provider.port_name(provide)))
    return True


def _delete(core: Core, step: Step, instruction: Delete) -> bool:
    state = wiring.unconnected(core, instruction)
    if not state.is_idle:
        return _keep_waiting(step, state) if _is_sound(core, step, state) else False
    del core.components[state.name]
    core.facts.append((state.name, Fact.DELETED, state.table.type.name))
    return True


def _rebind(core: Core, step: Step, instruction: Rebind) -> bool:
    user, use, provider, provide = wiring.rebinding(core, instruction)
    rebind = (user.rebinds or {}).get(use)
    if rebind is not None:
        return _keep_waiting(step, user)
    if not user.held >> use & 1 or use >= len(user.table.uses):
        ports.part(user, use)
        ports.join(user, use, provider, provide)
        core.facts.append((user.name, Fact.CONNECTED, user.use_name(use)))
        core.enlist(user)
        return True
    if not provider.offered >> provide & 1 or provider.refuses(provide):
        ports.await_provider(user, provider, provide)
        return _keep_waiting(step, user)
    assert provider.use_counts is not None
    provider.use_counts[provide] += 1
    ports.enter_user(user, use, provider, provide)
    command = core.next_command
    core.next_command = command + 1
    user.rebinds = {**(user.rebinds or {}), use: Rebinding(provider, provide, command, step)}
    step.run.steps[step.index] = step
    core.in_flight[command] = (user, -1 - use)
    core.busy[user] = None
    port = user.use_name(use)
    core.facts.append((user.name, Fact.STARTED, port))
    core.commands.append(
        StartTransition(
            id=CommandId(command), component=user.name, transition=port, rebinds=port
        )
    )
    return False


def end_rebind(core: Core, state: ComponentState, use: int, *, keeps_new: bool) -> None:
    """Let go of one of the two providers of a use port whose rebind is over."""
    assert state.rebinds is not None and state.providers is not None
    rebind = state.rebinds.pop(use)
    if not state.rebinds:
        state.rebinds = None
    del core.in_flight[rebind.command]
    old = state.providers[use]
    assert old is not None
    new = (rebind.provider, rebind.provide)
    kept, gone = (new, old) if keeps_new else (old, new)
    state.providers[use] = kept
    ports.leave_provider(state, use, *gone)
    ports.drop_use(core, *gone)
    fact = Fact.CONNECTED if keeps_new else Fact.ABANDONED
    core.facts.append((state.name, fact, state.use_name(use)))
    step = rebind.step
    core.wake_steps(state)
    core.enlist(state)
    if step is None or step.run.steps.get(step.index) is not step:
        return
    if keeps_new:
        go_on(core, step.run, complete(step.run, step.index))
    else:
        end(core, step.run, Outcome.FAILED, f"the rebind of {state.name} was abandoned")


def _wait(core: Core, step: Step, instruction: Wait) -> bool:
    state = wiring.component(core, instruction.component, instruction)
    if instruction.behaviour is None:
        is_over = state.is_idle and not state.is_listed
    else:
        is_over = _is_behaviour_over(core, step, state, instruction.behaviour)
        if step.run.program.name not in core.runs:
            return False
    if is_over:
        _stop_timer(core, step)
        return True
    if not _is_sound(core, step, state):
        return False
    _start_timer(core, step, instruction.deadline_s)
    return _keep_waiting(step, state)


def _is_behaviour_over(core: Core, step: Step, state: ComponentState, behaviour: str) -> bool:
    """Whether the push that the wait is for is done; fixes which push that is when it can."""
    number = wiring.behaviour_number(state, behaviour)
    if step.awaited_push is None:
        pushed = (state.last_push or {}).get(number)
        is_recent = pushed is not None and pushed[1] > step.run.since
        if not is_recent and any(
            run.is_waiting_to_push(state.name, behaviour) for run in core.runs.values()
        ):
            return False
        if pushed is None:
            return False
        step.awaited_push = pushed[0]
    if step.awaited_push in (state.dropped or ()):
        _stop_timer(core, step)
        end(core, step.run, Outcome.FAILED, f"{state.name}.{behaviour} was dropped")
        return False
    return state.done_count >= step.awaited_push


def _wait_all(core: Core, step: Step, instruction: WaitAll) -> bool:
    if core.failed:
        state = next(iter(core.failed))
        end(core, step.run, Outcome.FAILED, failure_reason(state))
        return False
    if not core.busy and not core.worklist:
        _stop_timer(core, step)
        core.idle_waiters.pop(step, None)
        return True
    _start_timer(core, step, instruction.deadline_s)
    step.run.steps[step.index] = step
    core.idle_waiters[step] = None
    return False


def _is_sound(core: Core, step: Step, state: ComponentState) -> bool:
    """End the program, if what it is to wait for has failed."""
    if state not in core.failed:
        return True
    end(core, step.run, Outcome.FAILED, failure_reason(state))
    return False


def _keep_waiting(step: Step, state: ComponentState) -> bool:
    step.run.steps[step.index] = step
    if state.waiting_steps is None:
        state.waiting_steps = {}
    state.waiting_steps[step] = None
    return False


def _start_timer(core: Core, step: Step, deadline_s: float | None) -> None:
    if deadline_s is None or step.timer is not None:
        return
    step.timer = core.next_timer
    core.next_timer += 1
    core.timers[step.timer] = step
    core.commands.append(StartTimer(id=TimerId(step.timer), delay_s=deadline_s))


def _stop_timer(core: Core, step: Step) -> None:
    if step.timer is not None:
        del core.timers[step.timer]
        core.commands.append(StopTimer(id=TimerId(step.timer)))
        step.timer = None
