"""What a reconfiguration leaves of a deployment when it ends, well or not.

Called by the course. Each function changes the state of the deployment only, and tells nobody.
"""

import dataclasses
from datetime import datetime
from typing import Any

from ripieno.control import planning
from ripieno.control import target as targets
from ripieno.control.ids import reconfiguration_id
from ripieno.control.requests import OnFailure
from ripieno.control.state import State
from ripieno.control.target import Target, Wanted
from ripieno.control.views import ReconfigurationKind, ReconfigurationState
from ripieno.engine import look
from ripieno.model.application import SERVICE
from ripieno.model.port import PortRef
from ripieno.store.records import ReconfigurationRecord


def adopt(state: State, current: ReconfigurationRecord, wanted: Target) -> None:
    """From now on the deployment is to be as this reconfiguration wanted it."""
    changed: dict[str, Any] = {
        "application": wanted.application or state.record.application,
        "version": wanted.version or state.record.version,
    }
    if current.document is not None:
        changed |= {"document": current.document, "parameters": current.parameters}
    state.put_deployment(**changed)
    state.aim(wanted)


def update_policies(state: State, wanted: Target) -> None:
    """Bring into force what can change under a running process: checks and restarts."""
    for name, entry in wanted.components.items():
        held = state.held.get(name)
        known = held.definition if held is not None else None
        if held is None or known is None or known == entry.definition:
            continue
        if planning.run_alike(known, entry.definition):
            held.definition = entry.definition
            state.put_handle(name)


def standing(state: State, wanted: Target) -> Target:
    """What a cancelled reconfiguration leaves: everything as it stands."""
    components = {}
    for each in look.looks(state.machine):
        held = state.held.get(each.name)
        entry = wanted.components.get(each.name) or state.target.components.get(each.name)
        definition = held.definition if held and held.definition else None
        if definition is None and entry is not None:
            definition = entry.definition
        if definition is not None:
            # Nothing leads to `started` to stay there, so a service is up or it is stopped.
            is_starting = definition.kind == SERVICE and each.places == ("started",)
            components[each.name] = Wanted(
                definition=definition,
                type=each.type,
                state=(targets.STOPPED_PLACE[SERVICE],) if is_starting else each.places,
            )
    actual = dict(look.connections(state.machine))
    connections = []
    for one, other in wanted.connections:
        if one.component not in components or other.component not in components:
            continue
        use, provide = (one, other) if str(other) not in actual else (other, one)
        is_to = actual.get(str(use))
        connections.append((use, provide if is_to is None else PortRef(*is_to.split(".", 1))))
    return dataclasses.replace(
        state.target,
        components=components,
        connections=tuple(connections),
        routes=tuple(each for each in wanted.routes if each.component in components),
    )


def rollback_of(
    state: State, failed: ReconfigurationRecord, now: datetime
) -> ReconfigurationRecord:
    """The reconfiguration that goes back to what was before one that has failed."""
    return ReconfigurationRecord(
        id=reconfiguration_id(),
        deployment=state.id,
        kind=ReconfigurationKind.ROLLBACK,
        state=ReconfigurationState.QUEUED,
        document=None,
        parameters={},
        plan=None,
        options={
            "target": targets.to_json(state.target),
            "on_failure": OnFailure.KEEP.value,
            "of": failed.id,
        },
        requested_by=failed.requested_by,
        reason=None,
        created_at=now,
        started_at=None,
        ended_at=None,
    )
