"""What the tokens of a component wait for at a moment, as lanes of a timeline name it.

`explain` tells why nothing can move any more, in sentences; this is asked after every event of a
simulation, and answers with names only.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ripieno.engine import firing
from ripieno.engine.marking import ComponentState
from ripieno.engine.table import names
from ripieno.model.simulation import SpanKind

MOST_NAMES = 3
"""Users that a wait for users names at most; the rest is counted."""


class Spot(NamedTuple):
    """Where a token waits: the number of its transition, or -1 - the number of its place."""

    component: str
    token: int


class Awaited(NamedTuple):
    """For what: provide ports (`WAITING`), or the use ports that are still active (`HOLDING`)."""

    kind: SpanKind
    name: str


def waits(state: ComponentState) -> Mapping[Spot, Awaited]:
    """The waiting tokens of a component. A branch that waits for its siblings only is not one."""
    found: dict[Spot, Awaited] = {}
    for transition in _bits(state.docked):
        if needs := list(_of_start(state, transition)):
            found[Spot(state.name, transition)] = _waiting(needs)
    for transition in _bits(state.arrived):
        if needs := list(_of_arrival(state, transition)):
            found[Spot(state.name, transition)] = _waiting(needs)
    if state.behaviour >= 0 and not state.winds_down:
        for place in _bits(state.marked & ~state.left & state.table.leavable[state.behaviour]):
            found[Spot(state.name, -1 - place)] = _of_leaving(state, place)
    return found


def _waiting(needs: list[str]) -> Awaited:
    return Awaited(SpanKind.WAITING, ", ".join(dict.fromkeys(needs)))


def _of_start(state: ComponentState, transition: int) -> Iterator[str]:
    table = state.table
    if state.winds_down:
        yield from _of_standing(state, table.source[transition])
        return
    for use in table.uses_of_transition[transition]:
        yield from _of_use(state, use)
    for data_use in table.data_of_transition[transition]:
        yield from _of_data(state, data_use)


def _of_arrival(state: ComponentState, transition: int) -> Iterator[str]:
    table = state.table
    missing = table.join[transition] & ~(state.arrived | state.excluded)
    if not missing:
        yield from _of_standing(state, table.target[transition])
    elif state.winds_down:
        yield from _of_standing(state, table.source[transition])
    else:
        for name in names(missing & ~firing.reachable(state), table.transitions):
            yield f"{state.name}.{name}"


def _of_standing(state: ComponentState, place: int) -> Iterator[str]:
    for use in state.table.use_uses_of_place[place]:
        yield from _of_use(state, use)
    for data_use in state.table.data_of_place[place]:
        yield from _of_data(state, data_use)


def _of_use(state: ComponentState, use: int) -> Iterator[str]:
    if state.holds(use):
        return
    connection = state.providers[use] if state.providers else None
    if connection is None:
        yield f"{state.use_name(use)} (not connected)"
        return
    provider, provide = connection
    if not provider.offered >> provide & 1 or provider.refuses(provide):
        yield f"{provider.name}.{provider.port_name(provide)}"


def _of_data(state: ComponentState, data_use: int) -> Iterator[str]:
    number = len(state.table.uses) + data_use
    connection = state.providers[number] if state.providers else None
    if connection is None:
        yield f"{state.use_name(number)} (not connected)"
        return
    provider, provide = connection
    if not provider.served >> (provide - len(provider.table.provides)) & 1:
        yield f"{provider.name}.{provider.port_name(provide)}"


def _of_leaving(state: ComponentState, place: int) -> Awaited:
    table = state.table
    for provide in table.provides_of_place[place]:
        counts = state.use_counts
        if counts and counts[provide] and state.would_withdraw(provide, place):
            return Awaited(SpanKind.HOLDING, _users(state, provide, counts[provide]))
    for use in state.rebinds or ():
        if table.places_of_use[use] >> place & 1:
            return Awaited(SpanKind.WAITING, f"the rebind of {state.use_name(use)}")
    return _waiting([need for use in table.data_of_place[place] for need in _of_data(state, use)])


def _users(state: ComponentState, provide: int, count: int) -> str:
    told: list[str] = []
    for user, use in state.users_of(provide):
        if user.holds(use):
            told.append(f"{user.name}.{user.use_name(use)}")
            if len(told) == MOST_NAMES:
                break
    rest = count - len(told)
    return ", ".join(told) + (f" and {rest} more" if rest > 0 else "")


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
