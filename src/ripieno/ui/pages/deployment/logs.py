"""What components print, followed in the browser: one stream, many lines a message."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.control.gate import Gate
from ripieno.control.views import DeploymentView, LogLine
from ripieno.model.errors import RipienoError
from ripieno.ui import pacing, rendering, visit
from ripieno.ui.pacing import Sent
from ripieno.ui.pages.deployment import frame
from ripieno.ui.streaming import Fragment

TAIL = 500
"""How many lines of each stream there are to begin with."""

MOST_WAITING = 2_000
"""How many lines wait for the browser; then reading waits."""

MOST_A_MESSAGE = 500
LONGEST_LINE = 8_000
HEAD_S = 1.0
RETRY_S = 5.0


async def logs(request: Request) -> Response:
    """The page; `component` and `replica` choose whose lines."""
    seen = await frame.look(request)
    component, replica = _chosen(request)
    return frame.page(request, seen, "logs", component=component, replica=replica)


async def stream(request: Request) -> Response:
    """The lines, as JSON for the page's script, and the head."""
    _chosen(request)
    return frame.respond(request, _fragments(request))


async def download(request: Request) -> Response:
    """All lines that are kept, as a file."""
    gate = visit.gate_of(request)
    component, replica = _chosen(request)
    name = request.path_params["name"]
    lines = aiter(
        gate.logs(name, component=component, replica=replica, follow=False, since=None, tail=None)
    )
    # Errors are raised when the first line is asked for: then there can still be a page of them.
    first = await anext(lines, None)
    filename = "-".join(filter(None, (name, component, "log")))

    async def written() -> AsyncIterator[bytes]:
        if first is not None:
            yield _written(first)
            async for line in lines:
                yield _written(line)

    return StreamingResponse(
        written(),
        media_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{filename}.txt"',
            "Cache-Control": "no-store",
        },
    )


async def _fragments(request: Request) -> AsyncIterator[Fragment]:
    gate = visit.gate_of(request)
    component, replica = _chosen(request)
    news, sent, painted_at_s = asyncio.Event(), Sent(), 0.0
    follower = Follower(gate, request.path_params["name"], component, replica, news)
    try:
        ticks = gate.ticks(request.path_params["name"])
        async for _ in pacing.paced(ticks, news=news):
            if time.monotonic() - painted_at_s > HEAD_S:
                painted_at_s = time.monotonic()
                seen = await frame.look(request)
                await follower.see(seen.view)
                head = rendering.render(request, frame.HEAD, seen=seen)
                for fragment in sent.fresh({"head": head}):
                    yield fragment
            for message in follower.take():
                yield Fragment(event="lines", html=message)
    finally:
        await follower.close()


class Follower:
    """Reads lines ahead of the browser, and begins anew when there are other processes.

    A line that was told already is not told again, whichever reading it comes from.
    """

    def __init__(
        self,
        gate: Gate,
        deployment: str,
        component: str | None,
        replica: int | None,
        news: asyncio.Event,
    ) -> None:
        self._gate = gate
        self._deployment = deployment
        self._component, self._replica = component, replica
        self._news = news
        self._lines: list[LogLine] = []
        self._problem: str | None = None
        self._has_room = asyncio.Event()
        self._told: dict[tuple[str, int, str], int] = {}
        self._reading: asyncio.Task[None] | None = None
        self._processes: object = None
        self._began_at_s = 0.0

    async def see(self, view: DeploymentView) -> None:
        """Follow the processes that there are now."""
        processes = tuple(
            (each.name, replica.index) for each in view.components for replica in each.replicas
        )
        is_new = processes != self._processes
        has_ended = self._reading is None or self._reading.done()
        is_due = time.monotonic() - self._began_at_s > RETRY_S
        if is_new or (has_ended and is_due and processes):
            await self.close()
            self._processes = processes
            self._began_at_s = time.monotonic()
            self._has_room.set()
            self._reading = asyncio.create_task(self._read())

    def take(self) -> Iterator[str]:
        """What there is to tell, as messages for the browser."""
        lines, self._lines = self._lines, []
        self._has_room.set()
        for start in range(0, len(lines), MOST_A_MESSAGE):
            part = lines[start : start + MOST_A_MESSAGE]
            yield json.dumps(
                [
                    [
                        each.component,
                        each.replica,
                        each.stream,
                        each.offset,
                        each.text[:LONGEST_LINE],
                    ]
                    for each in part
                ]
            )
        if self._problem is not None:
            problem, self._problem = self._problem, None
            yield json.dumps({"problem": problem})

    async def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            lines = self._gate.logs(
                self._deployment,
                component=self._component,
                replica=self._replica,
                follow=True,
                since=None,
                tail=TAIL,
            )
            async for line in lines:
                key = (line.component, line.replica, line.stream)
                if line.offset <= self._told.get(key, -1):
                    continue
                self._told[key] = line.offset
                self._lines.append(line)
                self._news.set()
                if len(self._lines) >= MOST_WAITING:
                    self._has_room.clear()
                    await self._has_room.wait()
        except RipienoError as problem:
            self._problem = str(problem)
            self._news.set()


def _chosen(request: Request) -> tuple[str | None, int | None]:
    """Whose lines the address asks for. Raises: `InvalidRequest`."""
    replica = request.query_params.get("replica") or None
    if replica is not None and not (replica.isdecimal() and len(replica) < 6):
        raise InvalidRequest("replica is the number of one")
    component = request.query_params.get("component") or None
    return component, None if replica is None else int(replica)


def _written(line: LogLine) -> bytes:
    return f"{line.component}/{line.replica} {line.text}\n".encode(errors="replace")


ROUTES = [
    Route("/deployments/{name}/logs", logs),
    Route("/deployments/{name}/logs/stream", stream),
    Route("/deployments/{name}/logs.txt", download),
]
