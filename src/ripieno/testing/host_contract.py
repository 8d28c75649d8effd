"""What every host must do, written once: subclass `HostContract` and give it a `rig` fixture.

Run over the fake, this machine and machines behind SSH. Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import dataclasses
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import Signals
from typing import Protocol

import pytest

from ripieno.runtimes import host as hosts
from ripieno.runtimes import keeper
from ripieno.runtimes.errors import (
    CommandNotFound,
    FileMissing,
    PermanentFailure,
    PortClosed,
    TooSlow,
)
from ripieno.runtimes.host import (
    Command,
    Condition,
    Host,
    LinkState,
    Process,
    ProcessStatus,
    Stream,
    Transfer,
)

NAME = "shop-1/web/0"
PATIENCE_S = 20.0
EXITED_0 = ProcessStatus(condition=Condition.EXITED, exit_code=0)
RUNNING = ProcessStatus(condition=Condition.RUNNING)
LOST = ProcessStatus(condition=Condition.LOST)
TRICKY = (
    "a b",
    "",
    "'\"`$(id)$HOME\\",
    "two\nlines\n",
    "é 漢 🎻",
    "ÁÂÃÄÅÆÇÈ\x7f\x01",
    "*",
    "-n",
    "--",
    "%s\\n",
    ";&|",
)


class Rig(Protocol):
    """A machine and ways to it; `host` is one, and `open` makes others as new servers would."""

    host: Host

    async def open(self) -> Host:
        """Another host object to the same machine; the rig closes it."""

    def program(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """The command that does a verb of `host_programs` there."""

    def is_running(self, pid: int) -> bool:
        """Whether that pid runs there."""

    async def lose(self, process: Process) -> None:
        """Kill a process and who watches over it there, so that its exit code is lost."""

    def disk_bytes(self, name: str, stream: Stream) -> int:
        """What a log takes on the disk there."""

    def file(self, target: str) -> tuple[bytes, int]:
        """Content and mode of a file under the host's directory."""


async def eventually(claim: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a claim holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await claim():  # noqa: ASYNC110  # It is about another machine.
            await asyncio.sleep(0.02)


async def read(host: Host, name: str = NAME, stream: Stream = "stdout", offset: int = 0) -> bytes:
    """A whole log from an offset on."""
    return b"".join([data async for _, data in host.log(name, stream, offset=offset)])


async def first_line(host: Host, name: str = NAME) -> str:
    """The first line that a process writes, once it is there."""
    text = b""
    async with asyncio.timeout(PATIENCE_S), aclosing(host.log(name, "stdout", follow=True)) as log:
        async for _, data in log:
            text += data
            if b"\n" in text:
                break
    return text.splitlines()[0].decode()


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class HostContract:
    """The contract; `rig` is the subclass's fixture."""

    async def start(
        self, rig: Rig, verb: str, *arguments: str, key: str = "1", name: str = NAME
    ) -> Process:
        """Start a verb."""
        return await rig.host.start(name, key, Command(argv=rig.program(verb, *arguments)))

    async def test_a_host_says_what_it_is(self, rig: Rig) -> None:
        facts = await rig.host.check()
        assert facts.cpus > 0
        assert facts.memory_mib > 0
        assert facts.disk_free_mib > 0
        assert rig.host.directory.startswith("/")
        assert rig.host.link is LinkState.UP

    async def test_a_second_start_with_the_key_gives_the_process_of_the_first(
        self, rig: Rig
    ) -> None:
        first = await self.start(rig, "sleep")
        assert await self.start(rig, "exit", "1") == first
        assert await (await rig.open()).start(NAME, "1", Command(argv=("nonsense",))) == first
        assert await rig.host.status(first) == RUNNING

    async def test_a_second_start_with_the_key_gives_a_process_that_has_ended(
        self, rig: Rig
    ) -> None:
        first = await self.start(rig, "exit", "4")
        await rig.host.wait(first)
        assert await self.start(rig, "exit", "5") == first
        assert (await rig.host.status(first)).exit_code == 4

    async def test_many_starts_with_one_key_at_once_make_one_process(self, rig: Rig) -> None:
        other = await rig.open()
        command = Command(argv=rig.program("sleep"))
        found = await asyncio.gather(
            *(each.start(NAME, "1", command) for each in (rig.host, other) * 4)
        )
        assert len(set(found)) == 1
        assert await rig.host.status(found[0]) == RUNNING

    async def test_another_key_makes_another_process_and_the_last_one_is_found(
        self, rig: Rig
    ) -> None:
        first = await self.start(rig, "exit", "0")
        await rig.host.wait(first)
        second = await self.start(rig, "sleep", key="a key/with %odd é")
        assert second != first
        assert await rig.host.find(NAME) == second
        assert await rig.host.status(first) == EXITED_0
        assert await (await rig.open()).find(NAME) == second

    async def test_nothing_is_found_under_a_name_that_was_never_started(self, rig: Rig) -> None:
        assert await rig.host.find("nobody/here/0") is None

    async def test_names_that_begin_with_another_name_are_apart(self, rig: Rig) -> None:
        outer = await self.start(rig, "sleep", name="shop")
        inner = await self.start(rig, "sleep", name="shop/web")
        await rig.host.forget("shop")
        assert await rig.host.find("shop/web") == inner
        assert await rig.host.status(inner) == RUNNING
        assert not rig.is_running(outer.pid)

    async def test_a_process_survives_the_server_and_is_found_by_the_next(self, rig: Rig) -> None:
        before = await rig.open()
        process = await before.start(NAME, "1", Command(argv=rig.program("sleep")))
        await before.close()
        after = await rig.open()
        assert await after.find(NAME) == process
        assert await after.status(process) == RUNNING
        assert (await after.stop(process)).exit_code == 128 + 15
        assert (await after.wait(process)).exit_code == 128 + 15

    async def test_an_identity_survives_being_written_as_json(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        assert hosts.from_json(hosts.to_json(process)) == process

    @pytest.mark.parametrize("code", [0, 1, 42, 127, 255])
    async def test_an_exit_code_is_kept(self, rig: Rig, code: int) -> None:
        process = await self.start(rig, "exit", str(code))
        ended = ProcessStatus(condition=Condition.EXITED, exit_code=code)
        async with asyncio.timeout(PATIENCE_S):
            assert await rig.host.wait(process) == ended
        assert await rig.host.status(process) == ended
        assert await (await rig.open()).status(process) == ended

    async def test_several_wait_for_one_process_and_one_gives_up(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        other = await rig.open()
        waiting = [asyncio.create_task(each.wait(process)) for each in (rig.host, rig.host, other)]
        impatient = asyncio.create_task(rig.host.wait(process))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        await rig.host.stop(process, signal="KILL")
        async with asyncio.timeout(PATIENCE_S):
            ends = await asyncio.gather(*waiting)
        assert [end.exit_code for end in ends] == [137] * 3

    async def test_a_process_that_is_killed_with_its_keeper_is_lost(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        waiting = asyncio.create_task(rig.host.wait(process))
        await asyncio.sleep(0)
        await rig.lose(process)
        async with asyncio.timeout(PATIENCE_S):
            assert await waiting == LOST
        assert await rig.host.status(process) == LOST
        assert await rig.host.stop(process) == LOST
        assert await self.start(rig, "sleep") == process

    async def test_a_process_of_another_boot_is_lost_and_not_signalled(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        earlier = dataclasses.replace(process, boot_id="another-boot")
        assert await rig.host.status(earlier) == LOST
        assert await rig.host.wait(earlier) == LOST
        assert await rig.host.stop(earlier) == LOST
        assert await rig.host.status(process) == RUNNING

    async def test_a_process_that_has_the_pid_now_is_not_signalled(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        earlier = dataclasses.replace(process, start_time=process.start_time - 1)
        assert await rig.host.status(earlier) == LOST
        assert await rig.host.stop(earlier, signal="KILL", grace_s=0.1) == LOST
        elsewhere = dataclasses.replace(earlier, name="shop-1/db/0")
        assert await rig.host.stop(elsewhere, signal="KILL", grace_s=0.1) == LOST
        assert await rig.host.status(process) == RUNNING

    async def test_stopping_ends_a_process_once_and_for_all(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        ended = ProcessStatus(condition=Condition.EXITED, exit_code=128 + 15)
        assert await rig.host.stop(process) == ended
        assert await rig.host.stop(process, signal="SIGINT") == ended
        assert not rig.is_running(process.pid)

    async def test_a_process_that_ignores_the_signal_is_killed_after_its_grace(
        self, rig: Rig
    ) -> None:
        process = await self.start(rig, "stubborn")
        assert await first_line(rig.host) == "ready"
        assert (await rig.host.stop(process, grace_s=0.2)).exit_code == 137
        assert not rig.is_running(process.pid)

    async def test_stopping_ends_the_children_too(self, rig: Rig) -> None:
        process = await self.start(rig, "family")
        child = int(await first_line(rig.host))
        assert rig.is_running(child)
        await rig.host.stop(process)
        assert not rig.is_running(child)

    async def test_stopping_ends_children_that_stayed_after_the_end(self, rig: Rig) -> None:
        process = await self.start(rig, "orphan")
        child = int(await first_line(rig.host))
        assert await rig.host.wait(process) == EXITED_0
        assert rig.is_running(child)
        assert await rig.host.stop(process) == EXITED_0
        assert not rig.is_running(child)

    async def test_a_signal_that_does_not_exist_is_refused(self, rig: Rig) -> None:
        process = await self.start(rig, "sleep")
        with pytest.raises(PermanentFailure, match="NONSENSE"):
            await rig.host.stop(process, signal="NONSENSE")

    async def test_arguments_and_environment_are_data(self, rig: Rig) -> None:
        argv = rig.program("show", "TRICKY", *TRICKY)
        env = {"TRICKY": "".join(TRICKY), "PATH": os.environ["PATH"]}
        process = await rig.host.start(NAME, "1", Command(argv=argv, env=env))
        await rig.host.wait(process)
        cwd, _, shown = (await read(rig.host)).decode().partition("\n")
        assert cwd == f"{rig.host.directory}/{NAME}/{keeper.CWD}"
        assert shown == "".join(f"<{each}>" for each in ("".join(TRICKY), *TRICKY))

    async def test_no_variable_or_path_of_a_command_meets_those_of_the_keeper(
        self, rig: Rig
    ) -> None:
        names = ("name", "key", "folder", "cwd", "number", "limit", "size", "text", "code", "IFSX")
        env = {name: f"its own {name}" for name in names} | {"PATH": "/nowhere"}
        for name in (*names, "PATH"):
            command = Command(argv=rig.program("show", name), env=env)
            await rig.host.wait(await rig.host.start(f"each/{name}", "1", command))
            shown = f"<{env[name]}>".encode()
            assert (await read(rig.host, f"each/{name}")).endswith(shown)
            assert (await rig.host.run(command.argv, env=env)).stdout.endswith(shown)

    @pytest.mark.parametrize("signal", ["HUP", "INT", "QUIT", "USR1", "TERM"])
    async def test_a_command_ignores_no_signal_by_itself(self, rig: Rig, signal: str) -> None:
        process = await self.start(rig, "sleep")
        status = await rig.host.stop(process, signal=signal)
        assert status.exit_code == 128 + Signals[f"SIG{signal}"]

    async def test_a_process_runs_in_the_folder_it_is_given(self, rig: Rig) -> None:
        await rig.host.transfer([Transfer(source=b"", target="else where/'/file")])
        command = Command(argv=rig.program("show", "X"), cwd="else where/'")
        await rig.host.wait(await rig.host.start(NAME, "1", command))
        assert (await read(rig.host)).startswith(f"{rig.host.directory}/else where/'\n".encode())

    async def test_a_process_sees_nothing_of_the_servers_environment(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RIPIENO_TEST_SECRET", "hidden")
        process = await self.start(rig, "show", "RIPIENO_TEST_SECRET")
        await rig.host.wait(process)
        assert (await read(rig.host)).endswith(b"\n<unset>")
        done = await rig.host.run(rig.program("show", "RIPIENO_TEST_SECRET"))
        assert done.stdout.endswith(b"\n<unset>")

    async def test_a_process_knows_its_name_and_key(self, rig: Rig) -> None:
        process = await self.start(rig, "show", "RIPIENO_PROCESS", key="deploy 7/1")
        await rig.host.wait(process)
        assert (await read(rig.host)).endswith(f"\n<{NAME} deploy%207%2F1>".encode())

    async def test_a_folder_that_is_missing_is_named(self, rig: Rig) -> None:
        command = Command(argv=rig.program("sleep"), cwd="no/such/folder")
        with pytest.raises(FileMissing, match=f"host {rig.host.name}: .*no/such/folder"):
            await rig.host.start(NAME, "1", command)
        assert await rig.host.find(NAME) is None

    async def test_a_command_that_is_missing_is_named(self, rig: Rig) -> None:
        with pytest.raises(CommandNotFound, match=f"host {rig.host.name}: .*no-such-program"):
            await rig.host.start(NAME, "1", Command(argv=("no-such-program", "x")))
        with pytest.raises(CommandNotFound, match=f"host {rig.host.name}: .*no-such-program"):
            await rig.host.run(("no-such-program",))
        assert await rig.host.find(NAME) is None
        await self.start(rig, "sleep")

    @pytest.mark.parametrize("name", ["", "..", "a/../b", "/a", "a/", "a//b", "a b", "-a", "a\n"])
    async def test_a_name_that_is_no_folder_is_refused(self, rig: Rig, name: str) -> None:
        with pytest.raises(PermanentFailure, match="name"):
            await self.start(rig, "sleep", name=name)

    async def test_what_no_process_can_be_given_is_refused(self, rig: Rig) -> None:
        for command in (
            Command(argv=()),
            Command(argv=("",)),
            Command(argv=("sleep", "a\0b")),
            Command(argv=("sleep",), env={"A": "\0"}),
            Command(argv=("sleep",), env={"A=B": "c"}),
        ):
            with pytest.raises(PermanentFailure, match=f"host {rig.host.name}: "):
                await rig.host.start(NAME, "1", command)
        for key in ("", "k" * 300):
            with pytest.raises(PermanentFailure, match="key"):
                await self.start(rig, "sleep", key=key)

    async def test_a_log_is_read_by_offset_and_resumed(self, rig: Rig) -> None:
        process = await self.start(rig, "say", "first\nsecond\n", "wrong")
        await rig.host.wait(process)
        assert await read(rig.host) == b"first\nsecond\n"
        assert await read(rig.host, offset=6) == b"second\n"
        assert await read(rig.host, offset=100) == b""
        assert await read(rig.host, stream="stderr") == b"wrong"
        assert await rig.host.log_size(NAME, "stdout") == 13
        again = await self.start(rig, "say", "third\n", "", key="2")
        await rig.host.wait(again)
        assert await read(await rig.open(), offset=13) == b"third\n"

    async def test_there_is_no_log_of_what_was_never_started(self, rig: Rig) -> None:
        assert await read(rig.host, "nobody/here/0") == b""
        assert await rig.host.log_size("nobody/here/0", "stdout") == 0
        assert await rig.host.log_offset_at("nobody/here/0", "stdout", datetime.now(UTC)) == 0

    async def test_a_log_is_followed_over_processes_until_it_is_forgotten(self, rig: Rig) -> None:
        found: list[tuple[int, bytes]] = []

        async def follow() -> None:
            async for offset, data in rig.host.log(NAME, "stdout", offset=2, follow=True):
                found.append((offset, data))

        async def holds(text: bytes) -> bool:
            return b"".join(data for _, data in found) == text

        await rig.host.wait(await self.start(rig, "say", "one\n", ""))
        following = asyncio.create_task(follow())
        await eventually(lambda: holds(b"e\n"))
        await rig.host.wait(await self.start(rig, "say", "two\n", "", key="2"))
        await eventually(lambda: holds(b"e\ntwo\n"))
        assert found[0][0] == 2
        assert found[-1][0] + len(found[-1][1]) == 8
        await rig.host.forget(NAME)
        async with asyncio.timeout(PATIENCE_S):
            await following

    async def test_a_log_stays_small_on_the_disk_and_keeps_its_offsets(self, rig: Rig) -> None:
        limit, lines = 256 * 1024, 120_000
        command = Command(argv=rig.program("flood", str(lines)))
        await rig.host.start(NAME, "1", command, log_limit_bytes=limit)
        line_bytes = len("line 000000000001\n")

        async def is_written() -> bool:
            return await rig.host.log_size(NAME, "stdout") == lines * line_bytes

        async def is_small() -> bool:
            return rig.disk_bytes(NAME, "stdout") <= limit

        await eventually(is_written)
        await eventually(is_small)
        begin, kept = -1, b""
        async for offset, data in rig.host.log(NAME, "stdout"):
            begin = offset if begin < 0 else begin
            kept += data
        assert begin > 0
        assert limit // 4 < len(kept) <= limit
        assert begin + len(kept) == lines * line_bytes
        assert b"\0" not in kept
        assert kept.endswith(f"line {lines:012}\n".encode())
        middle = (lines - 100) * line_bytes
        assert (await read(rig.host, offset=middle)).startswith(b"line 000000119901\n")

    async def test_an_offset_is_found_by_time(self, rig: Rig) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)
        await rig.host.wait(await self.start(rig, "say", "early\n", ""))
        await asyncio.sleep(1.1)  # A sample stands for a whole second.
        await rig.host.wait(await self.start(rig, "say", "late\n", "", key="2"))
        later = datetime.now(UTC) + timedelta(seconds=2)
        assert await rig.host.log_offset_at(NAME, "stdout", before) == 0
        assert await rig.host.log_offset_at(NAME, "stdout", later) in (6, 11)

    async def test_a_command_is_run_to_its_end(self, rig: Rig) -> None:
        done = await rig.host.run(rig.program("say", "out", "err"))
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"out", b"err")
        assert (await rig.host.run(rig.program("exit", "7"))).exit_code == 7
        content = bytes(range(256)) * 1000
        assert (await rig.host.run(rig.program("copy"), stdin=content)).stdout == content

    async def test_a_command_that_is_run_gets_its_arguments_as_data(self, rig: Rig) -> None:
        await rig.host.transfer([Transfer(source=b"", target="a b/file")])
        done = await rig.host.run(
            rig.program("show", "TRICKY", *TRICKY), env={"TRICKY": "".join(TRICKY)}, cwd="a b"
        )
        cwd, _, shown = done.stdout.decode().partition("\n")
        assert cwd == f"{rig.host.directory}/a b"
        assert shown == "".join(f"<{each}>" for each in ("".join(TRICKY), *TRICKY))

    async def test_a_command_that_takes_too_long_is_killed(self, rig: Rig) -> None:
        with pytest.raises(TooSlow, match=r"0\.3 s"):
            await rig.host.run(rig.program("sleep"), timeout_s=0.3)
        with pytest.raises(TooSlow):
            await rig.host.run(rig.program("stubborn"), timeout_s=0.3)

    async def test_files_arrive_with_content_and_mode(self, rig: Rig, tmp_path: Path) -> None:
        source = tmp_path / "a file"
        source.write_bytes(os.urandom(300_000))
        source.chmod(0o750)
        await rig.host.transfer(
            [
                Transfer(source=str(source), target="x/y/from file"),
                Transfer(source=b"content", target="x/content", mode=0o600),
                Transfer(source=b"", target="x/empty"),
            ]
        )
        assert rig.file("x/y/from file") == (source.read_bytes(), 0o750)
        assert rig.file("x/content") == (b"content", 0o600)
        assert rig.file("x/empty") == (b"", 0o644)

    async def test_unchanged_files_are_not_sent_again(self, rig: Rig, tmp_path: Path) -> None:
        source = tmp_path / "file"
        source.write_bytes(b"one")
        files = [
            Transfer(source=str(source), target="file", mode=0o644),
            Transfer(source=b"two", target="content"),
        ]
        assert await rig.host.transfer(files) == 2
        assert await rig.host.transfer(files) == 0
        assert await (await rig.open()).transfer(files) == 0
        source.write_bytes(b"ONE")
        assert await rig.host.transfer(files) == 1
        assert rig.file("file") == (b"ONE", 0o644)
        await rig.host.transfer([Transfer(source=b"two", target="content", mode=0o640)])
        assert rig.file("content") == (b"two", 0o640)

    async def test_what_is_queued_is_sent_by_one_flush_for_all(self, rig: Rig) -> None:
        rig.host.queue(Transfer(source=b"a", target="a"))
        rig.host.queue(Transfer(source=b"b", target="b"))
        assert tuple(await asyncio.gather(rig.host.flush(), rig.host.flush())) == (2, 2)
        assert rig.file("a")[0] == b"a"
        assert await rig.host.flush() == 0

    async def test_a_source_that_is_missing_is_named(self, rig: Rig, tmp_path: Path) -> None:
        missing = tmp_path / "missing"
        with pytest.raises(FileMissing, match=f"host {rig.host.name}: .*missing"):
            await rig.host.transfer([Transfer(source=str(missing), target="file")])
        with pytest.raises(FileMissing, match="folder"):
            await rig.host.transfer([Transfer(source=str(tmp_path), target="file")])
        rig.host.queue(Transfer(source=str(missing), target="file"))
        with pytest.raises(FileMissing):
            await rig.host.flush()
        assert await rig.host.flush() == 0

    @pytest.mark.parametrize("target", ["", "/etc/x", "../x", "a/../../x", "a/", "a/."])
    async def test_a_target_outside_of_the_directory_is_refused(
        self, rig: Rig, target: str
    ) -> None:
        with pytest.raises(PermanentFailure, match="place"):
            await rig.host.transfer([Transfer(source=b"", target=target)])

    async def test_what_is_forgotten_is_gone_and_may_begin_anew(self, rig: Rig) -> None:
        process = await self.start(rig, "stubborn")
        assert await first_line(rig.host) == "ready"
        await rig.host.transfer([Transfer(source=b"", target=f"{NAME}/{keeper.CWD}/file")])
        await rig.host.forget(NAME)
        assert not rig.is_running(process.pid)
        assert await rig.host.find(NAME) is None
        assert await rig.host.status(process) == LOST
        assert await rig.host.log_size(NAME, "stdout") == 0
        await rig.host.forget(NAME)
        again = await self.start(rig, "sleep")
        assert again != process
        assert await rig.host.status(again) == RUNNING

    async def test_a_port_that_is_listened_on_is_in_use_and_connects(self, rig: Rig) -> None:
        port = free_port()
        assert port not in await rig.host.ports_in_use()
        with pytest.raises(PortClosed, match=f"host {rig.host.name}: .*{port}"):
            await rig.host.connect(port)
        process = await self.start(rig, "listen", str(port))
        assert await first_line(rig.host) == "ready"
        assert port in await rig.host.ports_in_use()
        reader, writer = await rig.host.connect(port)
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()
        await rig.host.stop(process)
        assert port not in await rig.host.ports_in_use()

    async def test_what_a_group_uses_is_that_of_all_its_processes(self, rig: Rig) -> None:
        family = await self.start(rig, "family")
        assert (await first_line(rig.host)).isdigit()
        used = await rig.host.usage([family.group, 2**22 + 1])
        assert set(used) == {family.group}
        assert used[family.group].processes == 2
        assert used[family.group].memory_bytes > 0
        await rig.host.stop(family)
        assert await rig.host.usage([family.group]) == {}

    async def test_processor_time_that_was_taken_is_told(self, rig: Rig) -> None:
        process = await self.start(rig, "burn")
        assert await first_line(rig.host) == "ready"
        used = await rig.host.usage([process.group])
        assert 0.01 <= used[process.group].cpu_s < 60.0

    async def test_a_link_that_nobody_cuts_calls_nobody(self, rig: Rig) -> None:
        seen: list[LinkState] = []
        unsubscribe = rig.host.on_link(seen.append)
        await rig.host.check()
        unsubscribe()
        assert LinkState.DOWN not in seen
