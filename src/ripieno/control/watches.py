"""Who watches the processes of components that are ready, one task a component."""

import asyncio
import functools
from collections.abc import Callable
from contextlib import aclosing

from ripieno.control import crashes, scope
from ripieno.control.messages import Message, ReplicaEnded, Said
from ripieno.control.state import State
from ripieno.model.errors import RipienoError
from ripieno.model.workload import Workload
from ripieno.runtimes.base import Handle, Runtime, Spot


class Watches:
    """The watches of one deployment; what they see is posted to its supervisor."""

    def __init__(
        self, *, runtime: Runtime, group: asyncio.TaskGroup, post: Callable[[Message], None]
    ) -> None:
        self._runtime = runtime
        self._group = group
        self._post = post
        self._tasks: dict[str, tuple[object, asyncio.Task[None]]] = {}

    def renew(self, state: State, component: str) -> None:
        """Watch the processes that the component has now if it is ready, and none if it is not."""
        held = state.held.get(component)
        seen: object = None
        if held is not None and held.handle is not None and crashes.is_watched(state, component):
            definition = held.definition
            workload = definition.workload if definition else None
            health = workload.health if workload else None
            replicas = held.handle.replicas
            seen = (tuple((each.key, each.process, each.is_ready) for each in replicas), health)
        known = self._tasks.get(component)
        if known is not None and known[0] == seen and not known[1].done():
            return
        if known is not None:
            known[1].cancel()
            del self._tasks[component]
        if seen is not None and held is not None and held.handle is not None:
            at = None
            if definition is not None:
                at = functools.partial(scope.watched, definition, state.record.name, held.inputs)
            task = self._group.create_task(self._follow(component, held.handle, at))
            self._tasks[component] = (seen, task)

    def drop(self, component: str) -> None:
        """Watch a component no more until it is renewed."""
        known = self._tasks.pop(component, None)
        if known is not None:
            known[1].cancel()

    def close(self) -> None:
        """Watch nothing any more."""
        for _, task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _follow(
        self, component: str, handle: Handle, at: Callable[[Spot], Workload] | None
    ) -> None:
        try:
            async with aclosing(self._runtime.watch(handle, at)) as ends:
                async for ended in ends:
                    self._post(ReplicaEnded(component=component, ended=ended))
        except RipienoError as problem:
            self._post(Said(component=component, text=f"it cannot be watched: {problem}"))
