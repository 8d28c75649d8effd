"""Many things at once on one connection, and hosts that are not as one would wish."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.runtimes import keeper, ssh_process_scripts
from ripieno.runtimes.errors import DiskFull, PermanentFailure, PermissionDenied
from ripieno.runtimes.host import Command, Transfer
from ripieno.runtimes.ssh_host import SshHost
from ripieno.testing import host_rigs
from ripieno.testing.ssh_servers import Network, SshServer

NAME = "shop-1/web/0"
SLEEP = Command(argv=("sleep", "100000"))


@pytest.fixture(scope="module")
def server(network: Network) -> SshServer:
    return network.server()


@pytest.fixture
async def host(server: SshServer, tmp_path: Path) -> AsyncIterator[SshHost]:
    host = SshHost(server.config(tmp_path / "host"), tend_s=0.2)
    yield host
    await host.close()
    host_rigs.kill_all(host.directory)


@pytest.mark.parametrize("number", [14, 60])
async def test_many_things_at_once_share_one_connection(host: SshHost, number: int) -> None:
    names = [f"shop-1/web/{slot}" for slot in range(number)]
    processes = await asyncio.gather(*(host.start(name, "1", SLEEP) for name in names))
    waiting = [asyncio.create_task(host.wait(each)) for each in processes]
    files = [Transfer(source=os.urandom(10_000), target=f"file-{slot}") for slot in range(number)]
    counts = await asyncio.gather(*(host.transfer([each]) for each in files))
    assert counts == [1] * number
    runs = await asyncio.gather(*(host.run(["echo", name]) for name in names))
    assert [done.stdout.decode() for done in runs] == [f"{name}\n" for name in names]
    ends = await asyncio.gather(*(host.stop(each) for each in processes))
    async with asyncio.timeout(60):
        assert list(await asyncio.gather(*waiting)) == ends
    assert host.sessions.link.connections_made == 1
    assert host.sessions.sftp_sessions == 1


async def test_followers_take_no_sessions(host: SshHost) -> None:
    async def follow(name: str) -> bytes:
        async for _, data in host.log(name, "stdout", follow=True):
            return data
        return b""

    names = [f"shop-1/web/{slot}" for slot in range(30)]
    command = Command(argv=("sh", "-c", "until [ -e go ]; do sleep 0.05; done; echo line"))
    processes = await asyncio.gather(*(host.start(name, "1", command) for name in names))
    following = [asyncio.create_task(follow(name)) for name in names]
    await asyncio.sleep(0.2)
    await host.transfer([Transfer(source=b"", target=f"{name}/{keeper.CWD}/go") for name in names])
    async with asyncio.timeout(60):
        assert await asyncio.gather(*following) == [b"line\n"] * 30
        await asyncio.gather(*(host.wait(each) for each in processes))


async def test_a_host_that_allows_few_sessions_is_slow_but_works(
    network: Network, tmp_path: Path
) -> None:
    server = network.server(max_sessions=3)
    host = SshHost(server.config(tmp_path / "host", timeout_s=60))
    processes = await asyncio.gather(
        *(host.start(f"shop-1/web/{slot}", "1", SLEEP) for slot in range(12))
    )
    waiting = [asyncio.create_task(host.wait(each)) for each in processes]
    await host.transfer([Transfer(source=b"x", target="file")])
    await asyncio.gather(*(host.stop(each) for each in processes))
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)
    await host.close()
    host_rigs.kill_all(host.directory)
    server.close()


async def test_a_shell_that_is_killed_there_is_replaced(host: SshHost) -> None:
    await host.check()
    process = await host.start(NAME, "1", SLEEP)
    done = await host.run(["sh", "-c", "ps -o pid=,args= -u root | grep 'read -r size mar[k]'"])
    for line in done.stdout.decode().splitlines():
        with contextlib.suppress(ProcessLookupError):  # grep saw itself, too.
            os.kill(int(line.split()[0]), 9)
    assert await host.find(NAME) == process
    assert (await host.stop(process)).exit_code == 143


async def test_a_command_may_write_more_than_a_pipe_holds_and_read_nothing(host: SshHost) -> None:
    done = await host.run(
        ["sh", "-c", "seq 300000; seq 300000 >&2; exit 3"], stdin=bytes(1_000_000)
    )
    assert done.exit_code == 3
    assert done.stdout == done.stderr
    assert done.stdout.endswith(b"300000\n")
    assert (await host.run(["cat"])).stdout == b""
    assert not [each for each in os.listdir(host.directory) if each.startswith(".run-")]


def command_lines() -> str:
    lines = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines += path.read_bytes()
    return lines.decode(errors="replace")


async def test_secrets_are_not_seen_by_ps(host: SshHost) -> None:
    secret = "not-for-everybody"
    env = {"PASSWORD": secret}
    process = await host.start(NAME, "1", Command(argv=("sleep", "100000"), env=env))
    running = asyncio.create_task(host.run(["sleep", "0.5"], env=env))
    seen = ""
    while not running.done():
        seen += command_lines()
        await asyncio.sleep(0)
    assert "sleep" in seen
    assert secret not in seen
    await host.stop(process)


async def test_a_full_disk_is_named(server: SshServer, tmp_path: Path) -> None:
    with host_rigs.small_disk(tmp_path / "disk") as directory:
        host = SshHost(server.config(directory / "host"))
        await host.transfer([Transfer(source=b"x" * 1000, target="file")])
        with pytest.raises(DiskFull, match=r"host remote: file.*make room"):
            await host.transfer([Transfer(source=os.urandom(2 * 1024 * 1024), target="file")])
        assert (directory / "host" / "file").read_bytes() == b"x" * 1000
        host_rigs.fill(directory)
        with pytest.raises(DiskFull, match=r"host remote: .*make room"):
            await host.start(NAME, "1", SLEEP)
        (directory / "filling").unlink()
        process = await host.start(NAME, "1", SLEEP)
        await host.stop(process)
        await host.close()


async def test_a_disk_that_may_not_be_written_is_named(server: SshServer, tmp_path: Path) -> None:
    with host_rigs.small_disk(tmp_path / "disk", "ro") as directory:
        host = SshHost(server.config(directory / "host"))
        with pytest.raises(PermissionDenied, match=r"host remote: .*Read-only"):
            await host.check()
        with pytest.raises(PermissionDenied, match="host remote: "):
            await host.start(NAME, "1", SLEEP)
        await host.close()


async def test_a_program_without_execute_permission_is_named(host: SshHost, tmp_path: Path) -> None:
    program = tmp_path / "a program"
    program.write_text("#!/bin/sh\n")
    for command in (
        Command(argv=(str(program),)),
        Command(argv=("a program",), env={"PATH": str(tmp_path)}),
    ):
        with pytest.raises(PermissionDenied, match=r"host remote: .*a program.*chmod"):
            await host.start(NAME, "1", command)
        with pytest.raises(PermissionDenied, match=r"host remote: .*a program.*chmod"):
            await host.run(command.argv, env=command.env)


async def test_a_failed_transfer_leaves_nothing_and_keeps_nobody_up(host: SshHost) -> None:
    await host.transfer([Transfer(source=b"", target="folder/file")])
    host.queue(Transfer(source=b"", target="folder"))
    host.queue(Transfer(source=b"other", target="other"))
    with pytest.raises(PermanentFailure, match="host remote: folder"):
        await host.flush()
    assert sorted(os.listdir(host.directory)) == sorted(["folder", "other", keeper.SCRIPT_NAME])


async def test_the_log_of_ends_is_begun_anew_when_it_is_large(
    server: SshServer, tmp_path: Path
) -> None:
    directory = tmp_path / "host"
    directory.mkdir()
    ends = directory / ssh_process_scripts.ENDS_NAME
    ends.write_bytes(b"0 key name\n" * (ssh_process_scripts.MOST_ENDS_BYTES // 10))
    host = SshHost(server.config(directory))
    process = await host.start(NAME, "1", SLEEP)
    waiting = asyncio.create_task(host.wait(process))
    async with asyncio.timeout(60):
        while ends.stat().st_size:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    os.kill(process.pid, 9)
    async with asyncio.timeout(60):
        assert (await waiting).exit_code == 137
    await host.close()
