"""What the references in a component's definition stand for when it is started."""

import contextlib
import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ripieno.model import references
from ripieno.model.application import ComponentDefinition
from ripieno.model.component_type import Value
from ripieno.model.errors import UnknownReference
from ripieno.model.route import PublicAddress
from ripieno.model.workload import FileTransfer, Health, Secret, Workload
from ripieno.runtimes import containers
from ripieno.runtimes.base import Handle, Spot

_LOOPBACK = re.compile(r"(?:(?<=://)|(?<=[,@])|^)(?:127\.0\.0\.1|localhost)(?=[:/,]|$)")


def scope_of(
    definition: ComponentDefinition,
    deployment: str,
    inputs: Mapping[str, Value],
    spot: Spot | None = None,
) -> dict[str, Value]:
    """Names and values for `references.resolve`: `${store.url}`, `${ports.http}`, `${host}`, …

    `deployment` is its name.
    """
    is_inside = definition.workload is not None and definition.workload.image is not None
    scope: dict[str, Value] = {
        "deployment": deployment,
        "component": definition.name,
        "settings": dict(definition.settings),
    }
    if spot is not None:
        scope["host"] = containers.EVERYWHERE if is_inside else spot.host
        scope["replica"] = spot.replica
        workload = definition.workload
        ports = dict(spot.tcp_ports) if workload is None else workload.listening(spot.tcp_ports)
        scope["ports"] = ports
        if ports:
            scope["port"] = next(iter(ports.values()))
            scope["route"] = public_address(definition, spot).parts()
    for port in definition.uses:
        value = inputs.get(port)
        if is_inside and value is not None:
            value = _from_inside(value)
        if isinstance(value, Mapping):
            name = value.get("name")
            scope[port] = {**value, **({str(name): value} if name else {})}
        elif value is not None:
            scope[port] = value
    return scope


def _from_inside(value: Value) -> Value:
    """Where something is reached, as a container knows it: its own loopback leads nowhere."""
    if isinstance(value, Mapping):
        return {name: _from_inside(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_from_inside(each) for each in value]
    if isinstance(value, str):
        return _LOOPBACK.sub(containers.MACHINE, value)
    return value


def public_address(definition: ComponentDefinition, spot: Spot) -> PublicAddress:
    """Where a component is reached by people: at its route, or else where it runs."""
    if definition.public is not None:
        return definition.public
    port = next(iter(spot.tcp_ports.values()))
    return PublicAddress(url=f"http://{spot.host}:{port}/")


def told_address(workload: Workload, definition: ComponentDefinition) -> Workload:
    """The workload with its route's address in the environment, where it has one."""
    public = definition.public
    if public is None:
        return workload
    told: dict[str, str | Secret] = {
        "PUBLIC_URL": public.url,
        "PUBLIC_PATH": public.path,
        "PUBLIC_HOST": public.host,
    }
    return dataclasses.replace(workload, env={**told, **workload.env})


def resolved(
    workload: Workload, scope: Mapping[str, Value], secrets: Mapping[str, str]
) -> Workload:
    """The workload with everything put in. Raises: `UnknownReference`; `KeyError` for a secret."""

    def text(written: str) -> str:
        return references.resolve(written, scope)

    return dataclasses.replace(
        workload,
        argv=tuple(map(text, workload.argv)),
        entrypoint=tuple(map(text, workload.entrypoint)),
        env={
            name: secrets[value.name] if isinstance(value, Secret) else text(value)
            for name, value in workload.env.items()
        },
        files=tuple(_file(each, scope) for each in workload.files),
        health=_health(workload.health, scope),
        working_directory=(
            None if workload.working_directory is None else text(workload.working_directory)
        ),
    )


def watched(
    definition: ComponentDefinition, deployment: str, inputs: Mapping[str, Value], spot: Spot
) -> Workload:
    """The workload as its processes are watched: its checks resolved, all else as it is written."""
    workload = definition.workload or Workload(argv=("true",))
    scope = scope_of(definition, deployment, inputs, spot)
    return dataclasses.replace(workload, health=_health(workload.health, scope))


def from_disk(workload: Workload, paths: Mapping[str, str]) -> Workload:
    """The workload with registered files taken from where they are, by their digests."""
    files = tuple(
        each
        if each.digest is None
        else dataclasses.replace(each, digest=None, source=references.escape(paths[each.digest]))
        for each in workload.files
    )
    return dataclasses.replace(workload, files=files)


def early_files(workload: Workload, scope: Mapping[str, Value]) -> tuple[FileTransfer, ...]:
    """The files that say nothing of what the component uses, which may not be there yet."""
    found = []
    for each in workload.files:
        with contextlib.suppress(UnknownReference):
            found.append(_file(each, scope))
    return tuple(found)


def _health(health: Health | None, scope: Mapping[str, Value]) -> Health | None:
    if health is None:
        return None
    return dataclasses.replace(
        health,
        path=references.resolve(health.path, scope),
        argv=tuple(references.resolve(each, scope) for each in health.argv),
    )


def _file(file: FileTransfer, scope: Mapping[str, Value]) -> FileTransfer:
    return dataclasses.replace(
        file,
        source=None if file.source is None else references.resolve(file.source, scope),
        content=None if file.content is None else references.resolve(file.content, scope),
    )


def offered(definition: ComponentDefinition, handle: Handle) -> dict[str, Value]:
    """What the provide ports of a component that is up carry: where to reach it."""
    values: dict[str, Value] = {}
    for port, interface in definition.provides.items():
        ends: list[dict[str, Any]] = [
            {"host": handle.address, "port": each.tcp_ports[port]}
            for each in handle.replicas
            if port in each.tcp_ports
        ]
        first = ends[0] if ends else {"host": handle.address}
        values[port] = {
            "component": definition.name,
            "name": port,
            **first,
            **({"url": f"{interface}://{first['host']}:{first['port']}"} if ends else {}),
            "replicas": ends,
        }
    return values


def reads_differ(
    definition: ComponentDefinition,
    deployment: str,
    before: Mapping[str, Value],
    after: Mapping[str, Value],
) -> bool:
    """Whether a component would be started otherwise with the other inputs."""
    workload = definition.workload
    if workload is None or before == after:
        return False
    spot = Spot(host="", replica=0, tcp_ports=dict.fromkeys(workload.tcp_ports, 0))
    nothing = {value.name: "" for value in workload.env.values() if isinstance(value, Secret)}
    one, other = (
        resolved(workload, scope_of(definition, deployment, inputs, spot), nothing)
        for inputs in (before, after)
    )
    return one != other
