"""What cannot work fails by name, with the remedy, and the events say so too."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ripieno.control.errors import InvalidRequest
from ripieno.control.hosts import COMPONENTS
from ripieno.runtimes.errors import AuthenticationFailed, InvalidHost, RuntimeDriverError
from ripieno.testing import control_rig
from ripieno.testing.ssh_servers import Network, Unavailable

HEADER = "name: bad\nversion: 1.0.0\ncomponents:\n  c:\n    type: service\n"


def service(*lines: str) -> str:
    """An application of one service, with these lines of its own."""
    return HEADER + "".join(f"    {line}\n" for line in lines)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


async def failure_of(tmp_path: Path, document: str) -> str:
    """Why a deployment fails, which its events and its component say alike."""
    async with control_rig.open_rig(tmp_path / "home") as rig:
        seen = await rig.deploy(document, expected="failed")
        told = await rig.events(seen.id, "transition.failed", component="c")
        cause = str(told[-1].data["cause"])
        assert cause in (seen.components[0].failure or "")
        await rig.change(seen.id, "remove")
        return cause


async def test_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    cause = await failure_of(tmp_path, service("command: [no-such-program]"))
    assert "no-such-program" in cause
    assert "local" in cause


async def test_program_that_may_not_be_run_is_named(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    cause = await failure_of(tmp_path, service(f"command: ['{program}']"))
    assert str(program) in cause


async def test_port_that_somebody_else_has_is_named(tmp_path: Path, taken_port: int) -> None:
    document = service("command: [sleep, '1000']", f"tcp_ports: {{http: {taken_port}}}")
    cause = await failure_of(tmp_path, document)
    assert f"port {taken_port} on host local is taken" in cause


async def test_file_that_is_missing_is_named(tmp_path: Path) -> None:
    document = service(
        "command: [sleep, '1000']", "files: [{target: a.txt, source: /no/such/file}]"
    )
    cause = await failure_of(tmp_path, document)
    assert "/no/such/file" in cause


async def test_host_without_room_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    components = home / COMPONENTS
    components.mkdir(parents=True)
    mounted = await asyncio.to_thread(
        subprocess.run,
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(components)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"needs to mount a small file system: {mounted.stderr.strip()}")
    try:
        large = tmp_path / "large"
        large.write_bytes(b"x" * 200_000)
        document = service(
            "command: [sleep, '1000']", f"files: [{{target: large, source: '{large}'}}]"
        )
        cause = await failure_of(tmp_path, document)
        assert "room" in cause or "space" in cause or "full" in cause
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(components)], check=True)


async def test_unknown_host_is_refused_with_those_there_are(tmp_path: Path) -> None:
    async with control_rig.open_rig(tmp_path) as rig:
        with pytest.raises(InvalidHost, match="'moon'; known are local"):
            await rig.begin(service("command: [sleep, '1000']", "host: moon"))


async def test_image_is_refused_where_there_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    async with control_rig.open_rig(tmp_path) as rig:
        with pytest.raises(InvalidRequest, match="runs the image registry/app"):
            await rig.begin(service("image: registry/app:1"))


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    try:
        network = Network()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with network:
        yield network


async def test_hosts_that_cannot_be_used_are_not_added(network: Network, tmp_path: Path) -> None:
    server = network.server()
    async with control_rig.open_rig(tmp_path / "home") as rig:
        unknown = server.config(tmp_path / "far", name="far", known_hosts_path=None)
        with pytest.raises(RuntimeDriverError, match="far"):
            await rig.control.add_host(unknown, trust=None, caller="tester")
        with pytest.raises(InvalidRequest, match="shows the key"):
            await rig.control.add_host(unknown, trust="SHA256:other", caller="tester")
        other_key = tmp_path / "key"
        await asyncio.to_thread(
            subprocess.run,
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other_key)],
            check=True,
        )
        wrong = server.config(
            tmp_path / "far", name="far", known_hosts_path=None, key_path=str(other_key)
        )
        with pytest.raises(AuthenticationFailed, match="far"):
            await rig.control.add_host(wrong, trust="first", caller="tester")
        assert [each.name for each in await rig.control.hosts()] == ["local"]


async def test_changed_host_key_is_in_the_events(network: Network, tmp_path: Path) -> None:
    server = network.server()
    async with control_rig.open_rig(tmp_path / "home") as rig:
        config = server.config(tmp_path / "far", name="far", known_hosts_path=None)
        await rig.control.add_host(config, trust="first", caller="tester")
        seen = await rig.deploy(service("command: [sleep, '1000']", "host: far"))
        server.change_host_key()
        server.restart_sshd()
        asked = await rig.ask(seen.id, "restart")
        ended = await rig.ended(asked.id, None)
        assert ended.state == "failed"
        assert "key" in (ended.reason or "")
