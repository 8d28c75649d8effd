"""What every host must do about commands that end by themselves, and about files."""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import os
from pathlib import Path

import pytest

from ripieno.runtimes.errors import (
    FileMissing,
    PermanentFailure,
    TooSlow,
)
from ripieno.runtimes.host import (
    Transfer,
)
from ripieno.testing.host_rig import (
    TRICKY,
    Rig,
)


class HostFileContract:
    """Running commands, and sending files."""

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
