"""What a deployment should be: every component's definition and where it is to stand.

A value, stored with the deployment and with each reconfiguration, so that what was asked for can
be compared with what is, and gone back to.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ripieno.control.errors import InvalidRequest, NotFound
from ripieno.model import application as applications
from ripieno.model import route as routes
from ripieno.model import writing
from ripieno.model.application import Application, ComponentDefinition
from ripieno.model.builtin_types import READY_PLACE, component_type_of
from ripieno.model.component_type import ComponentType
from ripieno.model.port import PortRef
from ripieno.model.route import PublicAddress, Route
from ripieno.store.registered import FileRecord

STOPPED_PLACE = {"service": "prepared", "job": "prepared"}
"""Where a stopped component of a built-in kind stands; others go back to their initial place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One component as it should be: its definition, its type and the places it is to stand on."""

    definition: ComponentDefinition
    type: ComponentType
    state: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """All components of a deployment as they should be. An empty one means: remove it.

    `configuration` is the one that was chosen, "" none; `directory` is where the application's
    relative files were looked for, `files` are those that were registered with it. `routes` have
    their names once they are `settled`. `scaled_from` has the components that people have scaled,
    with the numbers of replicas that the application says.
    """

    application: str = ""
    version: str = ""
    components: Mapping[str, Wanted] = field(default_factory=dict)
    connections: tuple[tuple[PortRef, PortRef], ...] = ()
    configuration: str = ""
    directory: str | None = None
    routes: tuple[Route, ...] = ()
    files: Mapping[str, FileRecord] | None = None
    scaled_from: Mapping[str, int] = field(default_factory=dict)


TypeNames = Callable[[ComponentType], ComponentType]
"""Gives a type the name under which a deployment knows it."""


def target_of(application: Application, name_type: TypeNames) -> Target:
    """The target that a resolved application stands for, everything up."""
    components = {}
    for name, definition in application.components.items():
        component_type = name_type(component_type_of(definition, application.component_types))
        components[name] = Wanted(
            definition=definition,
            type=component_type,
            state=ready_places(definition, component_type),
        )
    return Target(
        application=application.name,
        version=application.version,
        components=components,
        connections=application.connections,
        routes=application.routes,
    )


Address = Callable[[Route], PublicAddress]
"""Gives a route with a name its address."""


def settled(target: Target, deployment: str, address: Address | None) -> Target:
    """The target with its routes named, and its components told their addresses.

    Without `address` there is no door, and nobody is told anything. Of several routes of a
    component the first one is its address. Raises: `ApplicationError` for names that do not do.
    """
    named = tuple(
        dataclasses.replace(each, name=name)
        for name, each in routes.named(target.routes, deployment).items()
    )
    components = dict(target.components)
    if address is not None:
        for each in reversed(named):
            wanted = components[each.component]
            definition = dataclasses.replace(wanted.definition, public=address(each))
            components[each.component] = dataclasses.replace(wanted, definition=definition)
    return dataclasses.replace(target, components=components, routes=named)


def readers(target: Target) -> tuple[str, ...]:
    """Who may come in by any of the routes, and so look at the deployment, besides its owner."""
    return tuple(sorted({each for route in target.routes for each in route.access}))


def ready_places(definition: ComponentDefinition, component_type: ComponentType) -> tuple[str, ...]:
    """Where a component stands when it is up."""
    if definition.state:
        return definition.state
    place = READY_PLACE.get(definition.kind)
    if place is not None:
        return (place,)
    sources = {each.source for each in component_type.transitions}
    final = [each for each in component_type.places if each not in sources]
    return (final[0],) if len(final) == 1 else ()


def scaled(target: Target, replicas: Mapping[str, int]) -> Target:
    """The target with other numbers of replicas. Raises: `NotFound`, `InvalidRequest`."""
    components, scaled_from = dict(target.components), dict(target.scaled_from)
    for name, count in replicas.items():
        wanted = _component(target, name)
        workload = wanted.definition.workload
        if wanted.definition.kind != applications.SERVICE or workload is None:
            raise InvalidRequest(
                f"{name} is a {wanted.definition.kind}; only a service has replicas"
            )
        if not 1 <= count <= 1000:
            raise InvalidRequest(f"{name} cannot have {count} replicas; give 1 to 1000, or stop it")
        definition = dataclasses.replace(
            wanted.definition, workload=dataclasses.replace(workload, replicas=count)
        )
        components[name] = dataclasses.replace(wanted, definition=definition)
        said = scaled_from.pop(name, workload.replicas)
        if said != count:
            scaled_from[name] = said
    return dataclasses.replace(target, components=components, scaled_from=scaled_from)


def with_scaling_of(target: Target, before: Target, *, stated: Collection[str] | None) -> Target:
    """The target with what was scaled before scaled still, unless it says something new of it.

    `stated` are the components whose replicas its document states, where that is a new one; None:
    it is the old one, and only other parameters may say something new.
    """
    kept = {}
    for name, said in before.scaled_from.items():
        one, other = before.components.get(name), target.components.get(name)
        if one is None or other is None:
            continue
        had, says = one.definition.workload, other.definition.workload
        if had is None or says is None or other.definition.kind != applications.SERVICE:
            continue
        if name not in stated if stated is not None else says.replicas == said:
            kept[name] = had.replicas
    return scaled(target, kept)


def stopped(target: Target, names: tuple[str, ...]) -> Target:
    """The target with these components (none named: all) stopped, and those that need them."""
    components = dict(target.components)
    for name in names or tuple(components):
        wanted = _component(target, name)
        if wanted.definition.kind == applications.EXTERNAL:
            continue
        place = STOPPED_PLACE.get(wanted.definition.kind, wanted.type.initial)
        components[name] = dataclasses.replace(wanted, state=(place,))
    return dataclasses.replace(target, components=components)


def taken_down(before: Target, after: Target) -> tuple[str, ...]:
    """The components that are up in one target and in the other, where they still are, not."""
    return tuple(
        name
        for name, wanted in before.components.items()
        if wanted.state == ready_places(wanted.definition, wanted.type)
        and name in after.components
        and after.components[name].state != wanted.state
    )


def started(target: Target, names: tuple[str, ...]) -> Target:
    """The target with these components (none named: all) up."""
    components = dict(target.components)
    for name in names or tuple(components):
        wanted = _component(target, name)
        state = ready_places(wanted.definition, wanted.type)
        components[name] = dataclasses.replace(wanted, state=state)
    return dataclasses.replace(target, components=components)


def at_rest(target: Target) -> Target:
    """The target with everything that is neither up nor stopped on its initial place."""
    components = {}
    for name, wanted in target.components.items():
        kind = wanted.definition.kind
        up = ready_places(wanted.definition, wanted.type)
        stopped_place = STOPPED_PLACE.get(kind, wanted.type.initial)
        if wanted.state not in (up, (stopped_place,), (wanted.type.initial,)):
            wanted = dataclasses.replace(wanted, state=(wanted.type.initial,))
        components[name] = wanted
    return dataclasses.replace(target, components=components)


def namer(known: Mapping[str, ComponentType]) -> TypeNames:
    """Names for types beside those that a deployment knows already.

    A type that differs from its known namesake gets a digest behind its name, since both may be
    there for a while.
    """

    def name_type(component_type: ComponentType) -> ComponentType:
        namesake = known.get(component_type.name)
        if namesake is None or namesake == component_type:
            return component_type
        written = json.dumps(writing.component_type_to_json(component_type), sort_keys=True)
        digest = hashlib.sha256(written.encode()).hexdigest()[:8]
        return dataclasses.replace(component_type, name=f"{component_type.name}/{digest}")

    return name_type


def renamed(target: Target, name_type: TypeNames) -> Target:
    """A target of former times, its types under the names that they would have now."""
    components = {
        name: dataclasses.replace(wanted, type=name_type(wanted.type))
        for name, wanted in target.components.items()
    }
    return dataclasses.replace(target, components=components)


def to_json(target: Target) -> dict[str, Any]:
    """The target as JSON can hold it."""
    types = {each.type.name: each.type for each in target.components.values()}
    return {
        "application": target.application,
        "version": target.version,
        "types": {name: writing.component_type_to_json(each) for name, each in types.items()},
        "components": {
            name: {
                "definition": applications.to_json(wanted.definition),
                "type": wanted.type.name,
                "state": list(wanted.state),
            }
            for name, wanted in target.components.items()
        },
        "connections": [[str(one), str(other)] for one, other in target.connections],
        "configuration": target.configuration,
        "directory": target.directory,
        "routes": [routes.to_json(each) for each in target.routes],
        "files": None
        if target.files is None
        else {path: dataclasses.asdict(each) for path, each in target.files.items()},
        "scaled_from": dict(target.scaled_from),
    }


def from_json(record: Mapping[str, Any]) -> Target:
    """The target that `to_json` wrote; an empty record is an empty target."""
    types = {
        name: writing.component_type_from_json(name, each)
        for name, each in record.get("types", {}).items()
    }
    return Target(
        application=record.get("application", ""),
        version=record.get("version", ""),
        components={
            name: Wanted(
                definition=applications.from_json(each["definition"]),
                type=types[each["type"]],
                state=tuple(each["state"]),
            )
            for name, each in record.get("components", {}).items()
        },
        connections=tuple(
            (_port(one), _port(other)) for one, other in record.get("connections", ())
        ),
        configuration=record.get("configuration", ""),
        directory=record.get("directory"),
        routes=tuple(routes.from_json(each) for each in record.get("routes", ())),
        files=_files(record.get("files")),
        scaled_from=record.get("scaled_from", {}),
    )


def _files(record: Mapping[str, Any] | None) -> dict[str, FileRecord] | None:
    return None if record is None else {path: FileRecord(**each) for path, each in record.items()}


def _component(target: Target, name: str) -> Wanted:
    wanted = target.components.get(name)
    if wanted is None:
        raise NotFound(
            f"there is no component {name!r}; there are {', '.join(target.components) or 'none'}"
        )
    return wanted


def _port(text: str) -> PortRef:
    component, _, port = text.partition(".")
    return PortRef(component, port)
