"""All events of the server, read once and told to everybody who watches.

A feed keeps the latest events in a window that all watchers share; each of them has only its place
in it. One that falls behind the window reads from the store until it has caught up, so a slow
client costs no memory. An event becomes bytes once. Watchers are woken together, and not more than
some 25 times a second, so that many watchers of many events get few large chunks.
"""

import asyncio
import bisect
import logging
import time
from collections.abc import AsyncGenerator, Sequence

from ripieno.api.encoding import to_json
from ripieno.control.errors import Forbidden, Unauthenticated
from ripieno.control.sight import Sight
from ripieno.control.use_cases import UseCases
from ripieno.store.records import EventRecord

logger = logging.getLogger(__name__)

WINDOW = 4096
"""How many events are kept at least, as far as there are as many."""

PAUSE_S = 0.04
"""How long watchers are let alone after they were woken."""

HEARTBEAT_S = 15.0
"""How often a watcher is told that there is nothing to tell."""

MOST_CHUNK = 256 * 1024
"""The size of a chunk in bytes after which no other event is put into it."""

CATCH_UP = 250
"""How many events are read from the store at a time."""

BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""How long to wait before reading again, after the first, second, … failure in a row."""


class Told:
    """An event, and the bytes that it is told in."""

    __slots__ = ("_encoded", "record")

    def __init__(self, record: EventRecord) -> None:
        self.record = record
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """The event as a server-sent event."""
        if self._encoded is None:
            self._encoded = encode(self.record)
        return self._encoded


def encode(record: EventRecord) -> bytes:
    """An event as a server-sent event."""
    data = to_json(
        {
            "id": record.id,
            "deployment": record.deployment,
            "seq": record.seq,
            "at": record.at,
            "kind": record.kind,
            "component": record.component,
            "reconfiguration": record.reconfiguration,
            "data": record.data,
        }
    )
    kind = record.kind.replace("\n", " ").encode()
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (record.id, kind, data)


class Feed:
    """The window over the latest events, and those who wait for more."""

    def __init__(
        self,
        control: UseCases,
        *,
        window: int = WINDOW,
        pause_s: float = PAUSE_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._control = control
        self._window = window
        self._pause_s = pause_s
        self._heartbeat_s = heartbeat_s
        self._events: list[Told] = []
        self._ids: list[int] = []
        self._base: int | None = None  # all events after it are in the window
        self._head = 0
        self._changed = asyncio.Event()
        self._is_closed = False
        self._watching = 0
        self._waking: asyncio.TimerHandle | None = None
        self._woken_at = 0.0

    @property
    def size(self) -> int:
        """How many events are kept."""
        return len(self._events)

    @property
    def watching(self) -> int:
        """How many watchers there are."""
        return self._watching

    async def run(self) -> None:
        """Read events until cancelled or closed; a failure is logged, and reading begins again."""
        failures = 0
        while not self._is_closed:
            try:
                if self._base is None:
                    self._head = self._base = await self._control.last_event_id()
                    self._wake()
                async for batch in self._control.stream(deployment=None, after=self._head):
                    failures = 0
                    self._take(batch)
                if not self._is_closed:
                    logger.info("the stream of events has ended")
                return
            except Exception:
                # Whatever it was, those who watch are to see events again when it is over.
                pause_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                failures += 1
                logger.warning("events cannot be read; next try in %.1f s", pause_s, exc_info=True)
                await asyncio.sleep(pause_s)

    def close(self) -> None:
        """End every stream. To be called on the event loop."""
        self._is_closed = True
        self._wake()

    def _take(self, batch: Sequence[EventRecord]) -> None:
        new = [each for each in batch if each.id > self._head]
        if not new:
            return
        self._events += map(Told, new)
        self._ids += [each.id for each in new]
        self._head = self._ids[-1]
        if len(self._ids) > 2 * self._window:
            cut = len(self._ids) - self._window
            self._base = self._ids[cut - 1]
            del self._events[:cut], self._ids[:cut]
        if self._waking is None:
            wait_s = max(0.0, self._woken_at + self._pause_s - time.monotonic())
            self._waking = asyncio.get_running_loop().call_later(wait_s, self._wake)

    def _wake(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        self._woken_at = time.monotonic()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def chunks(self, *, sight: Sight, after: int | None) -> AsyncGenerator[bytes]:
        """Chunks of server-sent events after one (None: from now on), until the feed closes.

        It ends as well when whoever watches may not any more. The first chunk says at which event
        the stream begins, so that a client which has not got any yet can resume it as well.
        """
        self._watching += 1
        try:
            while self._base is None and not self._is_closed:
                changed = self._changed
                await changed.wait()
            place = self._head if after is None else after
            yield b"retry: 1000\nid: %d\n\n" % place
            told_at = time.monotonic()
            while not self._is_closed:
                changed = self._changed
                await sight.renew()
                place, chunk = await self._after(place, sight)
                if chunk:
                    yield chunk
                    told_at = time.monotonic()
                elif place >= self._head:
                    left_s = told_at + self._heartbeat_s - time.monotonic()
                    if left_s > 0 and not self._is_closed:
                        await _wait(changed, left_s)
                    else:
                        yield b": still here\nid: %d\n\n" % place
                        told_at = time.monotonic()
        except (Unauthenticated, Forbidden):
            return
        finally:
            self._watching -= 1

    async def _after(self, place: int, sight: Sight) -> tuple[int, bytes]:
        """The next place, and what there is to tell up to it."""
        assert self._base is not None or self._is_closed
        if self._base is None or place >= self._base:
            return self._from_window(place, sight)
        head = self._head
        records = await self._control.events(
            deployment=sight.deployment,
            after=place,
            limit=CATCH_UP,
            component=None,
            kind=None,
            owner=sight.owner,
        )
        if not records:
            return max(place, head), b""
        return records[-1].id, b"".join(map(encode, records))

    def _from_window(self, place: int, sight: Sight) -> tuple[int, bytes]:
        told: list[bytes] = []
        size = 0
        for position in range(bisect.bisect_right(self._ids, place), len(self._ids)):
            event = self._events[position]
            place = event.record.id
            if sight.sees(event.record.deployment):
                told.append(event.encoded)
                size += len(told[-1])
                if size > MOST_CHUNK:
                    break
        return place, b"".join(told)


async def _wait(event: asyncio.Event, most_s: float) -> None:
    try:
        async with asyncio.timeout(most_s):
            await event.wait()
    except TimeoutError:
        pass
