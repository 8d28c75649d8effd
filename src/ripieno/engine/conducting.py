"""How programs go on: instructions are carried out as soon as those before them are done.

Nothing here calls itself: what a step sets off is queued, so that programs which wait for each
other in a long chain take no stack.
"""

from collections import deque

from ripieno.engine import firing, ports, programs, wiring
from ripieno.engine.core import Core
from ripieno.engine.instructions import carry_out, settle_components
from ripieno.engine.marking import NO_BEHAVIOUR, ComponentState
from ripieno.engine.programs import ProgramRun, Step
from ripieno.engine.rules import Fact
from ripieno.model.command import Activity, ReportWait
from ripieno.model.program import Wait


def settle(core: Core) -> None:
    """Move tokens and programs until nothing more can be done without another event."""
    while True:
        if core.worklist:
            settle_components(core)
        elif core.ready:
            look_again(core, core.ready.popleft())
        elif core.idle_waiters and not core.busy:
            for step in list(core.idle_waiters):
                look_again(core, step)
        else:
            break


def go_on(core: Core, run: ProgramRun, indices: list[int]) -> None:
    """Carry out these instructions, and those after them, until all that is left waits."""
    if run.unmet is None and indices:
        _go_through(core, run, indices[0])
        return
    pending = deque(indices)
    while pending:
        index = pending.popleft()
        if core.runs.get(run.program.name) is not run:
            return
        if carry_out(core, run, index):
            pending.extend(programs.complete(run, index))
    programs.end_if_done(core, run)


def _go_through(core: Core, run: ProgramRun, begin: int) -> None:
    """Carry out a list of instructions one after the other, until one has to wait."""
    for index in range(begin, len(run.program.instructions)):
        if not carry_out(core, run, index):
            return
        programs.finish(run, index)
    programs.end_if_done(core, run)


def look_again(core: Core, step: Step) -> None:
    """Try a waiting step once more, and go on behind it if it is done."""
    run = step.run
    if step.is_alive and carry_out(core, run, step.index):
        go_on(core, run, programs.complete(run, step.index))


def reach_deadline(core: Core, step: Step) -> None:
    """End a wait that is not over, with a report of what it waited for."""
    run = step.run
    instruction = run.program.instructions[step.index]
    awaited = list(core.busy)
    if isinstance(instruction, Wait):
        assert step.awaited is not None
        awaited = [step.awaited]
    core.idle_waiters.pop(step, None)
    core.commands.append(
        ReportWait(
            program=run.program.name,
            instruction=step.index,
            waited_for={state.name: activity(state) for state in awaited},
        )
    )
    step.timer = None
    go_on(core, run, programs.complete(run, step.index))


def activity(state: ComponentState) -> Activity:
    """What a component is doing now."""
    running = wiring.names(state.running, state.table.transitions)
    return Activity(active_transitions=running, active_places=state.places())


def drop_pushes(core: Core, state: ComponentState, run: ProgramRun) -> None:
    """Drop what a program pushed to a component: what is queued at once, the current in order.

    The behaviour under way winds down to the next legal state.
    """
    _drop_queued(core, state, run)
    if state.owner is run and state.behaviour >= 0:
        firing.wind_down(core, state)
    core.enlist(state)


def drop_all_pushes(core: Core, state: ComponentState) -> None:
    """Drop what is queued, whoever pushed it, and let the behaviour under way wind down."""
    _drop_queued(core, state, None)
    if state.behaviour >= 0:
        firing.wind_down(core, state)
    core.enlist(state)


def _drop_queued(core: Core, state: ComponentState, run: ProgramRun | None) -> None:
    """Put nothing in the place of queued behaviours: those of a program, or (None) all."""
    for place, (behaviour, owner, number) in enumerate(state.queue or ()):
        if (run is None or owner is run) and behaviour >= 0:
            assert state.queue is not None
            state.queue[place] = (NO_BEHAVIOUR, None, number)
            firing.drop_push(state, number)
            core.facts += (state.name, Fact.DROPPED, state.table.behaviours[behaviour])


def end_rebind(core: Core, state: ComponentState, use: int, *, keeps_new: bool) -> None:
    """Let go of one of the two providers of a use port whose rebind is over."""
    assert state.rebinds is not None and state.providers is not None
    rebind = state.rebinds.pop(use)
    if not state.rebinds:
        state.rebinds = None
    if not state.has_failed:
        core.failed.pop(state, None)
    del core.in_flight[rebind.command]
    old = state.providers[use]
    assert old is not None
    new = (rebind.provider, rebind.provide)
    kept, gone = (new, old) if keeps_new else (old, new)
    state.providers[use] = kept
    ports.leave_provider(state, use, *gone)
    ports.drop_use(core, *gone)
    # The tokens that held the port may have gone on while it was rebound.
    ports.release_unheld(core, state, (use,))
    fact = Fact.CONNECTED if keeps_new else Fact.ABANDONED
    core.facts += (state.name, fact, state.use_name(use))
    core.wake_steps(state)
    core.enlist(state)
    step = rebind.step
    if step is not None and step.is_alive:  # A rebind that failed has ended its program.
        go_on(core, step.run, programs.complete(step.run, step.index))
