"""What the door adds to a request, what it holds open, and how soon it follows.

    .venv/bin/python benchmarks/door.py [--json]

A real server with its Traefik, and an application behind it: Starlette on uvicorn, as researchers'
own often are. Times are on the wall. A request through the door and one straight to the
application take turns, so that what else the machine does disturbs both alike.
"""

import asyncio
import http.client
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import websockets

from measure import Better, Extent, Figure
from measure import main as measure_main
from ripieno.testing.doors import DoorRig, open_door
from ripieno.testing.servers import ended
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest

SERVE = Path(__file__).parents[1] / "tests" / "fixtures" / "frontends" / "serve.py"
PATIENCE_S = 60.0
PIECE = bytes(range(256)) * 1024
MIB = 2**20

APPLICATION = f"""
name: visited
version: 1.0.0
components:
  web:
    type: service
    command: ['{sys.executable}', '{SERVE}', '${{port}}']
    env: {{NAME: visited}}
    tcp_ports: {{http: auto}}
    health: {{http: /headers, interval_s: 5}}
routes:
  - {{component: web, tcp_port: http}}
"""

LISTENER = """
name: soon
version: 1.0.0
components:
  web:
    type: service
    command: [python3, -m, http.server, '${port}', --bind, 127.0.0.1]
    tcp_ports: {http: auto}
routes:
  - {component: web, tcp_port: http}
"""


class Visitor:
    """A program that keeps its connection open, straight to a port of this machine."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._headers = dict(headers)

    def status(self, path: str) -> int:
        """How a request is answered."""
        self._http.request("GET", path, headers=self._headers)
        answer = self._http.getresponse()
        answer.read()
        return answer.status

    def seconds(self, path: str) -> float:
        """How long an answer takes."""
        begin = time.perf_counter()
        assert self.status(path) == 200
        return time.perf_counter() - begin

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


class Behind:
    """An application behind a door, and somebody who was let in there."""

    def __init__(self, rig: DoorRig, port: int, cookie: Mapping[str, str]) -> None:
        self.rig = rig
        self.port = port
        self.headers = {"Host": f"visited.localhost:{rig.host_port}", **cookie}

    def through(self) -> Visitor:
        """Comes through the door."""
        return Visitor(self.rig.host_port, self.headers)

    def straight(self) -> Visitor:
        """Asks the application itself."""
        return Visitor(self.port, self.headers)


@asynccontextmanager
async def behind() -> AsyncIterator[Behind]:
    """All of it, started; ended when the block is left."""
    home = Path(tempfile.mkdtemp(prefix="ripieno-benchmark-"))
    try:
        async with open_door(home) as rig:
            view = await rig.deploy(APPLICATION, "visited")
            (replica,) = view.components[0].replicas
            found = Behind(rig, replica.tcp_ports["http"], await rig.signed_in("visited"))
            await asyncio.to_thread(_first_answer, found.through(), threading.Event())
            yield found
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def open_behind() -> Iterator[tuple[Behind, asyncio.Runner]]:
    """The same for code that waits for nothing itself, and what runs the rest."""
    with asyncio.Runner() as runner:
        place = behind()
        found = runner.run(place.__aenter__())
        try:
            yield found, runner
        finally:
            runner.run(place.__aexit__(None, None, None))


async def added_ms(found: Behind, runs: int, pairs: int) -> tuple[float, ...]:
    """Milliseconds that the door adds to a request, at the median of each run."""
    return await asyncio.to_thread(_added_ms, found, runs, pairs)


def _added_ms(found: Behind, runs: int, pairs: int) -> tuple[float, ...]:
    through, straight = found.through(), found.straight()
    for each in (through, straight):
        for _ in range(20):
            each.seconds("/api/hello")
    medians = []
    for _ in range(runs):
        pair = [
            (through.seconds("/api/hello"), straight.seconds("/api/hello")) for _ in range(pairs)
        ]
        first, second = zip(*pair, strict=True)
        added = statistics.median(first) - statistics.median(second)
        medians.append(1000.0 * max(0.0, added))  # Less is noise, of few pairs.
    through.close()
    straight.close()
    return tuple(medians)


async def held(found: Behind, count: int) -> float:
    """How many websockets answer, all of them open at the same time."""
    origin = f"http://visited.localhost:{found.rig.host_port}"
    cookie = {"Cookie": found.headers["Cookie"]}
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            websocket = await stack.enter_async_context(
                websockets.connect(
                    f"{origin.replace('http', 'ws')}/ws",
                    host="127.0.0.1",
                    port=found.rig.host_port,
                    origin=websockets.Origin(origin),
                    additional_headers=cookie,
                    compression=None,
                    ping_interval=None,
                    open_timeout=PATIENCE_S,
                    close_timeout=PATIENCE_S,
                    proxy=None,
                )
            )
            assert await websocket.recv() == "visited"
            opened.append(websocket)

        async def echoes(websocket: websockets.ClientConnection, number: int) -> bool:
            await websocket.send(f"number {number}")
            async with asyncio.timeout(PATIENCE_S):
                return await websocket.recv() == f"number {number}"

        answered = await asyncio.gather(*map(echoes, opened, range(count)))
    return float(sum(answered))


async def live_ms(found: Behind, runs: int) -> tuple[float, ...]:
    """Milliseconds from when a service is ready to when a visitor is led to it."""
    rig = found.rig
    asked = await rig.client.deploy(DeployRequest(document=LISTENER))
    rig.deployments.append(asked.deployment.id)
    await ended(rig.client, asked.reconfiguration.id)
    headers = {
        "Host": f"soon.localhost:{rig.host_port}",
        "Authorization": f"Bearer {rig.token}",
    }
    measured = []
    for _ in range(runs):
        stop = ChangeRequest(kind=ChangeKind.STOP)
        await ended(rig.client, (await rig.client.change("soon", stop)).id)
        after = (await rig.client.events(deployment="soon", limit=1000)).items[-1].id
        visitor = Visitor(rig.host_port, headers)
        over = threading.Event()
        live = asyncio.create_task(asyncio.to_thread(_first_answer, visitor, over))
        try:
            start = ChangeRequest(kind=ChangeKind.START)
            begun = await rig.client.change("soon", start)
            async for event in rig.client.stream_events(after=after, deployment="soon"):
                if event.kind == "transition.ended" and (
                    event.data.get("transition") == "become_ready"
                ):
                    measured.append(1000.0 * (await live - event.at.timestamp()))
                    break
            await ended(rig.client, begun.id)
        finally:
            over.set()
            visitor.close()
    return tuple(measured)


def _first_answer(visitor: Visitor, over: threading.Event) -> float:
    """When a visitor who asks again and again is first led to the application."""
    while visitor.status("/headers") not in (200, 404) and not over.wait(0.005):
        pass
    return time.time()


async def streamed(found: Behind, size_mib: int) -> tuple[float, ...]:
    """Memory that the server and Traefik take besides, in MiB, and MiB a second: up, then down."""
    return await asyncio.to_thread(_streamed, found, size_mib)


def _streamed(found: Behind, size_mib: int) -> tuple[float, ...]:
    figures: list[float] = []
    pids = [each for each in (found.rig.traefik(), found.rig.server.pid) if each is not None]
    for transfer in (_upload, _download):
        before = sum(map(_begin_peak, pids))
        begin = time.perf_counter()
        transfer(found, size_mib)
        elapsed_s = time.perf_counter() - begin
        figures += [sum(map(_peak, pids)) - before, size_mib / elapsed_s]
    return tuple(figures)


def _upload(found: Behind, size_mib: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", found.rig.host_port, timeout=PATIENCE_S)
    pieces = size_mib * MIB // len(PIECE)
    headers = {**found.headers, "Content-Length": str(pieces * len(PIECE))}
    connection.request("POST", "/upload", (PIECE for _ in range(pieces)), headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    assert f'"size_bytes":{pieces * len(PIECE)},' in answer.read().decode()
    connection.close()


def _download(found: Behind, size_mib: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", found.rig.host_port, timeout=PATIENCE_S)
    connection.request("GET", f"/download?mib={size_mib}", headers=found.headers)
    answer = connection.getresponse()
    size, into = 0, bytearray(len(PIECE))
    while count := answer.readinto(into):
        size += count
    assert size == size_mib * MIB
    connection.close()


def _begin_peak(pid: int) -> float:
    """Have the kernel look for the peak anew; memory at this moment, in MiB."""
    Path("/proc", str(pid), "clear_refs").write_text("5")
    return _peak(pid)


def _peak(pid: int) -> float:
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    line = next(each for each in lines if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(extent: Extent) -> Iterator[Figure]:
    """All figures."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    runs, pairs, sockets = extent.runs, max(50, extent.size(500)), extent.size(1000)
    size_mib = max(1, 1024 // extent.divisor)
    with open_behind() as (found, runner):
        yield Figure(
            name="what the door adds to a request, its access check included",
            unit="ms",
            runs=runner.run(added_ms(found, runs, pairs)),
            budget=2.0,
        )
        yield Figure(
            name=f"{sockets} websockets opened through the door: open at once, and answering",
            unit="websockets",
            runs=(runner.run(held(found, sockets)),),
            better=Better.HIGHER,
            budget=float(sockets),
        )
        yield Figure(
            name="from ready to the first visitor who is led there",
            unit="ms",
            runs=runner.run(live_ms(found, 2 * runs)),
            budget=100.0,
        )
        up, up_mib_s, down, down_mib_s = runner.run(streamed(found, size_mib))
    for name, memory_mib, mib_s in (("upload", up, up_mib_s), ("download", down, down_mib_s)):
        yield Figure(
            name=f"{name} of {size_mib} MiB: memory that door and server take for it",
            unit="MiB",
            runs=(max(0.0, memory_mib),),
            budget=64.0,
        )
        yield Figure(
            name=f"{name} of {size_mib} MiB", unit="MiB/s", runs=(mib_s,), better=Better.HIGHER
        )


if __name__ == "__main__":
    measure_main("The door", measured)
