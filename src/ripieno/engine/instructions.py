"""What each instruction does to the assembly, and when it has to wait.

An instruction that cannot be done yet becomes a waiting `Step`, kept by whoever can let it go on.
Called by `conducting` only.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from ripieno.engine import firing, ports, wiring
from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState, Rebinding
from ripieno.engine.programs import (
    ProgramRun,
    Step,
    await_addition,
    count_push,
    end,
    failure_reason,
    start_timer,
    stop_timer,
    wait_for,
)
from ripieno.engine.rules import Fact
from ripieno.model import errors
from ripieno.model.command import StartTransition
from ripieno.model.event import CommandId
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Instruction,
    Outcome,
    Push,
    Rebind,
    Wait,
    WaitAll,
)


def carry_out(core: Core, run: ProgramRun, index: int) -> bool:
    """Carry an instruction out if that can be done now; False if it waits or its program ended."""
    instruction = run.program.instructions[index]
    try:
        return _CARRY_OUT[type(instruction)](core, run, index, instruction)
    except errors.ProgramError as refusal:
        if isinstance(refusal, errors.UnknownComponent) and await_addition(core, run.step(index)):
            return False
        # What was legal when the program was submitted is not any more: another one was quicker.
        end(core, run, Outcome.FAILED, str(refusal))
        return False


def settle_components(core: Core) -> None:
    """Advance all components that are listed, until none is."""
    worklist = core.worklist
    while worklist:
        state = worklist.popleft()
        state.is_listed = False
        firing.advance(core, state)


def _push(core: Core, run: ProgramRun, _: int, instruction: Push) -> bool:
    state, behaviour = wiring.behaviour(core, instruction)
    run.open_behaviours += 1
    core.push_count = number = core.push_count + 1
    if state.last_push is None:
        state.last_push = {behaviour: number}
    else:
        state.last_push[behaviour] = number
    count_push(core, instruction)
    core.busy[state] = None
    core.facts += (state.name, Fact.PUSHED, instruction.behaviour)
    if state.behaviour < 0 and not state.queue and not core.worklist:
        # Nothing comes before it: it is begun without a queue, as most behaviours are.
        firing.begin(core, state, (behaviour, run, number))
        firing.advance(core, state)
        settle_components(core)
        return True
    if state.queue is None:
        state.queue = deque()
    state.queue.append((behaviour, run, number))
    if state.behaviour < 0:
        core.enlist(state)
        settle_components(core)
    elif state.waiting_steps:
        core.wake_steps(state)
    return True


def _add(core: Core, _run: ProgramRun, _index: int, instruction: Add) -> bool:
    state = wiring.new_component(core, instruction)
    core.components[state.name] = state
    core.facts += (state.name, Fact.ADDED, instruction.type)
    ports.offer(core, state, state.table.first_place)
    core.ready.extend(core.absent_waiters.pop(state.name, ()))
    return True


def _connect(core: Core, _run: ProgramRun, _index: int, instruction: Connect) -> bool:
    try:
        end_points = wiring.new_connection(core, instruction)
    except errors.AlreadyConnected:
        # It was not when the program was submitted: another one states the same connection.
        return True
    ports.join(*end_points)
    user, use, provider, provide = end_points
    core.facts += (user.name, Fact.CONNECTED, user.use_name(use))
    core.facts += (provider.name, Fact.CONNECTED, provider.port_name(provide))
    if user.behaviour >= 0:
        core.enlist(user)
        settle_components(core)
    return True


def _disconnect(core: Core, run: ProgramRun, index: int, instruction: Disconnect) -> bool:
    user, use, provider, provide = wiring.connection(core, instruction)
    if user.holds(use) or use in (user.rebinds or ()):
        return wait_for(core, run.step(index), user)
    ports.part(user, use)
    core.facts += (user.name, Fact.DISCONNECTED, user.use_name(use))
    core.facts += (provider.name, Fact.DISCONNECTED, provider.port_name(provide))
    return True


def _delete(core: Core, run: ProgramRun, index: int, instruction: Delete) -> bool:
    state = wiring.unconnected(core, instruction)
    if not state.is_idle:
        return wait_for(core, run.step(index), state)
    del core.components[state.name]
    core.facts += (state.name, Fact.DELETED, state.table.type.name)
    # Those who wait for it, or to be rebound to it, learn that it is gone.
    core.wake_steps(state)
    ports.wake_all_users(core, state)
    return True


def _rebind(core: Core, run: ProgramRun, index: int, instruction: Rebind) -> bool:
    user, use, provider, provide = wiring.rebinding(core, instruction)
    if use in (user.rebinds or ()):
        return wait_for(core, run.step(index), user)
    if not user.holds(use):
        ports.part(user, use)
        ports.join(user, use, provider, provide)
        core.facts += (user.name, Fact.CONNECTED, user.use_name(use))
        core.enlist(user)
        return True
    if not provider.offered >> provide & 1 or provider.refuses(provide):
        ports.await_provider(user, provider, provide)
        return wait_for(core, run.step(index), user)
    assert provider.use_counts is not None
    provider.use_counts[provide] += 1
    ports.enter_user(user, use, provider, provide)
    command = core.next_command
    core.next_command = command + 1
    step = run.steps[index] = run.step(index)
    user.rebinds = {**(user.rebinds or {}), use: Rebinding(provider, provide, command, step)}
    core.in_flight[command] = (user, -1 - use, 1)
    core.busy[user] = None
    port = user.use_name(use)
    core.facts += (user.name, Fact.STARTED, port)
    core.commands.append(
        StartTransition(id=CommandId(command), component=user.name, transition=port, rebinds=port)
    )
    return False


def _wait(core: Core, run: ProgramRun, index: int, instruction: Wait) -> bool:
    step = run.step(index)
    state = step.awaited
    if state is None:
        state = step.awaited = wiring.component(core, instruction.component, instruction)
    is_gone = core.components.get(state.name) is not state
    if is_gone and instruction.behaviour is not None and step.awaited_push is None:
        # Deleted, at the very moment at which it became idle: what was pushed to it is over. A
        # push that was still to come can only go to another component of that name.
        state = step.awaited = wiring.component(core, instruction.component, instruction)
    if instruction.behaviour is None:
        is_over = state.is_idle and not state.is_listed
    else:
        is_over = _is_behaviour_over(core, step, state, instruction.behaviour)
        if core.runs.get(run.program.name) is not run:
            return False
    if is_over:
        stop_timer(core, step)
        return True
    return wait_for(core, step, state, instruction.deadline_s)


def _is_behaviour_over(core: Core, step: Step, state: ComponentState, behaviour: str) -> bool:
    """Whether the push that the wait is for is done; fixes which push that is when it can."""
    if step.awaited_push is None:
        number = wiring.behaviour_number(state, behaviour)
        pushed = (state.last_push or {}).get(number)
        is_recent = pushed is not None and pushed > step.run.since
        if pushed is None or (not is_recent and _will_be_pushed(core, step, state, behaviour)):
            return False
        step.awaited_push = pushed
    if step.awaited_push in (state.dropped or ()):
        end(core, step.run, Outcome.FAILED, f"{state.name}.{behaviour} was dropped")
        return False
    return state.has_done(step.awaited_push)


def _will_be_pushed(core: Core, step: Step, state: ComponentState, behaviour: str) -> bool:
    """Whether a push is to come that does not itself come after this wait."""
    ahead = core.pushes_ahead.get((state.name, behaviour), 0)
    return ahead > 0 and ahead > step.run.pushes_behind(step.index, state.name, behaviour)


def _wait_all(core: Core, run: ProgramRun, index: int, instruction: WaitAll) -> bool:
    if core.failed:
        state = next(iter(core.failed))
        end(core, run, Outcome.FAILED, failure_reason(state))
        return False
    step = run.step(index)
    if not core.busy and not core.worklist:
        stop_timer(core, step)
        core.idle_waiters.pop(step, None)
        return True
    start_timer(core, step, instruction.deadline_s)
    run.steps[index] = step
    core.idle_waiters[step] = None
    return False


_CARRY_OUT: dict[type[Instruction], Callable[[Core, ProgramRun, int, Any], bool]] = {
    Push: _push,
    Add: _add,
    Connect: _connect,
    Wait: _wait,
    WaitAll: _wait_all,
    Delete: _delete,
    Disconnect: _disconnect,
    Rebind: _rebind,
}
