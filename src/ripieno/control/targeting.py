"""What a deployment is to be after a change: its target, from whatever the change names.

Called by the use cases of reconfigurations. A target is made of an application's document and
parameters, of what was before, or of an earlier reconfiguration.
"""

import dataclasses
from collections.abc import Awaitable, Callable

from ripieno.control import changes
from ripieno.control import target as targets
from ripieno.control.deployments import reconfiguration_of
from ripieno.control.errors import (
    InvalidRequest,
)
from ripieno.control.hosts import HostBook
from ripieno.control.registry import latest
from ripieno.control.requests import Change, Source
from ripieno.control.routes import Routes
from ripieno.control.sources import with_directory, with_files
from ripieno.control.state import State
from ripieno.control.target import Target
from ripieno.control.views import (
    ReconfigurationKind,
    ReconfigurationState,
)
from ripieno.model import parameter_texts, reading_applications
from ripieno.model.application import Application
from ripieno.model.component_type import Value
from ripieno.store.registered import Registered, VersionState
from ripieno.store.store import Store

REMOVE = ReconfigurationKind.REMOVE.value

Lookup = Callable[[str, str | None], Awaitable[Registered]]
"""Finds a version of an application (None: the one that presents it)."""


class Targeting:
    """Makes targets, and refuses those that no host of this server can bring up."""

    def __init__(
        self, *, store: Store, hosts: HostBook, routes: Routes, registered: Lookup
    ) -> None:
        self._store = store
        self._hosts = hosts
        self._routes = routes
        self._registered = registered

    async def located(self, source: Source) -> Source:
        """The source with the document that it means, and the files that are kept of it."""
        if source.document is not None:
            return source
        if source.application is None:
            raise InvalidRequest("give an application's document, or the name of one")
        found = await self._registered(source.application, source.version)
        stored = found.version if source.version is not None else latest(found)
        return dataclasses.replace(source, document=stored.document, files=stored.files)

    async def warnings(self, source: Source | None) -> tuple[str, ...]:
        """What a person should know of a source before it is deployed."""
        if source is None or source.application is None or source.version is None:
            return ()
        found = (await self._registered(source.application, source.version)).version
        if found.state is not VersionState.YANKED:
            return ()
        return (f"{found.application} {found.version} is yanked: {found.yanked_because}",)

    async def application(self, source: Source) -> tuple[Application, dict[str, Value]]:
        """The application that a located source means, resolved, and the values it was given."""
        assert source.document is not None
        application = reading_applications.application(source.document)
        values = {
            **source.parameters,
            **parameter_texts.parse_settings(application.parameters, source.settings),
        }
        resolved = reading_applications.resolve(
            application, values, configuration=source.configuration
        )
        if source.files is not None:
            resolved = with_files(resolved, source.files)
        elif source.directory is not None:
            resolved = with_directory(resolved, source.directory)
        return resolved, values

    async def target(
        self, state: State, change: Change
    ) -> tuple[Target, str | None, dict[str, Value]]:
        """What a change makes of a deployment's target, and the document it comes from."""
        base = state.target
        if state.queue or state.current is not None:
            last = state.queue[-1] if state.queue else state.current
            assert last is not None
            base = targets.from_json(last.options["target"])
        match change.kind:
            case ReconfigurationKind.APPLY if change.returns_to is not None:
                if change.source is not None:
                    raise InvalidRequest(
                        "going back is to all that was then; apply other parameters afterwards"
                    )
                return await self._earlier(state, change.returns_to)
            case ReconfigurationKind.APPLY:
                source = change.source or Source()
                is_new = source.document is not None or source.application is not None
                if not is_new:
                    source = dataclasses.replace(
                        source,
                        document=state.record.document,
                        directory=source.directory or state.target.directory,
                        files=None if source.directory else state.target.files,
                        configuration=state.target.configuration
                        if source.configuration is None
                        else source.configuration,
                        parameters={**state.record.parameters, **source.parameters},
                    )
                source = await self.located(source)
                application, values = await self.application(source)
                target = targets.target_of(application, targets.namer(state.machine.core.types))
                target = as_asked(target, source)
                stated = reading_applications.stating(application, "replicas")
                target = targets.with_scaling_of(target, base, stated=stated if is_new else None)
                target = targets.settled(target, state.record.name, self._routes.address)
                self.check_hosts(target)
                return target, application.document, values
            case ReconfigurationKind.REMOVE:
                return Target(), None, {}
            case _:
                return changes.changed(state.machine, base, change), None, {}

    async def _earlier(self, state: State, id: str) -> tuple[Target, str | None, dict[str, Value]]:
        """What a deployment was to be after one of its reconfigurations, and what told it so."""
        record = await reconfiguration_of(self._store, id)
        is_good = record.state == ReconfigurationState.COMPLETED.value
        if record.deployment != state.id or not is_good or record.kind == REMOVE:
            raise InvalidRequest(
                f"{state.record.name} cannot go back to {id}; name one of its own "
                f"reconfigurations that has completed: ripieno history {state.record.name}"
            )
        target = targets.renamed(
            targets.from_json(record.options["target"]), targets.namer(state.machine.core.types)
        )
        self.check_hosts(target)
        cursor: str | None = None
        while True:
            page, cursor = await self._store.reconfigurations(state.id, after=cursor, limit=100)
            for each in page:
                is_before = each.created_at <= record.created_at
                is_done = each.state == ReconfigurationState.COMPLETED.value
                if each.document is not None and is_before and is_done:
                    return target, each.document, dict(each.parameters)
            if cursor is None:
                return target, state.record.document, dict(state.record.parameters)

    def check_hosts(self, target: Target) -> None:
        """Raises: `InvalidHost` if a component is to be where there is no host."""
        for wanted in target.components.values():
            self._hosts.host(wanted.definition.host)

    async def unfit(self, target: Target) -> list[str]:
        """The components with an image that their host cannot run, in words."""
        images = {
            name: wanted.definition
            for name, wanted in target.components.items()
            if wanted.definition.workload is not None
            and wanted.definition.workload.image is not None
        }
        problems = {
            host: await self._hosts.image_problem(host)
            for host in sorted({each.host for each in images.values()})
        }
        return [
            f"{name} runs the image {each.workload.image}, and {problems[each.host]}"
            for name, each in images.items()
            if problems[each.host] is not None and each.workload is not None
        ]

    async def check_images(self, target: Target) -> None:
        """Raises: `InvalidRequest` if a component has an image that its host cannot run."""
        if found := await self.unfit(target):
            raise InvalidRequest(found[0])


def as_asked(target: Target, source: Source) -> Target:
    """The target with what it cannot know: how its application was asked for."""
    return dataclasses.replace(
        target,
        configuration=source.configuration or "",
        directory=source.directory,
        files=source.files,
    )


def scaling_kept(target: Target) -> list[str]:
    """The components that have other numbers of replicas than their application says, in words."""
    found = []
    for name, said in target.scaled_from.items():
        wanted = target.components.get(name)
        workload = wanted.definition.workload if wanted is not None else None
        if workload is not None:
            found.append(
                f"{name} has {workload.replicas} replicas, to which it was scaled, where the "
                f"application says {said}; to take that back, scale it: {name}={said}"
            )
    return found
