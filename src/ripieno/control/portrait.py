"""What is in memory or in the store, as the views that the use cases answer."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ripieno.control.state import Held, State
from ripieno.control.target import Wanted, ready_places
from ripieno.control.views import (
    AssemblyView,
    ComponentView,
    DeploymentState,
    DeploymentView,
    ForecastSpan,
    Glance,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
    ReplicaView,
    Span,
    Standing,
    Touch,
)
from ripieno.engine import look
from ripieno.engine.look import Look
from ripieno.model.application import ComponentDefinition
from ripieno.runtimes.base import ReplicaStatus
from ripieno.store.records import CommandRecord, DeploymentRecord, ReconfigurationRecord

Asked = Mapping[str, Sequence[ReplicaStatus]]
"""How the replicas of some components were just found to be."""


def deployment(
    state: State, links: Mapping[str, str], asked: Asked = MappingProxyType({})
) -> DeploymentView:
    """A deployment that is led here; `links` has the problem of each host that is away."""
    return DeploymentView(
        **_header(state.record),
        reason=_reason(state),
        reconfiguration=state.current.id if state.current else None,
        components=tuple(
            _component(state, each, links, asked.get(each.name, ()))
            for each in look.looks(state.machine)
        ),
        connections=tuple(look.connections(state.machine)),
        document=state.record.document,
    )


def summary(record: DeploymentRecord) -> DeploymentView:
    """A deployment as far as its own row tells."""
    return DeploymentView(**_header(record), reason=None, reconfiguration=None)


def glance(
    record: DeploymentRecord, state: State | None, usage: tuple[float, int] | None
) -> Glance:
    """A deployment in a list; `state` None: it is not led here."""
    if state is None:
        return Glance(deployment=summary(record))
    target = state.wanted if state.wanted is not None else state.target
    looks = {each.name: each for each in look.looks(state.machine)}
    waits = (_waits(state, each.name) for each in looks.values())
    workloads = [
        wanted.definition.workload for wanted in target.components.values() if _is_up(wanted)
    ]
    cpus = [each.cpus * each.replicas for each in workloads if each and each.cpus]
    memory = [each.memory_mib * each.replicas for each in workloads if each and each.memory_mib]
    return Glance(
        deployment=DeploymentView(
            **_header(state.record),
            reason=_reason(state),
            reconfiguration=state.current.id if state.current else None,
        ),
        ready=sum(
            name in looks and set(_where_up(wanted)) <= set(looks[name].places)
            for name, wanted in target.components.items()
        ),
        total=len(target.components),
        waiting_for=next(filter(None, waits), None),
        failed=tuple(dict.fromkeys(name for name, _ in look.failures(state.machine))),
        cpus=sum(cpus) if cpus else None,
        memory_mib=sum(memory) if memory else None,
        usage=usage,
        reconfiguration=reconfiguration(state.current) if state.current else None,
    )


def _is_up(wanted: Wanted) -> bool:
    return wanted.state == ready_places(wanted.definition, wanted.type)


def _where_up(wanted: Wanted) -> tuple[str, ...]:
    """Where a component stands when it is up, whether or not it is to be."""
    return ready_places(wanted.definition, wanted.type) or wanted.state


def _waits(state: State, component: str) -> str | None:
    why = look.waits_for(state.machine, component)
    return f"{component}: {why}" if why else None


def assembly(state: State) -> AssemblyView:
    """The components of a deployment with their life cycles and tokens."""
    target = state.wanted if state.wanted is not None else state.target
    looks = look.looks(state.machine)
    return AssemblyView(
        types={each.type.name: each.type for each in looks},
        components=tuple(
            _standing(state, each, target.components.get(each.name)) for each in looks
        ),
        connections=tuple(look.connections(state.machine)),
    )


def _standing(state: State, seen: Look, wanted: Wanted | None) -> Standing:
    return Standing(
        name=seen.name,
        type=seen.type.name,
        kind=wanted.definition.kind if wanted else seen.type.name.partition("/")[0],
        status=seen.status.value,
        places=seen.places,
        target=wanted.state if wanted else (),
        docked=seen.docked,
        running=seen.running,
        failed=seen.failed,
        arrived=seen.arrived,
        active_ports=seen.active,
        waiting_for=look.waits_for(state.machine, seen.name),
    )


def removed(record: DeploymentRecord) -> DeploymentView:
    """A deployment that is not there any more, whose history is."""
    return DeploymentView(
        **_header(record), reason=None, reconfiguration=None, document=record.document
    )


def reconfiguration(
    record: ReconfigurationRecord, commands: Iterable[CommandRecord] = ()
) -> ReconfigurationView:
    """A reconfiguration; with its commands, its timeline too."""
    plan = record.plan or {}
    return ReconfigurationView(
        id=record.id,
        deployment=record.deployment,
        kind=ReconfigurationKind(record.kind),
        state=ReconfigurationState(record.state),
        reason=record.reason,
        requested_by=record.requested_by,
        created_at=record.created_at,
        started_at=record.started_at,
        ended_at=record.ended_at,
        predicted_s=plan.get("makespan"),
        components=tuple(each["component"] for each in plan.get("components", ())),
        timeline=tuple(_span(each) for each in commands),
        forecast=tuple(_forecast(plan)),
        rollback=record.options.get("rollback"),
        touched=tuple(
            Touch(component=each["component"], sign=each["change"], why=tuple(each["why"]))
            for each in plan.get("components", ())
        ),
    )


def _header(record: DeploymentRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "application": record.application,
        "version": record.version,
        "owner": record.owner,
        "readers": record.readers,
        "state": DeploymentState(record.state),
        "revision": record.revision,
        "parameters": record.parameters,
        "configuration": record.target.get("configuration", ""),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _reason(state: State) -> str | None:
    """What is wrong, in words, if something is."""
    failures = state.machine.failures()
    if failures:
        return "; ".join(failures.values())
    for name, held in state.held.items():
        if held.restart_at is not None:
            return f"{name} has crashed {held.restarts} times and is started again"
        if held.ended:
            return f"{name} has ended"
    return None


def _component(
    state: State, seen: Look, links: Mapping[str, str], asked: Sequence[ReplicaStatus]
) -> ComponentView:
    held = state.held.get(seen.name) or Held()
    target = state.wanted if state.wanted is not None else state.target
    wanted = target.components.get(seen.name)
    definition = held.definition or (wanted.definition if wanted else None)
    host = held.handle.host if held.handle else (definition.host if definition else "")
    return ComponentView(
        name=seen.name,
        type=seen.type.name,
        kind=definition.kind if definition else seen.type.name.partition("/")[0],
        status=seen.status.value,
        places=seen.places,
        target=wanted.state if wanted else (),
        behaviour=seen.behaviour,
        transitions=seen.running + seen.failed,
        host=host,
        replicas=tuple(_replicas(held, seen, host in links, asked)),
        wanted_replicas=_wanted_replicas(wanted.definition if wanted else definition),
        addresses=_addresses(state, seen),
        failure=state.machine.failures().get(seen.name),
        waiting_for=look.waits_for(state.machine, seen.name),
        restarts=held.restarts,
        restart_at=held.restart_at,
        lost=seen.lost,
    )


def _wanted_replicas(definition: ComponentDefinition | None) -> int:
    workload = definition.workload if definition else None
    return workload.replicas if workload else 0


def _replicas(
    held: Held, seen: Look, is_away: bool, asked: Sequence[ReplicaStatus]
) -> Iterable[ReplicaView]:
    found = {each.replica.slot: each for each in asked}
    handle = held.handle
    for each in handle.replicas if handle else ():
        ended = held.ended.get(each.slot)
        process = each.process
        runs = {"started", "ready"} & set(seen.places) or seen.running or seen.failed
        if process is None:
            state = "none"
        elif ended is not None:
            state = ended.condition.value
        elif is_away:
            state = "unknown"
        elif each.slot in found:
            condition = found[each.slot].condition
            state = condition.value if condition is not None else "unknown"
        else:
            state = "running" if runs else "exited"
        yield ReplicaView(
            index=each.slot,
            host=handle.host if handle else "",
            pid=process.pid if process and state in ("running", "unknown") else None,
            state=state,
            tcp_ports=each.tcp_ports,
            started_at=each.started_at,
            exit_code=ended.exit_code if ended else _exit_code(found.get(each.slot)),
        )


def _exit_code(status: ReplicaStatus | None) -> int | None:
    return status.exit_code if status is not None else None


def _addresses(state: State, seen: Look) -> dict[str, str]:
    data = state.machine.core.components[seen.name].data or {}
    return {
        port: str(value["url"])
        for port, value in data.items()
        if isinstance(value, Mapping) and value.get("url")
    }


def _span(command: CommandRecord) -> Span:
    return Span(
        component=command.component,
        transition=command.transition,
        behaviour=command.verb,
        attempt=command.attempt,
        state=command.state,
        start=command.issued_at,
        end=command.ended_at,
        cause=command.cause,
    )


def _forecast(plan: Mapping[str, Any]) -> Iterable[ForecastSpan]:
    timeline = plan.get("forecast", {}).get("timeline", {})
    critical = set(plan.get("critical_path", ()))
    for name, runs in timeline.items():
        component, _, transition = name.partition(".")
        for start_s, end_s in runs:
            yield ForecastSpan(
                component=component,
                transition=transition,
                start_s=start_s,
                end_s=end_s,
                is_critical=name in critical,
            )
