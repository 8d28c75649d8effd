"""A machine as JSON and back, and again from its events.

Called by whoever stores a deployment's state. A snapshot stands by itself: it has the component
types, and everything is written by name, so that it can be read without the engine. Whatever has an
order that the engine's next commands depend on is a list. What is left out: the story that error
messages tell, which begins anew.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

from ripieno.engine import ports, programs, wiring
from ripieno.engine.core import Core
from ripieno.engine.errors import EngineError
from ripieno.engine.machine import Machine
from ripieno.engine.marking import NO_BEHAVIOUR, ComponentState, Failure, Queued, Rebinding
from ripieno.engine.programs import DONE, ProgramRun, Step
from ripieno.engine.table import names
from ripieno.model import writing
from ripieno.model.component_type import ComponentType
from ripieno.model.event import Event, program_from_json, program_to_json

Record = dict[str, Any]
Attempts = Mapping[ComponentState, dict[int, tuple[int, int]]]
"""Of every transition that runs, by its number: the command and the attempt."""

FORMAT = 1

_PLACES = ("marked", "left")
_TRANSITIONS = ("docked", "running", "arrived", "failed", "excluded")


def replay(types: Mapping[str, ComponentType], events: Iterable[Event]) -> Machine:
    """The machine that these events lead to, from an empty assembly."""
    machine = Machine(types)
    for event in events:
        machine.handle(event)
    return machine


def to_json(machine: Machine) -> Record:
    """All of the machine's state, in what JSON can hold."""
    core = machine.core
    attempts: Attempts = defaultdict(dict)
    for command, (state, transition, attempt) in core.in_flight.items():
        if transition >= 0:
            attempts[state][transition] = (command, attempt)
    return {
        "format": FORMAT,
        "types": [
            [name, writing.component_type_to_json(each)] for name, each in core.types.items()
        ],
        "components": [
            _component_to_json(core, each, attempts[each]) for each in core.components.values()
        ],
        "connections": [
            [f"{user.name}.{user.use_name(use)}", f"{state.name}.{state.port_name(provide)}"]
            for state in core.components.values()
            for user, use, provide in state.users or ()
        ],
        "programs": [_program_to_json(run) for run in core.runs.values()],
        "busy": [state.name for state in core.busy],
        "failed": [state.name for state in core.failed],
        "idle_waiters": [_step_name(step) for step in core.idle_waiters],
        "absent_waiters": {
            name: [_step_name(step) for step in steps]
            for name, steps in core.absent_waiters.items()
        },
        "next_command": core.next_command,
        "next_timer": core.next_timer,
        "push_count": core.push_count,
    }


def from_json(record: Record) -> Machine:
    """The machine that `to_json` wrote. Raises: `EngineError` for another format."""
    if record.get("format") != FORMAT:
        raise EngineError(
            f"a snapshot of format {record.get('format')!r} cannot be read, only {FORMAT}; replay "
            "the events instead"
        )
    types = {
        name: writing.component_type_from_json(name, fields) for name, fields in record["types"]
    }
    machine = Machine(types)
    core = machine.core
    core.next_command = record["next_command"]
    core.next_timer = record["next_timer"]
    core.push_count = record["push_count"]
    for fields in record["programs"]:
        _read_program(core, fields)
    for fields in record["components"]:
        _read_component(core, fields)
    for fields in record["components"]:
        _read_rebinds(core, fields)
    for use, provide in record["connections"]:
        _read_connection(core, use, provide)
    for fields in record["components"]:
        _read_waiting(core, fields)
    core.busy = {core.components[name]: None for name in record["busy"]}
    core.failed = {core.components[name]: None for name in record["failed"]}
    core.idle_waiters = {_step(core, step): None for step in record["idle_waiters"]}
    core.absent_waiters = {
        name: {_step(core, step): None for step in steps}
        for name, steps in record["absent_waiters"].items()
    }
    for state in core.components.values():
        _count_uses(state)
    return machine


def _component_to_json(
    core: Core, state: ComponentState, commands: Mapping[int, tuple[int, int]]
) -> Record:
    """A component; what is empty is left out."""
    table = state.table
    record: Record = {
        "name": state.name,
        "type": table.type.name,
        **{field: list(names(getattr(state, field), table.places)) for field in _PLACES},
        **{field: list(names(getattr(state, field), table.transitions)) for field in _TRANSITIONS},
        "held": list(names(state.held, table.uses)),
        "offered": list(names(state.offered, table.provides)),
        "served": list(names(state.served, table.data_provides)),
        "lost": list(names(state.lost, table.provides)),
        "behaviour": state.behaviour_name(),
        "owner": _owner_name(core, state.owner),
        "winds_down": state.winds_down,
        "queue": [
            [
                table.behaviours[behaviour] if behaviour != NO_BEHAVIOUR else None,
                _owner_name(core, owner),
                number,
            ]
            for behaviour, owner, number in state.queue or ()
        ],
        "begun_push": state.begun_push,
        "last_push": {
            table.behaviours[behaviour]: number
            for behaviour, number in (state.last_push or {}).items()
        },
        "dropped": sorted(state.dropped or ()),
        "data": dict(state.data or {}),
        "commands": {
            table.transitions[transition]: list(command)
            for transition, command in sorted(commands.items())
        },
        "causes": {
            table.transitions[transition]: failure.cause
            for transition, failure in (state.failures or {}).items()
        },
        "rebinds": {
            state.use_name(use): _rebind_to_json(core, rebind)
            for use, rebind in (state.rebinds or {}).items()
        },
        **_waiting_to_json(core, state),
    }
    return {name: value for name, value in record.items() if value}


def _waiting_to_json(core: Core, state: ComponentState) -> Record:
    """Who waits for the component, in the order in which they are woken."""
    use_waiters = {
        state.table.provides[provide]: _present(core, waiters or ())
        for provide, waiters in enumerate(state.use_waiters or ())
    }
    return {
        "use_waiters": {provide: waiters for provide, waiters in use_waiters.items() if waiters},
        "data_waiters": _present(core, state.data_waiters or ()),
        "waiting_steps": [_step_name(s) for s in state.waiting_steps or () if s.is_alive],
    }


def _present(core: Core, waiters: Iterable[ComponentState]) -> list[str]:
    """Those who wait and have not been deleted since."""
    return [each.name for each in waiters if core.components.get(each.name) is each]


def _rebind_to_json(core: Core, rebind: Rebinding) -> Record:
    step = rebind.step
    return {
        "provider": rebind.provider.name,
        "port": rebind.provider.port_name(rebind.provide),
        "command": rebind.command,
        "attempt": core.in_flight[rebind.command][2],
        "cause": rebind.cause,
        "step": _step_name(step) if step is not None and step.is_alive else None,
    }


def _owner_name(core: Core, owner: ProgramRun | None) -> str | None:
    """The program to be told of a behaviour's end, if it still runs."""
    if owner is None or core.runs.get(owner.program.name) is not owner:
        return None
    return owner.program.name


def _program_to_json(run: ProgramRun) -> Record:
    """A program under way; of a list the number of instructions done, of an order which ones."""
    done: object = len(run.program.instructions) - run.open_count
    if run.unmet is not None:
        done = [index for index, count in enumerate(run.unmet) if count == DONE]
    return {
        "program": program_to_json(run.program),
        "since": run.since,
        "done": done,
        "open_behaviours": run.open_behaviours,
        "steps": [
            {"instruction": step.index, "awaited_push": step.awaited_push, "timer": step.timer}
            for step in run.steps.values()
        ],
    }


def _step_name(step: Step) -> list[object]:
    return [step.run.program.name, step.index]


def _step(core: Core, name: list[Any]) -> Step:
    program, index = name
    return core.runs[program].steps[index]


def _read_program(core: Core, fields: Record) -> None:
    run = ProgramRun(program_from_json(fields["program"]), fields["since"])
    core.runs[run.program.name] = run
    run.open_behaviours = fields["open_behaviours"]
    done = fields["done"]
    if run.unmet is None:
        run.open_count -= done
    else:
        for index in done:
            programs.complete(run, index)
    for each in fields["steps"]:
        step = run.steps[each["instruction"]] = Step(run, each["instruction"])
        step.awaited_push = each["awaited_push"]
        step.timer = each["timer"]
        if step.timer is not None:
            core.timers[step.timer] = step
    programs.expect_pushes(core, run)


def _read_component(core: Core, fields: Record) -> None:
    table = wiring.table(core, fields["type"])
    state = core.components[fields["name"]] = ComponentState(fields["name"], table)
    for field in _PLACES:
        setattr(state, field, _mask(fields, field, table.place_index))
    for field in _TRANSITIONS:
        setattr(state, field, _mask(fields, field, table.transition_index))
    state.held = _mask(fields, "held", {name: i for i, name in enumerate(table.uses)})
    state.offered = _mask(fields, "offered", table.provide_index)
    state.served = _mask(fields, "served", table.data_provide_index)
    state.lost = _mask(fields, "lost", table.provide_index)
    if "behaviour" in fields:
        state.behaviour = table.behaviour_index[fields["behaviour"]]
    state.owner = _owner(core, fields.get("owner"))
    state.winds_down = fields.get("winds_down", False)
    queue: list[Queued] = [
        (
            NO_BEHAVIOUR if behaviour is None else table.behaviour_index[behaviour],
            _owner(core, owner),
            number,
        )
        for behaviour, owner, number in fields.get("queue", ())
    ]
    state.queue = deque(queue) if queue else None
    state.begun_push = fields.get("begun_push", 0)
    state.last_push = {
        table.behaviour_index[behaviour]: number
        for behaviour, number in fields.get("last_push", {}).items()
    } or None
    state.dropped = set(fields.get("dropped", ())) or None
    state.data = dict(fields.get("data", {})) or None
    causes = fields.get("causes", {})
    for name, (command, attempt) in fields.get("commands", {}).items():
        transition = table.transition_index[name]
        core.in_flight[command] = (state, transition, attempt)
        if name in causes:
            failure = Failure(command, causes[name])
            state.failures = {**(state.failures or {}), transition: failure}


def _read_rebinds(core: Core, fields: Record) -> None:
    state = core.components[fields["name"]]
    for port, each in fields.get("rebinds", {}).items():
        provider = core.components[each["provider"]]
        step = _step(core, each["step"]) if each["step"] is not None else None
        provide = provider.provide_number(each["port"])
        rebind = Rebinding(provider, provide, each["command"], step)
        rebind.cause = each["cause"]
        use = state.use_number(port)
        state.rebinds = {**(state.rebinds or {}), use: rebind}
        core.in_flight[rebind.command] = (state, -1 - use, each["attempt"])


def _read_connection(core: Core, use_port: str, provide_port: str) -> None:
    """Connect two ports; the second provider of a use port that is being rebound is only noted."""
    user, use = _end(core, use_port)
    provider, provide = _end(core, provide_port)
    ends = (user, user.use_number(use), provider, provider.provide_number(provide))
    rebind = (user.rebinds or {}).get(ends[1])
    if rebind is not None and (rebind.provider, rebind.provide) == ends[2:]:
        ports.enter_user(*ends)
    else:
        ports.join(*ends)


def _read_waiting(core: Core, fields: Record) -> None:
    state = core.components[fields["name"]]
    for port, waiters in fields.get("use_waiters", {}).items():
        for name in waiters:
            ports.await_provider(core.components[name], state, state.table.provide_index[port])
    data_waiters = fields.get("data_waiters", ())
    state.data_waiters = {core.components[name]: None for name in data_waiters} or None
    for name in fields.get("waiting_steps", ()):
        step = _step(core, name)
        step.awaited = state
        programs.keep_waiting(step, state)


def _end(core: Core, port: str) -> tuple[ComponentState, str]:
    component, _, name = port.partition(".")
    return core.components[component], name


def _owner(core: Core, name: str | None) -> ProgramRun | None:
    return core.runs[name] if name is not None else None


def _mask(fields: Record, field: str, index: Mapping[str, int]) -> int:
    return sum(1 << index[name] for name in fields.get(field, ()))


def _count_uses(state: ComponentState) -> None:
    for use in range(len(state.table.uses)):
        if not state.holds(use):
            continue
        assert state.providers is not None
        connection = state.providers[use]
        rebind = (state.rebinds or {}).get(use)
        assert connection is not None
        ends = [connection, *([(rebind.provider, rebind.provide)] if rebind else [])]
        for provider, provide in ends:
            assert provider.use_counts is not None
            provider.use_counts[provide] += 1
