"""Automatic assembly: use ports are matched to the one component that provides what they need."""

from collections import defaultdict
from collections.abc import Mapping

from ripieno.model import errors as model_errors
from ripieno.model.assembly import Assembly, Component
from ripieno.model.fitting import orient
from ripieno.model.goal import Goal
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.plan import errors

MOST_LISTED = 8
"""Candidates that a message lists at most."""

Providers = Mapping[tuple[PortKind, str], list[PortRef]]


def match(goal: Goal, current: Assembly) -> frozenset[Connection]:
    """The connections that the goal's assembly should have.

    For every use port in this order: what the goal lists, what a selector picks, the provider it
    has now, the only component that provides its interface. A port of a component that is there
    and unconnected now stays so where there is no single candidate.

    Raises: `NoProvider` or `SeveralProviders` with the candidates, `WrongSelection`.
    """
    listed = _listed(goal)
    held = {connection.use: connection.provide for connection in current.connections}
    providers = _providers(goal)
    connections = set()
    for component in goal.components.values():
        for port in component.type.ports:
            if not port.kind.is_consumer:
                continue
            use = PortRef(component.name, port.name)
            provide = listed.get(use) or _choose(
                component, port, goal, providers, held.get(use), is_old=_is_old(component, current)
            )
            if provide is not None:
                connections.add(Connection(use, provide))
    return frozenset(connections)


def _is_old(component: Component, current: Assembly) -> bool:
    before = current.components.get(component.name)
    return before is not None and before.type == component.type


def _listed(goal: Goal) -> dict[PortRef, PortRef]:
    """The goal's own connections, by use port."""
    listed: dict[PortRef, PortRef] = {}
    for one, other in goal.connections:
        try:
            use, provide = orient(
                lambda name: c.type if (c := goal.components.get(name)) else None, one, other
            )
        except model_errors.ProgramError as refusal:
            raise errors.WrongSelection(f"the goal's connections: {refusal}") from refusal
        if listed.setdefault(use, provide) != provide:
            raise errors.SeveralProviders(
                f"the goal connects {use} to {listed[use]} and to {provide}; a use port takes one "
                "connection"
            )
    return listed


def _providers(goal: Goal) -> Providers:
    """Provide ports of the goal, by kind and interface."""
    providers = defaultdict(list)
    for component in goal.components.values():
        for port in component.type.ports:
            if not port.kind.is_consumer:
                providers[port.kind, port.matched_as].append(PortRef(component.name, port.name))
    return providers


def _choose(
    component: Component,
    port: Port,
    goal: Goal,
    providers: Providers,
    held: PortRef | None,
    *,
    is_old: bool,
) -> PortRef | None:
    use = PortRef(component.name, port.name)
    selector = component.select.get(port.name, {})
    if selector is None:
        return None
    kept = held is not None and is_old and _fits(component, port, goal, held, selector)
    if kept:
        return held
    candidates = [
        candidate
        for candidate in providers.get((port.kind.counterpart, port.matched_as), ())
        if candidate.component != component.name and _is_selected(goal, candidate, selector)
    ]
    if not candidates and isinstance(selector, str):
        candidates = _of_named(component, port, goal, selector)
    if len(candidates) == 1:
        return candidates[0]
    if is_old and held is None and not selector:
        return None
    if candidates:
        raise errors.SeveralProviders(
            f"{use} needs {port.matched_as!r}, which {_list(candidates)} provide; choose one with "
            f"'select: {{{port.name}: component}}' (or labels), or list the connection"
        )
    if selector and not isinstance(selector, str):
        asked = ", ".join(f"{key}: {value}" for key, value in selector.items())
        others = providers.get((port.kind.counterpart, port.matched_as), [])
        raise errors.NoProvider(
            f"{use} selects {{{asked}}}, and no component with these labels provides "
            f"{port.matched_as!r}; {_list(others) or 'nobody'} does: give the one that is meant "
            "these labels, or select it by name"
        )
    offers = sorted({interface for kind, interface in providers if kind is port.kind.counterpart})
    nobody = "no component that is selected" if selector else "no component"
    raise errors.NoProvider(
        f"{use} needs {port.matched_as!r}, and {nobody} provides it; provided are "
        f"{', '.join(offers[:MOST_LISTED]) or 'no interfaces at all'}. Add one that does, give "
        f"both ports one 'interface', or leave it unconnected with 'select: {{{port.name}: null}}'"
    )


def _fits(
    component: Component,
    port: Port,
    goal: Goal,
    held: PortRef,
    selector: str | Mapping[str, str],
) -> bool:
    """Whether the provider that a port has now is one for the goal, too."""
    provider = goal.components.get(held.component)
    if provider is None or held.component == component.name:
        return False
    offered = provider.type.port_by_name.get(held.port)
    return (
        offered is not None
        and offered.kind is port.kind.counterpart
        and _is_selected(goal, held, selector)
    )


def _is_selected(goal: Goal, candidate: PortRef, selector: str | Mapping[str, str]) -> bool:
    if isinstance(selector, str):
        return candidate.component == selector
    labels = goal.components[candidate.component].labels
    return all(labels.get(key) == value for key, value in selector.items())


def _of_named(component: Component, port: Port, goal: Goal, name: str) -> list[PortRef]:
    """The ports of a component selected by name that fit by kind, whatever their interface."""
    provider = goal.components.get(name)
    if provider is None or name == component.name:
        raise errors.WrongSelection(
            f"{component.name} selects {name!r} for {port.name}, which is no other component of "
            "the goal; name one that is there"
        )
    fitting = [
        PortRef(name, each.name)
        for each in provider.type.ports
        if each.kind is port.kind.counterpart
        and (not (each.interface and port.interface) or each.interface == port.interface)
    ]
    return fitting


def _list(candidates: list[PortRef]) -> str:
    shown = ", ".join(map(str, candidates[:MOST_LISTED]))
    more = len(candidates) - MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown
