"""Traefik as a door: configurations in force, what is under way, its end and its being found."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from ripieno.model.route import Mode
from ripieno.routing import process, traefik_static
from ripieno.routing.base import Addresses, Counters, Endpoint, OpenRoute
from ripieno.routing.door import TraefikDoor
from ripieno.routing.errors import DoorFailure
from ripieno.routing.inside import Inside
from ripieno.routing.process import TraefikProcess
from ripieno.routing.publishing import Folder
from ripieno.routing.traefik import Layout
from ripieno.routing.traefik_static import Start
from ripieno.testing.ports import free_ports
from tests.visited import APP


@asynccontextmanager
async def letting_in() -> AsyncIterator[str]:
    """A server that lets everybody in."""

    answering: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        answering[task] = writer
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in answering.values():  # Traefik keeps its connections.
            writer.close()
        await asyncio.gather(*answering)


@dataclass
class Opened:
    process: TraefikProcess
    door: TraefikDoor
    host_port: int
    url: str

    def visiting(self, route: str = "web") -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.host_port}",
            headers={"Host": f"{route}.localhost"},
            timeout=60,
            trust_env=False,
        )


@asynccontextmanager
async def opened(
    folder: Path, *, ports: tuple[int, ...] = (), server_url: str = "http://127.0.0.1:1"
) -> AsyncIterator[Opened]:
    """A Traefik on a folder, which goes on when the block is left."""
    host_port, prefix_port = ports or free_ports(2)
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # a test's own folder

    def static(inside: str) -> dict[str, Any]:
        return traefik_static.static(
            Start(
                host_address=f"127.0.0.1:{host_port}",
                prefix_address=f"127.0.0.1:{prefix_port}",
                inside_address=inside,
                folder=str(folder / "routes"),
                domain="localhost",
            )
        )

    run = TraefikProcess(folder, static, {"--door-port": ("127.0.0.1", host_port)})
    layout = Layout(
        addresses=Addresses(domain="localhost", host_port=host_port, prefix_port=prefix_port),
        server_url=server_url,
        inside_url=run.inside_url,
        key="key",
    )
    async with Inside(run.inside_url) as inside:
        door = TraefikDoor(
            layout=layout,
            publisher=Folder(folder / "routes"),
            inside=inside,
            pid=lambda: run.pid,
            patience_s=60,
            log=str(folder / "traefik.log"),
        )
        await run.start()
        yield Opened(run, door, host_port, run.inside_url)


@asynccontextmanager
async def application(version: str = "1") -> AsyncIterator[Endpoint]:
    (port,) = free_ports(1)
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "VERSION": version}
    run = await asyncio.create_subprocess_exec(sys.executable, str(APP), env=environment)
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield Endpoint(host="127.0.0.1", port=port)
    finally:
        run.kill()
        await run.wait()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Opened]:
    folder = tmp_path / "door"
    async with letting_in() as server, opened(folder, server_url=server) as found:
        try:
            yield found
        finally:
            process.end(folder)


def web(*endpoints: Endpoint) -> OpenRoute:
    return OpenRoute(name="web", mode=Mode.HOST, endpoints=endpoints)


async def test_a_configuration_is_in_force_when_it_was_shown(door: Opened) -> None:
    async with application() as one, application("2") as other, door.visiting() as http:
        for endpoint, version in ((one, "1"), (other, "2")) * 3:
            assert await door.door.show([web(endpoint)])
            assert (await http.get("/echo")).json()["version"] == version
        assert await door.door.show([])
        assert await door.door.problem() is None


async def test_nothing_is_written_where_nothing_has_changed(door: Opened, tmp_path: Path) -> None:
    endpoint = Endpoint(host="127.0.0.1", port=1)
    assert await door.door.show([web(endpoint)])
    written = (tmp_path / "door" / "routes" / "routes.yml").stat().st_mtime_ns
    assert await door.door.show([web(endpoint)])
    assert (tmp_path / "door" / "routes" / "routes.yml").stat().st_mtime_ns == written


async def test_replicas_share_the_load_and_a_dead_one_loses_nothing(door: Opened) -> None:
    async with application("1") as one, application("2") as other, door.visiting() as http:
        dead = Endpoint(host="127.0.0.1", port=free_ports(1)[0])
        assert await door.door.show([web(one, other, dead)])
        answers = [await http.get("/echo") for _ in range(12)]
    assert {each.status_code for each in answers} == {200}
    assert {each.json()["version"] for each in answers} == {"1", "2"}


async def test_what_is_under_way_is_waited_for_until_the_grace_is_over(door: Opened) -> None:
    async with application() as endpoint, door.visiting() as http:
        await door.door.show([web(endpoint)])
        asked = asyncio.create_task(http.get("/slow?s=2"))
        await until(lambda: connections(door, endpoint))
        await door.door.show([web()])
        assert not await door.door.drain([endpoint], grace_s=0.2)
        assert not asked.done()
        assert await door.door.drain([endpoint], grace_s=60)
        assert (await asked).status_code == 200


async def connections(door: Opened, endpoint: Endpoint) -> bool:
    return (await counted(door)).connections > 0


async def counted(door: Opened) -> Counters:
    return (await door.door.counters())["web"]


async def until(claim: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await claim():
                return
            await asyncio.sleep(0.02)


async def test_an_open_websocket_counts_as_a_connection(door: Opened) -> None:
    async with application() as endpoint:
        await door.door.show([web(endpoint)])
        async with websockets.connect(
            f"ws://web.localhost:{door.host_port}/socket", host="127.0.0.1", proxy=None
        ) as websocket:
            await websocket.send("hello")
            assert await websocket.recv() == "1: hello"
            await asyncio.sleep(1)  # Longer than a connection is kept that nobody uses.
            assert (await counted(door)).connections == 1
        await until(lambda: nothing_open(door))
        assert (await counted(door)).requests == 1


async def nothing_open(door: Opened) -> bool:
    return (await counted(door)).connections == 0


async def test_counters_go_on_over_waiting_and_a_new_traefik(door: Opened) -> None:
    async with application() as endpoint, door.visiting() as http:
        await door.door.show([web(endpoint)])
        for _ in range(3):
            assert (await http.post("/upload", content=b"x" * 100)).is_success
        first = await counted(door)
        assert (first.requests, first.bytes_in) == (3, 300)
        assert first.bytes_out > 0 and first.seconds > 0
        await door.door.show([web()])
        assert (await counted(door)).requests == 3
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(door.process.keep())
            pid = door.process.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda: restarted(door, pid))
            await door.door.show([web(endpoint)])
            await until(lambda: answers(http))
            keeping.cancel()
        assert (await counted(door)).requests >= 4


async def restarted(door: Opened, before: int) -> bool:
    return door.process.pid not in (None, before)


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/echo")).status_code == 200
    except httpx.HTTPError:
        return False


async def test_traefik_is_found_again_with_the_same_settings_only(tmp_path: Path) -> None:
    folder = tmp_path / "door"
    ports = free_ports(2)
    try:
        async with opened(folder, ports=ports) as one:
            assert await one.door.show([])
            pid = one.process.pid
        async with opened(folder, ports=ports) as again:
            assert again.process.pid == pid
            assert await again.door.show([web()])
        async with opened(folder, ports=free_ports(2)) as other:
            assert other.process.pid not in (pid, None)
            assert await other.door.show([])
    finally:
        assert process.end(folder)
    assert process.found(folder) is None
    assert not process.end(folder)


async def test_another_process_with_its_number_is_not_taken_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "door"
    folder.mkdir()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        written = f'{{"pid": {stranger.pid}, "born": "x 1", "inside_port": 1, "digest": ""}}'
        (folder / "traefik.json").write_text(written)
        assert process.found(folder) is None
        assert not process.end(folder)
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_port_that_is_taken_is_told_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DoorFailure, match=f"{port}.*give another --door-port, or --no-door"):
            async with opened(tmp_path / "door", ports=(port, free_ports(1)[0])):
                pass


async def test_a_log_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "door"
    folder.mkdir()
    log = folder / "traefik.log"
    log.write_bytes(b"x" * 100)
    monkeypatch.setattr(process, "LOG_BYTES", 10)
    try:
        async with opened(folder) as one:
            assert await one.door.show([])
    finally:
        process.end(folder)
    assert (folder / "traefik.log.1").read_bytes() == b"x" * 100
    assert b"xxxx" not in log.read_bytes()
