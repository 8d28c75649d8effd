"""Who waits for whom, in words: what an assembly that cannot go on is stuck on."""

from collections.abc import Iterator
from dataclasses import dataclass

from ripieno.engine import firing, programs, wiring
from ripieno.engine.core import Core
from ripieno.engine.machine import Machine
from ripieno.engine.marking import ComponentState
from ripieno.engine.programs import ProgramRun
from ripieno.engine.table import names
from ripieno.model.program import Delete, Disconnect, Rebind, Wait, WaitAll

MOST_LINES = 12
"""Reasons that an explanation tells at most; the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why programs do not go on. `failed` says whether a failed component is at the root."""

    text: str
    failed: bool


_Node = ComponentState | ProgramRun


class _Because:
    """A reason, and the component or program that it leads to (None: it ends there)."""

    __slots__ = ("next", "text")

    def __init__(self, text: str, following: "ComponentState | ProgramRun | None" = None) -> None:
        self.text = text
        self.next = following


class _View:
    """The engine, and who has still to push what: what reasons are read from."""

    __slots__ = ("core", "pusher_of", "pusher_to")

    def __init__(self, core: Core) -> None:
        self.core = core
        # The first program that has still to push a behaviour, or anything, to a component.
        self.pusher_of: dict[tuple[str, str], ProgramRun] = {}
        self.pusher_to: dict[str, ProgramRun] = {}
        for run in core.runs.values():
            for push in run.pushes_ahead():
                self.pusher_of.setdefault((push.component, push.behaviour), run)
                self.pusher_to.setdefault(push.component, run)


def explain(machine: Machine) -> Explanation:
    """Follow every waiting program to what holds it: a cycle, something missing, or a failure."""
    view = _View(machine.core)
    seen: set[_Node] = set()
    lines: dict[str, None] = {}
    ends_in_failure = False
    for run in machine.core.runs.values():
        if run not in seen:
            ends_in_failure |= _follow(view, run, seen, lines)
    told = list(lines)
    shown = told[:MOST_LINES]
    if len(told) > MOST_LINES:
        cycles = [line for line in told[MOST_LINES:] if line.startswith("that is a cycle")]
        shown += [*cycles[:1], f"and {len(told) - MOST_LINES - len(cycles[:1])} more reasons"]
    return Explanation(text="; ".join(shown), failed=ends_in_failure)


def blocked(machine: Machine, component: str) -> tuple[str, ...]:
    """Why a component does not go on, a line for each of its tokens that waits."""
    state = machine.core.components[component]
    return tuple(because.text for because in _reasons(_View(machine.core), state))


def _follow(view: _View, run: ProgramRun, seen: set[_Node], lines: dict[str, None]) -> bool:
    """Add the reasons why the program waits to the lines; whether a failure is among them."""
    ends_in_failure = False
    seen.add(run)
    path: dict[_Node, None] = {run: None}
    stack = [_reasons(view, run)]
    while stack:
        because = next(stack[-1], None)
        if because is None:
            stack.pop()
            path.popitem()
            continue
        lines[because.text] = None
        follower = because.next
        if follower is None:
            continue
        if isinstance(follower, ComponentState) and follower in view.core.failed:
            ends_in_failure = True
            lines[programs.failure_reason(follower) or f"{follower.name} failed"] = None
        elif follower in path:
            nodes = list(path)
            cycle = [_name(each) for each in nodes[nodes.index(follower) :]]
            lines[f"that is a cycle: {' -> '.join([*_cut(cycle), cycle[0]])}"] = None
        elif follower not in seen:
            seen.add(follower)
            path[follower] = None
            stack.append(_reasons(view, follower))
    return ends_in_failure


def _cut(names: list[str]) -> list[str]:
    """The names of a cycle, as many as a message bears."""
    if len(names) <= MOST_LINES:
        return names
    return [*names[: MOST_LINES - 1], f"… ({len(names) - MOST_LINES} more)", names[-1]]


def _name(node: _Node) -> str:
    return node.name if isinstance(node, ComponentState) else f"program {node.program.name}"


def _reasons(view: _View, node: _Node) -> Iterator[_Because]:
    if isinstance(node, ComponentState):
        yield from _of_component(view, node)
    else:
        yield from _of_program(view, node)


def _of_program(view: _View, run: ProgramRun) -> Iterator[_Because]:
    core = view.core
    who = f"program {run.program.name}"
    for index in sorted(run.steps):
        absent = wiring.missing(core, run.program.instructions[index])
        adder = _adder(core, absent) if absent is not None else None
        if adder is not None:
            yield _Because(
                f"{who} waits for {absent}, which program {adder.program.name} has not added yet",
                adder,
            )
            continue
        match run.program.instructions[index]:
            case Wait(component=name, behaviour=None):
                yield _Because(f"{who} waits until {name} is idle", core.components.get(name))
            case Wait(component=name, behaviour=behaviour):
                yield from _of_behaviour_wait(view, run, name, behaviour or "")
            case WaitAll():
                for state in core.busy:
                    yield _Because(f"{who} waits until {state.name} is idle", state)
            case Delete(component=name):
                yield _Because(f"{who} waits to delete {name}", core.components.get(name))
            case Disconnect(one=one, other=other):
                user = _user(core, one.component, one.port, other.component)
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
            if state.owner is run or any(owner is run for _, owner, _ in state.queue or ()):
                yield _Because(f"{who} waits for the end of what it pushed to {state.name}", state)


def _adder(core: Core, component: str) -> ProgramRun | None:
    """The program that has still to add a component."""
    return next((run for run in core.runs.values() if run.has_yet_to_add(component)), None)


def _of_behaviour_wait(
    view: _View, run: ProgramRun, name: str, behaviour: str
) -> Iterator[_Because]:
    text = f"program {run.program.name} waits {name}.{behaviour}"
    pusher = view.pusher_of.get((name, behaviour))
    state = view.core.components.get(name)
    if state is not None and not state.is_idle:
        yield _Because(text, state)
    elif pusher is not None:
        yield _Because(f"{text}, which program {pusher.program.name} has not pushed yet", pusher)
    else:
        yield _Because(f"{text}, which no program pushes")


def _user(core: Core, one: str, port: str, other: str) -> ComponentState:
    first = core.components[one]
    is_user = first.table.type.port_by_name[port].kind.is_consumer
    return first if is_user else core.components[other]


def _of_component(view: _View, state: ComponentState) -> Iterator[_Because]:
    table = state.table
    for transition, name in enumerate(table.transitions):
        bit = 1 << transition
        if state.winds_down and (state.docked | state.arrived) & bit:
            yield from _of_return(state, transition)
        elif state.docked & bit:
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
        pusher = view.pusher_to.get(state.name)
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
    never = missing & ~firing.reachable(state)
    for name in names(missing, table.transitions):
        text = f"{where}: it waits for {name} to arrive too"
        if never >> table.transition_index[name] & 1:
            text += ", which this behaviour does not start"
        yield _Because(text)
    if not missing:
        yield from _of_standing(state, place, where)


def _of_return(state: ComponentState, transition: int) -> Iterator[_Because]:
    """A behaviour is wound down: the token goes back, or on if all of its join have arrived."""
    table = state.table
    joined = table.join[transition]
    if state.arrived >> transition & 1 and (state.arrived | state.excluded) & joined == joined:
        yield from _of_arrival(state, transition)
        return
    place = table.source[transition]
    yield from _of_standing(state, place, f"{state.name} cannot return to {table.places[place]}")


def _of_standing(state: ComponentState, place: int, where: str) -> Iterator[_Because]:
    for use in state.table.use_uses_of_place[place]:
        yield from _of_use(state, use, where)
    for data_use in state.table.data_of_place[place]:
        yield from _of_data(state, data_use, where)


def _of_leaving(state: ComponentState, place: int, name: str) -> Iterator[_Because]:
    table = state.table
    for provide in table.provides_of_place[place]:
        if not (state.use_counts and state.use_counts[provide]):
            continue
        if not state.would_withdraw(provide, place):
            continue
        for user, use in state.users_of(provide):
            if user.held >> use & 1:
                yield _Because(
                    f"{state.name} cannot leave {name}: {state.name}.{table.provides[provide]} is "
                    f"locked by {user.name}.{user.use_name(use)} active in {_in(user)}",
                    user,
                )
    for use in state.rebinds or ():
        if table.places_of_use[use] >> place & 1:
            yield _Because(
                f"{state.name} cannot leave {name} while {state.use_name(use)} is rebound"
            )
    if place in table.switch_at:
        for data_use in table.data_of_place[place]:
            yield from _of_data(state, data_use, f"{state.name} cannot leave {name}")


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
        yield _Because(
            f"{what}: {port} waits for {where}, which is about to be withdrawn", provider
        )


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
