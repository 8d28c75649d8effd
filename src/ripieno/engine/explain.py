"""Who waits for whom, in words: what an assembly that cannot go on is stuck on."""

from collections.abc import Iterator
from dataclasses import dataclass

from ripieno.engine import conducting
from ripieno.engine.conducting import ProgramRun
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState
from ripieno.model.program import Delete, Disconnect, Rebind, Wait, WaitAll

MOST_LINES = 12
"""Reasons that an explanation tells at most; the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why programs do not go on. `failed` says whether a failed component is at the root."""

    text: str
    failed: bool


class _Because:
    """A reason, and the component or program that it leads to (None: it ends there)."""

    __slots__ = ("next", "text")

    def __init__(self, text: str, following: "ComponentState | ProgramRun | None" = None) -> None:
        self.text = text
        self.next = following


def explain(machine: Machine) -> Explanation:
    """Follow every waiting program to what holds it: a cycle, something missing, or a failure."""
    core = machine.core
    seen: set[object] = set()
    lines: list[str] = []
    ends_in_failure = False

    for run in core.runs.values():
        if run in seen:
            continue
        path: list[ComponentState | ProgramRun] = []
        texts: list[str] = []
        stack: list[tuple[ComponentState | ProgramRun, Iterator[_Because]]] = [
            (run, _reasons(machine, run))
        ]
        seen.add(run)
        path.append(run)
        while stack:
            _, reasons = stack[-1]
            because = next(reasons, None)
            if because is None:
                stack.pop()
                path.pop()
                continue
            texts.append(because.text)
            follower = because.next
            if follower is None:
                continue
            if isinstance(follower, ComponentState) and follower in core.failed:
                ends_in_failure = True
                texts.append(conducting.failure_reason(follower) or f"{follower.name} failed")
                seen.add(follower)
            elif follower in path:
                names = [_name(each) for each in path[path.index(follower) :]]
                texts.append(f"that is a cycle: {' -> '.join([*names, names[0]])}")
            elif follower not in seen:
                seen.add(follower)
                path.append(follower)
                stack.append((follower, _reasons(machine, follower)))
        lines.extend(text for text in dict.fromkeys(texts) if text not in lines)
    shown = lines[:MOST_LINES]
    cycles = [line for line in lines[MOST_LINES:] if line.startswith("that is a cycle")]
    if len(lines) > MOST_LINES:
        shown += [*cycles[:1], f"and {len(lines) - MOST_LINES} more reasons"]
    return Explanation(text="; ".join(shown), failed=ends_in_failure)


def blocked(machine: Machine, component: str) -> tuple[str, ...]:
    """Why a component does not go on, a line for each of its tokens that waits."""
    state = machine.core.components[component]
    return tuple(because.text for because in _reasons(machine, state))


def _name(node: ComponentState | ProgramRun) -> str:
    return node.name if isinstance(node, ComponentState) else f"program {node.program.name}"


def _reasons(machine: Machine, node: ComponentState | ProgramRun) -> Iterator[_Because]:
    if isinstance(node, ComponentState):
        yield from _of_component(machine, node)
    else:
        yield from _of_program(machine, node)


def _of_program(machine: Machine, run: ProgramRun) -> Iterator[_Because]:
    core = machine.core
    who = f"program {run.program.name}"
    for index in sorted(run.steps):
        match run.program.instructions[index]:
            case Wait(component=name, behaviour=None):
                yield _Because(f"{who} waits until {name} is idle", core.components.get(name))
            case Wait(component=name, behaviour=behaviour):
                yield from _of_behaviour_wait(machine, run, name, behaviour or "")
            case WaitAll():
                for state in core.busy:
                    yield _Because(f"{who} waits until {state.name} is idle", state)
            case Delete(component=name):
                yield _Because(f"{who} waits to delete {name}", core.components.get(name))
            case Disconnect(one=one, other=other):
                user = _user(machine, one.component, one.port, other.component)
                yield _Because(f"{who} waits to disconnect {one} from {other}", user)
                if user.is_idle:
                    yield _Because(f"{user.name} is idle and keeps using it")
            case Rebind(use=use, provide=provide):
                yield _Because(
                    f"{who} waits to rebind {use} to {provide}, which is not active",
                    core.components.get(provide.component),
                )
    if not run.steps and run.open_behaviours:
        for state in core.busy:
            if state.owner is run or any(owner is run for _, owner in state.queue or ()):
                yield _Because(f"{who} waits for the end of what it pushed to {state.name}", state)


def _of_behaviour_wait(
    machine: Machine, run: ProgramRun, name: str, behaviour: str
) -> Iterator[_Because]:
    core = machine.core
    text = f"program {run.program.name} waits {name}.{behaviour}"
    pusher = next(
        (each for each in core.runs.values() if each.is_waiting_to_push(name, behaviour)), None
    )
    state = core.components.get(name)
    if state is not None and not state.is_idle:
        yield _Because(text, state)
    elif pusher is not None:
        yield _Because(f"{text}, which program {pusher.program.name} has not pushed yet", pusher)
    else:
        yield _Because(f"{text}, which no program pushes")


def _user(machine: Machine, one: str, port: str, other: str) -> ComponentState:
    first = machine.core.components[one]
    return first if first.table.type.port_by_name[port].kind.is_consumer else (
        machine.core.components[other]
    )


def _of_component(machine: Machine, state: ComponentState) -> Iterator[_Because]:
    table = state.table
    for transition, name in enumerate(table.transitions):
        bit = 1 << transition
        if state.docked & bit:
            for use in table.uses_of_transition[transition]:
                yield from _of_use(state, use, f"{state.name} cannot start {name}")
            for data_use in table.data_of_transition[transition]:
                yield from _of_data(state, data_use, f"{state.name} cannot start {name}")
        elif state.arrived & bit:
            yield from _of_arrival(state, transition)
    if state.behaviour >= 0:
        leaving = state.marked & ~state.left & table.leavable[state.behaviour]
        for place, name in enumerate(table.places):
            if leaving >> place & 1:
                yield from _of_leaving(state, place, name)
    elif state.is_idle:
        pusher = next(
            (run for run in machine.core.runs.values() if run.is_waiting_to_push(state.name)), None
        )
        if pusher is not None:
            yield _Because(
                f"{state.name} leaves {_in(state)} only after program {pusher.program.name} goes "
                "on",
                pusher,
            )
        else:
            yield _Because(f"{state.name} is idle in {_in(state)}, and no program pushes to it")


def _of_arrival(state: ComponentState, transition: int) -> Iterator[_Because]:
    table = state.table
    place = table.target[transition]
    where = f"{state.name} cannot enter {table.places[place]}"
    missing = table.join[transition] & ~(state.arrived | state.excluded)
    under_way = state.running | state.docked
    for other, name in enumerate(table.transitions):
        if missing & ~under_way >> other & 1:
            yield _Because(
                f"{where}: it waits for {name} to arrive too, which this behaviour does not start"
            )
    if missing:
        return
    for use in table.use_uses_of_place[place]:
        yield from _of_use(state, use, where)
    for data_use in table.data_of_place[place]:
        yield from _of_data(state, data_use, where)


def _of_leaving(state: ComponentState, place: int, name: str) -> Iterator[_Because]:
    table = state.table
    for provide in table.provides_of_place[place]:
        if not (state.use_counts and state.use_counts[provide]):
            continue
        if not state.would_withdraw(provide, place):
            continue
        for user, use in (state.users and state.users[provide]) or ():
            if user.held >> use & 1:
                yield _Because(
                    f"{state.name} cannot leave {name}: {state.name}.{table.provides[provide]} is "
                    f"locked by {user.name}.{user.use_name(use)} active in {_in(user)}",
                    user,
                )
    for use in state.rebinds or ():
        if table.places_of_use[use] >> place & 1:
            yield _Because(
                f"{state.name} cannot leave {name} while {state.use_name(use)} is rebound", state
            )


def _of_use(state: ComponentState, use: int, what: str) -> Iterator[_Because]:
    if state.held >> use & 1:
        return
    port = f"{state.name}.{state.use_name(use)}"
    connection = state.providers[use] if state.providers else None
    if connection is None:
        yield _Because(f"{what}: {port} has no provider; connect it")
        return
    provider, provide = connection
    where = f"{provider.name}.{provider.port_name(provide)}"
    if not provider.offered >> provide & 1:
        yield _Because(f"{what}: {port} waits for {where}, which is not active", provider)
    elif provider.refuses(provide):
        yield _Because(f"{what}: {port} waits for {where}, which is about to be withdrawn", provider)


def _of_data(state: ComponentState, data_use: int, what: str) -> Iterator[_Because]:
    number = len(state.table.uses) + data_use
    port = f"{state.name}.{state.use_name(number)}"
    connection = state.providers[number] if state.providers else None
    if connection is None:
        yield _Because(f"{what}: {port} has no provider; connect it")
        return
    provider, provide = connection
    if not provider.served >> (provide - len(provider.table.provides)) & 1:
        yield _Because(
            f"{what}: {port} waits for the data of {provider.name}.{provider.port_name(provide)}",
            provider,
        )


def _in(state: ComponentState) -> str:
    return ", ".join(state.places()) or "no place"


