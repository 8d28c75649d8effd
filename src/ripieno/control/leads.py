"""What a deployment's state says of its routes. Pure: asked by `routes` after every commit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ripieno.control import target as targets
from ripieno.control.life import Rest
from ripieno.control.state import Held, State
from ripieno.control.target import Address, Wanted
from ripieno.control.views import ReconfigurationKind, RouteState, RouteView
from ripieno.engine import look
from ripieno.engine.look import Look
from ripieno.engine.rules import Status
from ripieno.model.action import Verb
from ripieno.model.application import Address as ExternalAddress
from ripieno.model.route import Route
from ripieno.routing.base import Endpoint, OpenRoute

Leaving = set[tuple[int, str]]
"""Replicas that are about to be stopped, as slot and key."""

_SERVING = frozenset((Verb.ROLL, Verb.SCALE))
"""What is done to a component while some of its replicas go on serving."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A route as it is shown, and as the door is to have it."""

    view: RouteView
    open: OpenRoute


def names(state: State) -> frozenset[str]:
    """All names of routes that a deployment has, is to have, or may go back to."""
    found = {each.name for each in state.target.routes}
    if state.wanted is not None:
        found.update(each.name for each in state.wanted.routes)
    pending = [*state.queue, *([state.current] if state.current is not None else [])]
    for record in pending:
        wanted: Mapping[str, Any] = record.options.get("target", {})
        found.update(each["name"] for each in wanted.get("routes", ()))
    return frozenset(found)


def seen(
    state: State,
    leaving: Mapping[str, Leaving],
    address: Address | None,
    refusal: str | None = None,
) -> Iterator[Seen]:
    """The routes of a deployment; `refusal` is why a visit could not start it."""
    target = state.wanted if state.wanted is not None else state.target
    for each in target.routes:
        wanted = target.components.get(each.component)
        endpoints = _endpoints(state, each, wanted, leaving.get(each.component, set()))
        route_state, reason = RouteState.READY, None
        if not endpoints:
            route_state, reason = _absence(state, each.component, wanted)
        yield Seen(
            RouteView(
                name=each.name,
                deployment=state.record.name,
                component=each.component,
                tcp_port=each.tcp_port,
                mode=each.mode,
                url=address(each).url if address is not None else None,
                path=each.path,
                title=each.title,
                state=route_state,
                reason=reason,
                owner=state.record.owner,
                access=each.access,
                idle_stop_min=each.idle_stop_min,
                lifetime_h=each.lifetime_h,
                refusal=refusal if route_state is RouteState.IDLE else None,
            ),
            OpenRoute(
                name=each.name, mode=each.mode, endpoints=endpoints, is_sticky=each.is_sticky
            ),
        )


def settled(state: State, leaving: Mapping[str, Leaving]) -> list[str]:
    """Components that nobody is stopping replicas of any more, whatever was begun."""
    found = []
    for component in leaving:
        there = _look(state, component)
        if there is None or (there.places and not there.running and not there.failed):
            busy = any(each.job.component == component for each in state.commands.values())
            if not busy:
                found.append(component)
    return found


def _endpoints(
    state: State, route: Route, wanted: Wanted | None, leaving: Leaving
) -> tuple[Endpoint, ...]:
    there = _look(state, route.component)
    if there is None or wanted is None or not _is_serving(there, wanted):
        return ()
    external: ExternalAddress | None = wanted.definition.address
    if external is not None:
        return (Endpoint(host=external.host, port=external.tcp_ports[route.tcp_port]),)
    held = state.held.get(route.component)
    if held is None or held.handle is None:
        return ()
    ended = {(slot, each.key) for slot, each in held.ended.items()}
    return tuple(
        Endpoint(host=held.handle.address, port=each.tcp_ports[route.tcp_port])
        for each in held.handle.replicas
        if each.is_ready
        and route.tcp_port in each.tcp_ports
        and (each.slot, each.key) not in leaving
        and (each.slot, each.key) not in ended
    )


def _is_serving(there: Look, wanted: Wanted) -> bool:
    up = targets.ready_places(wanted.definition, there.type)
    if up and set(up) <= set(there.places):
        return True
    transitions = (there.type.transition_by_name[each] for each in (*there.running, *there.failed))
    return any(each.action is not None and each.action.verb in _SERVING for each in transitions)


def _absence(state: State, component: str, wanted: Wanted | None) -> tuple[RouteState, str | None]:
    """Why a route leads nowhere."""
    there = _look(state, component)
    held = state.held.get(component) or Held()
    failure = state.machine.failures().get(component)
    is_wanted = wanted is not None and wanted.state == targets.ready_places(
        wanted.definition, wanted.type
    )
    if not is_wanted:
        if any(each.kind == ReconfigurationKind.START for each in state.queue):
            return RouteState.WAITING, f"{component} is started in a moment"
        return _rest(state, component)
    if held.restart_at is not None:
        return RouteState.WAITING, f"{component} has crashed and is started again"
    if failure is not None:
        return RouteState.FAILED, failure
    if there is not None and there.status is Status.BUSY:
        waits = look.waits_for(state.machine, component)
        return RouteState.WAITING, waits or f"{component} is being started"
    if state.current is not None:
        return RouteState.WAITING, f"{component} waits for its turn"
    return RouteState.FAILED, f"{component} has ended and is not started again"


def _rest(state: State, component: str) -> tuple[RouteState, str]:
    if component in state.life.resting:
        match state.life.rest:
            case Rest.IDLE:
                return RouteState.IDLE, "nobody has used it for a while; a visit starts it"
            case Rest.LIFETIME:
                return RouteState.STOPPED, "its life time is over; it can be started again"
    return RouteState.STOPPED, f"{component} was stopped"


def _look(state: State, component: str) -> Look | None:
    if component not in state.machine.core.components:
        return None
    return look.look(state.machine, component)
