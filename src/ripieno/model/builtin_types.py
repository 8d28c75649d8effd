"""The life cycles of services, jobs and what exists already, made for the ports of a component.

Called by whoever turns an application into a goal. Components with equal ports share a type: its
name holds a digest of the ports, so types of one name are equal, also over versions. Durations are
nominal, for plans made before anything has been measured.
"""

import hashlib
import json
from collections.abc import Mapping

from ripieno.model.action import Action, Verb
from ripieno.model.application import (
    BUILTIN_KINDS,
    EXTERNAL,
    JOB,
    SERVICE,
    ComponentDefinition,
    Hold,
    Strategy,
)
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.errors import UnknownComponentType
from ripieno.model.node import did_you_mean, listed, quoted
from ripieno.model.port import Port, PortKind

DEPLOY = "deploy"
STOP = "stop"
RESTART = "restart"
UPDATE = "update"
SCALE = "scale"
REMOVE = "remove"
RUN = "run"

READY_PLACE = {SERVICE: "ready", JOB: "done", EXTERNAL: "available"}
"""Where a component of a built-in kind is to stand when it is deployed."""

_REBIND_S = 1.0

_Uses = tuple[str, ...]


def component_type_of(
    definition: ComponentDefinition, own_types: Mapping[str, ComponentType]
) -> ComponentType:
    """The life cycle of a component. Raises: `UnknownComponentType`."""
    if definition.kind in own_types:
        return own_types[definition.kind]
    if definition.kind not in BUILTIN_KINDS:
        known = (*BUILTIN_KINDS, *own_types)
        raise UnknownComponentType(
            f"{definition.name}: there is no component type {quoted(definition.kind)}"
            f"{did_you_mean(definition.kind, known)}; types are {listed(known)}"
        )
    uses = tuple(_use(definition, name) for name in definition.uses)
    provides = tuple(
        Port(
            name=name,
            kind=PortKind.PROVIDE,
            on=("serving",) if definition.kind == SERVICE else (READY_PLACE[definition.kind],),
            interface=interface,
        )
        for name, interface in definition.provides.items()
    )
    ports = tuple(sorted((*uses, *provides), key=lambda port: port.name))
    reads = tuple(port.name for port in ports if port.kind is PortKind.USE)
    name = _name(definition.kind, ports)
    return _MAKERS[definition.kind](name, ports, reads)


def _use(definition: ComponentDefinition, name: str) -> Port:
    use = definition.uses[name]
    if definition.kind == JOB:
        on: tuple[str, ...] = ("run", "rerun")
    else:
        on = ("start", "running") if use.hold is Hold.RUNNING else ("start",)
    is_rolling = definition.kind == SERVICE and definition.strategy is Strategy.ROLLING
    return Port(
        name=name,
        kind=PortKind.USE,
        on=on,
        interface=use.interface,
        rebind_s=_REBIND_S if is_rolling else None,
    )


def _name(kind: str, ports: tuple[Port, ...]) -> str:
    if not ports:
        return kind
    written = json.dumps(
        [[port.name, port.kind, port.on, port.interface, port.rebind_s] for port in ports]
    )
    return f"{kind}/{hashlib.sha256(written.encode()).hexdigest()[:8]}"


def _service(name: str, ports: tuple[Port, ...], reads: _Uses) -> ComponentType:
    return ComponentType(
        name=name,
        initial="absent",
        places=("absent", "prepared", "started", "ready"),
        groups={"running": ("started", "ready"), "serving": ("ready",)},
        transitions=(
            _step("prepare", "absent", "prepared", DEPLOY, Verb.PREPARE, 1.0),
            _step("start", "prepared", "started", DEPLOY, Verb.START, 1.0, reads),
            _step("become_ready", "started", "ready", DEPLOY, Verb.AWAIT_READY, 2.0),
            _step("stop", "ready", "prepared", STOP, Verb.STOP, 1.0),
            _step("halt", "started", "prepared", STOP, Verb.STOP, 1.0, is_other_way=True),
            _step("remove", "prepared", "absent", REMOVE, Verb.REMOVE, 1.0),
            _step("restart", "ready", "started", RESTART, Verb.RESTART, 2.0, reads),
            _step("become_ready_again", "started", "ready", RESTART, Verb.AWAIT_READY, 2.0),
            _step("update", "ready", "ready", UPDATE, Verb.ROLL, 4.0, reads),
            _step("scale", "ready", "ready", SCALE, Verb.SCALE, 3.0, reads),
        ),
        ports=ports,
    )


def _job(name: str, ports: tuple[Port, ...], reads: _Uses) -> ComponentType:
    return ComponentType(
        name=name,
        initial="absent",
        places=("absent", "prepared", "done"),
        transitions=(
            _step("prepare", "absent", "prepared", DEPLOY, Verb.PREPARE, 1.0),
            _step("run", "prepared", "done", DEPLOY, Verb.RUN_JOB, 10.0, reads),
            _step("rerun", "done", "done", RUN, Verb.RUN_JOB, 10.0, reads),
            _step("remove", "done", "absent", REMOVE, Verb.REMOVE, 1.0),
            _step("drop", "prepared", "absent", REMOVE, Verb.REMOVE, 1.0, is_other_way=True),
        ),
        ports=ports,
    )


def _external(name: str, ports: tuple[Port, ...], reads: _Uses) -> ComponentType:
    assert not reads
    return ComponentType(
        name=name,
        initial="absent",
        places=("absent", "available"),
        transitions=(
            _step("check", "absent", "available", DEPLOY, Verb.CHECK, 1.0),
            _step("let_go", "available", "absent", REMOVE, None, 0.0),
        ),
        ports=ports,
    )


_MAKERS = {SERVICE: _service, JOB: _job, EXTERNAL: _external}


def _step(
    name: str,
    source: str,
    target: str,
    behaviour: str,
    verb: Verb | None,
    duration_s: float,
    reads: _Uses = (),
    *,
    is_other_way: bool = False,
) -> Transition:
    # One line a transition in the tables above is worth the positional arguments.
    # Another way to a place is not waited for by those that take the first one.
    return Transition(
        name=name,
        source=source,
        target=target,
        behaviour=behaviour,
        durations_s=(duration_s,),
        dock_set=name if is_other_way else "",
        reads=reads,
        action=Action(verb=verb) if verb else None,
    )
