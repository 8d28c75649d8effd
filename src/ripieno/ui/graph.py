"""The assembly of a deployment, as the browser's graph is told it: names, tokens, connections.

Only data: the browser lays it out and draws it, and sets every text as text.
"""

from collections.abc import Mapping
from typing import Any

from ripieno.control.views import AssemblyView, ComponentView, DeploymentView, Standing
from ripieno.model.application import JOB
from ripieno.model.component_type import ComponentType
from ripieno.ui import standing
from ripieno.ui.language import Language


def graph(assembly: AssemblyView, deployment: DeploymentView, spoken: Language) -> dict[str, Any]:
    """Everything that is drawn."""
    views = {each.name: each for each in deployment.components}
    return {
        "components": [
            _component(each, assembly.types[each.type], views.get(each.name), spoken)
            for each in assembly.components
        ],
        "connections": [
            _connection(use, provide, assembly) for use, provide in assembly.connections
        ],
    }


def _component(
    seen: Standing, life_cycle: ComponentType, view: ComponentView | None, spoken: Language
) -> dict[str, Any]:
    tone, label = ("idle", "") if view is None else standing.of_component(view, spoken)
    running = {*seen.running}
    return {
        "name": seen.name,
        "kind": seen.kind,
        "tone": tone,
        "label": label,
        "replicas": _replicas(view),
        "places": [
            {"name": each, "marked": each in seen.places, "wanted": each in seen.target}
            for each in _in_order(life_cycle)
        ],
        # Of the others there may be very many, and nothing moves in them.
        "moves": [
            {
                "name": each.name,
                "from": each.source,
                "to": each.target,
                "state": _state(each.name, running, seen),
            }
            for each in life_cycle.transitions
            if each.name in running or each.name in (*seen.docked, *seen.failed, *seen.arrived)
        ],
        "ports": [
            {
                "name": each.name,
                "uses": each.kind.is_consumer,
                "active": each.name in seen.active_ports,
            }
            for each in life_cycle.ports
        ],
    }


def _state(transition: str, running: set[str], seen: Standing) -> str:
    if transition in seen.failed:
        return "failed"
    if transition in running:
        return "running"
    return "arrived" if transition in seen.arrived else "docked"


def _replicas(view: ComponentView | None) -> str:
    if view is None or view.kind == JOB or not (view.wanted_replicas or view.replicas):
        return ""
    up = sum(each.state == "running" for each in view.replicas)
    return f"{up}/{view.wanted_replicas}"


def _in_order(life_cycle: ComponentType) -> list[str]:
    """The places from the initial one on, those that are reached sooner first."""
    following: Mapping[str, list[str]] = {
        place: [each.target for each in life_cycle.transitions if each.source == place]
        for place in life_cycle.places
    }
    order, level = [life_cycle.initial], [life_cycle.initial]
    while level:
        reached = dict.fromkeys(target for place in level for target in following[place])
        level = [each for each in reached if each not in order]
        order += level
    return [*order, *(each for each in life_cycle.places if each not in order)]


def _connection(use: str, provide: str, assembly: AssemblyView) -> dict[str, Any]:
    user, _, use_port = use.rpartition(".")
    provider, _, provide_port = provide.rpartition(".")
    active = {each.name: each.active_ports for each in assembly.components}
    is_used = use_port in active.get(user, ())
    is_offered = provide_port in active.get(provider, ())
    return {
        "from": [provider, provide_port],
        "to": [user, use_port],
        "state": "lost" if is_used and not is_offered else "active" if is_used else "idle",
    }
