"""The door follows deployments: updates, crashes, restarts of everything that can be restarted."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets

from ripieno.client import errors
from ripieno.routing import process
from ripieno.testing.control_rig import kill
from ripieno.testing.doors import DoorRig, open_door
from ripieno.testing.servers import ended, marked_processes
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest
from ripieno.wire.route import RouteState
from tests.visited import document

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorRig]:
    async with open_door(tmp_path_factory.mktemp("door")) as rig:
        yield rig


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await claim():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def load(rig: DoorRig, name: str, *, visitors: int = 4) -> AsyncIterator[Counter[str]]:
    """Visitors who ask again and again; how often they got what, by version or status."""
    found: Counter[str] = Counter()
    over = asyncio.Event()

    async def visit(http: httpx.AsyncClient, number: int) -> None:
        while not over.is_set():
            try:
                if number % 2:
                    answer = await http.post("echo", content=b"x" * 100_000)
                else:
                    answer = await http.get("slow?s=0.02")
            except httpx.HTTPError as problem:
                found[repr(problem)] += 1
                continue
            known = answer.status_code == 200
            found[answer.json()["version"] if known else str(answer.status_code)] += 1

    async with rig.visiting(name, token=rig.token) as http, asyncio.TaskGroup() as group:
        for number in range(visitors):
            group.create_task(visit(http, number))
        try:
            yield found
        finally:
            over.set()


async def test_an_update_one_by_one_loses_no_request(door: DoorRig) -> None:
    await door.deploy(document(replicas=2), "rolling")
    await until(lambda: is_ready(door, "rolling"))
    async with load(door, "rolling") as found:
        await until(lambda: seen(found, "1"))
        await door.change("rolling", "apply", document=document(replicas=2, version="2"))
        found.clear()
        await until(lambda: seen(found, "2"))
        assert set(found) == {"2"}
        scaled = ChangeRequest(kind=ChangeKind.SCALE, replicas={"web": 3})
        await done(door, "rolling", scaled)
        await done(door, "rolling", ChangeRequest(kind=ChangeKind.SCALE, replicas={"web": 1}))
        found["2"] = 0
        await until(lambda: seen(found, "2"))
        assert set(found) == {"2"}


async def test_nothing_is_lost_while_it_is_updated(door: DoorRig) -> None:
    await door.deploy(document(), "lossless")
    await until(lambda: is_ready(door, "lossless"))
    async with load(door, "lossless") as found:
        for version in ("2", "3"):
            await door.change("lossless", "apply", document=document(version=version))
            await until(lambda: seen(found, version))  # noqa: B023  # awaited here
    assert set(found) == {"1", "2", "3"}, found


async def seen(found: Counter[str], version: str) -> bool:
    return found[version] > 5


async def done(rig: DoorRig, name: str, request: ChangeRequest) -> None:
    record = await ended(rig.client, (await rig.client.change(name, request)).id)
    assert record.state == "completed", record.reason


async def is_ready(rig: DoorRig, name: str) -> bool:
    async with rig.visiting(name, token=rig.token) as http:
        try:
            return (await http.get("healthz")).status_code == 200
        except httpx.HTTPError:
            return False


async def test_who_comes_too_early_is_told_and_goes_on(door: DoorRig, tmp_path: Path) -> None:
    flag = tmp_path / "go"
    waits = f"""
name: late
version: 1.0.0
components:
  web:
    type: service
    command:
      - sh
      - -c
      - "until [ -e {flag} ]; do sleep 0.05; done; exec python3 -m http.server $PORT --bind $HOST"
    tcp_ports: {{http: auto}}
    health: {{http: /}}
routes:
  - {{component: web, tcp_port: http, mode: strip}}
"""
    asked = await door.client.deploy(DeployRequest(document=waits, name="late"))
    door.deployments.append(asked.deployment.id)
    await until(lambda: has_state(door, "late", RouteState.WAITING))
    browser = await door.signed_in("late")
    async with door.visiting("late", headers=browser) as http:
        await until(lambda: answers(http, 503))
        page = await http.get("", headers=PAGE)
        program = await http.post("x", content=b"y")
        stranger = await http.get(".ripieno/state", headers={"Cookie": ""})
        assert (page.status_code, page.headers["retry-after"]) == (503, "2")
        assert "late is getting ready" in page.text
        assert "/late/.ripieno/state" in page.text
        assert "unsafe-inline" not in page.headers["content-security-policy"]
        assert program.json()["type"] == "urn:ripieno:problem:not-ready"
        assert stranger.status_code == 401
        told = []
        async with http.stream("GET", ".ripieno/state") as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data: "):
                    continue
                told.append(json.loads(line.removeprefix("data: "))["state"])
                if len(told) == 1:
                    flag.touch()
        assert (told[0], told[-1]) == ("waiting", "ready")
        # What it was told is so at this moment.
        assert (await http.get("")).status_code == 200


async def has_state(rig: DoorRig, name: str, state: RouteState) -> bool:
    return (await rig.route(name)).state is state


async def answers(http: httpx.AsyncClient, status: int) -> bool:
    return (await http.get("")).status_code == status


async def test_what_is_stopped_says_so_and_comes_back(door: DoorRig) -> None:
    await door.deploy(document(), "sleepy")
    async with door.visiting("sleepy", token=door.token) as http:
        await until(lambda: answers(http, 200))
        await door.change("sleepy", "stop")
        assert (await http.get("", headers=PAGE)).text.count("sleepy is stopped") > 0
        assert await has_state(door, "sleepy", RouteState.STOPPED)
        await door.change("sleepy", "start")
        await until(lambda: answers(http, 200))
        await door.change("sleepy", "restart")
        await until(lambda: answers(http, 200))


async def test_what_has_failed_says_so(door: DoorRig) -> None:
    broken = document(extra="restart: {condition: never}").replace(
        "command: [", "command: [sh, -c, exit 3, "
    )
    from ripieno.testing.servers import ended

    asked = await door.client.deploy(DeployRequest(document=broken, name="broken"))
    assert (await ended(door.client, asked.reconfiguration.id)).state == "failed"
    assert await has_state(door, "broken", RouteState.FAILED)
    async with door.visiting("broken", token=door.token) as http:
        await until(lambda: answers(http, 503))
        page = await http.get("", headers=PAGE)
    assert page.status_code == 503
    assert "broken has failed" in page.text
    assert "exit code 3" in page.text


async def test_what_has_crashed_waits_and_comes_back(door: DoorRig) -> None:
    await door.deploy(document(), "crashing")
    async with door.visiting("crashing", token=door.token) as http:
        await until(lambda: answers(http, 200))
        before = (await http.get("echo")).json()["pid"]
        kill(before)
        await until(lambda: other_process(http, before))


async def other_process(http: httpx.AsyncClient, before: int) -> bool:
    answer = await http.get("echo")
    assert answer.status_code in (200, 502, 503)
    return answer.status_code == 200 and answer.json()["pid"] != before


async def test_what_is_removed_is_gone_and_its_name_is_free(door: DoorRig) -> None:
    await door.deploy(document(access="[public]"), "passing")
    async with door.visiting("passing") as http:
        await until(lambda: answers(http, 200))
        await door.change("passing", "remove")
        await until(lambda: answers(http, 404))
    await door.deploy(document(access="[public]"), "passing")


async def test_who_may_come_in_changes_at_once(door: DoorRig) -> None:
    await door.deploy(document(), "private")
    async with door.visiting("private") as http:
        await until(lambda: answers(http, 401))
        await door.change("private", "apply", document=document(access="[public]"))
        assert (await http.get("")).status_code == 200
        await door.change("private", "apply", document=document())
        assert (await http.get("")).status_code == 401


async def test_the_address_changes_with_the_mode(door: DoorRig) -> None:
    await door.deploy(document(), "moving")
    await until(lambda: is_ready(door, "moving"))
    await door.change("moving", "apply", document=document("keep"))
    await until(lambda: is_ready(door, "moving"))
    async with door.visiting("moving", token=door.token) as http:
        told = (await http.get("echo")).json()
    assert told["path"] == "/moving/echo"
    assert told["public"]["PUBLIC_PATH"] == "/moving/"


async def test_traefik_that_is_killed_is_started_again(door: DoorRig) -> None:
    await door.deploy(document(), "sturdy")
    await until(lambda: is_ready(door, "sturdy"))
    before = door.traefik()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: is_ready(door, "sturdy"))
    assert door.traefik() not in (None, before)


async def test_a_server_that_is_killed_is_waited_for(tmp_path: Path) -> None:
    async with open_door(tmp_path) as rig:
        await rig.deploy(document(access="[public]"), "lasting")
        await until(lambda: is_ready(rig, "lasting"))
        before = rig.traefik()
        async with (
            rig.visiting("lasting") as http,
            websockets.connect(
                f"ws://lasting.localhost:{rig.host_port}/socket", host="127.0.0.1", proxy=None
            ) as websocket,
        ):
            rig.server.kill()
            await websocket.send("still there")
            assert await websocket.recv() == "1: still there"
            asked = asyncio.create_task(http.get("echo"))
            rig.server.start()
            async with await rig.server.ready() as client:
                rig.client = client
                assert (await asked).status_code == 200
                assert rig.traefik() == before
                await websocket.send("all the time")
                assert await websocket.recv() == "1: all the time"
                # A server that was asked to end leaves it open too.
                rig.server.stop()
                assert rig.traefik() == before
                rig.server.start()
                async with await rig.server.ready() as again:
                    rig.client = again
                    assert (await http.get("echo")).status_code == 200
                    await websocket.send("and again")
                    assert await websocket.recv() == "1: and again"


async def test_routes_are_right_after_what_happened_without_a_server(tmp_path: Path) -> None:
    async with open_door(tmp_path) as rig:
        await rig.deploy(document(access="[public]"), "orphan")
        await until(lambda: is_ready(rig, "orphan"))
        rig.server.kill()
        (id,) = rig.deployments
        for pids in marked_processes(id).values():
            for pid in pids:
                kill(pid)
        process.end(rig.folder)
        rig.server.start()
        async with await rig.server.ready() as client:
            rig.client = client
            await until(lambda: is_ready(rig, "orphan"))


async def test_a_server_without_a_door_ends_the_one_that_was_left(tmp_path: Path) -> None:
    async with open_door(tmp_path) as rig:
        assert rig.traefik() is not None
        rig.server.stop()
        rig.server.door = ["--no-door"]
        rig.server.start()
        async with await rig.server.ready() as client:
            assert rig.traefik() is None
            rig.client = client
            await rig.deploy(document(), "inside-only")
            (route,) = (await client.routes()).items
            assert route.url is None
            with pytest.raises(errors.Conflict, match="no door"):
                await client.hand_over("inside-only")
