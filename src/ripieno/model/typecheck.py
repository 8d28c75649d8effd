"""What makes a component type legal. Called by `ComponentType` on construction, by nobody else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ripieno.model import errors, limits
from ripieno.model.port import Port, PortKind

if TYPE_CHECKING:
    from ripieno.model.component_type import ComponentType


def check(component_type: "ComponentType") -> None:
    """Raise the `ComponentTypeError` of the first rule that the type breaks."""
    _check_names(component_type)
    _check_initial(component_type)
    _check_groups(component_type)
    _check_transitions(component_type)
    _check_ports(component_type)
    _check_switches(component_type)
    _check_data(component_type)


def places_of(
    name: str, places: Iterable[str], groups: Mapping[str, tuple[str, ...]]
) -> frozenset[str]:
    """The places that a place's or group's name stands for; none for any other name."""
    if name not in groups:
        return frozenset((name,)) if name in places else frozenset()
    reached = {name}
    pending = [name]
    while pending:
        for part in groups.get(pending.pop(), ()):
            if part not in reached:
                reached.add(part)
                pending.append(part)
    return frozenset(reached.difference(groups))


def _check_names(ct: "ComponentType") -> None:
    kinds = {
        "places": ct.places,
        "transitions": [t.name for t in ct.transitions],
        "ports": [port.name for port in ct.ports],
        "switches": [switch.place for switch in ct.switches],
    }
    for kind, names in kinds.items():
        for name, count in Counter(names).items():
            if count > 1:
                raise errors.DuplicateName(
                    f"{ct.name}: {kind} has {name!r} {count} times; give each its own name",
                    at=(kind,),
                )
            if not name:
                raise errors.ComponentTypeError(
                    f"{ct.name}: {kind} has an empty name; give it one", at=(kind,)
                )
    both = sorted(set(ct.groups) & set(ct.places))
    if both:
        raise errors.DuplicateName(
            f"{ct.name}: {both[0]!r} is both a place and a group; rename one of them",
            at=("groups", both[0]),
        )


def _check_initial(ct: "ComponentType") -> None:
    if not ct.initial:
        raise errors.MissingInitialPlace(
            f"{ct.name}: initial place missing; name the place where a component starts, "
            f"one of {_listed(ct.places)}",
            at=("initial",),
        )
    if ct.initial not in ct.places:
        raise errors.MissingInitialPlace(
            f"{ct.name}: initial place missing: {ct.initial!r} is none of its places "
            f"({_listed(ct.places)})",
            at=("initial",),
        )


def _check_groups(ct: "ComponentType") -> None:
    places = set(ct.places)
    for name, parts in ct.groups.items():
        for part in parts:
            if part not in places and part not in ct.groups:
                raise errors.UnknownPlace(
                    f"{ct.name}: group {name!r} contains {part!r}, which is neither a place nor a "
                    f"group; places are {_listed(ct.places)}",
                    at=("groups", name),
                )
    finished: set[str] = set()
    for start in ct.groups:
        path: dict[str, None] = {}
        stack = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                finished.add(path.popitem()[0])
            elif name in path:
                steps = list(path)
                cycle = _chain([*steps[steps.index(name) :], name])
                raise errors.GroupCycle(
                    f"{ct.name}: groups contain each other: {cycle}; take one of them out",
                    at=("groups", name),
                )
            elif name in ct.groups and name not in finished:
                path[name] = None
                stack.append((name, True))
                stack.extend((part, False) for part in ct.groups[name])


def _check_transitions(ct: "ComponentType") -> None:
    places = set(ct.places)
    for transition in ct.transitions:
        for end, place in (("from", transition.source), ("to", transition.target)):
            if place not in places:
                raise errors.UnknownPlace(
                    f"{ct.name}: transition {transition.name!r} goes {end} {place!r}, which is no "
                    f"place of it; places are {_listed(ct.places)}",
                    at=("transitions", transition.name, end),
                )
        if not transition.behaviour:
            raise errors.ComponentTypeError(
                f"{ct.name}: transition {transition.name!r} has no behaviour; name the one that "
                "fires it",
                at=("transitions", transition.name),
            )
        if not transition.durations_s:
            raise errors.NegativeDuration(
                f"{ct.name}: transition {transition.name!r} has an empty list of durations; give "
                "at least one, in seconds",
                at=("transitions", transition.name, "duration"),
            )
        for duration in transition.durations_s:
            if not limits.is_duration(duration):
                raise errors.NegativeDuration(
                    f"{ct.name}: transition {transition.name!r} has the duration {duration}; give "
                    f"seconds, from zero to {limits.MOST_SECONDS:g}",
                    at=("transitions", transition.name, "duration"),
                )


def _check_ports(ct: "ComponentType") -> None:
    transitions = {t.name for t in ct.transitions}
    places = {*ct.places, *ct.groups}
    initial = _holding_initial(ct)
    for port in ct.ports:
        if not port.on:
            raise errors.UnknownBinding(
                f"{ct.name}: port {port.name!r} is bound to nothing; name a place, a group or, for "
                "a use port, a transition under 'on'",
                at=("ports", port.name),
            )
        for name in port.on:
            _check_binding(ct, port, name, is_place=name in places, is_step=name in transitions)
        if port.rebind_s is not None:
            if port.kind is not PortKind.USE:
                raise errors.IllegalRebind(
                    f"{ct.name}: port {port.name!r} is a {port.kind} port; only a use port has a "
                    "rebind",
                    at=("ports", port.name, "rebind"),
                )
            if not limits.is_duration(port.rebind_s):
                raise errors.NegativeDuration(
                    f"{ct.name}: port {port.name!r} has the rebind duration {port.rebind_s}; give "
                    f"seconds, from zero to {limits.MOST_SECONDS:g}",
                    at=("ports", port.name, "rebind"),
                )
        if port.kind is PortKind.USE and not initial.isdisjoint(port.on):
            raise errors.UseOnInitialPlace(
                f"{ct.name}: use port {port.name!r} is bound to the initial place {ct.initial!r}, "
                "where a component stands before it can be connected; bind it to a later place",
                at=("ports", port.name, "on"),
            )


def _holding_initial(ct: "ComponentType") -> set[str]:
    """The initial place and the groups that it is in, directly or not."""
    holders = defaultdict(list)
    for group, parts in ct.groups.items():
        for part in parts:
            holders[part].append(group)
    found = {ct.initial}
    pending = [ct.initial]
    while pending:
        for group in holders[pending.pop()]:
            if group not in found:
                found.add(group)
                pending.append(group)
    return found


def _check_binding(
    ct: "ComponentType", port: Port, name: str, *, is_place: bool, is_step: bool
) -> None:
    if not is_step:
        if not is_place:
            raise errors.UnknownBinding(
                f"{ct.name}: port {port.name!r} is bound to {name!r}, which is neither a place, a "
                f"group nor a transition of it; places are {_listed(ct.places)}",
                at=("ports", port.name, "on"),
            )
        return
    if not port.kind.is_consumer and not is_place:
        raise errors.ProvideOnTransition(
            f"{ct.name}: a provide port cannot be bound to a transition: {port.name!r} is bound to "
            f"{name!r}; bind it to the place where it begins to provide",
            at=("ports", port.name, "on"),
        )
    if port.kind.is_consumer and is_place:
        raise errors.AmbiguousBinding(
            f"{ct.name}: port {port.name!r} is bound to {name!r}, which is both a place and a "
            "transition; rename one of them",
            at=("ports", port.name, "on"),
        )


def _check_switches(ct: "ComponentType") -> None:
    places = set(ct.places)
    exits_of = defaultdict(set)
    for transition in ct.transitions:
        exits_of[transition.source].add(transition.name)
    for switch in ct.switches:
        where = f"{ct.name}: the switch at {switch.place!r}"
        if switch.place not in places:
            raise errors.UnknownPlace(
                f"{where} is at no place of it; places are {_listed(ct.places)}",
                at=("switches", switch.place),
            )
        port = ct.port_by_name.get(switch.reads)
        if port is None or port.kind is not PortKind.DATA_USE:
            raise errors.IllegalSwitch(
                f"{where} reads {switch.reads!r}, which is no data_use port; declare it under "
                "'ports'",
                at=("switches", switch.place, "reads"),
            )
        exits = exits_of[switch.place]
        for rule in switch.rules:
            for name in rule.take:
                if name not in exits:
                    raise errors.IllegalSwitch(
                        f"{where} takes {name!r}, which does not leave that place; transitions "
                        f"from there are {_listed(sorted(exits))}",
                        at=("switches", switch.place, "rules"),
                    )
        if not switch.rules:
            raise errors.IllegalSwitch(
                f"{where} has no rules; give at least an 'else'", at=("switches", switch.place)
            )


def _check_data(ct: "ComponentType") -> None:
    for transition in ct.transitions:
        for name in transition.reads:
            port = ct.port_by_name.get(name)
            if port is None or not port.kind.is_consumer:
                raise errors.IllegalData(
                    f"{ct.name}: transition {transition.name!r} reads {name!r}, which is no use or "
                    "data_use port of it",
                    at=("transitions", transition.name, "reads"),
                )
        for name in transition.writes:
            port = ct.port_by_name.get(name)
            if port is None or port.kind.is_consumer:
                raise errors.IllegalData(
                    f"{ct.name}: transition {transition.name!r} writes {name!r}, which is no "
                    "provide or data_provide port of it",
                    at=("transitions", transition.name, "writes"),
                )


def _chain(names: list[str], most: int = 8) -> str:
    """A way through names for a message; of a long one, the ends."""
    shown = names if len(names) <= most else [*names[: most - 1], "…", names[-1]]
    return " -> ".join(shown)


def _listed(names: Iterable[str], most: int = 8) -> str:
    """Names for a message, cut where a screen would be."""
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown}, … ({len(every)} in all)" if len(every) > most else shown or "none"
