"""Components with an image, on a real Docker engine."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ripieno.control.errors import InvalidRequest
from ripieno.control.requests import Change, Source
from ripieno.control.views import DeploymentView, ReconfigurationKind
from ripieno.testing import control_rig, registries
from ripieno.testing.control_rig import Rig
from ripieno.testing.engines import ContainerEngine
from tests.acceptance.test_documents import REPOSITORY, Reader
from tests.warm_command import warm_command

PAGE = REPOSITORY / "docs" / "how-to" / "run-container-images.md"

pytestmark = pytest.mark.long(shares="containers")


@pytest.fixture(autouse=True)
def found(engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server finds the engine, and no test another one's containers."""
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    yield
    engine.clear()


@pytest.fixture(autouse=True, scope="module")
def shell(engine: ContainerEngine) -> str:
    """An image that runs what it is told."""
    return engine.image("shell:1", ENTRYPOINT=["/bin/sh", "-c"], WORKDIR="/srv")


async def told(rig: Rig, deployment: str, component: str) -> list[str]:
    """What a component has said on its standard output."""
    return [
        line.text
        async for line in rig.control.logs(
            deployment, component=component, replica=None, follow=False, since=None, tail=None
        )
        if line.stream == "stdout"
    ]


async def answer(view: DeploymentView, component: str, address: str = "127.0.0.1") -> str:
    """What a web server says."""
    (replica, *_) = control_rig.component(view, component).replicas
    async with httpx.AsyncClient(trust_env=False) as client:
        found = await client.get(f"http://{address}:{replica.tcp_ports['http']}/index.html")
    return found.text.strip()


JOBS = """
name: case
version: 1.0.0
components:
  image: {type: job, image: 'tool:1'}
  arguments: {type: job, image: 'tool:1', args: [--fast, 'a  b']}
  command: {type: job, image: 'tool:1', command: [/bin/echo]}
  both: {type: job, image: 'tool:1', command: [/bin/echo, mine], args: [--fast, '$HOME']}
"""


async def test_an_image_is_run_with_the_words_that_are_given(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    engine.image("tool:1", ENTRYPOINT=["/bin/echo", "own"], CMD=["fallback"])
    async with control_rig.open_rig(tmp_path / "home") as rig:
        seen = await rig.deploy(JOBS)
        assert await told(rig, seen.id, "image") == ["own fallback"]
        assert await told(rig, seen.id, "arguments") == ["own --fast a  b"]
        assert await told(rig, seen.id, "command") == [""]
        assert await told(rig, seen.id, "both") == ["mine --fast $HOME"]
        assert engine.containers() == {}
        await rig.change(seen.id, "remove")


WEB = """
name: web
version: 1.0.0
parameters: {properties: {word: {type: string, default: one}}}
components:
  site:
    type: service
    image: shell:1
    args: ['echo "$WORD" > index.html; exec httpd -f -p "$HOST:$PORT" -h /srv']
    env: {WORD: "${parameters.word} on ${port}"}
    tcp_ports: {http: 8080}
    provides: {http: http}
    health: {http: /index.html}
    resources: {cpus: 0.5, memory_mib: 64}
    stop: {grace_s: 0}
  inner:
    type: service
    image: shell:1
    args: ['wget -qO index.html "$SITE/index.html" && exec httpd -f -p "$PORT" -h /srv']
    env: {SITE: "${site.url}"}
    uses: {site: http}
    tcp_ports: {http: auto}
    stop: {grace_s: 0}
  outer:
    type: service
    command: [python3, -u, -c, "import os, time, urllib.request as u;
      print(u.urlopen(os.environ['SITE'] + '/index.html').read().decode(), end='');
      time.sleep(1000)"]
    env: {SITE: "${site.url}"}
    uses: {site: http}
"""


async def test_containers_and_processes_reach_each_other_and_two_deployments_do_not_collide(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    async with control_rig.open_rig(tmp_path / "home") as rig:
        one = await rig.deploy(WEB, name="one")
        other = await rig.deploy(WEB, name="other", parameters={"word": "two"})
        for view, word in ((one, "one"), (other, "two")):
            assert await answer(view, "site") == f"{word} on 8080"
            assert await answer(view, "inner") == f"{word} on 8080"
            assert await told(rig, view.id, "outer") == [f"{word} on 8080"]
        sites = [name for name in engine.containers() if "-site-" in name]
        for site in sites:
            limits = engine.inspect(site)["HostConfig"]
            assert limits["CpuQuota"] / limits["CpuPeriod"] == 0.5
            assert limits["Memory"] == limits["MemorySwap"] == 64 * 2**20
        await rig.change(one.id, "remove")
        assert len(engine.containers()) == 2
        await rig.change(other.id, "remove")
        assert engine.containers() == {}


async def test_a_container_is_rolled_scaled_and_ended_whoever_was_killed(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    document = WEB[: WEB.index("  inner:")]
    async with control_rig.open_rig(tmp_path / "home") as rig:
        view = await rig.deploy(document)
        (first,) = engine.containers()
        asked = await rig.ask(view.id, "apply", parameters={"word": "two"})
        await rig.ended(asked.id)
        view = await rig.change(view.id, "scale", replicas={"site": 2})
        assert await answer(view, "site") == "two on 8080"
        running = engine.containers()
        assert len(running) == 2
        assert first not in running
        pid = control_rig.pids(view)["site/0"]
        (keeper,) = re.findall(r"PPid:\s(\d+)", Path(f"/proc/{pid}/status").read_text())  # noqa: ASYNC240
        control_rig.kill(int(keeper))
        control_rig.kill(pid)
        await rig.until_told(view.id, "component.restarting", component="site")
        view = await rig.settled(view.id)
        assert await answer(view, "site") == "two on 8080"
        assert len(engine.containers()) == 2
        view = await rig.change(view.id, "stop")
        assert engine.containers() == {}
        await rig.change(view.id, "remove")


async def test_a_container_that_is_not_started_again_ends_with_its_client(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    document = (
        "name: once\nversion: 1.0.0\ncomponents:\n  tool: {type: service, image: 'shell:1', "
        "args: [sleep 1000], restart: {condition: never}, stop: {grace_s: 0}}\n"
    )
    job = document.replace("once", "job").replace("service", "job")
    async with control_rig.open_rig(tmp_path / "home") as rig:
        view = await rig.deploy(document)
        control_rig.kill(control_rig.pids(view)["tool/0"])
        await rig.until_told(view.id, "component.given_up", component="tool")
        assert engine.containers() == {}
        await rig.change(view.id, "remove")
        view, asked = await rig.begin(job)
        (pid,) = (await rig.until_running(view.id, 1)).values()
        async with asyncio.timeout(control_rig.PATIENCE_S):
            while True:
                if "Up" in engine.docker("ps", "--format", "{{.Status}}"):
                    break
                await asyncio.sleep(0.05)
        control_rig.kill(pid)
        await rig.ended(asked.id, "failed")
        assert engine.containers() == {}
        await rig.change(view.id, "remove")


FILES = """
name: files
version: 1.0.0
components:
  tool:
    type: service
    image: shell:1
    args: ['cat etc/site.conf; cat /ripieno/count; echo x >> /ripieno/count; env; sleep 1000']
    env: {PATH: '/bin:/sbin', LINES: "a\\nb", KEY: {secret: key}}
    files: [{target: etc/site.conf, content: "port = ${port}\\n"}]
    tcp_ports: {http: 80}
    health: {command: [ls, /ripieno/count]}
    stop: {grace_s: 0}
"""


async def test_files_the_working_folder_and_secrets_come_into_the_container(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    async with control_rig.open_rig(tmp_path / "home") as rig:
        await rig.control.set_secret("key", "xyzzy-42", caller=control_rig.CALLER)
        view = await rig.deploy(FILES)
        await rig.change(view.id, "restart")
        said = await told(rig, view.id, "tool")
        assert said.count("port = 80") == 2
        assert said.count("x") == 1
        assert {"KEY=xyzzy-42", "PATH=/bin:/sbin", "LINES=a", "b", "PORT=80"} <= set(said)
        (pid,) = control_rig.pids(await rig.control.deployment(view.id)).values()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")  # noqa: ASYNC240
        assert b"KEY" in words
        assert not any(b"xyzzy" in each for each in words)
        used = await usage(rig, view.id)
        assert 0 < used < 16 * 2**20
        await rig.change(view.id, "remove")


async def usage(rig: Rig, deployment: str) -> float:
    """The bytes that the one component of a deployment uses, once that is known."""
    async with asyncio.timeout(control_rig.PATIENCE_S):
        while True:
            seen = (await rig.control.metrics(deployment)).components
            if seen and seen[0].replicas:
                return seen[0].replicas[0].memory_bytes
            await asyncio.sleep(0.05)


async def test_an_image_is_pulled_and_one_that_is_not_there_is_told_at_once(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    one = "name: a\nversion: 1.0.0\ncomponents: {tool: {type: job, image: '%s', args: [echo hi]}}\n"
    with registries.DockerRegistry(address=engine.machine) as registry:
        image = f"{registry.host}/tool:1"
        engine.docker("tag", "shell:1", image)
        engine.docker("push", image)
        engine.docker("rmi", image)
        async with control_rig.open_rig(tmp_path / "home") as rig:
            view = await rig.deploy(one % image)
            assert await told(rig, view.id, "tool") == ["hi"]
            said = [each.data["text"] for each in await rig.events(view.id, "component.note")]
            assert f"host local pulls the image {image}" in said
            await rig.change(view.id, "remove")
            _, asked = await rig.begin(one % f"{registry.host}/none:1", name="b")
            failed = await rig.ended(asked.id, "failed")
            assert f"the image {registry.host}/none:1 cannot be pulled" in str(failed.reason)
            assert "correct its name" in str(failed.reason)
            await rig.change("b", "remove")


async def test_a_host_whose_engine_is_away_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = JOBS
    refused = (
        "image runs the image tool:1, and host local: its Docker engine does not answer: "
        ".*; start it there"
    )
    async with control_rig.open_rig(tmp_path / "home") as rig:
        change = Change(kind=ReconfigurationKind.DEPLOY, source=Source(document=document))
        assert (await rig.control.preview(None, change)).warnings == ()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
        with pytest.raises(InvalidRequest, match=refused):
            await rig.begin(document)
        warnings = (await rig.control.preview(None, change)).warnings
        assert len(warnings) == 4
        assert re.search(refused, warnings[0])
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(InvalidRequest, match="it has no docker; install Docker there"):
            await rig.begin(document)


COMPOSE = """
services:
  db:
    image: shell:1
    command: ['httpd -p 5432 -h /srv; sleep 1; echo 42 > index.html; touch /tmp/well; sleep 1000']
    healthcheck: {test: [CMD, /bin/ls, /tmp/well], interval: 200ms}
    expose: ['5432']
    stop_grace_period: 0s
  web:
    image: shell:1
    command: ['wget -qO index.html http://db:5432/index.html && exec httpd -f -p 80 -h /srv']
    ports: ['8080:80']
    stop_grace_period: 0s
    depends_on: {db: {condition: service_healthy}}
"""


async def test_a_draft_of_a_compose_file_is_deployed(
    tmp_path: Path, engine: ContainerEngine
) -> None:
    async with control_rig.open_rig(tmp_path / "home") as rig:
        draft = await rig.control.import_compose(COMPOSE, name="pair", files={}, profiles=())
        view = await rig.deploy(draft.document)
        assert await answer(view, "web") == "42"
        await rig.change(view.id, "remove")
        assert engine.containers() == {}


async def test_images_run_on_a_host_over_ssh_and_are_reached_from_here(
    tmp_path: Path, engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    document = WEB.replace("type: service", "type: service\n    host: far")
    with engine.as_host() as server:
        config = server.config(tmp_path / "far", name="far")
        async with control_rig.open_rig(tmp_path / "home") as rig:
            found = await rig.control.add_host(config, trust=None, caller=control_rig.CALLER)
            assert found.checks[-1].said.startswith("run, by Docker ")
            view = await rig.deploy(document)
            assert await answer(view, "site", server.address) == "one on 8080"
            assert await answer(view, "inner", server.address) == "one on 8080"
            assert await told(rig, view.id, "outer") == ["one on 8080"]
            assert await usage(rig, view.id)
            await rig.change(view.id, "remove")
            assert engine.containers() == {}


def test_the_page_about_images_does_what_it_shows(tmp_path: Path, engine: ContainerEngine) -> None:
    engine.image(
        "registry.example.org/lab/greeter:1",
        CMD=["/bin/httpd", "-f", "-p", "8080", "-h", "/srv"],
        WORKDIR="/srv",
    )
    commands = tmp_path / "commands"
    commands.mkdir()
    with warm_command(commands):
        reader = Reader(tmp_path / "reader", commands)
        try:
            assert reader.follow(PAGE)
        finally:
            reader.leave()
    assert engine.containers() == {}
