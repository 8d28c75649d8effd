"""What must hold after every event, whatever the assembly and the programs. For tests."""

from ripieno.engine.errors import EngineError
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState


class BrokenInvariant(EngineError):
    """The engine has come into a state that its rules do not allow: a mistake in the engine."""


def check(machine: Machine) -> None:
    """Raise `BrokenInvariant` for the first thing that is not as it must be."""
    core = machine.core
    counted: dict[tuple[str, int], int] = {}
    for state in core.components.values():
        _check_tokens(state)
        _check_ports(state, counted)
    for state in core.components.values():
        for provide, count in enumerate(state.use_counts or ()):
            expected = counted.get((state.name, provide), 0)
            _demand(state, count == expected, f"counts {count} uses where there are {expected}")
            port = state.port_name(provide)
            is_offered = bool(state.offered >> provide & 1)
            is_lost = bool(state.lost >> provide & 1)
            _demand(state, is_lost <= bool(count), f"{port} is lost to nobody")
            _demand(state, not (is_lost and is_offered), f"{port} is lost and active")
            wrong = f"{port} is not active under {count} uses"
            _demand(state, is_offered or is_lost or not count, wrong)
        for user, use, provide in state.users or ():
            rebind = (user.rebinds or {}).get(use)
            ends = [user.providers[use] if user.providers else None]
            ends += [(rebind.provider, rebind.provide)] if rebind else []
            _demand(state, (state, provide) in ends, f"is not the provider of {user.name}")
            _demand(state, core.components.get(user.name) is user, f"{user.name} is gone")
    busy = {state for state in core.components.values() if not state.is_idle}
    if busy != set(core.busy):
        raise BrokenInvariant(f"busy are {_names(busy)}, the engine has {_names(set(core.busy))}")
    failed = {state for state in core.components.values() if state.has_failed}
    if failed != set(core.failed):
        raise BrokenInvariant(f"failed are {_names(failed)}, noted {_names(set(core.failed))}")
    running = {(state, each) for state in core.components.values() for each in _bits(state.running)}
    commanded = {(state, each) for state, each, _ in core.in_flight.values() if each >= 0}
    if running != commanded:
        raise BrokenInvariant("what runs is not what was commanded")
    if core.worklist or core.ready:
        raise BrokenInvariant("there is work left over after the event")


def _check_tokens(state: ComponentState) -> None:
    table = state.table
    for one, other in (
        (state.docked, state.running),
        (state.docked, state.arrived),
        (state.running, state.arrived),
    ):
        _demand(state, not one & other, "has one token on two seats of a transition")
    _demand(state, state.failed & state.running == state.failed, "failed outside a transition")
    tokens = state.marked or state.docked or state.running or state.arrived
    _demand(state, bool(tokens), "has no token anywhere")
    moving = state.docked | state.running | state.arrived
    _demand(state, state.behaviour >= 0 or not moving, "moves without a behaviour")
    _demand(state, set(state.failures or ()) == set(_bits(state.failed)), "has stray failures")
    if state.behaviour >= 0:
        fired = 0
        for place in range(len(table.places)):
            fired |= table.exits[state.behaviour][place]
        _demand(state, not moving & ~fired, "moves outside its behaviour")


def _check_ports(state: ComponentState, counted: dict[tuple[str, int], int]) -> None:
    table = state.table
    for use, name in enumerate(table.uses):
        is_held = bool(state.held >> use & 1)
        _demand(state, is_held == state.uses_now(use), f"holds {name} other than its tokens do")
        connection = state.providers[use] if state.providers else None
        if not is_held:
            continue
        if connection is None:
            raise BrokenInvariant(f"{state.name}: {name} is active and not connected")
        rebind = (state.rebinds or {}).get(use)
        ends = [connection, *([(rebind.provider, rebind.provide)] if rebind else [])]
        for provider, provide in ends:
            counted[provider.name, provide] = counted.get((provider.name, provide), 0) + 1
            is_there = bool((provider.offered | provider.lost) >> provide & 1)
            _demand(state, is_there, f"{name} is active and {provider.name} does not provide")
    for provide, name in enumerate(table.provides):
        is_offered = bool(state.offered >> provide & 1)
        _demand(state, is_offered == state.provides_now(provide), f"offers {name} wrongly")


def _demand(state: ComponentState, holds: bool, complaint: str) -> None:
    if not holds:
        raise BrokenInvariant(f"{state.name} {complaint}")


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _names(states: set[ComponentState]) -> str:
    return ", ".join(sorted(state.name for state in states)) or "none"
