"""How tokens move: one component at a time, as far as it goes without anything having to end.

Order inside `advance`: tokens at input docks enter their places, marked places are left, tokens at
output docks start. A component that finishes a behaviour goes on with the next one of its queue.
"""

from ripieno.engine import ports
from ripieno.engine.core import Core
from ripieno.engine.marking import NO_BEHAVIOUR, ComponentState, Queued
from ripieno.engine.rules import Fact
from ripieno.model.command import StartTransition
from ripieno.model.component_type import Value
from ripieno.model.event import CommandId


def advance(core: Core, state: ComponentState) -> None:
    """Move the component's tokens as far as they go now."""
    table = state.table
    while True:
        if state.behaviour < 0:
            if not state.queue:
                break
            begin(core, state, state.queue.popleft())
            if not state.queue:
                state.queue = None
            if state.behaviour < 0:
                continue
        if state.arrived:
            _enter(core, state)
        if not state.winds_down:
            leavable = table.leavable[state.behaviour]
            while leaving := state.marked & ~state.left & leavable:
                if not _leave(core, state, leaving):
                    break
            if state.docked:
                _start(core, state)
        elif not state.running:
            _wind_down(core, state)
        if state.docked or state.running or state.arrived:
            break
        if not state.winds_down and state.marked & ~state.left & table.leavable[state.behaviour]:
            break
        _finish(core, state)
    if state.waiting_steps:
        core.wake_steps(state)
    if not state.queue and state.behaviour < 0 and not state.rebinds:
        core.busy.pop(state, None)


def begin(core: Core, state: ComponentState, pushed: Queued) -> None:
    """Begin a behaviour; one that was dropped is over at once."""
    behaviour, state.owner, state.begun_push = pushed
    state.left = state.excluded = 0
    state.winds_down = False
    if behaviour < 0:
        return
    state.behaviour = behaviour
    core.facts += (state.name, Fact.BEGAN, state.table.behaviours[behaviour])


def _finish(core: Core, state: ComponentState) -> None:
    fact = Fact.DROPPED if state.winds_down else Fact.FINISHED
    core.facts += (state.name, fact, state.table.behaviours[state.behaviour])
    state.behaviour = NO_BEHAVIOUR
    if state.winds_down:
        drop_push(state, state.begun_push)
    owner, state.owner = state.owner, None
    if owner is not None:
        owner.behaviour_ended(core)


def drop_push(state: ComponentState, number: int) -> None:
    """Remember that a push was dropped, for those who wait for it."""
    if state.dropped is None:
        state.dropped = {number}
    else:
        state.dropped.add(number)


def _enter(core: Core, state: ComponentState) -> None:
    """Let the tokens at input docks into their places, where a whole dock set has arrived."""
    table = state.table
    pending = state.arrived
    while pending:
        low = pending & -pending
        transition = low.bit_length() - 1
        joined = table.join[transition]
        pending &= ~joined
        if (state.arrived | state.excluded) & joined != joined:
            continue
        place = table.target[transition]
        if not table.guarded_places >> place & 1 or _may_stand(core, state, place):
            state.arrived &= ~joined
            _stand(core, state, place)


def _may_stand(core: Core, state: ComponentState, place: int) -> bool:
    """Whether a token may come to the place."""
    table = state.table
    return _may(core, state, table.use_uses_of_place[place], table.data_of_place[place])


def _may(
    core: Core, state: ComponentState, uses: tuple[int, ...], data_uses: tuple[int, ...]
) -> bool:
    """Whether all the uses are held or accepted, and all the data served. Waits for what is not."""
    is_allowed = True
    for use in uses:
        if not state.held >> use & 1 and not ports.accepts(core, state, use):
            is_allowed = False
    for data_use in data_uses:
        if not ports.is_served(state, data_use):
            is_allowed = False
    return is_allowed


def _stand(core: Core, state: ComponentState, place: int) -> None:
    """Put a token on the place."""
    table = state.table
    for use in table.use_uses_of_place[place]:
        if not state.held >> use & 1:
            ports.acquire(core, state, use)
    state.marked |= 1 << place
    core.facts += (state.name, Fact.ENTERED, table.places[place])
    if table.provides_of_place[place] or table.data_served_by_place[place]:
        ports.offer(core, state, place)


def _leave(core: Core, state: ComponentState, leaving: int) -> bool:
    """Take tokens from places to the output docks of all the transitions that the place fires.

    Returns whether a switch has let tokens into other places, which may be left in turn.
    """
    table = state.table
    has_entered = False
    while leaving:
        low = leaving & -leaving
        leaving ^= low
        place = low.bit_length() - 1
        provides = table.provides_of_place[place]
        if provides and not _may_withdraw(state, place, provides):
            continue
        if state.rebinds and any(table.places_of_use[use] >> place & 1 for use in state.rebinds):
            continue
        fired = exits = table.exits[state.behaviour][place]
        if place in table.switch_at:
            if not all([ports.is_served(state, use) for use in table.data_of_place[place]]):
                continue
            fired = state.exits_of(place)
            # With other data it might have been about to withdraw its ports; now that is settled.
            ports.wake_all_users(core, state)
        state.left |= low
        ruled_out = exits & ~fired
        if not fired:  # A switch that takes none of its transitions keeps its token.
            _exclude(state, ruled_out)
            _enter(core, state)
            has_entered = True
            continue
        state.marked &= ~low
        state.docked |= fired
        core.facts += (state.name, Fact.LEFT, table.places[place])
        if ruled_out:
            _exclude(state, ruled_out)
            _enter(core, state)
            has_entered = True
        uses = table.use_uses_of_place[place]
        if uses:
            ports.release_unheld(core, state, uses)
        if provides:
            ports.withdraw(core, state, place)
    return has_entered


def _may_withdraw(state: ComponentState, place: int, provides: tuple[int, ...]) -> bool:
    counts = state.use_counts
    assert counts is not None
    return not any(counts[provide] and state.would_withdraw(provide, place) for provide in provides)


def _exclude(state: ComponentState, ruled_out: int) -> None:
    """Rule transitions out of the joins they belong to, and whatever only they could lead to."""
    table = state.table
    exits = table.exits[state.behaviour]
    state.excluded |= ruled_out
    live = reachable(state)
    pending = ruled_out
    while pending:
        low = pending & -pending
        pending ^= low
        place = table.target[low.bit_length() - 1]
        if not state.left >> place & 1:
            lost = exits[place] & ~live & ~state.excluded
            state.excluded |= lost
            pending |= lost


def reachable(state: ComponentState) -> int:
    """The transitions that the behaviour under way may yet bring to their input docks, as a mask.

    Those that move now, and those that leave a place to which one of them leads. Whether uses,
    data and joins will allow them is not asked.
    """
    table = state.table
    exits = table.exits[state.behaviour]
    found = state.docked | state.running | state.arrived
    places = state.marked & ~state.left
    pending = found
    while pending or places:
        if pending:
            low = pending & -pending
            pending ^= low
            places |= (1 << table.target[low.bit_length() - 1]) & ~state.left
        else:
            low = places & -places
            places ^= low
            onward = exits[low.bit_length() - 1] & ~found & ~state.excluded
            found |= onward
            pending |= onward
    return found


def _start(core: Core, state: ComponentState) -> None:
    """Start the docked transitions whose uses are accepted and whose data are served."""
    table = state.table
    pending = state.docked
    while pending:
        low = pending & -pending
        pending ^= low
        transition = low.bit_length() - 1
        if table.guarded_transitions & low:
            uses = table.uses_of_transition[transition]
            if not _may(core, state, uses, table.data_of_transition[transition]):
                continue
            for use in uses:
                if not state.held >> use & 1:
                    ports.acquire(core, state, use)
        state.docked ^= low
        state.running |= low
        command = core.next_command
        core.next_command = command + 1
        core.in_flight[command] = (state, transition, 1)
        name = table.transitions[transition]
        reads = table.inputs[transition]
        core.facts += (state.name, Fact.STARTED, name)
        core.commands.append(
            StartTransition(
                id=CommandId(command),
                component=state.name,
                transition=name,
                attempt=1,
                inputs={port: state.read(port) for port in reads} if reads else _NO_INPUTS,
            )
        )


_NO_INPUTS: dict[str, Value] = {}


def arrive(
    core: Core, state: ComponentState, transition: int, command: int, *, fact: Fact = Fact.ARRIVED
) -> None:
    """The transition that a command started is over: its token is on the input dock."""
    table = state.table
    bit = 1 << transition
    state.running &= ~bit
    state.failed &= ~bit
    state.arrived |= bit
    del core.in_flight[command]
    core.facts += (state.name, fact, table.transitions[transition])
    ended = table.arrival_uses[transition]
    if ended:
        ports.release_unheld(core, state, ended)
    core.enlist(state)


def write(state: ComponentState, values: dict[str, Value]) -> None:
    """Remember what provide ports carry from now on."""
    if values:
        state.data = {**(state.data or {}), **values}


def abandon(core: Core, state: ComponentState, transition: int, command: int) -> None:
    """Take back the token of a failed transition, and drop the behaviour."""
    bit = 1 << transition
    state.failed &= ~bit
    state.running &= ~bit
    state.docked |= bit
    del core.in_flight[command]
    core.facts += (state.name, Fact.ABANDONED, state.table.transitions[transition])
    ports.release_unheld(core, state, state.table.uses_of_transition[transition])
    wind_down(core, state)


def fall(core: Core, state: ComponentState, place: int, target: int) -> None:
    """Take the token from a place to another by force, whoever uses what the place provides."""
    table = state.table
    state.marked &= ~(1 << place)
    core.facts += (state.name, Fact.FELL, table.places[place])
    ports.release_unheld(core, state, table.use_uses_of_place[place])
    ports.withdraw(core, state, place)
    _stand(core, state, target)
    core.enlist(state)


def wind_down(core: Core, state: ComponentState) -> None:
    """Drop the behaviour under way: nothing more starts, what runs ends, tokens settle."""
    state.winds_down = True
    ports.wake_all_users(core, state)
    core.enlist(state)


def _wind_down(core: Core, state: ComponentState) -> None:
    """Nothing runs any more: take back the tokens that would otherwise wait for ever.

    Those are the tokens at output docks, and at input docks whose join cannot complete. Each goes
    to its source place as soon as that place's uses allow.
    """
    table = state.table
    stranded = state.docked
    pending = state.arrived
    while pending:
        joined = table.join[(pending & -pending).bit_length() - 1]
        if (state.arrived | state.excluded) & joined != joined:
            stranded |= pending & joined
        pending &= ~joined
    while stranded:
        low = stranded & -stranded
        stranded ^= low
        transition = low.bit_length() - 1
        place = table.source[transition]
        if not state.marked >> place & 1:
            if not _may_stand(core, state, place):
                continue
            _stand(core, state, place)
        state.docked &= ~low
        state.arrived &= ~low
        ports.release_unheld(core, state, table.uses_of_transition[transition])
