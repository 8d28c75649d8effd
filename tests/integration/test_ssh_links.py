"""What a host behind SSH does when its cable is pulled or its sshd killed, and it comes back."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.runtimes import keeper
from ripieno.runtimes.errors import HostUnreachable, LinkLost
from ripieno.runtimes.host import Command, Condition, LinkState, Process, Transfer
from ripieno.runtimes.ssh_host import SshHost
from ripieno.testing import host_rigs
from ripieno.testing.ssh_servers import Network, SshServer

NAME = "shop-1/web/0"
SLEEP = Command(argv=("sleep", "100000"))
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def server(network: Network) -> SshServer:
    return network.server()


@pytest.fixture
async def host(server: SshServer, tmp_path: Path) -> AsyncIterator[SshHost]:
    host = SshHost(server.config(tmp_path / "host"), tend_s=0.5, ask_s=0.5)
    await host.check()
    yield host
    server.mend()
    await host.close()
    host_rigs.kill_all(host.directory)


class Links:
    """What a host says of its link, and waiting for it."""

    def __init__(self, host: SshHost) -> None:
        self.seen: list[LinkState] = []
        self._changed = asyncio.Event()
        host.on_link(self._note)

    def _note(self, state: LinkState) -> None:
        self.seen.append(state)
        self._changed.set()

    async def until(self, state: LinkState) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not self.seen or self.seen[-1] is not state:
                self._changed.clear()
                await self._changed.wait()


def commands(host: SshHost) -> dict[str, list[int]]:
    return host_rigs.commands(host.directory)


@pytest.mark.parametrize("delay_ms", [0, 2, 5, 8, 12, 16, 20, 30])
async def test_a_start_that_is_cut_is_neither_lost_nor_doubled(
    server: SshServer, host: SshHost, delay_ms: int
) -> None:
    links = Links(host)
    starting = asyncio.create_task(host.start(NAME, "1", SLEEP))
    await asyncio.sleep(delay_ms / 1000)
    server.cut()
    await links.until(LinkState.DOWN)
    server.mend()
    async with asyncio.timeout(PATIENCE_S):
        process = await starting
    assert commands(host) == {f"{NAME} 1": [process.pid]}
    assert await host.start(NAME, "1", SLEEP) == process
    assert await host.find(NAME) == process


async def test_a_process_goes_on_while_its_host_is_away(server: SshServer, host: SshHost) -> None:
    links = Links(host)
    process = await host.start(NAME, "1", SLEEP)
    server.cut()
    await links.until(LinkState.DOWN)
    assert host.link is LinkState.DOWN
    assert commands(host) == {f"{NAME} 1": [process.pid]}
    server.mend()
    await links.until(LinkState.UP)
    assert (await host.status(process)).condition is Condition.RUNNING
    assert links.seen == [LinkState.DOWN, LinkState.UP]


async def test_an_end_while_the_host_is_away_is_heard_of_when_it_is_back(
    server: SshServer, host: SshHost
) -> None:
    links = Links(host)
    script = "while [ ! -e end ]; do sleep 0.01; done; exit 7"
    process = await host.start(NAME, "1", Command(argv=("sh", "-c", script)))
    waiting = asyncio.create_task(host.wait(process))
    await asyncio.sleep(0.1)
    server.cut()
    await links.until(LinkState.DOWN)
    end = Path(host.directory, NAME, keeper.CWD, "end")
    await asyncio.to_thread(end.touch)
    server.mend()
    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting).exit_code == 7
    again = await host.start(NAME, "2", SLEEP)
    waiting = asyncio.create_task(host.wait(again))
    await host.stop(again)
    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting).exit_code == 143


async def test_an_end_is_heard_of_without_asking(host: SshHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    patient = SshHost(host.config, ask_s=60)
    waiting = asyncio.create_task(patient.wait(process))
    await asyncio.sleep(1)
    os.kill(process.pid, 9)
    async with asyncio.timeout(PATIENCE_S):  # It asks by itself only after 60.
        assert (await waiting).exit_code == 137
    await patient.close()


async def test_a_stop_that_is_cut_is_done_when_the_host_is_back(
    server: SshServer, host: SshHost
) -> None:
    links = Links(host)
    process = await host.start(NAME, "1", SLEEP)
    stopping = asyncio.create_task(host.stop(process, grace_s=60))
    await asyncio.sleep(0.003)
    server.cut()
    await links.until(LinkState.DOWN)
    server.mend()
    async with asyncio.timeout(PATIENCE_S):
        assert (await stopping).exit_code == 143
    assert commands(host) == {}


async def test_a_follower_misses_nothing_and_hears_nothing_twice(
    server: SshServer, host: SshHost
) -> None:
    links = Links(host)
    script = (
        "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; [ -e fast ] || sleep 0.01; done"
    )
    process = await host.start(NAME, "1", Command(argv=("sh", "-c", script)))
    found = bytearray()

    async def follow() -> None:
        async with contextlib.aclosing(host.log(NAME, "stdout", follow=True)) as pieces:
            async for offset, data in pieces:
                assert offset == len(found)
                found.extend(data)
                if found.endswith(b"line 2000\n"):
                    return

    following = asyncio.create_task(follow())
    async with asyncio.timeout(PATIENCE_S):
        while not found:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    server.cut()
    await links.until(LinkState.DOWN)
    before = len(found)
    await asyncio.sleep(0.3)
    server.mend()
    await asyncio.to_thread(Path(host.directory, NAME, keeper.CWD, "fast").touch)
    async with asyncio.timeout(PATIENCE_S):
        await following
    assert len(found) > before
    assert found.decode() == "".join(f"line {number}\n" for number in range(1, 2001))
    assert (await host.wait(process)).exit_code == 0


async def test_a_file_that_is_cut_off_is_never_seen_and_arrives_whole(
    server: SshServer, host: SshHost, tmp_path: Path
) -> None:
    source = tmp_path / "large"
    content = os.urandom(1024 * 1024) * 48
    await asyncio.to_thread(source.write_bytes, content)
    target = Path(host.directory, "folder", "large")
    part = Path(host.directory, "folder", ".large.ripieno-part")
    links = Links(host)
    sending = asyncio.create_task(
        host.transfer([Transfer(source=str(source), target="folder/large")])
    )
    async with asyncio.timeout(PATIENCE_S):
        while not size(part):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    server.cut()
    assert not sending.done()
    await links.until(LinkState.DOWN)
    assert size(part) < len(content)
    assert not size(target)
    server.mend()
    async with asyncio.timeout(PATIENCE_S):
        assert await sending == 1
    assert await asyncio.to_thread(target.read_bytes) == content
    assert not size(part)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def test_a_command_that_is_cut_off_is_not_run_again(server: SshServer, host: SshHost) -> None:
    links = Links(host)
    script = "echo run >>runs; sleep 100"
    running = asyncio.create_task(host.run(["sh", "-c", script]))
    runs = Path(host.directory, "runs")
    async with asyncio.timeout(PATIENCE_S):
        while not size(runs):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    server.cut()
    await links.until(LinkState.DOWN)
    server.mend()
    with pytest.raises(LinkLost, match="host remote: sh cannot be run"):
        await running
    await links.until(LinkState.UP)
    assert size(runs) == len("run\n")


async def test_operations_give_up_after_the_time_of_the_host(
    server: SshServer, tmp_path: Path
) -> None:
    host = SshHost(server.config(tmp_path / "host", timeout_s=1.5))
    process = await host.start(NAME, "1", SLEEP)
    server.cut()
    try:
        for operation in (
            host.start(NAME, "2", SLEEP),
            host.status(process),
            host.stop(process),
            host.transfer([Transfer(source=b"", target="file")]),
            host.log_size(NAME, "stdout"),
            host.connect(1),
        ):
            begun = asyncio.get_running_loop().time()
            with pytest.raises(HostUnreachable, match="host remote: "):
                await operation
            assert asyncio.get_running_loop().time() - begun < 5
    finally:
        server.mend()
        await host.close()
        host_rigs.kill_all(host.directory)


async def test_a_host_that_was_never_there_is_told_at_once(
    server: SshServer, tmp_path: Path
) -> None:
    host = SshHost(server.config(tmp_path, port=2))
    with pytest.raises(HostUnreachable, match=f"host remote: {server.address} port 2 refuses"):
        await host.check()
    assert host.link is LinkState.DOWN
    await host.close()


async def test_what_was_started_survives_the_sshd(server: SshServer, host: SshHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    waiting = asyncio.create_task(host.wait(process))
    links = Links(host)  # After the start, which brought the link up for the first time.
    await asyncio.to_thread(server.restart_sshd)
    await links.until(LinkState.UP)
    assert (await host.status(process)).condition is Condition.RUNNING
    assert not waiting.done()
    assert (await host.stop(process)).exit_code == 143
    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting).exit_code == 143


async def test_a_new_server_finds_what_was_started_while_the_link_was_cut(
    server: SshServer, host: SshHost
) -> None:
    starting = asyncio.create_task(host.start(NAME, "1", SLEEP))
    await asyncio.sleep(0.012)
    server.cut()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    server.mend()
    other = SshHost(host.config)
    process = await other.find(NAME)
    alive = commands(host)
    assert alive == ({} if process is None else {f"{NAME} 1": [process.pid]})
    again = await other.start(NAME, "1", SLEEP)
    assert process in (None, again)
    assert commands(host) == {f"{NAME} 1": [again.pid]}
    await other.close()


async def test_one_host_that_is_away_does_not_hold_up_another(
    network: Network, server: SshServer, host: SshHost, tmp_path: Path
) -> None:
    other_server = network.server()
    other = SshHost(other_server.config(tmp_path / "other", name="other"))
    await other.check()
    server.cut()
    away = asyncio.create_task(host.start(NAME, "1", SLEEP))
    processes: list[Process] = []
    async with asyncio.timeout(PATIENCE_S):
        for slot in range(5):
            processes.append(await other.start(f"shop-1/web/{slot}", "1", SLEEP))
    assert not away.done()
    server.mend()
    async with asyncio.timeout(PATIENCE_S):
        await away
    for each in processes:
        assert (await other.stop(each)).exit_code == 143
    await other.close()
    host_rigs.kill_all(other.directory)
    other_server.close()


def test_a_pulled_cable_keeps_its_address(network: Network, server: SshServer) -> None:
    server.cut()
    try:
        other = network.server()
    finally:
        server.mend()
    assert other.address != server.address
    other.close()
