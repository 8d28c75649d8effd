"""The command lines of containers, and what is made of the answers of an engine's client."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from ripieno.model.workload import FileTransfer, Workload
from ripieno.runtimes import containers, docker
from ripieno.runtimes.base import Replica
from ripieno.runtimes.docker import DockerEngine
from ripieno.runtimes.errors import (
    CommandNotFound,
    EngineAway,
    ImageMissing,
    NoEngine,
    PermanentFailure,
    RuntimeDriverError,
    TemporaryFailure,
)
from ripieno.runtimes.host import Command, Completed, Host

AT = DockerEngine(version="1", gateway="172.17.0.1")
REPLICA = Replica(slot=0, name="shop-1/web/0", key="k", tcp_ports={"http": 20001, "ftp": 20002})


class Client:
    """A host on which every command gives one answer."""

    name, directory, hostname = "local", "/var/lib/it", "127.0.0.1"

    def __init__(self, stderr: str = "", *, hostname: str = "127.0.0.1") -> None:
        self.hostname, self._stderr = hostname, stderr
        self.asked: list[Sequence[str]] = []

    async def run(self, argv: Sequence[str], **options: Any) -> Completed:
        self.asked.append(argv)
        if not self._stderr:
            raise CommandNotFound("there is no docker")
        return Completed(exit_code=1, stdout=b"", stderr=self._stderr.encode())


def command(
    workload: Workload,
    *,
    image_folder: str = "",
    hostname: str = "127.0.0.1",
    variables: dict[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> Command:
    return containers.command(
        cast(Host, Client(hostname=hostname)),
        REPLICA,
        workload,
        variables=variables or {},
        secrets=secrets,
        at=AT,
        image_folder=image_folder,
    )


def following(command: Command, option: str) -> list[str]:
    pairs = zip(command.argv, command.argv[1:], strict=False)
    return [value for word, value in pairs if word == option]


def test_ports_of_the_host_lead_to_those_of_the_image_from_this_machine_and_from_containers() -> (
    None
):
    workload = Workload(image="web", tcp_ports={"http": 80, "ftp": 0})
    assert following(command(workload), "--publish") == [
        "127.0.0.1:20001:80",
        "172.17.0.1:20001:80",
        "127.0.0.1:20002:20002",
        "172.17.0.1:20002:20002",
    ]
    abroad = following(command(workload, hostname="192.0.2.7"), "--publish")
    assert "192.0.2.7:20001:80" in abroad and "127.0.0.1:20001:80" in abroad
    named = following(command(workload, hostname="node-1.example.org"), "--publish")
    assert named == ["0.0.0.0:20001:80", "0.0.0.0:20002:20002"]


def test_an_image_that_looks_like_an_option_is_none() -> None:
    written = command(Workload(image="--privileged", argv=("-v", "/:/x"))).argv
    assert written[-4:] == ("--", "--privileged", "-v", "/:/x")


@pytest.mark.parametrize(
    ("image_folder", "stated", "folder"),
    [
        ("", None, "/ripieno"),
        ("/", None, "/ripieno"),
        ("/srv", None, "/srv"),
        ("/srv", "data", "/srv/data"),
        ("/srv", "/data", "/data"),
        ("", "/", "/"),
    ],
)
def test_files_are_where_the_program_begins(
    image_folder: str, stated: str | None, folder: str
) -> None:
    workload = Workload(
        image="web",
        working_directory=stated,
        files=(FileTransfer(target='etc/a,"b"', content="x"),),
    )
    found = command(workload, image_folder=image_folder)
    assert following(found, "--workdir") == [folder]
    work = "/var/lib/it/shop-1/web/0/cwd"
    mounts = [f"type=bind,source={work},target=/ripieno"]
    if folder != "/ripieno":
        target = f'{folder.rstrip("/")}/etc/a,""b""'
        mounts.append(f'type=bind,"source={work}/etc/a,""b""","target={target}"')
    assert following(found, "--mount") == mounts


def test_values_of_variables_are_on_no_command_line_but_of_those_that_the_client_reads() -> None:
    variables = {"KEY": "a\nb", "PATH": "/opt", "DOCKER_HOST": "x", "http_proxy": "y"}
    found = command(Workload(image="web"), variables=variables, secrets=["KEY"])
    assert following(found, "--env") == ["KEY", "PATH=/opt", "DOCKER_HOST=x", "http_proxy=y"]
    assert found.env == {"KEY": "a\nb"}
    with pytest.raises(PermanentFailure, match=r"PATH from a secret.*; call the variable otherw"):
        command(Workload(image="web"), variables=variables, secrets=["PATH"])


def test_limits_and_signals_are_the_engines_to_keep() -> None:
    workload = Workload(image="web", cpus=0.25, memory_mib=64, stop_signal="QUIT")
    found = command(workload)
    assert following(found, "--cpu-quota") == ["25000"]
    assert following(found, "--memory") == following(found, "--memory-swap") == ["64m"]
    assert following(found, "--stop-signal") == ["SIGQUIT"]
    assert following(command(Workload(image="web")), "--stop-signal") == []


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("", NoEngine),
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon run", EngineAway),
        ("permission denied while trying to connect to the Docker daemon socket at x", NoEngine),
        ("Error response from daemon: manifest for a:1 not found: manifest unknown", ImageMissing),
        ("Error response from daemon: pull access denied for a, repository does not", ImageMissing),
        ('Get "https://r.example/v2/": dial tcp: lookup r.example: no such host', TemporaryFailure),
        ('Get "http://r.example/v2/": dial tcp 192.0.2.1: connection refused', TemporaryFailure),
        ("toomanyrequests: You have reached your pull rate limit", TemporaryFailure),
    ],
)
async def test_why_an_image_cannot_be_had_tells_whether_to_try_again(
    stderr: str, kind: type[RuntimeDriverError]
) -> None:
    client = Client(stderr)
    with pytest.raises(kind) as found:
        await docker.have(cast(Host, client), "a:1", lambda text: None)
    assert found.value.remedy
    assert ("docker", "pull", "--quiet", "--", "a:1") in client.asked or kind in (
        NoEngine,
        EngineAway,
    )


@pytest.mark.parametrize(
    ("networks", "gateway"),
    [
        ("172.17.0.0/16 172.17.0.1\n", "172.17.0.1"),
        ("172.17.0.0/16 \n", "172.17.0.1"),  # Of a bridge that the engine has just made.
        ("fd00::/64 fd00::1\n10.9.0.0/16 10.9.0.5\n", "10.9.0.5"),
    ],
)
async def test_containers_reach_the_host_at_the_address_of_the_bridge(
    networks: str, gateway: str
) -> None:
    class Bridged(Client):
        async def run(self, argv: Sequence[str], **options: Any) -> Completed:
            said = networks if "network" in argv else "26.1.5\n"
            return Completed(exit_code=0, stdout=said.encode(), stderr=b"")

    found = await docker.look(cast(Host, Bridged()))
    assert (found.version, found.gateway) == ("26.1.5", gateway)


async def test_an_engine_without_a_bridge_cannot_be_used() -> None:
    class Bare(Client):
        async def run(self, argv: Sequence[str], **options: Any) -> Completed:
            return Completed(exit_code=0, stdout=b"\n", stderr=b"")

    with pytest.raises(NoEngine, match="has no bridge network; let the engine have"):
        await docker.look(cast(Host, Bare()))
