"""Whom a host behind SSH lets in, whom the server believes, and ways through other hosts."""

import stat
from pathlib import Path

import asyncssh
import pytest

from ripieno.model.host import HostConfig
from ripieno.runtimes import ssh_connect, ssh_keys
from ripieno.runtimes.errors import (
    AuthenticationFailed,
    ConnectionRefused,
    HostKeyChanged,
    HostUnreachable,
    InvalidHost,
    PermanentFailure,
    UnknownHostKey,
)
from ripieno.runtimes.host import Command, LinkState, Transfer
from ripieno.runtimes.ssh_host import SshHost
from ripieno.testing import host_rigs
from ripieno.testing.ssh_servers import Network, SshServer


@pytest.fixture(scope="module")
def server(network: Network) -> SshServer:
    return network.server()


async def refusal(config: HostConfig) -> PermanentFailure:
    host = SshHost(config)
    with pytest.raises(PermanentFailure) as seen:
        await host.check()
    with pytest.raises(type(seen.value)):
        await host.start("a/b/0", "1", Command(argv=("sleep", "1")))
    assert host.link is LinkState.DOWN
    await host.close()
    return seen.value


async def test_a_key_that_nobody_accepted_is_shown_with_its_fingerprint(
    server: SshServer, tmp_path: Path
) -> None:
    config = server.config(tmp_path, known_hosts_path=str(tmp_path / "known_hosts"))
    problem = await refusal(config)
    assert isinstance(problem, UnknownHostKey)
    assert server.host_key.fingerprint in str(problem)
    assert str(tmp_path / "known_hosts") in str(problem)


async def test_a_key_that_was_looked_at_may_be_trusted(server: SshServer, tmp_path: Path) -> None:
    path = tmp_path / "state" / "known_hosts"
    config = server.config(tmp_path / "host", known_hosts_path=str(path))
    key = await ssh_connect.scan_host_key(config)
    assert key == server.host_key
    ssh_keys.trust(str(path), key)
    ssh_keys.trust(str(path), key)
    assert path.read_text() == f"{key.line}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    host = SshHost(config)
    await host.check()
    await host.close()


async def test_a_key_that_has_changed_is_refused_until_it_is_trusted(
    network: Network, tmp_path: Path
) -> None:
    server = network.server()
    config = server.config(tmp_path)
    server.change_host_key()
    server.restart_sshd()
    problem = await refusal(config)
    assert isinstance(problem, HostKeyChanged)
    assert server.host_key.fingerprint in str(problem)
    server.trust()
    host = SshHost(config)
    await host.check()
    await host.close()
    server.close()


async def test_a_key_that_changes_while_the_server_runs_is_refused(
    network: Network, tmp_path: Path
) -> None:
    server = network.server()
    host = SshHost(server.config(tmp_path))
    await host.check()
    server.change_host_key()
    server.restart_sshd()
    with pytest.raises(HostKeyChanged, match="in between"):
        await host.ports_in_use()
    server.trust()
    await host.ports_in_use()
    await host.close()
    server.close()


async def test_a_key_that_the_host_does_not_know_is_refused(
    server: SshServer, tmp_path: Path
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "wrong")
    problem = await refusal(server.config(tmp_path, key_path=str(tmp_path / "wrong")))
    assert isinstance(problem, AuthenticationFailed)
    assert "host remote: " in str(problem)
    assert "does not let root in with" in str(problem)


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
async def test_a_key_file_that_is_none_is_named(
    server: SshServer, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    problem = await refusal(server.config(tmp_path, key_path=str(path)))
    assert isinstance(problem, InvalidHost)
    assert str(path) in str(problem)


async def test_a_port_where_no_sshd_listens_is_named(server: SshServer, tmp_path: Path) -> None:
    host = SshHost(server.config(tmp_path, port=23, timeout_s=1))
    with pytest.raises(ConnectionRefused, match=r"host remote: .* port 23 refuses"):
        await host.check()
    with pytest.raises(HostUnreachable, match="see whether sshd runs there"):
        await host.start("a/b/0", "1", Command(argv=("sleep", "1")))
    await host.close()


async def test_a_known_hosts_file_that_is_none_is_named(server: SshServer, tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("some host\n")
    problem = await refusal(server.config(tmp_path, known_hosts_path=str(path)))
    assert isinstance(problem, InvalidHost | UnknownHostKey)


async def test_a_host_is_reached_through_another(network: Network, tmp_path: Path) -> None:
    near = network.server()
    far = network.server(behind=near)
    ssh_keys.trust(str(far.known_hosts_path), near.host_key)
    config = far.config(tmp_path / "far", jump=f"root@{near.address}")
    assert await ssh_connect.scan_host_key(config) == far.host_key
    host = SshHost(config)
    process = await host.start("shop-1/web/0", "1", Command(argv=("sleep", "100000")))
    await host.transfer([Transfer(source=b"content", target="file")])
    assert (await host.run(["cat", "file"])).stdout == b"content"
    waiting = host.wait(process)
    near.cut()
    hasty = SshHost(far.config(tmp_path / "far", jump=near.address, timeout_s=1))
    with pytest.raises(HostUnreachable):
        await hasty.find("a")
    await hasty.close()
    near.mend()
    assert (await host.stop(process)).exit_code == 143
    assert (await waiting).exit_code == 143
    await host.close()
    host_rigs.kill_all(host.directory)
    far.close()
    near.close()


async def test_a_jump_host_that_nobody_accepted_is_named(network: Network, tmp_path: Path) -> None:
    near = network.server()
    far = network.server(behind=near)
    problem = await refusal(far.config(tmp_path, jump=f"root@{near.address}"))
    assert isinstance(problem, UnknownHostKey)
    assert near.address in str(problem)
    far.close()
    near.close()
