"""What the control plane adds: to transitions, to the start of processes, and when nothing happens.

    .venv/bin/python benchmarks/control.py [--json]

A real server in a process of its own, asked over HTTP and watched by its event stream. Times are on
the wall, since most of what is measured is waiting.
"""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psutil

from measure import Extent, Figure
from measure import main as measure_main
from ripieno.client.client import Client
from ripieno.control.hosts import COMPONENTS
from ripieno.testing.servers import ServerProcess, ended
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest

IDLE_S = 10.0
OVER = ("completed", "failed", "cancelled", "refused")

STEPS = """
  Step:
    initial: off
    places: [off, half, up]
    transitions:
      one: {{from: off, to: half, behavior: deploy, action: {action}}}
      two: {{from: half, to: up, behavior: deploy, action: {action}}}
    ports:
      out: {{kind: provide, on: [up]}}
  User:
    initial: off
    places: [off, up]
    transitions:
      one: {{from: off, to: up, behavior: deploy, action: {action}}}
    ports:
      before: {{kind: use, on: [one]}}
      out: {{kind: provide, on: [up]}}
"""


def sleeping(seconds: float) -> str:
    """The component types, their transitions taking so long."""
    action = f"{{call: ripieno.sleep, with: {{seconds: {seconds}}}}}"
    return STEPS.format(action=action)


def independent(count: int) -> str:
    """So many components with two transitions of a second each."""
    lines = ["name: independent", "version: 1.0.0", f"component_types: {sleeping(1.0)}"]
    lines += ["components:", *(f"  c{n}: {{type: Step}}" for n in range(count))]
    return "\n".join(lines)


def chain(count: int) -> str:
    """A chain in which each transition of 0.1 s begins when the one before has ended."""
    lines = ["name: chain", "version: 1.0.0", f"component_types: {sleeping(0.1)}", "components:"]
    lines += ["  c0: {type: Step}", *(f"  c{n}: {{type: User}}" for n in range(1, count))]
    lines += ["connections:"]
    lines += [f"  - [c{n}.before, c{n - 1}.out]" for n in range(1, count)]
    return "\n".join(lines)


def sleepers(count: int) -> str:
    """So many processes that do nothing."""
    lines = ["name: sleepers", "version: 1.0.0", "components:"]
    lines += [f"  c{n}: {{type: service, command: [sleep, '100000']}}" for n in range(count)]
    return "\n".join(lines)


LISTENER = """
import os, socket, time
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
print(time.time(), flush=True)
while True:
    listener.accept()[0].close()
"""

SERVICE = """
name: listener
version: 1.0.0
components:
  c:
    type: service
    command: [python3, listener.py]
    tcp_ports: {tcp: 0}
    files: [{target: listener.py, content: CONTENT}]
"""


class Rig:
    """A server on a folder of its own, for one measurement."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="ripieno-benchmark-"))
        self.server = ServerProcess(self.home)

    async def deploy(self, client: Client, document: str) -> float:
        """Seconds until a client that watches has seen the deployment completed."""
        after = (await client.events(limit=1000)).items
        begin = time.monotonic()
        asked = await client.deploy(DeployRequest(document=document))
        last = after[-1].id if after else 0
        async for event in client.stream_events(after=last):
            if event.kind.startswith("reconfiguration.") and event.kind.endswith(OVER):
                break
        elapsed_s = time.monotonic() - begin
        record = await client.reconfiguration(asked.reconfiguration.id)
        if record.state != "completed":
            raise SystemExit(f"the deployment {record.state}: {record.reason}")
        return elapsed_s

    async def remove(self, client: Client, name: str) -> None:
        """Take a deployment down again."""
        asked = await client.change(name, ChangeRequest(kind=ChangeKind.REMOVE))
        await ended(client, asked.id)


def with_server(work: Callable[[Rig, Client], Awaitable[tuple[float, ...]]]) -> tuple[float, ...]:
    """Have some work done with a server, and clean up behind it."""

    async def run() -> tuple[float, ...]:
        rig = Rig()
        rig.server.start()
        try:
            client = await rig.server.ready()
            async with client:
                return await work(rig, client)
        finally:
            rig.server.stop()
            shutil.rmtree(rig.home, ignore_errors=True)

    return asyncio.run(run())


async def independent_s(rig: Rig, client: Client, count: int) -> tuple[float, ...]:
    """Seconds beyond the two that the transitions take."""
    return (await rig.deploy(client, independent(count)) - 2.0,)


async def chain_ratio(rig: Rig, client: Client, count: int) -> tuple[float, ...]:
    """How many times the critical path it takes."""
    critical_path_s = 0.1 * (count + 1)
    return (await rig.deploy(client, chain(count)) / critical_path_s,)


async def processes(rig: Rig, client: Client, count: int, idle_s: float) -> tuple[float, ...]:
    """Seconds to deploy; then, at rest, the share of a core in percent and memory in MiB."""
    elapsed_s = await rig.deploy(client, sleepers(count))
    server = psutil.Process(rig.server.pid)
    await asyncio.sleep(min(idle_s, 2.0))
    before = sum(server.cpu_times()[:2])
    await asyncio.sleep(idle_s)
    share = 100.0 * (sum(server.cpu_times()[:2]) - before) / idle_s
    memory = server.memory_info().rss / 2**20
    await rig.remove(client, "sleepers")
    return elapsed_s, share, memory


async def readiness_ms(rig: Rig, client: Client) -> tuple[float, ...]:
    """Milliseconds from when a service listens to when a client has heard that it is ready."""
    document = SERVICE.replace("CONTENT", json.dumps(LISTENER))
    asked = await client.deploy(DeployRequest(document=document))
    heard = 0.0
    async for event in client.stream_events(after=0, deployment=asked.deployment.id):
        if event.kind == "transition.ended" and event.data.get("transition") == "become_ready":
            heard = time.time()
            break
    log = next(rig.home.glob(f"{COMPONENTS}/*/c/0/stdout.log"))
    listening = float(log.read_text().split()[0])
    await ended(client, asked.reconfiguration.id)
    await rig.remove(client, "listener")
    return (1000.0 * (heard - listening),)


def start_s() -> float:
    """Seconds from the start of the server's process to its first answer."""

    async def run() -> float:
        rig = Rig()
        begin = time.monotonic()
        rig.server.start()
        try:
            client = await rig.server.ready()
            async with client:
                await client.health()
                return time.monotonic() - begin
        finally:
            rig.server.stop()
            shutil.rmtree(rig.home, ignore_errors=True)

    return asyncio.run(run())


def measured(extent: Extent) -> Iterator[Figure]:
    """All figures."""
    runs = min(extent.runs, 3)
    idle_s = IDLE_S if extent.divisor == 1 else 0.1
    many, chained, asleep = extent.size(200), extent.size(50), extent.size(500)
    yield Figure(
        name="server start to first answer",
        unit="s",
        runs=tuple(start_s() for _ in range(extent.runs)),
        budget=1.5,
    )
    found = [
        with_server(lambda rig, client: independent_s(rig, client, many))[0] for _ in range(runs)
    ]
    yield Figure(
        name=f"{many} independent components, 2 transitions of 1 s each: beyond the ideal",
        unit="s",
        runs=tuple(found),
        budget=1.10,
    )
    found = [
        with_server(lambda rig, client: chain_ratio(rig, client, chained))[0] for _ in range(runs)
    ]
    yield Figure(
        name=f"chain of {chained}, 0.1 s each: to the critical path",
        unit="ratio",
        runs=tuple(found),
        budget=1.15,
    )
    found = [with_server(readiness_ms)[0] for _ in range(runs)]
    yield Figure(
        name="from listening to ready, as a client hears it",
        unit="ms",
        runs=tuple(found),
        budget=150.0,
    )
    several = [
        with_server(lambda rig, client: processes(rig, client, asleep, idle_s)) for _ in range(runs)
    ]
    deployed, share, memory = zip(*several, strict=True)
    yield Figure(name=f"{asleep} processes deployed", unit="s", runs=deployed, budget=12.0)
    yield Figure(
        name=f"server with {asleep} running processes, at rest",
        unit="% of a core",
        runs=share,
        budget=3.0,
    )
    yield Figure(
        name=f"memory of the server with {asleep} running processes",
        unit="MiB",
        runs=memory,
        budget=150.0,
    )


if __name__ == "__main__":
    measure_main("The control plane", measured)
