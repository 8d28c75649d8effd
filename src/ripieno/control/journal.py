"""Engine events inside the stored ones: how a deployment's past is written and read again.

The data of a stored event has `input`, what the engine was told, if it was told something; `types`,
component types that became known with it; and `facts`, what followed: `[component, fact, about]`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ripieno.engine import snapshot
from ripieno.engine.machine import Machine
from ripieno.model import event as events
from ripieno.model import writing
from ripieno.model.component_type import ComponentType
from ripieno.model.event import Event
from ripieno.store.records import EventRecord, MarkingRecord


def entry(
    event: Event, machine: Machine, types: Mapping[str, ComponentType] | None = None
) -> dict[str, Any]:
    """What to store of an event that the machine has just handled."""
    data: dict[str, Any] = {
        "input": events.to_json(event),
        "facts": [list(each) for each in machine.facts],
    }
    if types:
        data["types"] = {name: writing.component_type_to_json(each) for name, each in types.items()}
    return data


def replayed(marking: MarkingRecord | None, stored: Iterable[EventRecord]) -> Machine:
    """The machine that a stored marking and the events after it lead to."""
    machine = snapshot.from_json(json.loads(marking.snapshot)) if marking else Machine({})
    for each in stored:
        written = each.data.get("input")
        if written is None:
            continue
        types = each.data.get("types", {})
        machine.declare(
            {name: writing.component_type_from_json(name, one) for name, one in types.items()}
        )
        machine.handle(events.from_json(written))
    return machine
