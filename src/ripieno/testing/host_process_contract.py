"""What every host must do about processes: one a key, found again, ended with all their kin."""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import dataclasses
import os
from signal import Signals

import pytest

from ripieno.runtimes import host as hosts
from ripieno.runtimes import keeper
from ripieno.runtimes.errors import (
    CommandNotFound,
    FileMissing,
    PermanentFailure,
)
from ripieno.runtimes.host import (
    Command,
    Condition,
    ProcessStatus,
    Transfer,
)
from ripieno.testing.host_rig import (
    EXITED_0,
    LOST,
    NAME,
    PATIENCE_S,
    RUNNING,
    TRICKY,
    Rig,
    first_line,
    read,
    start,
)


class HostProcessContract:
    """Starting, finding, waiting and stopping; what a process is given."""

    async def test_a_second_start_with_the_key_gives_the_process_of_the_first(
        self, rig: Rig
    ) -> None:
        first = await start(rig, "sleep")
        assert await start(rig, "exit", "1") == first
        assert await (await rig.open()).start(NAME, "1", Command(argv=("nonsense",))) == first
        assert await rig.host.status(first) == RUNNING

    async def test_a_second_start_with_the_key_gives_a_process_that_has_ended(
        self, rig: Rig
    ) -> None:
        first = await start(rig, "exit", "4")
        await rig.host.wait(first)
        assert await start(rig, "exit", "5") == first
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
        first = await start(rig, "exit", "0")
        await rig.host.wait(first)
        second = await start(rig, "sleep", key="a key/with %odd é")
        assert second != first
        assert await rig.host.find(NAME) == second
        assert await rig.host.status(first) == EXITED_0
        assert await (await rig.open()).find(NAME) == second

    async def test_nothing_is_found_under_a_name_that_was_never_started(self, rig: Rig) -> None:
        assert await rig.host.find("nobody/here/0") is None

    async def test_names_that_begin_with_another_name_are_apart(self, rig: Rig) -> None:
        outer = await start(rig, "sleep", name="shop")
        inner = await start(rig, "sleep", name="shop/web")
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
        process = await start(rig, "sleep")
        assert hosts.from_json(hosts.to_json(process)) == process

    @pytest.mark.parametrize("code", [0, 1, 42, 127, 255])
    async def test_an_exit_code_is_kept(self, rig: Rig, code: int) -> None:
        process = await start(rig, "exit", str(code))
        ended = ProcessStatus(condition=Condition.EXITED, exit_code=code)
        async with asyncio.timeout(PATIENCE_S):
            assert await rig.host.wait(process) == ended
        assert await rig.host.status(process) == ended
        assert await (await rig.open()).status(process) == ended

    async def test_several_wait_for_one_process_and_one_gives_up(self, rig: Rig) -> None:
        process = await start(rig, "sleep")
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
        process = await start(rig, "sleep")
        waiting = asyncio.create_task(rig.host.wait(process))
        await asyncio.sleep(0)
        await rig.lose(process)
        async with asyncio.timeout(PATIENCE_S):
            assert await waiting == LOST
        assert await rig.host.status(process) == LOST
        assert await rig.host.stop(process) == LOST
        assert await start(rig, "sleep") == process

    async def test_a_process_of_another_boot_is_lost_and_not_signalled(self, rig: Rig) -> None:
        process = await start(rig, "sleep")
        earlier = dataclasses.replace(process, boot_id="another-boot")
        assert await rig.host.status(earlier) == LOST
        assert await rig.host.wait(earlier) == LOST
        assert await rig.host.stop(earlier) == LOST
        assert await rig.host.status(process) == RUNNING

    async def test_a_process_that_has_the_pid_now_is_not_signalled(self, rig: Rig) -> None:
        process = await start(rig, "sleep")
        earlier = dataclasses.replace(process, start_time=process.start_time - 1)
        assert await rig.host.status(earlier) == LOST
        assert await rig.host.stop(earlier, signal="KILL", grace_s=0.1) == LOST
        elsewhere = dataclasses.replace(earlier, name="shop-1/db/0")
        assert await rig.host.stop(elsewhere, signal="KILL", grace_s=0.1) == LOST
        assert await rig.host.status(process) == RUNNING

    async def test_stopping_ends_a_process_once_and_for_all(self, rig: Rig) -> None:
        process = await start(rig, "sleep")
        ended = ProcessStatus(condition=Condition.EXITED, exit_code=128 + 15)
        assert await rig.host.stop(process) == ended
        assert await rig.host.stop(process, signal="SIGINT") == ended
        assert not rig.is_running(process.pid)

    async def test_a_process_that_ignores_the_signal_is_killed_after_its_grace(
        self, rig: Rig
    ) -> None:
        process = await start(rig, "stubborn")
        assert await first_line(rig.host) == "ready"
        assert (await rig.host.stop(process, grace_s=0.2)).exit_code == 137
        assert not rig.is_running(process.pid)

    async def test_stopping_ends_the_children_too(self, rig: Rig) -> None:
        process = await start(rig, "family")
        child = int(await first_line(rig.host))
        assert rig.is_running(child)
        await rig.host.stop(process)
        assert not rig.is_running(child)

    async def test_stopping_ends_children_that_stayed_after_the_end(self, rig: Rig) -> None:
        process = await start(rig, "orphan")
        child = int(await first_line(rig.host))
        assert await rig.host.wait(process) == EXITED_0
        assert rig.is_running(child)
        assert await rig.host.stop(process) == EXITED_0
        assert not rig.is_running(child)

    async def test_a_signal_that_does_not_exist_is_refused(self, rig: Rig) -> None:
        process = await start(rig, "sleep")
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
        process = await start(rig, "sleep")
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
        process = await start(rig, "show", "RIPIENO_TEST_SECRET")
        await rig.host.wait(process)
        assert (await read(rig.host)).endswith(b"\n<unset>")
        done = await rig.host.run(rig.program("show", "RIPIENO_TEST_SECRET"))
        assert done.stdout.endswith(b"\n<unset>")

    async def test_a_process_knows_its_name_and_key(self, rig: Rig) -> None:
        process = await start(rig, "show", "RIPIENO_PROCESS", key="deploy 7/1")
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
        await start(rig, "sleep")

    @pytest.mark.parametrize("name", ["", "..", "a/../b", "/a", "a/", "a//b", "a b", "-a", "a\n"])
    async def test_a_name_that_is_no_folder_is_refused(self, rig: Rig, name: str) -> None:
        with pytest.raises(PermanentFailure, match="name"):
            await start(rig, "sleep", name=name)

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
                await start(rig, "sleep", key=key)

    async def test_what_is_forgotten_is_gone_and_may_begin_anew(self, rig: Rig) -> None:
        process = await start(rig, "stubborn")
        assert await first_line(rig.host) == "ready"
        await rig.host.transfer([Transfer(source=b"", target=f"{NAME}/{keeper.CWD}/file")])
        await rig.host.forget(NAME)
        assert not rig.is_running(process.pid)
        assert await rig.host.find(NAME) is None
        assert await rig.host.status(process) == LOST
        assert await rig.host.log_size(NAME, "stdout") == 0
        await rig.host.forget(NAME)
        again = await start(rig, "sleep")
        assert again != process
        assert await rig.host.status(again) == RUNNING
