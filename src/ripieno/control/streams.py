"""Use cases that tell what deployments say and what happens to them, while somebody listens."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime

from ripieno.control.deployments import Deployments
from ripieno.control.errors import (
    NotFound,
)
from ripieno.control.hub import Hub
from ripieno.control.lines import merged
from ripieno.control.views import (
    LogLine,
)
from ripieno.store.records import EventRecord


class Streams(Deployments):
    """The part of the use cases that hands on output and events."""

    _hub: Hub

    async def logs(
        self,
        deployment: str,
        *,
        component: str | None,
        replica: int | None,
        follow: bool,
        since: datetime | None,
        tail: int | None,
    ) -> AsyncIterator[LogLine]:
        """Output of one component or (None) of all. Raises: `NotFound`."""
        supervisor = await self._supervisor(deployment)
        held = supervisor.state.held
        if component is not None and component not in supervisor.state.machine.core.components:
            raise NotFound(
                f"there is no component {component!r} in {supervisor.state.record.name}; there are "
                f"{', '.join(supervisor.state.machine.core.components) or 'none'}"
            )
        chosen = {
            name: each.handle
            for name, each in held.items()
            if each.handle is not None and component in (None, name)
        }
        streams = {}
        for name, handle in chosen.items():
            assert handle is not None
            if replica is not None:
                replicas = tuple(each for each in handle.replicas if each.slot == replica)
                handle = dataclasses.replace(handle, replicas=replicas)
            streams[name] = self._runtime.logs(handle, follow=follow, since=since, tail=tail)
        async with aclosing(merged(streams, together=follow)) as lines:
            async for name, line in lines:
                yield LogLine(
                    component=name,
                    replica=line.slot,
                    stream=line.stream,
                    offset=line.offset,
                    text=line.text,
                )

    async def events(
        self,
        *,
        deployment: str | None,
        after: int,
        limit: int,
        component: str | None,
        kind: str | None,
        owner: str | None = None,
    ) -> Sequence[EventRecord]:
        """Stored events after an id, oldest first; of what `owner` has, if one is named.

        Raises: `NotFound`.
        """
        id = None
        if deployment is not None:
            id = (await self._deployment_record(deployment)).id
        return await self._store.events(
            deployment=id,
            after=after,
            limit=limit,
            component=component,
            kind=kind,
            owner=owner,
        )

    async def stream(
        self, *, deployment: str | None, after: int | None
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Events as they come, from after an id on (None: from now). Raises: `NotFound`."""
        id = None
        if deployment is not None:
            id = (await self._deployment_record(deployment)).id
        async with aclosing(self._hub.stream(after=after, deployment=id)) as batches:
            async for batch in batches:
                yield batch

    async def last_event_id(self) -> int:
        """The id of the newest event."""
        return await self._store.last_event_id()
