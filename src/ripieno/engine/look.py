"""What a machine's components look like from outside, by name: for whoever shows or records them.

Called by the control plane after every event. It must not change anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ripieno.engine import explain
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState
from ripieno.engine.rules import Status
from ripieno.engine.table import names
from ripieno.model.component_type import ComponentType, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One component. `running` are transitions under way, `failed` those of them that failed.

    `docked` are transitions about to begin, `arrived` those whose end waits for others. `active`
    are ports: those that it uses now, and those that it offers. `lost` names the components whose
    provide ports it uses and that are gone by force.
    """

    name: str
    type: ComponentType
    status: Status
    places: tuple[str, ...]
    behaviour: str | None
    running: tuple[str, ...]
    failed: tuple[str, ...]
    docked: tuple[str, ...]
    arrived: tuple[str, ...]
    active: tuple[str, ...]
    lost: tuple[str, ...]


def look(machine: Machine, component: str) -> Look:
    """One component. Raises: `KeyError` if there is none of that name."""
    return _look(machine.core.components[component])


def looks(machine: Machine) -> list[Look]:
    """All components, in the order in which they were added."""
    return [_look(state) for state in machine.core.components.values()]


def connections(machine: Machine) -> list[tuple[str, str]]:
    """All connections as `component.port` pairs, the use port first."""
    return [
        (f"{state.name}.{state.use_name(use)}", f"{end[0].name}.{end[0].port_name(end[1])}")
        for state in machine.core.components.values()
        for use, end in enumerate(state.providers or ())
        if end is not None
    ]


def inputs(machine: Machine, component: str, *, rebinds: str | None = None) -> dict[str, Value]:
    """What the connected use ports carry; of one that is rebound, the new one's.

    The values are those written last, whether the port is active or not.
    """
    state = machine.core.components[component]
    found: dict[str, Value] = {}
    for use, end in enumerate(state.providers or ()):
        port = state.use_name(use)
        if port == rebinds and state.rebinds and use in state.rebinds:
            rebind = state.rebinds[use]
            end = (rebind.provider, rebind.provide)
        if end is not None:
            provider, provide = end
            found[port] = (provider.data or {}).get(provider.port_name(provide))
    return found


def waits_for(machine: Machine, component: str) -> str | None:
    """Why a busy component does not go on, in words; None if it does, or has nothing to do."""
    state = machine.core.components[component]
    if state.is_idle or state.has_failed or state.running:
        return None
    return "; ".join(explain.blocked(machine, component)) or None


def is_at_rest(machine: Machine) -> bool:
    """Whether nothing is under way, queued or failed."""
    return not machine.core.busy and not machine.core.failed and not machine.core.runs


def under_way(machine: Machine) -> Mapping[int, tuple[str, str, int]]:
    """Commands that have neither ended nor failed: component, transition (or port), attempt."""
    found = {}
    for command, (state, transition, attempt) in machine.core.in_flight.items():
        if transition >= 0:
            if not state.failed >> transition & 1:
                found[command] = (state.name, state.table.transitions[transition], attempt)
        elif (state.rebinds or {})[-1 - transition].cause is None:
            found[command] = (state.name, state.use_name(-1 - transition), attempt)
    return found


def failures(machine: Machine) -> list[tuple[str, str]]:
    """What has failed and was not dealt with: component, and transition or rebound use port."""
    found = []
    for state in machine.core.failed:
        for transition in names(state.failed, state.table.transitions):
            found.append((state.name, transition))
        for use, rebind in (state.rebinds or {}).items():
            if rebind.cause is not None:
                found.append((state.name, state.use_name(use)))
    return found


def has_timers(machine: Machine) -> bool:
    """Whether a wait has a deadline that may still end it."""
    return bool(machine.core.timers)


def _look(state: ComponentState) -> Look:
    table = state.table
    lost = []
    for use in range(len(table.uses)):
        end = state.providers[use] if state.providers and state.holds(use) else None
        if end is not None and end[0].lost >> end[1] & 1:
            lost.append(end[0].name)
    return Look(
        name=state.name,
        type=table.type,
        status=state.status,
        places=state.places(),
        behaviour=state.behaviour_name() or None,
        running=names(state.running & ~state.failed, table.transitions),
        failed=names(state.failed, table.transitions),
        docked=names(state.docked, table.transitions),
        arrived=names(state.arrived, table.transitions),
        active=(
            *names(state.held, table.uses),
            *names(state.offered, table.provides),
            *names(state.served, table.data_provides),
        ),
        lost=tuple(dict.fromkeys(lost)),
    )
