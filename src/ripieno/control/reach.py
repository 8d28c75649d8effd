"""Who has to stop or start together, along the connections that are held while running."""

from collections import defaultdict

from ripieno.control.errors import NotFound
from ripieno.control.target import Target
from ripieno.engine import look
from ripieno.engine.machine import Machine
from ripieno.model.application import Hold


def check(target: Target, components: tuple[str, ...]) -> None:
    """Raise `NotFound` for a component that the deployment does not have."""
    for name in components:
        if name not in target.components:
            raise NotFound(
                f"there is no component {name!r}; there are "
                f"{', '.join(target.components) or 'none'}"
            )


def with_users(machine: Machine, target: Target, components: tuple[str, ...]) -> tuple[str, ...]:
    """These components and all that cannot run without them; none given: none."""
    check(target, components)
    users: dict[str, list[str]] = defaultdict(list)
    for user, provider in _held_connections(machine, target):
        users[provider].append(user)
    return _closure(components, users)


def with_providers(
    machine: Machine, target: Target, components: tuple[str, ...]
) -> tuple[str, ...]:
    """These components and all that they cannot start without; none given: none."""
    check(target, components)
    providers: dict[str, list[str]] = defaultdict(list)
    for user, provider in _connections(machine):
        providers[user[0]].append(provider)
    return _closure(components, providers)


def _closure(begin: tuple[str, ...], following: dict[str, list[str]]) -> tuple[str, ...]:
    found = dict.fromkeys(begin)
    pending = list(begin)
    while pending:
        for each in following.get(pending.pop(), ()):
            if each not in found:
                found[each] = None
                pending.append(each)
    return tuple(found)


def _held_connections(machine: Machine, target: Target) -> list[tuple[str, str]]:
    """User and provider of each connection that the user holds as long as it runs."""
    found = []
    for (user, port), provider in _connections(machine):
        wanted = target.components.get(user)
        use = wanted.definition.uses.get(port) if wanted else None
        if use is None or use.hold is Hold.RUNNING:
            found.append((user, provider))
    return found


def _connections(machine: Machine) -> list[tuple[tuple[str, str], str]]:
    found = []
    for use, provide in look.connections(machine):
        user, _, port = use.partition(".")
        found.append(((user, port), provide.partition(".")[0]))
    return found
