"""A Traefik of one's own, which is told by HTTP what goes where."""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets

from ripieno.model.access import Scope
from ripieno.model.route import Mode
from ripieno.routing.metrics import read
from ripieno.testing.doors import DoorRig, open_door, until
from ripieno.testing.ports import free_ports
from ripieno.wire.health import Finding
from tests.conftest import REPOSITORY
from tests.visited import document


def configuration(ports: tuple[int, int, int], server: str, token: str) -> str:
    """What the documentation tells to start Traefik with, with the ports and names of a test."""
    text = (REPOSITORY / "docs/how-to/reach-applications.md").read_text()
    found = re.search("```yaml\n(entryPoints:.*?)```", text, re.DOTALL)
    assert found is not None
    written = found[1]
    for said, meant in (
        ('":8643"', f'"127.0.0.1:{ports[0]}"'),
        ('":8644"', f'"127.0.0.1:{ports[1]}"'),
        ('"127.0.0.1:8645"', f'"127.0.0.1:{ports[2]}"'),
        ("http://127.0.0.1:8642", server),
        ("pollInterval: 1s", "pollInterval: 100ms"),
        ("TOKEN", token),
    ):
        assert said in written
        written = written.replace(said, meant)
    return written


@contextlib.asynccontextmanager
async def traefik(folder: Path, text: str) -> AsyncIterator[None]:
    """A Traefik that nobody but the test knows of."""
    file = folder / "traefik.yml"
    file.write_text(text)
    binary = Path(sys.executable).with_name("traefik")
    run = await asyncio.create_subprocess_exec(binary, f"--configFile={file}")
    try:
        yield
    finally:
        run.kill()
        await run.wait()


async def version(rig: DoorRig, route: str) -> str | None:
    """The version of the application that visitors are led to, None if they are not."""
    async with rig.visiting(route, token=rig.token) as http:
        try:
            answer = await http.get("echo")
        except httpx.HTTPError:
            return None
    return answer.json()["version"] if answer.status_code == 200 else None


async def examined(rig: DoorRig) -> Finding:
    """What the server's own look at its door has found."""
    (found,) = [each for each in (await rig.client.doctor()).items if each.subject == "door"]
    return found


async def is_at(rig: DoorRig, route: str, wanted: str | None) -> bool:
    return await version(rig, route) == wanted


@pytest.mark.long
async def test_a_traefik_of_ones_own_follows(tmp_path: Path) -> None:
    (inside_port,) = free_ports(1)
    options = ["--external-door", f"http://127.0.0.1:{inside_port}"]
    async with open_door(tmp_path / "home", options=options) as rig:
        assert rig.traefik() is None
        assert not (await examined(rig)).is_well
        made = await rig.client.create_token("traefik", scopes=[Scope.ADMIN])
        ports = rig.host_port, rig.prefix_port, inside_port
        async with traefik(tmp_path, configuration(ports, rig.server.url, made.token)):
            await rig.deploy(document(), "web")
            await until(lambda: is_at(rig, "web", "1"))
            assert (await examined(rig)).is_well
            await rig.change("web", "apply", document=document(version="2"))
            await until(lambda: is_at(rig, "web", "2"))
            await rig.deploy(document(Mode.STRIP), "below")
            await until(lambda: is_at(rig, "below", "1"))

            browser = await rig.signed_in("web")
            async with (
                rig.visiting("web", headers=browser) as known,
                rig.visiting("web") as stranger,
                websockets.connect(
                    f"ws://web.localhost:{rig.host_port}/socket",
                    host="127.0.0.1",
                    port=rig.host_port,
                    additional_headers={"Authorization": f"Bearer {rig.token}"},
                    proxy=None,
                ) as websocket,
            ):
                sent = dict((await known.get("echo")).json()["headers"])
                assert sent["x-forwarded-user"] == "admin"
                assert "cookie" not in sent
                assert (await stranger.get("echo")).status_code == 401
                assert (await stranger.get(".ripieno/none")).status_code == 401

                # While the server is away, what is open goes on; who comes waits.
                rig.server.kill()
                await websocket.send("hello")
                assert await websocket.recv() == "2: hello"
                asked = asyncio.create_task(known.get("echo"))
                rig.server.start()
                async with await rig.server.ready() as client:
                    rig.client = client
                    assert (await asked).status_code == 200
                    async with httpx.AsyncClient(timeout=60) as inside:
                        text = (await inside.get(f"http://127.0.0.1:{inside_port}/metrics")).text
                    assert read(text)["web"].requests > 0
                    await rig.change("web", "stop")
                    await until(lambda: is_at(rig, "web", None))
