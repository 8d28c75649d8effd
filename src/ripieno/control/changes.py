"""What a change that names components makes of a deployment, from how it is meant to be now.

Asked when the change comes, and again when one that was queued has its turn: by then what went
before it may have failed and been rolled back.
"""

from ripieno.control import reach
from ripieno.control import target as targets
from ripieno.control.errors import InvalidRequest
from ripieno.control.requests import Change
from ripieno.control.target import Target
from ripieno.control.views import ReconfigurationKind
from ripieno.engine import look
from ripieno.engine.machine import Machine
from ripieno.model.application import JOB
from ripieno.model.builtin_types import READY_PLACE, RESTART, RUN
from ripieno.store.records import ReconfigurationRecord

RELATIVE = frozenset(
    (
        ReconfigurationKind.SCALE,
        ReconfigurationKind.STOP,
        ReconfigurationKind.START,
        ReconfigurationKind.RESTART,
    )
)
"""Kinds that say what is to be different; all others say what is to be."""


def changed(machine: Machine, base: Target, change: Change) -> Target:
    """The target after a change of a relative kind. Raises: `NotFound`, `InvalidRequest`."""
    match change.kind:
        case ReconfigurationKind.SCALE:
            if not change.replicas:
                raise InvalidRequest("name what to scale: component=number")
            return targets.scaled(base, change.replicas)
        case ReconfigurationKind.STOP:
            chosen = reach.with_users(machine, base, change.components)
            running = _but_done_jobs(machine, base, chosen or tuple(base.components))
            return targets.stopped(base, running) if running else base
        case ReconfigurationKind.START:
            return targets.started(base, reach.with_providers(machine, base, change.components))
        case ReconfigurationKind.RESTART:
            reach.check(base, change.components)
            return base
        case _:
            raise InvalidRequest(f"{change.kind} cannot be asked for")


def runs(machine: Machine, target: Target, change: Change) -> dict[str, tuple[str, ...]]:
    """Behaviours that a change wants to be run whatever the target says."""
    if change.kind is not ReconfigurationKind.RESTART:
        return {}
    chosen = change.components or tuple(target.components)
    found: dict[str, tuple[str, ...]] = {}
    for each in look.looks(machine):
        if each.name not in chosen:
            continue
        for behaviour in (RESTART, RUN):
            if behaviour in each.type.behaviours and {"ready", "done"} & set(each.places):
                found[each.name] = (behaviour,)
                break
    return found


def _but_done_jobs(machine: Machine, base: Target, names: tuple[str, ...]) -> tuple[str, ...]:
    """These components without jobs that are done, of which there is nothing to stop."""
    done = {each.name for each in look.looks(machine) if READY_PLACE[JOB] in each.places}
    kinds = {name: wanted.definition.kind for name, wanted in base.components.items()}
    return tuple(each for each in names if kinds[each] != JOB or each not in done)


def change_of(record: ReconfigurationRecord) -> Change:
    """What was asked for, as far as it names components."""
    return Change(
        kind=ReconfigurationKind(record.kind),
        components=tuple(record.options.get("components", ())),
        replicas=record.options.get("replicas", {}),
    )
