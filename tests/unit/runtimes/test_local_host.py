import asyncio
import os
import signal
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.runtimes import errors, keeper, proc
from ripieno.runtimes.errors import (
    DiskFull,
    FileMissing,
    PermanentFailure,
    PermissionDenied,
    TemporaryFailure,
)
from ripieno.runtimes.host import Command, Condition, Process, ProcessStatus, Transfer
from ripieno.runtimes.local_host import LocalHost
from ripieno.testing import host_rigs

NAME = "shop-1/web/0"
SLEEP = Command(argv=("sleep", "100000"))


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[LocalHost]:
    host = LocalHost(tmp_path / "host", sweep_s=0.1)
    yield host
    await host.close()
    host_rigs.kill_all(host.directory)


async def output(host: LocalHost, process: Process) -> str:
    await host.wait(process)
    return b"".join([data async for _, data in host.log(process.name, "stdout")]).decode()


async def test_a_killed_command_is_noted_with_137(host: LocalHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    os.kill(process.pid, signal.SIGKILL)
    ended = ProcessStatus(condition=Condition.EXITED, exit_code=137)
    assert await host.wait(process) == ended


async def test_a_command_goes_on_without_its_keeper_and_its_end_is_lost(host: LocalHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    waiting = asyncio.create_task(host.wait(process))
    keeper_pid = host_rigs.parent(process.pid)
    os.kill(keeper_pid, signal.SIGKILL)
    while host_rigs.is_running(keeper_pid):
        pass
    assert (await host.status(process)).condition is Condition.RUNNING
    assert await host.find(NAME) == process
    assert not waiting.done()
    assert (await host.stop(process)).condition is Condition.LOST
    assert (await waiting).condition is Condition.LOST


async def test_a_command_is_the_leader_of_a_session_of_its_own(host: LocalHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    assert process.group == process.pid == os.getsid(process.pid)
    keeper_pid = host_rigs.parent(process.pid)
    assert os.getsid(keeper_pid) not in (os.getsid(0), process.pid)


async def test_nothing_that_the_server_has_open_is_inherited(host: LocalHost) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = await host.start(NAME, "1", Command(argv=("sh", "-c", "echo ready; sleep 100000")))
    async for _ in host.log(NAME, "stdout", follow=True):
        break
    folder = f"{host.directory}/{NAME}"
    assert open_files(process.pid) == ["/dev/null", f"{folder}/stdout.log", f"{folder}/stderr.log"]
    kept = open_files(host_rigs.parent(process.pid))
    assert os.readlink(f"/proc/self/fd/{writing}") not in kept
    os.close(reading)
    os.close(writing)


def open_files(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    return [os.readlink(f"{folder}/{each}") for each in sorted(os.listdir(folder), key=int)]


async def test_signals_that_the_server_ignores_are_not_ignored_by_commands(
    host: LocalHost,
) -> None:
    process = await host.start(NAME, "1", Command(argv=("cat", "/proc/self/status")))
    text = await output(host, process)
    line = next(line for line in text.splitlines() if line.startswith("SigIgn"))
    ignored = int(line.split()[1], 16)
    for each in (signal.SIGPIPE, signal.SIGXFSZ):  # those that Python ignores
        assert not ignored >> (each - 1) & 1, each.name


async def test_running_processes_cost_one_descriptor_and_no_thread(host: LocalHost) -> None:
    await host.start(NAME, "1", SLEEP)
    await asyncio.to_thread(lambda: None)
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    processes = [await host.start(f"many/web/{slot}", "1", SLEEP) for slot in range(20)]
    waiting = [asyncio.create_task(host.wait(each)) for each in processes]
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 20
    assert threading.active_count() <= threads + 1
    for each in processes:
        await host.stop(each)
    await asyncio.gather(*waiting)
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    for each in processes:
        assert proc.stat(each.pid) is None


async def test_a_record_without_a_line_is_taken_away(host: LocalHost) -> None:
    await host.transfer([Transfer(source=b"", target=f"{NAME}/run-1")])
    assert await host.find(NAME) is None
    process = await host.start(NAME, "1", SLEEP)
    assert (await host.status(process)).condition is Condition.RUNNING


async def test_old_records_are_dropped(host: LocalHost) -> None:
    for number in range(keeper.KEPT_RUNS + 5):
        await host.wait(await host.start(NAME, str(number), Command(argv=("true",))))
    entries = os.listdir(f"{host.directory}/{NAME}")
    assert len([each for each in entries if each.startswith("run-")]) == keeper.KEPT_RUNS + 1
    last = await host.find(NAME)
    assert last is not None
    assert last.key == str(keeper.KEPT_RUNS + 4)


async def test_a_file_without_execute_permission_is_named(host: LocalHost, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(PermissionDenied, match=r"host local: .*program.*chmod"):
        await host.start(NAME, "1", Command(argv=(str(program),)))
    command = Command(argv=("program",), env={"PATH": str(tmp_path)})
    with pytest.raises(PermissionDenied, match="program"):
        await host.start(NAME, "1", command)
    program.chmod(0o755)
    assert await host.wait(await host.start(NAME, "1", command)) == ProcessStatus(
        condition=Condition.EXITED, exit_code=0
    )


async def test_a_program_relative_to_the_working_folder_is_found(host: LocalHost) -> None:
    script = Transfer(
        source=b"#!/bin/sh\necho found\n", target=f"{NAME}/{keeper.CWD}/run", mode=0o755
    )
    await host.transfer([script])
    process = await host.start(NAME, "1", Command(argv=("./run",)))
    assert await output(host, process) == "found\n"


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    host = LocalHost(tmp_path / "file" / "below")
    with pytest.raises(FileMissing, match=r"host local: .*file"):
        await host.check()
    with pytest.raises(FileMissing, match=r"host local: .*file"):
        await host.start(NAME, "1", SLEEP)
    await host.close()


async def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with host_rigs.small_disk(tmp_path / "disk") as directory:
        host = LocalHost(directory / "host")
        await host.transfer([Transfer(source=b"x" * 1000, target="file")])
        content = os.urandom(2 * 1024 * 1024)
        with pytest.raises(DiskFull, match=r"host local: file.*make room"):
            await host.transfer([Transfer(source=content, target="file")])
        assert (directory / "host" / "file").read_bytes() == b"x" * 1000
        assert list((directory / "host").iterdir()) == [directory / "host" / "file"]
        host_rigs.fill(directory)
        with pytest.raises(DiskFull, match=r"host local: .*make room"):
            await host.start(NAME, "1", SLEEP)
        (directory / "filling").unlink()
        process = await host.start(NAME, "1", SLEEP)
        await host.stop(process)
        await host.close()


async def test_a_disk_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    with host_rigs.small_disk(tmp_path / "disk", "ro") as directory:
        host = LocalHost(directory)
        with pytest.raises(PermissionDenied, match=r"host local: "):
            await host.check()
        with pytest.raises(PermissionDenied, match=r"host local: file"):
            await host.transfer([Transfer(source=b"", target="file")])
        await host.close()


async def test_a_failed_transfer_leaves_nothing(host: LocalHost) -> None:
    await host.transfer([Transfer(source=b"", target="folder/file")])
    with pytest.raises(PermanentFailure, match="folder"):
        await host.transfer([Transfer(source=b"", target="folder")])
    assert os.listdir(host.directory) == ["folder"]


async def test_a_waiter_hears_that_the_host_was_closed(host: LocalHost) -> None:
    process = await host.start(NAME, "1", SLEEP)
    waiting = asyncio.create_task(host.wait(process))
    await asyncio.sleep(0.01)
    await host.close()
    with pytest.raises(TemporaryFailure, match="closed"):
        await waiting


async def test_a_cancelled_run_leaves_nothing_running(host: LocalHost) -> None:
    script = "sleep 100000 & echo $! >children; sleep 100000"
    running = asyncio.create_task(host.run(["sh", "-c", script]))
    children = Path(host.directory, "children")
    async with asyncio.timeout(60):
        while not text(children):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(60):
        while host_rigs.is_running(int(text(children))):  # noqa: ASYNC110  # It takes a moment.
            await asyncio.sleep(0.01)


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_every_error_of_the_system_has_its_own() -> None:
    assert isinstance(errors.of_os_error(OSError(28, "full"), "x", host="h"), DiskFull)
    assert isinstance(errors.of_os_error(OSError(24, "many"), "x", host="h"), TemporaryFailure)
    assert isinstance(errors.of_os_error(OSError(13, "no"), "x", host="h"), PermissionDenied)
    assert str(errors.of_os_error(OSError(2, "gone", "/f"), "x", host="h")) == (
        "host h: x: gone (/f); create it, or correct the path"
    )


@pytest.mark.parametrize("first", ["check", "start", "transfer", "run"])
async def test_what_is_in_the_directory_is_for_nobody_else(host: LocalHost, first: str) -> None:
    match first:
        case "check":
            await host.check()
        case "start":
            await host.start(NAME, "1", SLEEP)
        case "transfer":
            await host.transfer([Transfer(source=b"", target="file")])
        case _:
            await host.run(["true"])
    assert stat.S_IMODE(os.stat(host.directory).st_mode) == 0o700
