"""What each instruction does to the assembly, and when it has to wait.

An instruction that cannot be done yet becomes a waiting `Step`, kept by whoever can let it go on.
Called by `conducting` only.
"""

from collections.abc import Callable
from typing import Any

from ripieno.engine import firing, ports, wiring
from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState, Rebinding
from ripieno.engine.programs import (
    Step,
    await_addition,
    count_push,
    end,
    failure_reason,
    is_sound,
    keep_waiting,
    start_timer,
    stop_timer,
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


def carry_out(core: Core, step: Step, instruction: Instruction) -> bool:
    """Carry the instruction out if that can be done now; False if it waits or its program ended."""
    try:
        return _CARRY_OUT[type(instruction)](core, step, instruction)
    except errors.ProgramError as refusal:
        if isinstance(refusal, errors.UnknownComponent) and await_addition(core, step):
            return False
        # What was legal when the program was submitted is not any more: another one was quicker.
        stop_timer(core, step)
        end(core, step.run, Outcome.FAILED, str(refusal))
        return False


def settle_components(core: Core) -> None:
    """Advance all components that are listed, until none is."""
    worklist = core.worklist
    while worklist:
        state = worklist.popleft()
        state.is_listed = False
        firing.advance(core, state)


def _push(core: Core, step: Step, instruction: Push) -> bool:
    state, behaviour = wiring.behaviour(core, instruction)
    run = step.run
    if state.queue is None:
        state.queue = [(behaviour, run)]
    else:
        state.queue.append((behaviour, run))
    run.open_behaviours += 1
    core.push_count += 1
    state.push_count += 1
    if state.last_push is None:
        state.last_push = {}
    state.last_push[behaviour] = (state.push_count, core.push_count)
    count_push(core, instruction)
    core.busy[state] = None
    core.facts.append((state.name, Fact.PUSHED, instruction.behaviour))
    if state.behaviour < 0:
        core.enlist(state)
        settle_components(core)
    elif state.waiting_steps:
        core.wake_steps(state)
    return True


def _add(core: Core, _: Step, instruction: Add) -> bool:
    state = wiring.new_component(core, instruction)
    core.components[state.name] = state
    core.facts.append((state.name, Fact.ADDED, instruction.type))
    ports.offer(core, state, state.table.first_place)
    core.ready.extend(core.absent_waiters.pop(state.name, ()))
    return True


def _connect(core: Core, _: Step, instruction: Connect) -> bool:
    try:
        end_points = wiring.new_connection(core, instruction)
    except errors.AlreadyConnected:
        # It was not when the program was submitted: another one states the same connection.
        return True
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
    if user.holds(use) or use in (user.rebinds or ()):
        return is_sound(core, step, user) and keep_waiting(step, user)
    ports.part(user, use)
    core.facts.append((user.name, Fact.DISCONNECTED, user.use_name(use)))
    core.facts.append((provider.name, Fact.DISCONNECTED, provider.port_name(provide)))
    return True


def _delete(core: Core, step: Step, instruction: Delete) -> bool:
    state = wiring.unconnected(core, instruction)
    if not state.is_idle:
        return is_sound(core, step, state) and keep_waiting(step, state)
    del core.components[state.name]
    core.facts.append((state.name, Fact.DELETED, state.table.type.name))
    # Those who wait for it, or to be rebound to it, learn that it is gone.
    core.wake_steps(state)
    ports.wake_all_users(core, state)
    return True


def _rebind(core: Core, step: Step, instruction: Rebind) -> bool:
    user, use, provider, provide = wiring.rebinding(core, instruction)
    if use in (user.rebinds or ()):
        return is_sound(core, step, user) and keep_waiting(step, user)
    if not user.holds(use):
        ports.part(user, use)
        ports.join(user, use, provider, provide)
        core.facts.append((user.name, Fact.CONNECTED, user.use_name(use)))
        core.enlist(user)
        return True
    if not provider.offered >> provide & 1 or provider.refuses(provide):
        ports.await_provider(user, provider, provide)
        return is_sound(core, step, user) and keep_waiting(step, user)
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
        StartTransition(id=CommandId(command), component=user.name, transition=port, rebinds=port)
    )
    return False


def _wait(core: Core, step: Step, instruction: Wait) -> bool:
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
        if core.runs.get(step.run.program.name) is not step.run:
            return False
    if is_over:
        stop_timer(core, step)
        return True
    if not is_sound(core, step, state):
        return False
    start_timer(core, step, instruction.deadline_s)
    return keep_waiting(step, state)


def _is_behaviour_over(core: Core, step: Step, state: ComponentState, behaviour: str) -> bool:
    """Whether the push that the wait is for is done; fixes which push that is when it can."""
    if step.awaited_push is None:
        number = wiring.behaviour_number(state, behaviour)
        pushed = (state.last_push or {}).get(number)
        is_recent = pushed is not None and pushed[1] > step.run.since
        if pushed is None or (not is_recent and _will_be_pushed(core, step, state, behaviour)):
            return False
        step.awaited_push = pushed[0]
    if step.awaited_push in (state.dropped or ()):
        stop_timer(core, step)
        end(core, step.run, Outcome.FAILED, f"{state.name}.{behaviour} was dropped")
        return False
    return state.done_count >= step.awaited_push


def _will_be_pushed(core: Core, step: Step, state: ComponentState, behaviour: str) -> bool:
    """Whether a push is to come that does not itself come after this wait."""
    ahead = core.pushes_ahead.get((state.name, behaviour), 0)
    return ahead > 0 and ahead > step.run.pushes_behind(step.index, state.name, behaviour)


def _wait_all(core: Core, step: Step, instruction: WaitAll) -> bool:
    if core.failed:
        state = next(iter(core.failed))
        end(core, step.run, Outcome.FAILED, failure_reason(state))
        return False
    if not core.busy and not core.worklist:
        stop_timer(core, step)
        core.idle_waiters.pop(step, None)
        return True
    start_timer(core, step, instruction.deadline_s)
    step.run.steps[step.index] = step
    core.idle_waiters[step] = None
    return False


_CARRY_OUT: dict[type[Instruction], Callable[[Core, Step, Any], bool]] = {
    Push: _push,
    Add: _add,
    Connect: _connect,
    Wait: _wait,
    WaitAll: _wait_all,
    Delete: _delete,
    Disconnect: _disconnect,
    Rebind: _rebind,
}
