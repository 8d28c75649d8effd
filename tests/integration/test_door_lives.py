"""What nobody uses is stopped, and a visit starts it: a real door, real visitors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets

from ripieno.model.route import PublicAddress
from ripieno.testing.doors import DoorRig, open_door
from ripieno.wire.deployment import Deployment
from ripieno.wire.quota import QuotaRequest
from ripieno.wire.route import RouteState
from tests.visited import document

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
SOON = "idle_stop_min: 0.03"
"""Two seconds, or not much more."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorRig]:
    async with open_door(tmp_path_factory.mktemp("lives")) as rig:
        yield rig


def lasting(limits: str, *, access: str = "[]") -> str:
    return document(access=f"{access}, {limits}")


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await claim():
                return
            await asyncio.sleep(0.05)


async def until_state(rig: DoorRig, name: str, state: str) -> Deployment:
    found: list[Deployment] = []

    async def is_so() -> bool:
        found[:] = [await rig.client.deployment(name)]
        return found[0].state == state and found[0].reconfiguration is None

    await until(is_so)
    return found[0]


async def until_shown(rig: DoorRig, name: str, state: RouteState) -> None:
    async def is_so() -> bool:
        return (await rig.route(name)).state is state

    await until(is_so)


async def told(rig: DoorRig, name: str, kind: str) -> list[Mapping[str, Any]]:
    found = await rig.client.events(deployment=name, kind=kind, limit=100)
    return [each.data for each in found.items]


async def deeds(rig: DoorRig, name: str, user: str) -> list[tuple[str, str, str | None]]:
    found = (await rig.client.audit(thing=f"deployment {name}", limit=100)).items
    return [(each.action, each.result, each.reason) for each in found if each.user == user]


async def test_what_nobody_visits_is_stopped_and_started_once_by_two_who_come(
    door: DoorRig,
) -> None:
    await door.deploy(lasting(SOON), "sleeper")
    stopped = await until_state(door, "sleeper", "stopped")
    assert stopped.life.stopped_for == "idle"
    assert stopped.routes[0].state is RouteState.IDLE
    assert (await told(door, "sleeper", "deployment.idle"))[0]["reason"] == (
        "nobody has used it for 1.8 s"
    )
    assert ("deployment.change", "allowed", "nobody has used it for 1.8 s") in await deeds(
        door, "sleeper", "system"
    )
    # From here on it is not to be stopped while it is looked at.
    async with door.visiting("sleeper", token=door.token) as http:
        person, program = await asyncio.gather(
            http.get("", headers=PAGE), http.post("x", content=b"y")
        )
        assert (person.status_code, program.status_code) == (503, 503)
        assert "sleeper is being woken" in person.text
        assert "/.ripieno/state" in person.text
        assert program.headers["content-type"] == "application/problem+json"
        assert program.json()["type"] == "urn:ripieno:problem:not-ready"
        assert "is being started" in program.json()["detail"]
        assert program.headers["retry-after"] == "2"
        await until(lambda: answers(http, 200))
    assert len(await told(door, "sleeper", "deployment.woken")) == 1
    history = (await door.client.reconfigurations("sleeper")).items
    assert [each.kind for each in history if each.requested_by == "admin"] == ["start", "deploy"]


async def answers(http: httpx.AsyncClient, status: int) -> bool:
    return (await http.get("healthz")).status_code == status


async def test_an_open_websocket_keeps_it_up_over_a_restart_of_the_server(door: DoorRig) -> None:
    await door.deploy(lasting(SOON), "held")
    await until_shown(door, "held", RouteState.READY)
    browser = await door.signed_in("held")
    public = PublicAddress(url=(await door.route("held")).url or "")
    async with websockets.connect(
        f"ws://{public.host}/socket",
        host="127.0.0.1",
        additional_headers={**browser, "Origin": public.origin},
        proxy=None,
    ) as socket:
        # Another one with the same limit tells that it was looked for long enough.
        await door.deploy(lasting("idle_stop_min: 0.05"), "witness")
        before = door.traefik()
        door.server.kill()
        door.server.start()
        await (await door.server.ready()).close()
        assert (await until_state(door, "witness", "stopped")).life.stopped_for == "idle"
        held = await door.client.deployment("held")
        assert (held.state, held.life.idle_stop_at) == ("running", None)
        assert door.traefik() == before
        await socket.send("hello")
        assert await socket.recv() == "1: hello"
    assert (await until_state(door, "held", "stopped")).life.stopped_for == "idle"


async def test_what_was_stopped_by_hand_stays_so_whoever_comes(door: DoorRig) -> None:
    await door.deploy(lasting("idle_stop_min: 60"), "by-hand")
    await door.change("by-hand", "stop")
    await until_shown(door, "by-hand", RouteState.STOPPED)
    async with door.visiting("by-hand", token=door.token) as http:
        page = await http.get("", headers=PAGE)
        assert page.status_code == 503
        assert "by-hand is stopped" in page.text
        assert "/deployments/by-hand/open?route=by-hand" in page.text
    assert (await door.client.deployment("by-hand")).state == "stopped"
    assert await told(door, "by-hand", "deployment.woken") == []


async def test_why_a_visit_starts_nothing_is_shown(door: DoorRig) -> None:
    await door.deploy(lasting(SOON), "limited")
    await until_state(door, "limited", "stopped")
    await door.client.set_quota("user:admin", QuotaRequest(memory_mib=1))
    try:
        async with door.visiting("limited", token=door.token) as http:
            await http.get("healthz")

            async def is_refused() -> bool:
                return (await door.route("limited")).refusal is not None

            await until(is_refused)
            page = await http.get("", headers=PAGE)
            program = await http.get("healthz")
            assert "limited cannot be started now" in page.text
            assert "the quota of user:admin is 1 MiB of memory" in page.text
            assert "the quota of user:admin" in program.json()["detail"]
            assert program.headers["retry-after"] == "30"
        assert next(each[:2] for each in await deeds(door, "limited", "admin")) == (
            "deployment.wake",
            "refused",
        )
    finally:
        await door.client.remove_quota("user:admin")


async def test_a_visitor_of_a_sticky_route_stays_with_one_replica(door: DoorRig) -> None:
    await door.deploy(document(access="[public], sticky: true", replicas=2), "sticky")
    await until_shown(door, "sticky", RouteState.READY)
    async with door.visiting("sticky") as http:
        await until(lambda: answers(http, 200))
        found: dict[int, str] = {}
        async with asyncio.timeout(60):
            while len(found) < 2:
                http.cookies.clear()
                answer = await http.get("echo")
                cookies = [each.partition(";")[0] for each in answer.headers.get_list("set-cookie")]
                found[answer.json()["pid"]] = next(
                    each for each in cookies if each.startswith("ripieno_replica_sticky=")
                )
        for pid, cookie in found.items():
            for _ in range(4):
                http.cookies.clear()
                told = (await http.get("echo", headers={"Cookie": cookie})).json()
                assert told["pid"] == pid
