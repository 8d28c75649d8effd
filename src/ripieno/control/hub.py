"""Stored events to whoever watches: one reader of the store, any number of watchers.

A supervisor says that it has committed; the hub reads what is new, in the order of the store, and
hands the same batch to all. A watcher that falls behind is sent back to the store, so nobody makes
the server's memory grow.
"""

import asyncio
from collections.abc import AsyncGenerator

from ripieno.store.records import EventRecord
from ripieno.store.store import Store

BATCH = 1000
QUEUE_BATCHES = 64


class Hub:
    """The stream of all events."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_new = asyncio.Event()
        self._watchers: set[_Watcher] = set()
        self._last = 0
        self._is_over = False

    async def run(self) -> None:
        """Read and hand on, until cancelled."""
        self._last = await self._store.last_event_id()
        try:
            while True:
                await self._is_new.wait()
                self._is_new.clear()
                while batch := await self._store.events_after(self._last, BATCH):
                    self._last = batch[-1].id
                    for watcher in list(self._watchers):
                        watcher.take(batch)
        finally:
            self.close()

    def wake(self) -> None:
        """Something was committed."""
        self._is_new.set()

    def close(self) -> None:
        """End all streams, as when the server goes down."""
        self._is_over = True
        for watcher in self._watchers:
            watcher.queue.put_nowait(None)

    async def stream(
        self, *, after: int | None, deployment: str | None
    ) -> AsyncGenerator[list[EventRecord]]:
        """Events from after that id on (None: from now), in order, none left out."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        last = after if after is not None else await self._store.last_event_id()
        try:
            while not self._is_over:
                if watcher.is_behind:
                    watcher.is_behind = False
                    while batch := await self._store.events_after(last, BATCH):
                        last = batch[-1].id
                        if found := _of(batch, deployment):
                            yield found
                batch_or_end = await watcher.queue.get()
                if batch_or_end is None:
                    return
                fresh = [each for each in batch_or_end if each.id > last]
                if fresh and fresh[0].id > last and not watcher.is_behind:
                    last = fresh[-1].id
                    if found := _of(fresh, deployment):
                        yield found
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    """One stream's share: batches that it has not seen yet."""

    __slots__ = ("is_behind", "queue")

    def __init__(self) -> None:
        self.queue: asyncio.Queue[list[EventRecord] | None] = asyncio.Queue()
        self.is_behind = True

    def take(self, batch: list[EventRecord]) -> None:
        if self.queue.qsize() >= QUEUE_BATCHES:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.is_behind = True
        self.queue.put_nowait(batch)


def _of(batch: list[EventRecord], deployment: str | None) -> list[EventRecord]:
    if deployment is None:
        return batch
    return [each for each in batch if each.deployment == deployment]
