"""What an instruction names, looked up in the engine; refuses what the assembly does not allow.

Each function returns the states and port numbers that an instruction is about, or raises the
`ProgramError` that says why it cannot be carried out as things stand.
"""

from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState
from ripieno.engine.ports import connection_count
from ripieno.engine.table import Table, names
from ripieno.model import errors
from ripieno.model.component_type import ComponentType
from ripieno.model.fitting import orient
from ripieno.model.port import PortRef
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Instruction,
    Push,
    Rebind,
    WaitAll,
    in_words,
)

EndPoints = tuple[ComponentState, int, ComponentState, int]
"""A user and its use port's number, a provider and its provide port's number."""

__all__ = [
    "EndPoints",
    "behaviour",
    "behaviour_number",
    "component",
    "connection",
    "missing",
    "names",
    "new_component",
    "new_connection",
    "rebinding",
    "table",
    "unconnected",
]


def component(core: Core, name: str, instruction: Instruction) -> ComponentState:
    """The component of that name. Raises: `UnknownComponent`."""
    state = core.components.get(name)
    if state is None:
        raise errors.UnknownComponent(
            f"{in_words(instruction)}: no such component: {name}; add it first"
        )
    return state


def missing(core: Core, instruction: Instruction) -> str | None:
    """The first component that an instruction is about and that is not there."""
    names: tuple[str, ...]
    match instruction:
        case Connect() | Disconnect():
            names = (instruction.one.component, instruction.other.component)
        case Rebind():
            names = (instruction.use.component, instruction.provide.component)
        case Add() | WaitAll():
            return None
        case _:
            names = (instruction.component,)
    return next((name for name in names if name not in core.components), None)


def table(core: Core, type_name: str) -> Table:
    """The compiled component type, compiled on first use."""
    compiled = core.tables.get(type_name)
    if compiled is None:
        compiled = core.tables[type_name] = Table(core.types[type_name])
    return compiled


def behaviour_number(state: ComponentState, behaviour: str) -> int:
    """The number of a behaviour. Raises: `UnknownBehaviour`."""
    number = state.table.behaviour_index.get(behaviour)
    if number is None:
        raise errors.UnknownBehaviour(
            f"{state.name} ({state.table.type.name}) has no behaviour {behaviour!r}; it has "
            f"{', '.join(state.table.behaviours) or 'none'}"
        )
    return number


def behaviour(core: Core, instruction: Push) -> tuple[ComponentState, int]:
    """The component that a push is for, and the behaviour's number."""
    state = component(core, instruction.component, instruction)
    return state, behaviour_number(state, instruction.behaviour)


def new_component(core: Core, instruction: Add) -> ComponentState:
    """A new component on its initial place. Raises: `NameTaken`, `UnknownComponentType`."""
    if instruction.component in core.components:
        raise errors.NameTaken(
            f"{in_words(instruction)}: name already used: {instruction.component}; choose another, "
            "or delete that component first"
        )
    if instruction.type not in core.types:
        raise errors.UnknownComponentType(
            f"{in_words(instruction)}: no such component type: {instruction.type}; declare it"
        )
    return ComponentState(instruction.component, table(core, instruction.type))


def new_connection(core: Core, instruction: Connect) -> EndPoints:
    """The ports that are to be connected. Raises: a `ProgramError` if that cannot be."""
    end_points = user, use, provider, provide = _end_points(
        core, instruction.one, instruction.other
    )
    current = user.providers[use] if user.providers is not None else None
    if current is None:
        return end_points
    if current == (provider, provide):
        raise errors.AlreadyConnected(
            f"{in_words(instruction)}: the connection exists already; leave the instruction out"
        )
    raise errors.SecondProvider(
        f"{in_words(instruction)}: a use port takes one connection; {_whom(user, use, current)}; "
        "disconnect that first"
    )


def connection(core: Core, instruction: Disconnect) -> EndPoints:
    """The ports that are to be disconnected. Raises: `NotConnected`."""
    user, use, provider, provide = _end_points(core, instruction.one, instruction.other)
    current = user.providers[use] if user.providers is not None else None
    if current != (provider, provide):
        raise errors.NotConnected(
            f"{in_words(instruction)}: not connected; {_whom(user, use, current)}"
        )
    return user, use, provider, provide


def rebinding(core: Core, instruction: Rebind) -> EndPoints:
    """The use port that is to be rebound and its new provider. Raises: a `ProgramError`."""
    user, use, provider, provide = _end_points(core, instruction.use, instruction.provide)
    current = user.providers[use] if user.providers is not None else None
    words = in_words(instruction)
    if current is None:
        raise errors.NotConnected(f"{words}: {instruction.use} is not connected; connect it")
    if current == (provider, provide):
        raise errors.AlreadyConnected(f"{words}: this is its provider; leave the instruction out")
    is_data = use >= len(user.table.uses)
    if not is_data and user.table.rebind_s[use] is None:
        raise errors.NotRebindable(
            f"{words}: the type {user.table.type.name} declares no rebind for this port; bring "
            f"{user.name} to a place that does not use it, then disconnect and connect"
        )
    return user, use, provider, provide


def unconnected(core: Core, instruction: Delete) -> ComponentState:
    """The component that is to be deleted. Raises: `StillConnected`."""
    state = component(core, instruction.component, instruction)
    count = connection_count(state)
    if count:
        raise errors.StillConnected(
            f"{in_words(instruction)}: still connected, by {count} connections; disconnect it first"
        )
    return state


def _end_points(core: Core, one: PortRef, other: PortRef) -> EndPoints:
    first, second = core.components.get(one.component), core.components.get(other.component)
    if first is None or second is None or first is second:
        orient(lambda name: _type_of(core, name), one, other)
        raise AssertionError("such ports never fit")
    ports = (first.table, one.port, second.table, other.port)
    fit = core.fits.get(ports)
    if fit is None:
        use, _ = orient(lambda name: _type_of(core, name), one, other)
        if use is one:
            fit = (True, first.use_number(one.port), second.provide_number(other.port))
        else:
            fit = (False, second.use_number(other.port), first.provide_number(one.port))
        core.fits[ports] = fit
    is_forward, use_number, provide_number = fit
    if is_forward:
        return first, use_number, second, provide_number
    return second, use_number, first, provide_number


def _type_of(core: Core, name: str) -> ComponentType | None:
    state = core.components.get(name)
    return None if state is None else state.table.type


def _whom(user: ComponentState, use: int, current: tuple[ComponentState, int] | None) -> str:
    port = f"{user.name}.{user.use_name(use)}"
    if current is None:
        return f"{port} has no provider"
    return f"{port} has the provider {current[0].name}.{current[0].port_name(current[1])}"
